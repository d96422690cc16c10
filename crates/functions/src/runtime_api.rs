//! The AWS Lambda Runtime API (version 2018-06-01) for one process, on a loopback port of its own.
//!
//! A port for each process, not one with a path for each: `awslambdaric` opens its connections to `AWS_LAMBDA_RUNTIME_API` as a
//! host and port and would not understand a path there. This module speaks HTTP and nothing else: every call becomes an [`ApiCall`]
//! for the worker, which decides.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::invocation::MAX_RESPONSE_BYTES;

/// Connections of one process at a time; further ones wait.
const MAX_CONNECTIONS: usize = 16;
/// What is read of an answer that is too large before the connection is closed.
const MAX_DISCARDED_BYTES: usize = 64 << 20;

/// What a process asks or says.
#[derive(Debug)]
pub(crate) enum ApiCall {
    /// It waits for an invocation.
    Next(oneshot::Sender<Delivery>),
    /// It answers an invocation; `None` is an answer larger than Lambda takes.
    Response {
        request_id: String,
        body: Option<Bytes>,
        reply: oneshot::Sender<StatusCode>,
    },
    /// It reports that an invocation failed.
    Error {
        request_id: String,
        body: Bytes,
        reply: oneshot::Sender<StatusCode>,
    },
    /// It reports that it cannot start.
    InitError {
        body: Bytes,
        reply: oneshot::Sender<StatusCode>,
    },
}

/// An invocation on its way into the process.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) request_id: String,
    pub(crate) function_arn: String,
    pub(crate) trace_id: String,
    pub(crate) client_context: Option<String>,
    pub(crate) time_left: Duration,
    pub(crate) payload: Bytes,
}

/// The server side; dropping it closes the port and all connections.
pub(crate) struct RuntimeApi {
    address: String,
    calls: mpsc::Receiver<ApiCall>,
    accepting: JoinHandle<()>,
}

impl RuntimeApi {
    /// Listens on a free port of the loopback interface.
    pub(crate) async fn listen() -> io::Result<RuntimeApi> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (sender, calls) = mpsc::channel(4);
        let accepting = tokio::spawn(accept(listener, sender));
        Ok(RuntimeApi {
            address,
            calls,
            accepting,
        })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The next call. Cancel-safe.
    pub(crate) async fn call(&mut self) -> ApiCall {
        match self.calls.recv().await {
            Some(call) => call,
            None => std::future::pending().await,
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, calls: mpsc::Sender<ApiCall>) {
    let mut connections = JoinSet::new();
    loop {
        if connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream, calls.clone()));
        }
    }
}

async fn serve(stream: TcpStream, calls: mpsc::Sender<ApiCall>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let calls = calls.clone();
        async move { Ok::<_, Infallible>(respond(request, calls).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a function closed its connection to the Runtime API");
    }
}

async fn respond(
    request: Request<Incoming>,
    calls: mpsc::Sender<ApiCall>,
) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (request.method(), segments.as_slice()) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => next(calls).await,
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
            let request_id = (*id).to_owned();
            let body = read(request.into_body()).await;
            tell(calls, |reply| ApiCall::Response {
                request_id,
                body,
                reply,
            })
            .await
        }
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => {
            let request_id = (*id).to_owned();
            let body = read(request.into_body()).await.unwrap_or_default();
            tell(calls, |reply| ApiCall::Error {
                request_id,
                body,
                reply,
            })
            .await
        }
        (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => {
            let body = read(request.into_body()).await.unwrap_or_default();
            tell(calls, |reply| ApiCall::InitError { body, reply }).await
        }
        // Snapshots are never taken here: a runtime that asks is told to go on.
        (_, ["2018-06-01", "runtime", "restore", ..]) => status(StatusCode::ACCEPTED),
        _ => failure(
            StatusCode::NOT_FOUND,
            "NotFound",
            "no such path in the Runtime API",
        ),
    }
}

async fn next(calls: mpsc::Sender<ApiCall>) -> Response<Full<Bytes>> {
    let (sender, delivery) = oneshot::channel();
    let gone = || {
        failure(
            StatusCode::GONE,
            "Gone",
            "this environment is shutting down",
        )
    };
    if calls.send(ApiCall::Next(sender)).await.is_err() {
        return gone();
    }
    match delivery.await {
        Ok(delivery) => deliver(delivery),
        Err(_) => gone(),
    }
}

fn deliver(delivery: Delivery) -> Response<Full<Bytes>> {
    let deadline = SystemTime::now() + delivery.time_left;
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut response = Response::builder()
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", delivery.request_id)
        .header("Lambda-Runtime-Invoked-Function-Arn", delivery.function_arn)
        .header("Lambda-Runtime-Trace-Id", delivery.trace_id)
        .header(
            "Lambda-Runtime-Deadline-Ms",
            deadline.as_millis().to_string(),
        );
    if let Some(context) = delivery.client_context {
        response = response.header("Lambda-Runtime-Client-Context", context);
    }
    let body = Full::new(delivery.payload);
    response.body(body).unwrap_or_else(|_| {
        let message = "the invocation's headers cannot be sent";
        failure(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            message,
        )
    })
}

/// Passes a call on and answers with the worker's verdict; 202 where the worker is already gone.
async fn tell(
    calls: mpsc::Sender<ApiCall>,
    call: impl FnOnce(oneshot::Sender<StatusCode>) -> ApiCall,
) -> Response<Full<Bytes>> {
    let (reply, verdict) = oneshot::channel();
    if calls.send(call(reply)).await.is_err() {
        return status(StatusCode::ACCEPTED);
    }
    match verdict.await.unwrap_or(StatusCode::ACCEPTED) {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message =
                format!("Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).");
            failure(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                &message,
            )
        }
        StatusCode::BAD_REQUEST => failure(
            StatusCode::BAD_REQUEST,
            "InvalidRequestID",
            "Invalid request ID",
        ),
        verdict => status(verdict),
    }
}

/// A body of at most [`MAX_RESPONSE_BYTES`]; `None` if it is larger (the rest is read and forgotten, within reason).
async fn read(mut body: Incoming) -> Option<Bytes> {
    let mut collected = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else {
            continue;
        };
        length += data.len();
        if length > MAX_DISCARDED_BYTES {
            return None;
        }
        match length > MAX_RESPONSE_BYTES {
            true => collected = Vec::new(),
            false => collected.extend_from_slice(&data),
        }
    }
    (length <= MAX_RESPONSE_BYTES).then(|| collected.into())
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"{\"status\":\"OK\"}")));
    *response.status_mut() = status;
    response
}

fn failure(status: StatusCode, kind: &str, message: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({"errorMessage": message, "errorType": kind}).to_string();
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}
