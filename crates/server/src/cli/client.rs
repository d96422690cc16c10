//! A small signed AWS client for the command line: awsJson for Step Functions, the query protocol for IAM and STS,
//! REST for Lambda, over plain HTTP to a server like this one.
//!
//! Owns requests and what their answers say. Must never reach into the server: it is a client like any other.

use std::net::SocketAddr;
use std::time::Duration;

use aws::percent;
use aws::sigv4::{Credentials, RequestParts, sign};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// The longest a single call may take; Lambda's longest invocation would take longer, and no command here waits for one.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Between the attempts at a call that the server could not answer.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(300)];
/// The most bytes of an answer that are read.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// A service of the query protocol.
#[derive(Clone, Copy, Debug)]
pub enum QueryService {
    /// Identity and access management.
    Iam,
    /// Who the caller is.
    Sts,
}

impl QueryService {
    fn name(self) -> &'static str {
        match self {
            QueryService::Iam => "iam",
            QueryService::Sts => "sts",
        }
    }

    fn version(self) -> &'static str {
        match self {
            QueryService::Iam => "2010-05-08",
            QueryService::Sts => "2011-06-15",
        }
    }
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers at the endpoint, or not in time.
    #[error("{call}: no answer from {endpoint}: {reason}")]
    Unreachable {
        /// The call.
        call: String,
        /// The server's address.
        endpoint: String,
        /// What went wrong.
        reason: String,
    },
    /// The service refused.
    #[error("{call}: {code}: {message}")]
    Service {
        /// The call.
        call: String,
        /// The service's name for the error.
        code: String,
        /// Its words.
        message: String,
    },
    /// The answer does not have the expected shape.
    #[error("{call}: the answer makes no sense: {reason}")]
    Unreadable {
        /// The call.
        call: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ClientError {
    /// Whether the service refused with this error.
    pub fn is(&self, wanted: &str) -> bool {
        matches!(self, ClientError::Service { code, .. } if code == wanted)
    }
}

/// A client of one server. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: HttpClient<HttpConnector, Full<Bytes>>,
    authority: String,
    region: String,
    credentials: Credentials,
}

/// A call before it is signed.
struct Call<'a> {
    /// For messages: `iam CreateRole`.
    name: String,
    service: &'a str,
    method: Method,
    path: String,
    headers: Vec<(&'a str, &'a str)>,
    body: Bytes,
}

struct Answer {
    status: u16,
    /// Where REST services name the error.
    error_type: Option<String>,
    body: Bytes,
}

impl Client {
    /// A client of the server at `address`. Makes no connection yet.
    pub fn new(address: SocketAddr, region: &str, credentials: Credentials) -> Client {
        Client {
            http: HttpClient::builder(TokioExecutor::new()).build_http(),
            authority: address.to_string(),
            region: region.to_owned(),
            credentials,
        }
    }

    /// The server's URL, as `--endpoint-url` takes it.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// Calls an operation of Step Functions.
    pub async fn states(&self, operation: &str, input: Value) -> Result<Value, ClientError> {
        let target = format!("AWSStepFunctions.{operation}");
        let call = Call {
            name: format!("states {operation}"),
            service: "states",
            method: Method::POST,
            path: "/".to_owned(),
            headers: vec![
                ("Content-Type", "application/x-amz-json-1.0"),
                ("X-Amz-Target", &target),
            ],
            body: input.to_string().into(),
        };
        self.json(call).await
    }

    /// Calls Lambda's REST API; `Value::Null` is no body, and an empty answer is null.
    pub async fn lambda(
        &self,
        method: Method,
        path: &str,
        input: Value,
    ) -> Result<Value, ClientError> {
        let call = Call {
            name: format!("lambda {method} {path}"),
            service: "lambda",
            method,
            path: path.to_owned(),
            headers: vec![("Content-Type", "application/json")],
            body: match input {
                Value::Null => Bytes::new(),
                input => input.to_string().into(),
            },
        };
        self.json(call).await
    }

