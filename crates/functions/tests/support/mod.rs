//! What the tests of the function host share: a host over a temporary folder, functions written on the spot.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use functions::{
    FunctionHost, FunctionSpec, HostConfig, InvokeRequest, InvokeResult, LauncherCommand,
    PythonClient,
};
use serde_json::Value;
use tempfile::TempDir;

/// How long a test waits for something that should happen soon.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A host, its folder, and a folder with the code of one function.
pub struct Bench {
    pub host: FunctionHost,
    pub folder: TempDir,
}

/// The configuration of all tests' hosts: the launcher is the test's own second program, and awslambdaric is installed once for all.
pub fn config(data_dir: &Path) -> HostConfig {
    let mut config = HostConfig::new(data_dir);
    config.launcher = LauncherCommand {
        program: PathBuf::from(env!("CARGO_BIN_EXE_functions-test-host")),
        args: vec!["function-launcher".into()],
    };
    config.runtimes_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("function-runtimes");
    config
}

impl Bench {
    pub fn new(adapt: impl FnOnce(&mut HostConfig)) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        adapt(&mut config);
        let host = FunctionHost::new(config).unwrap();
        Bench { host, folder }
    }

    pub fn with_client(client: PythonClient) -> Bench {
        Bench::new(|config| config.python_client = client)
    }

    /// A function whose code is one file.
    pub fn function(&self, runtime: &str, file: &str, source: &str) -> FunctionSpec {
        spec(self.folder.path(), runtime, file, source)
    }

    pub async fn invoke(&self, spec: &FunctionSpec, event: Value) -> InvokeResult {
        self.invoke_as(spec, event, "00000000-aaaa-bbbb-cccc-000000000001")
            .await
    }

    pub async fn invoke_as(&self, spec: &FunctionSpec, event: Value, id: &str) -> InvokeResult {
        let request = InvokeRequest {
            payload: event.to_string().into(),
            request_id: Some(id.to_owned()),
            ..InvokeRequest::default()
        };
        self.host
            .invoke(&Arc::new(spec.clone()), request)
            .await
            .unwrap()
    }
}

/// Writes a function's code below `folder` and describes it; the name is that of the file, the handler `<stem>.handler`.
pub fn spec(folder: &Path, runtime: &str, file: &str, source: &str) -> FunctionSpec {
    let code = folder.join("code").join(file.replace('.', "-"));
    std::fs::create_dir_all(&code).unwrap();
    let path = code.join(file);
    std::fs::write(&path, source).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let stem = file.split('.').next().unwrap();
    FunctionSpec {
        name: format!("fn-{stem}"),
        arn: format!("arn:aws:lambda:eu-west-1:123456789012:function:fn-{stem}"),
        runtime: runtime.parse().unwrap(),
        handler: format!("{stem}.handler"),
        code,
        revision: "1".to_owned(),
        environment: BTreeMap::new(),
        timeout: PATIENCE,
        memory_mb: 128,
        reserved_concurrency: None,
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub fn json(result: &InvokeResult) -> Value {
    serde_json::from_slice(&result.payload).unwrap()
}

/// The path of an interpreter, or a visible skip.
pub fn interpreter(command: &str, args: &[&str]) -> Option<PathBuf> {
    let output = Command::new(command).args(args).output().ok();
    match output.filter(|output| output.status.success()) {
        Some(output) => Some(PathBuf::from(text(&output.stdout).trim())),
        None => {
            eprintln!("SKIPPED: this machine has no {command}");
            None
        }
    }
}

pub fn python() -> Option<PathBuf> {
    interpreter("python3", &["-c", "import sys; print(sys.executable)"])
}

pub fn node() -> Option<PathBuf> {
    interpreter("node", &["-p", "process.execPath"])
}
