//! Invoke: an event to a function, its answer or its error back; asynchronous events are kept in memory and tried three times.

use std::sync::Arc;
use std::time::Duration;

use aws::ApiError;
use aws::validate::Violations;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use functions::{FunctionSpec, InvokeRequest, InvokeResult};
use integrations::lambda::{
    Answered, InvocationType, Invoke, InvokeOutput, LogType, response_headers,
};

use super::{LambdaApi, errors, model, route};
use crate::front::{Request, Response};

/// The largest event of a synchronous invocation in bytes (Lambda's 6 MB).
const MAX_PAYLOAD: usize = 6_291_456;
/// The largest event of an asynchronous one (Lambda's 1 MB).
const MAX_EVENT: usize = 1_048_576;
/// The largest client context, before base64.
const MAX_CONTEXT: usize = 3583;
/// What asynchronous events together may take in memory, in KB; an event counts at least one.
pub(super) const EVENT_KILOBYTES: usize = 64 * 1024;
/// Lambda waits so long before it tries an asynchronous event again.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];
/// How much of an event that is no JSON is shown, in characters (Jackson's).
const MAX_ECHO: usize = 500;
/// Headers that the front writes itself.
const HEADERS_OF_THE_FRONT: &[&str] = &[
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "x-amzn-RequestId",
];

/// The account and region that a call is made in.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Twelve digits.
    pub account: &'a str,
    /// For names without a region.
    pub region: &'a str,
}

impl<'a> Place<'a> {
    /// Where a request was sent to.
    pub fn of(request: &'a Request) -> Place<'a> {
        Place {
            account: &request.account,
            region: &request.region,
        }
    }
}

impl LambdaApi {
    /// Invokes a function: what the HTTP operation does, for callers in this process.
    ///
    /// # Errors
    /// Lambda's own. A function that fails is an output. Dropping the future does not stop the function.
    pub async fn invoke(
        &self,
        invoke: &Invoke,
        place: Place<'_>,
        request_id: &str,
    ) -> Result<InvokeOutput, ApiError> {
        let spec = Arc::new(self.invocable(invoke, place)?);
        let event = check_event(&invoke.payload, invoke.invocation_type)?;
        let request = InvokeRequest {
            payload: event,
            request_id: Some(request_id.to_owned()),
            client_context: client_context(invoke.client_context.as_deref())?,
            trace_id: None,
        };
        match invoke.invocation_type {
            InvocationType::DryRun => Ok(empty_output(204, request_id)),
            InvocationType::Event => {
                self.invoke_later(invoke, place, request)?;
                Ok(empty_output(202, request_id))
            }
            InvocationType::RequestResponse => {
                let result = self.host.invoke(&spec, request).await;
                let result = result.map_err(|error| errors::of_host(error, &spec.arn))?;
                Ok(output(result, invoke.log_type))
            }
        }
    }

    /// The Invoke operation.
    pub(super) async fn invoke_by_request(
        &self,
        name: &str,
        request: &Request,
    ) -> Result<Response, ApiError> {
        let invoke = invocation(name, request)?;
        let output = self
            .invoke(&invoke, Place::of(request), &request.request_id)
            .await?;
        let content_type = if output.status == 200 {
            "application/json"
        } else {
            ""
        };
        let mut response = Response::new(output.status, content_type, output.payload);
        for (name, value) in output.headers {
            if !HEADERS_OF_THE_FRONT.contains(&name.as_str()) {
                response = response.with_header(name, value);
            }
        }
        Ok(response)
    }

    /// The function to invoke. Without a qualifier Lambda looks for `$LATEST`, and says so when there is no such function
    /// (recorded: error_handling.task_service_lambda, test_no_such_function).
    fn invocable(&self, invoke: &Invoke, place: Place<'_>) -> Result<FunctionSpec, ApiError> {
        let named = model::function_name(&invoke.function)?;
        let qualifier = match (&invoke.qualifier, &named.qualifier) {
            (Some(given), Some(in_name)) if given != in_name => {
                let message = "The derived qualifier from the function name does not match the specified qualifier.";
                return Err(errors::invalid(message));
            }
            (given, in_name) => given.as_deref().or(in_name.as_deref()).unwrap_or("$LATEST"),
        };
        match self.function(&named, &place)? {
            Some(found) if qualifier == "$LATEST" => found.value.spec(&self.code),
            _ => {
                let arn = named.arn(place.region, place.account);
                Err(errors::function_not_found(&format!("{arn}:{qualifier}")))
            }
        }
    }

    /// Queues an asynchronous event.
    fn invoke_later(
        &self,
        invoke: &Invoke,
        place: Place<'_>,
        request: InvokeRequest,
    ) -> Result<(), ApiError> {
        let kilobytes = u32::try_from(request.payload.len() / 1024 + 1).unwrap_or(u32::MAX);
        let Ok(room) = self.events.clone().try_acquire_many_owned(kilobytes) else {
            return Err(errors::throttled("CallerRateLimitExceeded"));
        };
        let (api, invoke) = (self.clone(), invoke.clone());
        let (account, region) = (place.account.to_owned(), place.region.to_owned());
        tokio::spawn(async move {
            let place = Place {
                account: &account,
                region: &region,
            };
            api.deliver(&invoke, place, request).await;
            drop(room);
        });
        Ok(())
    }

