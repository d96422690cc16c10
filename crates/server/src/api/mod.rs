//! The services behind the front, one module each: `states`, `iam`, `sts`, `lambda`, `logs`.
//!
//! A service is a struct with `async fn handle(&self, request: &Request) -> Response`, made in [`Services`].

pub mod demand;
pub mod iam;
pub mod lambda;
pub mod logs;
pub mod states;
pub mod sts;

use std::sync::Arc;
use std::time::Duration;

use aws::ApiError;
use aws::error::{JsonVersion, Rendered};

use crate::front::{Request, Response, Route, route};
use iam::Iam;
use lambda::LambdaApi;
use logs::LogsApi;
use states::StatesApi;
use sts::Sts;

/// All services of this server.
pub struct Services {
    /// Step Functions.
    pub states: Arc<StatesApi>,
    /// IAM.
    pub iam: Arc<Iam>,
    /// STS.
    pub sts: Sts,
    /// Lambda.
    pub lambda: LambdaApi,
    /// CloudWatch Logs.
    pub logs: LogsApi,
}

impl Services {
    /// Whether there is no room for a request of this target, and after which pause to say so: asked before anything is
    /// done for it, since what is refused must cost much less than what is done.
    pub fn refused_after(&self, target: &str) -> Option<Duration> {
        self.states.refused_after(target)
    }

    /// Answers a request; never fails: what goes wrong is an answer too.
    pub async fn answer(&self, request: Request) -> Response {
        match route(&request) {
            Route::States => self.states.handle(request).await,
            Route::Iam => self.iam.handle(&request).await,
            Route::Sts => self.sts.handle(&request).await,
            Route::Lambda => self.lambda.handle(&request).await,
            Route::Logs => self.logs.handle(&request).await,
            Route::Health => Response::new(200, "text/plain", "ok\n"),
            _ => unknown(&request),
        }
    }
}

/// Nothing here is called like that; said in the protocol that the request speaks.
fn unknown(request: &Request) -> Response {
    let service = request.signed_service.as_deref().unwrap_or("unknown");
    let what = request.header("x-amz-target").unwrap_or(&request.path);
    let message = format!("This server has no operation or path '{what}' (service: {service}).");
    let error = ApiError::sender(400, "UnknownOperationException", message);
    let form = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    match form {
        true => rendered(error.render_query("https://stepwell.invalid/", &request.request_id)),
        false => rendered(error.render_json(JsonVersion::V1_0)),
    }
}

/// An error as a response.
pub fn rendered(error: Rendered) -> Response {
    let mut response = Response::new(error.status, error.content_type, error.body);
    for (name, value) in error.headers {
        response = response.with_header(name, value);
    }
    response
}
