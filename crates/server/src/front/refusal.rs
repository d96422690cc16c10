//! What the front itself answers: requests that cannot be read, and those for which there is no room.

use aws::ApiError;
use aws::error::JsonVersion;
use hyper::http::request::Parts;

use super::Response;
use super::body::Trouble;
use super::route::is_lambda_path;
use crate::api::rendered;

/// Any web page could otherwise make its visitor's browser send requests here.
pub(super) fn from_a_web_page() -> Response {
    refuse(
        403,
        "AccessDeniedException",
        "Requests from web pages are not allowed.",
    )
}

/// For a body that could not be read.
pub(super) fn of_body(trouble: &Trouble, head: &Parts) -> Response {
    match trouble {
        Trouble::Late => refuse(
            408,
            "RequestTimeout",
            "The request body was not received in time.",
        ),
        Trouble::TooLarge => refuse(
            413,
            "RequestEntityTooLargeException",
            "Request size exceeded the limit.",
        ),
        Trouble::Broken => refuse(400, "IncompleteBody", "The request body could not be read."),
        Trouble::NoRoom => throttled(head).with_header("Connection", "close"),
    }
}

/// Too many requests, in the words of the service that was called, which its SDKs try again.
pub(super) fn throttled(head: &Parts) -> Response {
    let error = |status, code, message| ApiError::sender(status, code, message);
    let is_form = head.headers.get("content-type").is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    if is_lambda_path(head.uri.path()) {
        let error = error(429, "TooManyRequestsException", "Rate Exceeded.");
        rendered(error.render_rest_json())
    } else if is_form {
        let error = error(400, "Throttling", "Rate exceeded");
        rendered(error.render_query("https://iam.amazonaws.com/doc/2010-05-08/", ""))
    } else {
        rendered(error(400, "ThrottlingException", "Rate exceeded").render_json(JsonVersion::V1_0))
    }
}

/// For a request that nobody waits for any more: nobody reads it.
pub(super) fn nobody_waits() -> Response {
    Response::new(499, "", "")
}

/// For a request whose service has panicked.
pub(super) fn internal() -> Response {
    refuse(500, "InternalServerError", "An internal error occurred.")
}

fn refuse(status: u16, code: &'static str, message: &'static str) -> Response {
    let body = serde_json::json!({ "__type": code, "message": message }).to_string();
    Response::new(status, "application/x-amz-json-1.0", body).with_header("Connection", "close")
}
