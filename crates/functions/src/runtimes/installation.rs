//! What finding a runtime has in common: asking candidate commands, and files of ours put where an interpreter can read them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::Error;

/// How long a candidate may take to say what it is.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// The standard output of the first of `candidates` that runs `args` successfully.
pub(crate) async fn first_that_runs(candidates: &[String], args: &[&str]) -> Option<String> {
    for candidate in candidates {
        if let Some(output) = run(Command::new(candidate).args(args), PROBE_TIMEOUT).await {
            return Some(output);
        }
    }
    None
}

/// The standard output of a command that succeeds in time; what it says when it fails goes to the log.
pub(crate) async fn run(command: &mut Command, limit: Duration) -> Option<String> {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = match tokio::time::timeout(limit, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(_)) => return None,
        Err(_) => {
            tracing::warn!(?command, "took too long");
            return None;
        }
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said: Vec<&str> = said.trim().lines().rev().take(3).collect();
        tracing::debug!(?command, ?said, "failed");
        return None;
    }
    String::from_utf8(output.stdout).ok()
}

/// Writes a file of ours below `folder`, under a path that names its content, and returns the path.
pub(crate) fn place(folder: &Path, name: &str, content: &str) -> Result<PathBuf, Error> {
    let digest = Sha256::digest(content);
    let version: String = digest[..6].iter().map(|b| format!("{b:02x}")).collect();
    let folder = folder.join(version);
    let path = folder.join(name);
    if path.exists() {
        return Ok(path);
    }
    let failed = |source| Error::Storage {
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let partial = folder.join(format!("{name}.{}", uuid::Uuid::new_v4().simple()));
    let mut file = std::fs::File::create(&partial).map_err(failed)?;
    file.write_all(content.as_bytes()).map_err(failed)?;
    std::fs::rename(&partial, &path).map_err(failed)?;
    Ok(path)
}