    /// Calls an action of IAM or STS.
    pub async fn query(
        &self,
        service: QueryService,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<XmlAnswer, ClientError> {
        let fixed = [("Action", action), ("Version", service.version())];
        let pairs = fixed.iter().chain(parameters);
        let form: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={}", percent::encode(value)))
            .collect();
        let call = Call {
            name: format!("{} {action}", service.name()),
            service: service.name(),
            method: Method::POST,
            path: "/".to_owned(),
            headers: vec![(
                "Content-Type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )],
            body: form.join("&").into(),
        };
        let name = call.name.clone();
        let answer = self.send(call).await?;
        let xml = XmlAnswer {
            call: name,
            text: String::from_utf8_lossy(&answer.body).into_owned(),
        };
        match answer.status {
            200..300 => Ok(xml),
            status => Err(xml.into_error(status)),
        }
    }

    async fn json(&self, call: Call<'_>) -> Result<Value, ClientError> {
        let name = call.name.clone();
        let answer = self.send(call).await?;
        let read = match answer.body.is_empty() {
            true => Ok(Value::Null),
            false => serde_json::from_slice(&answer.body),
        };
        match (read, answer.status) {
            (Ok(value), 200..300) => Ok(value),
            (Ok(value), status) => Err(json_error(name, status, answer.error_type, &value)),
            (Err(error), _) => Err(ClientError::Unreadable {
                call: name,
                reason: error.to_string(),
            }),
        }
    }

    /// A server's own fault is met as AWS's SDKs do: with two more attempts.
    async fn send(&self, call: Call<'_>) -> Result<Answer, ClientError> {
        for pause in PAUSES {
            match self.attempt(&call).await {
                Ok(answer) if answer.status >= 500 => tokio::time::sleep(pause).await,
                outcome => return outcome,
            }
        }
        self.attempt(&call).await
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        let unreachable = |reason: String| ClientError::Unreachable {
            call: call.name.clone(),
            endpoint: self.endpoint(),
            reason,
        };
        let request = self
            .signed(call)
            .map_err(|error| unreachable(error.to_string()))?;
        match tokio::time::timeout(TIMEOUT, self.exchange(request)).await {
            Ok(answer) => answer.map_err(unreachable),
            Err(_) => Err(unreachable(format!("waited {} s", TIMEOUT.as_secs()))),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let response = self
            .http
            .request(request)
            .await
            .map_err(|error| with_sources(&error))?;
        let status = response.status().as_u16();
        let named = response
            .headers()
            .get("x-amzn-errortype")
            .and_then(|value| value.to_str().ok());
        let error_type = named.map(str::to_owned);
        let body = Limited::new(response.into_body(), MAX_ANSWER)
            .collect()
            .await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        Ok(Answer {
            status,
            error_type,
            body,
        })
    }

    fn signed(&self, call: &Call<'_>) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let mut headers = vec![("Host", self.authority.as_str())];
        headers.extend(&call.headers);
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let parts = RequestParts {
            method: call.method.as_str(),
            path,
            query,
            headers: &headers,
            body: &call.body,
        };
        let signature = sign(
            &parts,
            &self.credentials,
            &self.region,
            call.service,
            jiff::Timestamp::now(),
        );
        let uri = format!("{}{}", self.endpoint(), call.path);
        let mut request = Request::builder().method(call.method.clone()).uri(uri);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        for (name, value) in signature {
            request = request.header(name, value);
        }
        request.body(Full::new(call.body.clone()))
    }
}

/// An XML answer of the query protocol.
#[derive(Debug)]
pub struct XmlAnswer {
    call: String,
    text: String,
}

impl XmlAnswer {
    /// The text of the first element of this name that holds only text.
    pub fn text(&self, element: &str) -> Result<String, ClientError> {
        self.find(element).ok_or_else(|| ClientError::Unreadable {
            call: self.call.clone(),
            reason: format!("it has no <{element}>"),
        })
    }

    fn find(&self, element: &str) -> Option<String> {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let start = self.text.find(&open)? + open.len();
        let length = self.text[start..].find(&close)?;
        Some(unescape(&self.text[start..start + length]))
    }

    fn into_error(self, status: u16) -> ClientError {
        let code = self
            .find("Code")
            .unwrap_or_else(|| format!("HTTP {status}"));
        let message = self
            .find("Message")
            .unwrap_or_else(|| self.text.chars().take(200).collect());
        ClientError::Service {
            call: self.call,
            code,
            message,
        }
    }
}

/// `&amp;` last, so that `&amp;lt;` stays `&lt;`.
fn unescape(text: &str) -> String {
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#xD;", "\r"),
        ("&amp;", "&"),
    ];
    named
        .iter()
        .fold(text.to_owned(), |text, (entity, character)| {
            text.replace(entity, character)
        })
}

/// `__type` of awsJson, a header of REST; what stands in front of `#` and behind `:` says nothing more.
fn json_error(call: String, status: u16, error_type: Option<String>, body: &Value) -> ClientError {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let code = error_type
        .or_else(|| text("__type"))
        .unwrap_or_else(|| format!("HTTP {status}"));
    let code = code
        .rsplit('#')
        .next()
        .and_then(|code| code.split(':').next())
        .unwrap_or_default();
    let message = text("message")
        .or_else(|| text("Message"))
        .unwrap_or_default();
    ClientError::Service {
        call,
        code: code.to_owned(),
        message,
    }
}

/// An error and what caused it: hyper's own words for a refused connection say little.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
