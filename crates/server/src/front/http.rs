//! The HTTP/1.1 listener: bounded reads, one request at a time per connection, an answer for everything.
//!
//! Limits: headers 64 KiB, within 20 s of the request before (an idle connection is closed, too: clients open another), a
//! body within 60 s and under its service's size, connections in all. A request that breaks one costs its sender the
//! connection and nobody else anything.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::{Request, Response};
use crate::api::Services;

const HEADER_TIMEOUT: Duration = Duration::from_secs(20);
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long requests under way may take to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(4);
const HEADER_BYTES: usize = 64 * 1024;
/// Connections at a time; more wait in the listen queue.
const CONNECTIONS: usize = 8_192;
/// Descriptors that connections leave to the store, the functions and their pipes.
const RESERVED_DESCRIPTORS: usize = 512;
/// A function's zip of 50 MiB, base64-encoded in JSON.
const PACKAGE_BODY: usize = 70 * 1024 * 1024;
/// A function's event: Lambda's own limit is checked by the service, in its words.
const EVENT_BODY: usize = 7 * 1024 * 1024;
/// A definition of 1 MiB whose every character is escaped, and the rest of its request.
const OTHER_BODY: usize = 3 * 1024 * 1024;

/// What every request gets that its sender does not say.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Twelve digits.
    pub account: Arc<str>,
    /// For requests that are not signed.
    pub region: Arc<str>,
}

/// Serves until `stop` says so, then lets the requests under way finish.
pub async fn serve(
    listener: TcpListener,
    services: Arc<Services>,
    defaults: Defaults,
    mut stop: watch::Receiver<bool>,
) {
    let most = most_connections();
    let connections = Arc::new(Semaphore::new(most));
    loop {
        let Ok(permit) = connections.clone().acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(
                    stream,
                    peer,
                    services.clone(),
                    defaults.clone(),
                    stop.clone(),
                );
                tokio::spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of descriptors, mostly: give the connections that are open time to end.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    // Every connection holds a permit; all of them back means that all are done.
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(DRAIN, connections.acquire_many(all)).await;
}

/// As many as the process's descriptors allow; its soft limit is raised to the hard one first.
fn most_connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let descriptors = current.map_or(usize::MAX, |most| {
        usize::try_from(most).unwrap_or(usize::MAX)
    });
    descriptors
        .saturating_sub(RESERVED_DESCRIPTORS)
        .clamp(64, CONNECTIONS)
}

/// Waits until the server is told to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, and so is the server.
    let _ = stop.wait_for(|stop| *stop).await.map(|_| ());
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    services: Arc<Services>,
    defaults: Defaults,
    mut stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let (services, defaults) = (services.clone(), defaults.clone());
        async move { Ok::<_, Infallible>(answer(request, services, &defaults).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    services: Arc<Services>,
    defaults: &Defaults,
) -> hyper::Response<Full<Bytes>> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let response = match read(request, defaults, request_id.clone()).await {
        Ok(request) => perform(request, services).await,
        Err(refusal) => refusal,
    };
    write(response, &request_id)
}

/// In a task of its own: a client that hangs up must not leave an operation half done.
async fn perform(request: Request, services: Arc<Services>) -> Response {
    let performed = tokio::spawn(async move { services.answer(request).await }).await;
    performed.unwrap_or_else(|error| {
        tracing::error!(%error, "a request has panicked");
        refuse(500, "InternalServerError", "An internal error occurred.")
    })
}

/// Reads the body and finds out for whom the request is signed.
async fn read(
    request: hyper::Request<Incoming>,
    defaults: &Defaults,
    request_id: String,
) -> Result<Request, Response> {
    let (head, body) = request.into_parts();
    if head.headers.contains_key("origin") {
        // Any web page could otherwise make its visitor's browser send requests here.
        return Err(refuse(
            403,
            "AccessDeniedException",
            "Requests from web pages are not allowed.",
        ));
    }
    let limit = body_limit(&head);
    let body = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, limit).collect())
        .await
        .map_err(|_| {
            refuse(
                408,
                "RequestTimeout",
                "The request body was not received in time.",
            )
        })?
        .map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => refuse(
                413,
                "RequestEntityTooLargeException",
                "Request size exceeded the limit.",
            ),
            None => refuse(400, "IncompleteBody", "The request body could not be read."),
        })?
        .to_bytes();
    let scope = signature(&head);
    Ok(Request {
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        method: head.method,
        headers: head.headers,
        body,
        account: defaults.account.clone(),
        region: scope
            .as_ref()
            .filter(|scope| aws::arn::is_region(&scope.region))
            .map_or_else(
                || defaults.region.clone(),
                |scope| scope.region.as_str().into(),
            ),
        signed_service: scope.map(|scope| scope.service),
        request_id,
    })
}

/// The largest body of a request, by what it is for.
fn body_limit(head: &hyper::http::request::Parts) -> usize {
    let path = head.uri.path().trim_end_matches('/');
    match (
        head.method.as_str(),
        path.rsplit('/').next().unwrap_or_default(),
    ) {
        ("POST", "functions") | ("PUT", "code") => PACKAGE_BODY,
        ("POST", "invocations") => EVENT_BODY,
        _ => OTHER_BODY,
    }
}

fn signature(head: &hyper::http::request::Parts) -> Option<aws::sigv4::CredentialScope> {
    let header = head
        .headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let authorization = match header {
        Some(header) => aws::sigv4::Authorization::parse_header(header).ok()?.scope,
        None => {
            aws::sigv4::Authorization::parse_query(head.uri.query()?)?
                .ok()?
                .scope
        }
    };
    Some(authorization)
}

fn refuse(status: u16, code: &'static str, message: &'static str) -> Response {
    let body = serde_json::json!({ "__type": code, "message": message }).to_string();
    Response::new(status, "application/x-amz-json-1.0", body).with_header("Connection", "close")
}

fn write(response: Response, request_id: &str) -> hyper::Response<Full<Bytes>> {
    let mut answer = hyper::Response::new(Full::new(response.body.clone()));
    *answer.status_mut() = hyper::StatusCode::from_u16(response.status)
        .unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    if !response.content_type.is_empty() {
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(response.content_type),
        );
    }
    if response.status != 204 {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(response.body.len()));
    }
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", value);
    }
    for (name, value) in &response.headers {
        let name = hyper::header::HeaderName::try_from(name.as_str());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    answer
}
