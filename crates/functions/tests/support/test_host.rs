//! A second process for the tests of the function host: the launcher, and a host that can be killed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use functions::{
    FunctionHost, FunctionSpec, HostConfig, InvokeRequest, LauncherCommand, PythonClient,
};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    match args.next().as_deref().and_then(|role| role.to_str()) {
        Some("function-launcher") => functions::launcher::main(args),
        Some("serve") => serve(args.next().expect("a folder").as_ref()),
        _ => ExitCode::FAILURE,
    }
}

/// Invokes the function `handler.handler` in the folder, as a server would whose launcher is itself.
fn serve(folder: &Path) -> ExitCode {
    let mut config = HostConfig::new(folder);
    config.launcher = LauncherCommand::default();
    config.python_client = PythonClient::Bundled;
    let spec = FunctionSpec {
        name: "busy".to_owned(),
        arn: "arn:aws:lambda:eu-west-1:123456789012:function:busy".to_owned(),
        runtime: "python3.12".parse().expect("a runtime"),
        handler: "handler.handler".to_owned(),
        code: folder.to_owned(),
        revision: String::new(),
        environment: BTreeMap::new(),
        timeout: Duration::from_secs(900),
        memory_mb: 128,
        reserved_concurrency: None,
    };
    let request = InvokeRequest {
        payload: "{}".into(),
        ..InvokeRequest::default()
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let result = runtime.block_on(async {
        let host = FunctionHost::new(config).expect("a host");
        host.invoke(&Arc::new(spec), request).await
    });
    println!("{result:?}");
    ExitCode::SUCCESS
}
