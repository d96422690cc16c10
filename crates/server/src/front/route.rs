//! Which service a request is for: by `X-Amz-Target`, the signature's scope and the path. `Host` is ignored, because
//! SDKs put `sync-` in front of it.

use super::Request;

/// A service of this server, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Step Functions.
    States,
    /// IAM.
    Iam,
    /// STS.
    Sts,
    /// Lambda.
    Lambda,
    /// CloudWatch Logs.
    Logs,
    /// Liveness, for load balancers: `GET /health`.
    Health,
    /// Nothing that is served here.
    Unknown,
}

/// Decides by the target first, since it is the most specific, then by path and scope.
pub fn route(request: &Request) -> Route {
    if let Some(target) = request.header("x-amz-target") {
        return by_target(target, request.signed_service.as_deref());
    }
    if is_lambda_path(&request.path) {
        return Route::Lambda;
    }
    match request.signed_service.as_deref() {
        Some("states") => Route::States,
        Some("iam") => Route::Iam,
        Some("sts") => Route::Sts,
        Some("lambda") => Route::Lambda,
        _ if request.path == "/health" => Route::Health,
        _ if request.path == "/" && !request.body.is_empty() => by_version(&request.body),
        _ => Route::Unknown,
    }
}

fn by_target(target: &str, scope: Option<&str>) -> Route {
    match target.split_once('.') {
        Some(("AWSStepFunctions", _)) => Route::States,
        Some(("Logs_20140328", _)) => Route::Logs,
        _ if scope == Some("states") => Route::States,
        _ => Route::Unknown,
    }
}

/// Lambda's paths begin with the date of an API version: `/2015-03-31/functions`.
pub fn is_lambda_path(path: &str) -> bool {
    let mut parts = path.trim_start_matches('/').splitn(2, '/');
    let (date, rest) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let dated = date.len() == 10
        && date.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    let resource = rest.split('/').next().unwrap_or_default();
    dated
        && [
            "functions",
            "tags",
            "event-source-mappings",
            "layers",
            "account-settings",
        ]
        .contains(&resource)
}

/// An unsigned form: told apart by the API version in it.
fn by_version(body: &[u8]) -> Route {
    let has = |needle: &[u8]| body.windows(needle.len()).any(|window| window == needle);
    if has(b"Version=2010-05-08") {
        Route::Iam
    } else if has(b"Version=2011-06-15") {
        Route::Sts
    } else {
        Route::Unknown
    }
}
