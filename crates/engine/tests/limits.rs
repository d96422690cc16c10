//! The hard limits that workflows observe: events, payloads, nesting, and that a step ends.

#[allow(dead_code)]
mod harness;

use engine::{EventKind, Limits, Outcome};
use harness::run;

fn failure(outcome: Option<Outcome>) -> (String, String) {
    match outcome {
        Some(Outcome::Failed(failure)) => (
            failure.error.as_deref().unwrap_or_default().to_owned(),
            failure.cause.as_deref().unwrap_or_default().to_owned(),
        ),
        other => panic!("should have failed: {other:?}"),
    }
}

#[test]
fn the_last_event_of_a_full_history_is_the_failure() {
    let endless = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice","Choices":[
        {"Variable":"$.x","IsPresent":true,"Next":"End"}],"Default":"A"},"End":{"Type":"Succeed"}}}"#;
    let (events, outcome) = run(endless, "{}", &mut |_, _| None, &Limits::default());
    assert_eq!(events.len(), 25_000);
    assert!(matches!(events[24_999].kind, EventKind::ExecutionFailed(_)));
    let (error, cause) = failure(outcome);
    assert_eq!(error, "States.Runtime");
    assert_eq!(
        cause,
        "The execution reached the maximum number of history events (25000)."
    );
}

#[test]
fn a_document_that_doubles_is_stopped_at_the_payload_limit() {
    let doubling = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"l.$":"$","r.$":"$"},"Next":"B"},
        "B":{"Type":"Choice","Choices":[{"Variable":"$.stop","IsPresent":true,"Next":"End"}],"Default":"A"},"End":{"Type":"Succeed"}}}"#;
    let (events, outcome) = run(
        doubling,
        r#"{"some":"text"}"#,
        &mut |_, _| None,
        &Limits::default(),
    );
    assert_eq!(failure(outcome).0, "States.DataLimitExceeded");
    assert!(events.len() < 100, "{} events", events.len());
}

#[test]
fn nesting_by_wrapping_is_stopped_before_it_cannot_be_read_again() {
    let wrapping = r#"{"StartAt":"A","States":{"A":{"Type":"Parallel","Branches":[{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}],"Next":"B"},
        "B":{"Type":"Choice","Choices":[{"Variable":"$","IsNull":true,"Next":"End"}],"Default":"A"},"End":{"Type":"Succeed"}}}"#;
    let (_, outcome) = run(wrapping, "1", &mut |_, _| None, &Limits::default());
    assert_eq!(failure(outcome).0, "States.DataLimitExceeded");
}

#[test]
fn a_step_stops_at_its_budget_and_goes_on() {
    let limits = Limits {
        step_events: 10,
        ..Limits::default()
    };
    let map = r#"{"StartAt":"M","States":{"M":{"Type":"Map","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"End":true}}}"#;
    let items: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let input = format!("[{}]", items.join(","));
    let (events, outcome) = run(map, &input, &mut |_, _| None, &limits);
    assert_eq!(events.len(), 1 + 2 + 4 * 100 + 2 + 1);
    match outcome {
        Some(Outcome::Succeeded { output }) => assert_eq!(output.text(), input),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_more_iterations_run_than_the_service_allows() {
    let map = r#"{"StartAt":"M","States":{"M":{"Type":"Map","ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1,"End":true}}},"End":true}}}"#;
    let items: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let (events, _) = run(
        map,
        &format!("[{}]", items.join(",")),
        &mut |_, _| None,
        &Limits::default(),
    );
    let mut running = 0;
    let mut most = 0;
    for event in &events {
        match event.kind {
            EventKind::MapIterationStarted(_) => running += 1,
            EventKind::MapIterationSucceeded(_) => running -= 1,
            _ => {}
        }
        most = most.max(running);
    }
    assert_eq!(most, 40);
}
