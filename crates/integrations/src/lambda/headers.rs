//! The headers of Lambda's answer to Invoke: their spelling and their order, which a Task's result shows.

/// AWS's headers in AWS's order (recorded: services.lambda_task_service).
const KNOWN: &[&str] = &[
    "X-Amz-Function-Error",
    "X-Amz-Log-Result",
    "X-Amz-Executed-Version",
    "x-amzn-Remapped-Content-Length",
    "Connection",
    "x-amzn-RequestId",
    "Content-Length",
    "Date",
    "X-Amzn-Trace-Id",
    "Content-Type",
];

/// What [`response_headers`] needs to know of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// `$LATEST` or a version.
    pub executed_version: &'a str,
    /// A UUID.
    pub request_id: &'a str,
    /// The answer's size in bytes.
    pub content_length: usize,
    /// As in the `Date` header.
    pub date: &'a str,
    /// `Root=1-...;Parent=...;Sampled=0`.
    pub trace_id: &'a str,
    /// Base64, when a log was asked for.
    pub log_result: Option<&'a str>,
}

/// The headers that AWS sends with an answer: for a host that answers itself.
pub fn response_headers(answered: &Answered<'_>) -> Vec<(String, String)> {
    let length = answered.content_length.to_string();
    let values = [
        ("X-Amz-Log-Result", answered.log_result),
        ("X-Amz-Executed-Version", Some(answered.executed_version)),
        ("x-amzn-Remapped-Content-Length", Some("0")),
        ("Connection", Some("keep-alive")),
        ("x-amzn-RequestId", Some(answered.request_id)),
        ("Content-Length", Some(&length)),
        ("Date", Some(answered.date)),
        ("X-Amzn-Trace-Id", Some(answered.trace_id)),
        ("Content-Type", Some("application/json")),
    ];
    values
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect()
}

/// Received headers in AWS's spelling and order; those that AWS does not send follow as they came.
pub(super) fn normalise(received: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let rank = |name: &str| {
        KNOWN
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name))
    };
    let mut headers: Vec<(usize, String, String)> = received
        .map(|(name, value)| match rank(&name) {
            Some(rank) => (rank, KNOWN[rank].to_owned(), value),
            None => (KNOWN.len(), name, value),
        })
        .collect();
    headers.sort_by_key(|(rank, ..)| *rank);
    headers
        .into_iter()
        .map(|(_, name, value)| (name, value))
        .collect()
}

/// The value of a header, whatever its case.
pub(super) fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}
