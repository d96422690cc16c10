//! Python: the machine's interpreter with AWS's interface client `awslambdaric`, installed from the package index on first use into
//! a folder of the host's own; where that cannot be (no pip, no network, no wheel for this machine), with the small client that comes
//! with this host.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::Interpreter;
use super::installation::{first_that_runs, place, run};
use crate::Error;
use crate::config::PythonClient;

const BUNDLED_CLIENT: &str = include_str!("python_client.py");
/// The first line: the interpreter itself (not a shim in front of it). The second: what compiled packages depend on. The third: its
/// version. The fourth: whether the client is there already.
const PROBE: &str = "import sys, sysconfig, importlib.util as u; print(sys.executable); \
    print(sysconfig.get_config_var('SOABI') or sys.implementation.cache_tag); print('%d.%d' % sys.version_info[:2]); \
    print(all(u.find_spec(m) for m in ('awslambdaric', 'runtime_client')))";
const PACKAGE: &str = "awslambdaric<5";
/// All of an installation; what takes longer has no network or compiles.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(45);
const CHECK_TIMEOUT: Duration = Duration::from_secs(20);

struct Python {
    program: PathBuf,
    abi: String,
    has_client: bool,
}

pub(super) async fn find(
    folder: &Path,
    client: PythonClient,
    identifier: &str,
) -> Result<Interpreter, Error> {
    let python = find_python(identifier).await?;
    let folder = folder.join("python");
    if client == PythonClient::Auto {
        if python.has_client {
            return Ok(with_awslambdaric(python, None));
        }
        match install(&python, &folder).await {
            Some(installed) => return Ok(with_awslambdaric(python, Some(installed))),
            None => tracing::warn!(
                "awslambdaric could not be installed (no pip, no network or no wheel for this machine): Python functions are served \
                 by the bundled interface client"
            ),
        }
    }
    let client = place(&folder, "stepwell_client.py", BUNDLED_CLIENT)?;
    Ok(Interpreter {
        program: Some(python.program),
        args: vec![client.display().to_string()],
        client: client.parent().map(Path::to_owned),
    })
}

fn with_awslambdaric(python: Python, client: Option<PathBuf>) -> Interpreter {
    Interpreter {
        program: Some(python.program),
        args: vec!["-m".to_owned(), "awslambdaric".to_owned()],
        client,
    }
}

async fn find_python(identifier: &str) -> Result<Python, Error> {
    let candidates = [
        identifier.to_owned(),
        "python3".to_owned(),
        "python".to_owned(),
    ];
    let probed = first_that_runs(&candidates, &["-c", PROBE]).await;
    let lines: Vec<&str> = probed.as_deref().unwrap_or_default().lines().collect();
    let [program, abi, version, has_client] = lines[..] else {
        let message = "Python is not on this machine: there is no `python3` in the server's PATH.";
        return Err(Error::RuntimeUnavailable(message.to_owned()));
    };
    if identifier.strip_prefix("python") != Some(version) {
        tracing::info!(
            runtime = identifier,
            version,
            "served by another version of Python"
        );
    }
    Ok(Python {
        program: program.into(),
        abi: abi.to_owned(),
        has_client: has_client == "True",
    })
}

/// The folder with `awslambdaric`, installed if it is not there. One process installs at a time; the others find its work.
async fn install(python: &Python, folder: &Path) -> Option<PathBuf> {
    let target = folder.join(format!("awslambdaric-{}", python.abi));
    if target.exists() {
        return Some(target);
    }
    let _lock = lock(folder.to_owned()).await?;
    if target.exists() {
        return Some(target);
    }
    tracing::info!(target = %target.display(), "installing awslambdaric for Python functions (once)");
    let partial = folder.join(format!("partial-{}", uuid::Uuid::new_v4().simple()));
    let installed = install_into(python, &partial).await;
    let moved = installed.and_then(|()| std::fs::rename(&partial, &target).ok());
    if moved.is_none() {
        let _ = std::fs::remove_dir_all(&partial);
    }
    moved.map(|()| target)
}

async fn install_into(python: &Python, folder: &Path) -> Option<()> {
    let mut pip = Command::new(&python.program);
    pip.args(["-m", "pip", "install", "--quiet", "--no-input"])
        .args(["--disable-pip-version-check", "--only-binary=:all:"])
        .args(["--retries", "1", "--timeout", "10", "--target"])
        .arg(folder)
        .arg(PACKAGE);
    run(&mut pip, INSTALL_TIMEOUT).await?;
    let mut check = Command::new(&python.program);
    check
        .args(["-c", "import awslambdaric.bootstrap, runtime_client"])
        .env("PYTHONPATH", folder);
    run(&mut check, CHECK_TIMEOUT).await.map(|_| ())
}

async fn lock(folder: PathBuf) -> Option<File> {
    let locked = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&folder)?;
        let file = File::create(folder.join(".lock"))?;
        file.lock()?;
        Ok::<File, std::io::Error>(file)
    });
    match locked.await {
        Ok(Ok(file)) => Some(file),
        _ => None,
    }
}
