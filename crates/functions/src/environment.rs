//! The environment variables of a function's process: Lambda's, then the function's own; nothing of the server's.

use std::path::Path;

use crate::config::HostConfig;
use crate::spec::FunctionSpec;

/// Everything a process of `spec` finds in its environment except what its runtime adds. `interpreter` is the language's
/// executable, whose folder leads `PATH`.
pub(crate) fn of_function(
    config: &HostConfig,
    spec: &FunctionSpec,
    interpreter: Option<&Path>,
    runtime_api: &str,
    temporary: &Path,
) -> Vec<(String, String)> {
    let code = spec.code.display().to_string();
    let started = jiff::Timestamp::now();
    let pairs = [
        ("PATH", path_of(interpreter)),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("TMPDIR", temporary.display().to_string()),
        ("LD_LIBRARY_PATH", format!("{code}:{code}/lib")),
        ("LAMBDA_TASK_ROOT", code),
        ("_HANDLER", spec.handler.clone()),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_owned()),
        (
            "AWS_EXECUTION_ENV",
            format!("AWS_Lambda_{}", spec.runtime.identifier()),
        ),
        ("AWS_LAMBDA_FUNCTION_NAME", spec.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            spec.memory_mb.to_string(),
        ),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{}", spec.name),
        ),
        (
            "AWS_LAMBDA_LOG_STREAM_NAME",
            format!(
                "{}/[$LATEST]{}",
                started.strftime("%Y/%m/%d"),
                uuid::Uuid::new_v4().simple()
            ),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_REGION", spec.region().to_owned()),
        ("AWS_DEFAULT_REGION", spec.region().to_owned()),
        (
            "AWS_ACCESS_KEY_ID",
            config.credentials.access_key_id.clone(),
        ),
        (
            "AWS_SECRET_ACCESS_KEY",
            config.credentials.secret_access_key.clone(),
        ),
    ];
    let optional = [
        (
            "AWS_SESSION_TOKEN",
            config.credentials.session_token.clone(),
        ),
        ("AWS_ENDPOINT_URL", config.endpoint_url.clone()),
    ];
    let own = spec.environment.clone().into_iter();
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .chain(
            optional
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?))),
        )
        .chain(own)
        .collect()
}

fn path_of(interpreter: Option<&Path>) -> String {
    let system = "/usr/local/bin:/usr/bin:/bin";
    match interpreter.and_then(Path::parent) {
        Some(folder) => format!("{}:{system}", folder.display()),
        None => system.to_owned(),
    }
}
