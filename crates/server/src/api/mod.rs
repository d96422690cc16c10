//! The services behind the front, one module each: `states`, `iam`, `sts`, `lambda`.
//!
//! A service is a struct with `async fn handle(&self, request: &Request) -> Response`, made in [`Services`].

use crate::front::{Request, Response, Route, route};

/// All services of this server.
pub struct Services {}

impl Services {
    /// Answers a request; never fails: what goes wrong is an answer too.
    pub async fn answer(&self, request: Request) -> Response {
        match route(&request) {
            Route::Health => Response::new(200, "text/plain", "ok\n"),
            _ => unknown(&request),
        }
    }
}

/// Nothing here is called like that.
fn unknown(request: &Request) -> Response {
    let what = request.header("x-amz-target").unwrap_or(&request.path);
    let body = serde_json::json!({
        "__type": "UnknownOperationException",
        "message": format!("Unknown operation: {what}"),
    });
    Response::new(400, "application/x-amz-json-1.0", body.to_string())
}
