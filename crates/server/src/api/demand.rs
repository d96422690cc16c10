//! What a request may ask of the server, known from its head: how large its body may be, and whether it waits.
//!
//! A table; the front holds requests to it. Decided as the route is: what a body may be follows from who will read it.

use hyper::http::request::Parts;

use crate::front::is_lambda_path;

/// A function's zip of 50 MiB, base64-encoded in JSON.
const PACKAGE: usize = 70 * 1024 * 1024;
/// A function's event: Lambda's own limit is checked by the service, in its words.
const EVENT: usize = 7 * 1024 * 1024;
/// A definition of 1 MiB whose every character is escaped, and the rest of its request.
const DEFINITION: usize = 3 * 1024 * 1024;
/// Data of 256 KiB whose every character is written as `\u0000`, and the rest of its request.
const DATA: usize = 6 * 256 * 1024 + 64 * 1024;
/// Everything else of Step Functions: as large as the service takes a request (spec quotas.md).
const SMALL: usize = 1024 * 1024;
/// A role's policy of 131,072 characters, percent-encoded; events to be logged.
const OTHER: usize = 3 * 1024 * 1024;

/// See the module's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The most bytes that its body may have.
    pub body: usize,
    /// What it waits for.
    pub waits: Waits,
}

/// What a request waits for before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Nothing, not even for its turn: it looks at nothing.
    Never,
    /// The disk at most.
    Shortly,
    /// Something outside, for as long as its client does: nobody needs the answer when that is gone.
    ForItsClient,
    /// Something outside that goes on when its client is gone, and takes up what it was given.
    ToItsEnd,
}

/// What a request with this head may ask.
pub fn of(head: &Parts) -> Demand {
    if let Some(target) = head.headers.get("x-amz-target") {
        return of_target(target.to_str().unwrap_or_default());
    }
    let path = head.uri.path();
    if is_lambda_path(path) {
        return of_lambda(head, path);
    }
    let waits = match path {
        "/health" => Waits::Never,
        _ => Waits::Shortly,
    };
    Demand { body: OTHER, waits }
}

fn of_target(target: &str) -> Demand {
    let operation = target.strip_prefix("AWSStepFunctions.");
    let body = match operation {
        Some(
            "CreateStateMachine"
            | "UpdateStateMachine"
            | "ValidateStateMachineDefinition"
            | "TestState",
        ) => DEFINITION,
        Some("StartExecution" | "StartSyncExecution" | "SendTaskSuccess") => DATA,
        None if target.starts_with("Logs_") => OTHER,
        _ => SMALL,
    };
    let waits = match operation {
        Some("StartSyncExecution" | "TestState" | "GetActivityTask") => Waits::ForItsClient,
        _ => Waits::Shortly,
    };
    Demand { body, waits }
}

fn of_lambda(head: &Parts, path: &str) -> Demand {
    let last = path.trim_end_matches('/').rsplit('/').next();
    let (body, waits) = match (head.method.as_str(), last.unwrap_or_default()) {
        ("POST", "functions") | ("PUT", "code") => (PACKAGE, Waits::Shortly),
        ("POST", "invocations") => (EVENT, of_invocation(head)),
        _ => (OTHER, Waits::Shortly),
    };
    Demand { body, waits }
}

fn of_invocation(head: &Parts) -> Waits {
    let kind = head.headers.get("x-amz-invocation-type");
    match kind.map(|kind| kind.as_bytes()) {
        Some(b"Event" | b"DryRun") => Waits::Shortly,
        _ => Waits::ToItsEnd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(method: &str, path: &str, headers: &[(&str, &str)]) -> Demand {
        let mut request = hyper::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        of(&request.body(()).expect("a request").into_parts().0)
    }

    #[test]
    fn the_limit_is_that_of_who_reads_the_body() {
        let start = ("x-amz-target", "AWSStepFunctions.StartExecution");
        for (method, path, headers, body) in [
            ("POST", "/2015-03-31/functions", &[][..], PACKAGE),
            ("POST", "/2015-03-31/functions", &[start][..], DATA),
            ("POST", "/functions", &[][..], OTHER),
            ("PUT", "/x/code", &[][..], OTHER),
            (
                "POST",
                "/2015-03-31/functions/f/invocations",
                &[][..],
                EVENT,
            ),
            (
                "POST",
                "/",
                &[("x-amz-target", "AWSStepFunctions.Nothing")][..],
                SMALL,
            ),
            (
                "POST",
                "/",
                &[("x-amz-target", "AWSStepFunctions.TestState")][..],
                DEFINITION,
            ),
        ] {
            assert_eq!(demand(method, path, headers).body, body, "{path}");
        }
    }

    #[test]
    fn who_waits_for_what() {
        let invoke = "/2015-03-31/functions/f/invocations";
        let event = ("x-amz-invocation-type", "Event");
        let activity = ("x-amz-target", "AWSStepFunctions.GetActivityTask");
        let waits = |method, path, headers: &[_]| demand(method, path, headers).waits;
        assert_eq!(waits("GET", "/health", &[]), Waits::Never);
        assert_eq!(waits("POST", invoke, &[]), Waits::ToItsEnd);
        assert_eq!(waits("POST", invoke, &[event]), Waits::Shortly);
        assert_eq!(waits("POST", "/", &[activity]), Waits::ForItsClient);
        assert_eq!(waits("POST", "/", &[]), Waits::Shortly);
    }
}
