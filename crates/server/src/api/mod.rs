//! The services behind the front, one module each: `states`, `iam`, `sts`, `lambda`.
//!
//! A service is a struct with `async fn handle(&self, request: &Request) -> Response`, made in [`Services`].

pub mod states;

use aws::error::Rendered;

use crate::front::{Request, Response, Route, route};
use states::StatesApi;

/// All services of this server.
pub struct Services {
    /// Step Functions.
    pub states: StatesApi,
}

impl Services {
    /// Answers a request; never fails: what goes wrong is an answer too.
    pub async fn answer(&self, request: Request) -> Response {
        match route(&request) {
            Route::States => self.states.handle(&request).await,
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
        "message": format!("This server has no operation or path '{what}'."),
    });
    Response::new(400, "application/x-amz-json-1.0", body.to_string())
}

/// An error as a response.
pub fn rendered(error: Rendered) -> Response {
    let mut response = Response::new(error.status, error.content_type, error.body);
    for (name, value) in error.headers {
        response = response.with_header(name, value);
    }
    response
}
