//! Invoke over HTTP: for functions that a configured remote endpoint hosts.

use aws::percent;
use aws::sigv4::{Credentials, RequestParts, sign};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{HeaderMap, Method, Request};
use serde::Deserialize;

use super::{Invoke, InvokeOutput, MAX_PAYLOAD, errors, headers};
use crate::http::{Answer, HttpClient, Trouble};
use crate::{CallError, Endpoint, Timeouts};

/// Room for what an endpoint that counts differently may send.
const MARGIN: usize = 64 * 1024;

/// A client for one Lambda endpoint. Clones share the connections.
#[derive(Clone, Debug)]
pub struct LambdaClient {
    endpoint: Endpoint,
    http: HttpClient,
}

impl LambdaClient {
    /// A client for an endpoint. Makes no connection yet.
    pub fn new(endpoint: Endpoint, timeouts: Timeouts) -> LambdaClient {
        LambdaClient {
            endpoint,
            http: HttpClient::new(timeouts, MAX_PAYLOAD + MARGIN),
        }
    }

    /// Invokes a function. An answer that says that the function failed is an output; an error of the service, and
    /// trouble on the way there, are errors. Dropping the future closes the connection.
    pub async fn invoke(
        &self,
        invoke: &Invoke,
        credentials: &Credentials,
        region: &str,
    ) -> Result<InvokeOutput, CallError> {
        let request = self
            .request(invoke, credentials, region)
            .map_err(|trouble| errors::client_error(&trouble))?;
        let answer = self
            .http
            .send(request)
            .await
            .map_err(|trouble| errors::client_error(&trouble))?;
        if answer.status.is_success() {
            Ok(output(answer))
        } else {
            Err(failure(&answer))
        }
    }

    fn request(
        &self,
        invoke: &Invoke,
        keys: &Credentials,
        region: &str,
    ) -> Result<Request<Full<Bytes>>, Trouble> {
        let path = format!(
            "/2015-03-31/functions/{}/invocations",
            percent::encode(&invoke.function)
        );
        let path = self.endpoint.path(&path);
        let query = invoke
            .qualifier
            .as_deref()
            .map(|q| format!("Qualifier={}", percent::encode(q)))
            .unwrap_or_default();
        let given = given_headers(invoke, self.endpoint.authority());
        let parts = RequestParts {
            method: "POST",
            path: &path,
            query: &query,
            headers: &given,
            body: &invoke.payload,
        };
        let signature = sign(&parts, keys, region, "lambda", jiff::Timestamp::now());
        let mark = if query.is_empty() { "" } else { "?" };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.endpoint.url(&format!("{path}{mark}{query}")));
        for (name, value) in given {
            request = request.header(name, value);
        }
        for (name, value) in signature {
            request = request.header(name, value);
        }
        // A header from the state (ClientContext) may hold what no header can.
        request
            .body(Full::new(invoke.payload.clone()))
            .map_err(|error| Trouble::Other(error.to_string()))
    }
}

fn given_headers<'a>(invoke: &'a Invoke, authority: &'a str) -> Vec<(&'static str, &'a str)> {
    let mut headers = vec![
        ("Host", authority),
        ("Content-Type", "application/json"),
        ("X-Amz-Invocation-Type", invoke.invocation_type.as_str()),
        ("X-Amz-Log-Type", invoke.log_type.as_str()),
    ];
    headers.extend(
        invoke
            .client_context
            .as_deref()
            .map(|context| ("X-Amz-Client-Context", context)),
    );
    headers
}

fn output(answer: Answer) -> InvokeOutput {
    let headers = headers::normalise(pairs(&answer.headers));
    let header = |name: &str| headers::find(&headers, name).map(str::to_owned);
    InvokeOutput {
        status: answer.status.as_u16(),
        function_error: header("X-Amz-Function-Error"),
        executed_version: header("X-Amz-Executed-Version"),
        log_result: header("X-Amz-Log-Result"),
        payload: answer.body,
        headers,
    }
}

/// `x-amzn-ErrorType: Code:http://..` and `{"Message":".."}`; what is no AWS error is named by its status.
fn failure(answer: &Answer) -> CallError {
    #[derive(Default, Deserialize)]
    struct Body {
        #[serde(rename = "__type")]
        kind: Option<String>,
        message: Option<String>,
        #[serde(rename = "Message")]
        capital: Option<String>,
    }
    let headers: Vec<(String, String)> = pairs(&answer.headers).collect();
    let body: Body = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = headers::find(&headers, "x-amzn-ErrorType")
        .map(str::to_owned)
        .or(body.kind);
    let code = code.as_deref().map_or("UnknownError", bare_code);
    let message = body.capital.or(body.message).unwrap_or_else(|| {
        answer
            .status
            .canonical_reason()
            .unwrap_or("null")
            .to_owned()
    });
    let request_id = headers::find(&headers, "x-amzn-RequestId").unwrap_or("null");
    errors::service_error(answer.status.as_u16(), code, &message, request_id)
}

fn bare_code(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code)
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (String, String)> {
    headers.iter().map(|(name, value)| {
        (
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    })
}
