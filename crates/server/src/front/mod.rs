//! The one HTTP front: what a request and an answer are, and which service a request is for.
//!
//! Owns the port. Must never know what an operation does: `api` does.

mod body;
pub mod http;
mod patience;
mod refusal;
mod roster;
mod route;
mod socket;
mod weight;

use std::sync::Arc;

use bytes::Bytes;
use hyper::{HeaderMap, Method};

pub use patience::Patience;
pub use route::is_lambda_path;
pub use route::{Route, route};
pub use weight::Weight;

/// A request, read whole and bounded.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, still percent-encoded, beginning with `/`.
    pub path: String,
    /// What follows `?`, still percent-encoded.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Twelve digits.
    pub account: Arc<str>,
    /// The region that the request was signed for, else the configured one.
    pub region: Arc<str>,
    /// The service that the request was signed for, if it was.
    pub signed_service: Option<String>,
    /// A UUID; goes out as `x-amzn-RequestId`.
    pub request_id: String,
    /// How long whoever asks waits for the answer.
    pub patience: Patience,
    /// What it counts.
    pub weight: Weight,
}

impl Request {
    /// The body has been read, and so many bytes of it are kept: it is dropped, and they are what the request counts.
    pub fn body_read(&mut self, kept: usize) {
        self.body = Bytes::new();
        self.weight.set(kept);
    }

    /// A request that this server makes to itself, for a Task.
    pub fn internal(
        account: &str,
        region: &str,
        request_id: &str,
        body: impl Into<Bytes>,
    ) -> Request {
        Request {
            method: Method::POST,
            path: "/".to_owned(),
            query: None,
            headers: HeaderMap::new(),
            body: body.into(),
            account: account.into(),
            region: region.into(),
            signed_service: None,
            request_id: request_id.to_owned(),
            patience: Patience::default(),
            weight: Weight::default(),
        }
    }

    /// A header's value, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers besides `Content-Type`, `Content-Length`, `Date` and the request id, which the front adds.
    pub headers: Vec<(String, String)>,
    /// `Content-Type`; empty for none.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// With a body of this type.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Response {
        Response {
            status,
            headers: Vec::new(),
            content_type,
            body: body.into(),
        }
    }

    /// Adds a header.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Response {
        self.headers.push((name.into(), value.into()));
        self
    }
}
