//! How the host is set up: folders, limits, and what functions are given.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The host's configuration; [`HostConfig::new`] gives the defaults.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Where logs (`logs/`) and the functions' temporary folders (`functions/tmp/`) go.
    pub data_dir: PathBuf,
    /// Where the runtimes' interface clients are installed; `<data_dir>/runtimes` by default.
    pub runtimes_dir: PathBuf,
    /// How to start [`crate::launcher`] in a process of its own.
    pub launcher: LauncherCommand,
    /// The most processes at a time, over all functions, idle ones included.
    pub max_workers: usize,
    /// The most processes that start at a time: starting costs processor time, and a burst needs fewer than it has invocations.
    pub max_starting: usize,
    /// The most invocations that wait for a process, over all functions; beyond it they are throttled.
    pub max_queued: usize,
    /// After this long without work a process ends.
    pub idle_timeout: Duration,
    /// How long a process may take until it asks for its first invocation (or the function's timeout where that is longer).
    pub init_timeout: Duration,
    /// Which interface client serves Python functions.
    pub python_client: PythonClient,
    /// The AWS credentials in the functions' environment.
    pub credentials: Credentials,
    /// `AWS_ENDPOINT_URL` in the functions' environment, so that their SDKs call this server.
    pub endpoint_url: Option<String>,
}

impl HostConfig {
    /// The defaults over a data folder.
    pub fn new(data_dir: impl AsRef<Path>) -> HostConfig {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let data_dir = data_dir.as_ref().to_owned();
        HostConfig {
            runtimes_dir: data_dir.join("runtimes"),
            data_dir,
            launcher: LauncherCommand::default(),
            max_workers: (8 * cores).clamp(32, 256),
            max_starting: cores.max(2),
            max_queued: 1000,
            idle_timeout: Duration::from_secs(300),
            init_timeout: Duration::from_secs(10),
            python_client: PythonClient::default(),
            credentials: Credentials::default(),
            endpoint_url: None,
        }
    }
}

/// The command whose `main` calls [`crate::launcher::main`].
#[derive(Clone, Debug)]
pub struct LauncherCommand {
    /// The executable. `/proc/self/exe` is this very program, even after its file was replaced.
    pub program: PathBuf,
    /// The arguments that lead to the launcher.
    pub args: Vec<OsString>,
}

impl Default for LauncherCommand {
    fn default() -> Self {
        let program = PathBuf::from("/proc/self/exe");
        let program = match program.exists() {
            true => program,
            false => std::env::current_exe().unwrap_or(program),
        };
        LauncherCommand {
            program,
            args: vec!["function-launcher".into()],
        }
    }
}

/// Which interface client serves Python functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PythonClient {
    /// AWS's `awslambdaric`, installed with pip on first use; where that fails, the bundled one.
    #[default]
    Auto,
    /// The small client that comes with this host: needs no network.
    Bundled,
}

/// Credentials for functions. Local servers take any; these only have to be there for SDKs to sign with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`
    pub session_token: Option<String>,
}

impl Default for Credentials {
    fn default() -> Self {
        Credentials {
            access_key_id: "test".to_owned(),
            secret_access_key: "test".to_owned(),
            session_token: None,
        }
    }
}
