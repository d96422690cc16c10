//! One invocation: what goes in, what comes out.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::Error;

/// The largest answer of a function in bytes; Lambda's limit, 6 MB and 100 KB for the envelope.
pub const MAX_RESPONSE_BYTES: usize = 6_291_556;

/// What a function is invoked with.
#[derive(Clone, Debug, Default)]
pub struct InvokeRequest {
    /// The event, JSON. The host does not look into it.
    pub payload: Bytes,
    /// The request id; a fresh UUID where there is none.
    pub request_id: Option<String>,
    /// The client context, JSON (decoded from base64).
    pub client_context: Option<String>,
    /// The X-Ray trace header; one that is not sampled where there is none.
    pub trace_id: Option<String>,
}

/// What came of an invocation that reached the function.
#[derive(Clone, Debug)]
pub struct InvokeResult {
    /// The request id the function saw.
    pub request_id: String,
    /// The function's answer, byte for byte, or the error's payload.
    pub payload: Bytes,
    /// The function failed: `X-Amz-Function-Error: Unhandled`, and `payload` is the error.
    pub failed: bool,
    /// The last 4 KB of the invocation's log, `START` and `REPORT` lines included.
    pub log_tail: Vec<u8>,
    /// From the hand-over to the process to its answer.
    pub duration: Duration,
}

/// An invocation on its way: the request and whoever waits for the answer. The waiting side may have gone: the function runs
/// all the same, as on Lambda.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) request_id: String,
    pub(crate) trace_id: String,
    pub(crate) client_context: Option<String>,
    pub(crate) payload: Bytes,
    pub(crate) reply: oneshot::Sender<Result<InvokeResult, Error>>,
    /// The order of arrival over all functions; set by the scheduler.
    pub(crate) sequence: u64,
    /// How many processes have ended with this invocation in hand, not yet passed on.
    pub(crate) returns: u8,
}

impl Job {
    pub(crate) fn new(
        request: InvokeRequest,
    ) -> (Job, oneshot::Receiver<Result<InvokeResult, Error>>) {
        let (reply, answer) = oneshot::channel();
        let job = Job {
            request_id: request
                .request_id
                .unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
            trace_id: request.trace_id.unwrap_or_else(unsampled_trace),
            client_context: request.client_context,
            payload: request.payload,
            reply,
            sequence: 0,
            returns: 0,
        };
        (job, answer)
    }

    /// Answers; nobody may be listening any more.
    pub(crate) fn answer(self, result: Result<InvokeResult, Error>) {
        let _ = self.reply.send(result);
    }
}

fn unsampled_trace() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let seconds = jiff::Timestamp::now().as_second();
    format!(
        "Root=1-{seconds:08x}-{};Parent={};Sampled=0",
        &id[..24],
        &id[16..]
    )
}
