//! One pooled HTTP client for every remote endpoint: `http` and `https`, bounded in time and size.
//! Owns connections and the words for their failures; knows no service.

mod trouble;

use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{HeaderMap, Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

pub(crate) use trouble::Trouble;

/// A base URL: `http://127.0.0.1:9011` or `https://host/prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    scheme: &'static str,
    authority: String,
    /// Without a slash at its end; empty for most.
    prefix: String,
}

/// A text that is not an endpoint's URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an endpoint: expected http://host[:port] or https://host[:port]")]
pub struct EndpointError(String);

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Endpoint, EndpointError> {
        let refused = || EndpointError(text.chars().take(256).collect());
        let uri: Uri = text.parse().map_err(|_| refused())?;
        let scheme = match uri.scheme_str() {
            Some("http") => "http",
            Some("https") => "https",
            _ => return Err(refused()),
        };
        let authority = uri.authority().ok_or_else(refused)?.as_str().to_owned();
        if uri.query().is_some() || authority.contains('@') {
            return Err(refused());
        }
        Ok(Endpoint {
            scheme,
            authority,
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl Endpoint {
    /// Host and port, as the `Host` header has them.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The path of a resource below this endpoint.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    pub(crate) fn url(&self, path_and_query: &str) -> String {
        format!("{}://{}{path_and_query}", self.scheme, self.authority)
    }
}

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To make a connection.
    pub connect: Duration,
    /// From the start of the call to the end of its answer.
    pub total: Duration,
}

impl Default for Timeouts {
    /// Ten seconds to connect; a Lambda function may run for fifteen minutes, and the call half a minute longer.
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(15 * 60 + 30),
        }
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The client. Clones share the connections.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeouts: Timeouts,
    max_body: usize,
}

impl HttpClient {
    /// A client that reads answers of up to `max_body` bytes.
    pub(crate) fn new(timeouts: Timeouts, max_body: usize) -> HttpClient {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeouts.connect));
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(64)
            .build(connector);
        HttpClient {
            client,
            timeouts,
            max_body,
        }
    }

    /// Sends a request and reads the whole answer, within the time allowed.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, Trouble> {
        let authority = request
            .uri()
            .authority()
            .map(ToString::to_string)
            .unwrap_or_default();
        match tokio::time::timeout(self.timeouts.total, self.exchange(request, &authority)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Trouble::TooSlow),
        }
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        authority: &str,
    ) -> Result<Answer, Trouble> {
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| Trouble::of(&error, authority))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, self.max_body)
            .collect()
            .await
            .map_err(|error| Trouble::while_reading(&*error))?;
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: body.to_bytes(),
        })
    }
}