    /// Tries an asynchronous event up to three times, each time with the function as it is then.
    async fn deliver(&self, invoke: &Invoke, place: Place<'_>, request: InvokeRequest) {
        let mut delays = RETRY_DELAYS.iter();
        loop {
            let Ok(spec) = self.invocable(invoke, place).map(Arc::new) else {
                return;
            };
            let reason = match self.host.invoke(&spec, request.clone()).await {
                Ok(result) if !result.failed => return,
                Ok(_) => "the function failed".to_owned(),
                Err(functions::Error::ShuttingDown) => return,
                Err(error) => error.to_string(),
            };
            let request_id = request.request_id.as_deref().unwrap_or_default();
            let Some(delay) = delays.next() else {
                tracing::warn!(
                    function = spec.name,
                    request_id,
                    reason,
                    "an asynchronous event was given up"
                );
                return;
            };
            tracing::info!(
                function = spec.name,
                request_id,
                reason,
                "an asynchronous event will be tried again"
            );
            tokio::time::sleep(*delay).await;
        }
    }
}

/// Reads the request's headers.
fn invocation(name: &str, request: &Request) -> Result<Invoke, ApiError> {
    check_media_type(request)?;
    let mut violations = Violations::default();
    let kind = request
        .header("x-amz-invocation-type")
        .unwrap_or("RequestResponse");
    violations.one_of(
        "invocationType",
        kind,
        &["Event", "RequestResponse", "DryRun"],
    );
    let log = request.header("x-amz-log-type").unwrap_or("None");
    violations.one_of("logType", log, &["None", "Tail"]);
    violations.check(errors::validation)?;
    Ok(Invoke {
        function: name.to_owned(),
        qualifier: route::query(request, "Qualifier"),
        payload: request.body.clone(),
        invocation_type: match kind {
            "Event" => InvocationType::Event,
            "DryRun" => InvocationType::DryRun,
            _ => InvocationType::RequestResponse,
        },
        log_type: if log == "Tail" {
            LogType::Tail
        } else {
            LogType::None
        },
        client_context: request.header("x-amz-client-context").map(str::to_owned),
    })
}

/// An event is JSON; clients send it without a type, or as bytes.
fn check_media_type(request: &Request) -> Result<(), ApiError> {
    let content_type = request.header("content-type").unwrap_or_default();
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let taken = [
        "",
        "application/json",
        "application/octet-stream",
        "binary/octet-stream",
    ];
    match taken.contains(&kind.as_str()) || kind.starts_with("application/x-amz-json") {
        true => Ok(()),
        false => Err(errors::media_type(content_type)),
    }
}

/// The event: `{}` where there is none, JSON otherwise, within the limits.
fn check_event(payload: &Bytes, kind: InvocationType) -> Result<Bytes, ApiError> {
    let limit = if kind == InvocationType::Event {
        MAX_EVENT
    } else {
        MAX_PAYLOAD
    };
    if payload.len() > limit {
        return Err(errors::payload_too_large(
            payload.len(),
            kind.as_str(),
            limit,
        ));
    }
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    if serde_json::from_slice::<serde::de::IgnoredAny>(payload).is_ok() {
        return Ok(payload.clone());
    }
    // Lambda's parser is Jackson: our own knows its words, and has the last word on what JSON is.
    let text = std::str::from_utf8(payload).map_err(|_| errors::not_json("Invalid UTF-8"))?;
    match expr::json::parse(text) {
        Ok(_) => Ok(payload.clone()),
        Err(error) => {
            let echo: String = text.chars().take(MAX_ECHO).collect();
            Err(errors::not_json(&format!(
                "Could not parse payload into json: {}\n at [Source: (byte[])\"{echo}\"; line: {}, column: {}]",
                error.message, error.line, error.column
            )))
        }
    }
}

fn client_context(given: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(given) = given else { return Ok(None) };
    let decoded = BASE64
        .decode(given)
        .ok()
        .filter(|context| context.len() <= MAX_CONTEXT);
    let text = decoded.and_then(|context| String::from_utf8(context).ok());
    // It travels on as a header.
    let text = text.filter(|text| !text.contains(|c: char| c.is_control()));
    match text.filter(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()) {
        Some(text) => Ok(Some(text)),
        None => Err(errors::not_json(
            "Client context must be a valid Base64-encoded JSON object.",
        )),
    }
}

fn output(result: InvokeResult, log_type: LogType) -> InvokeOutput {
    let log_result = (log_type == LogType::Tail).then(|| BASE64.encode(&result.log_tail));
    let mut output = InvokeOutput {
        status: 200,
        function_error: result.failed.then(|| "Unhandled".to_owned()),
        executed_version: Some("$LATEST".to_owned()),
        headers: headers(
            &result.request_id,
            result.payload.len(),
            log_result.as_deref(),
        ),
        payload: result.payload,
        log_result,
    };
    if let Some(error) = &output.function_error {
        output
            .headers
            .insert(0, ("X-Amz-Function-Error".to_owned(), error.clone()));
    }
    output
}

/// Nothing was run (204), or will be later (202): no version has been executed in the latter case.
fn empty_output(status: u16, request_id: &str) -> InvokeOutput {
    let mut headers = headers(request_id, 0, None);
    headers.retain(|(name, _)| status == 204 || name != "X-Amz-Executed-Version");
    InvokeOutput {
        status,
        payload: Bytes::new(),
        function_error: None,
        executed_version: (status == 204).then(|| "$LATEST".to_owned()),
        log_result: None,
        headers,
    }
}

fn headers(
    request_id: &str,
    content_length: usize,
    log_result: Option<&str>,
) -> Vec<(String, String)> {
    let now = jiff::Timestamp::now();
    let id = uuid::Uuid::new_v4().simple().to_string();
    let trace_id = format!(
        "Root=1-{:08x}-{};Parent={};Sampled=0",
        now.as_second(),
        &id[..24],
        &id[16..]
    );
    response_headers(&Answered {
        executed_version: "$LATEST",
        request_id,
        content_length,
        date: &aws::time::http_date(now),
        trace_id: &trace_id,
        log_result,
    })
}
