//! The hard limits that workflows observe: events, payloads, nesting, and that a step ends.

#[allow(dead_code)]
mod harness;

use std::sync::Arc;

use engine::{Alone, EventKind, Execution, Facts, Input, Limits, Machinery, Outcome, Timestamp};
use expr::json::Document;
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

/// Draws nothing.
struct Still;

impl expr::Entropy for Still {
    fn next_u64(&mut self) -> u64 {
        4
    }
}

/// How many events the first step of a loop without an end makes.
fn first_step_of_a_loop(limits: &Limits) -> usize {
    let endless = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"E":{"Type":"Succeed"},
        "B":{"Type":"Choice","Choices":[{"Variable":"$","IsNull":true,"Next":"E"}],"Default":"A"}}}"#;
    let machine = asl::compile(endless, &asl::Options::default()).expect("a machine");
    let facts = Facts {
        arn: "arn:aws:states:us-east-1:123456789012:express:M:E:1".into(),
        name: "E".into(),
        machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:M".into(),
        machine_name: "M".into(),
        role_arn: "arn:aws:iam::123456789012:role/R".into(),
        region: "us-east-1".into(),
        started: Timestamp(0),
        input: Document::parse("{}").expect("JSON"),
        test_case: None,
    };
    let machinery = Machinery {
        machine: &machine,
        limits,
        entropy: &mut Still,
        surroundings: &Alone,
    };
    let mut execution = Execution::new(Arc::new(facts));
    let step = engine::step(machinery, &mut execution, Input::Start, Timestamp(0));
    assert!(step.more, "others take their turns now");
    step.events.len()
}

#[test]
fn an_express_execution_takes_shorter_steps() {
    let standard = first_step_of_a_loop(&Limits::default());
    let express = first_step_of_a_loop(&Limits::default().express());
    assert!(express * 4 < standard, "{express}, {standard}");
}

/// A Choice of so many rules that each look at 100,000 values.
fn looking(rules: usize) -> String {
    let rule = r#"{"Variable":"$.items[?(@.x==1)].y","IsString":true,"Next":"Z"}"#;
    let rules = vec![rule; rules].join(",");
    format!(
        r#"{{"StartAt":"C","States":{{"C":{{"Type":"Choice","Choices":[{rules}],"Default":"Z"}},"Z":{{"Type":"Succeed"}}}}}}"#
    )
}

#[test]
fn the_paths_of_a_turn_share_what_they_may_look_at() {
    let input = format!(r#"{{"items":[{}1]}}"#, "1,".repeat(99_999));
    let limits = Limits::default();
    let (_, outcome) = run(&looking(20), &input, &mut |_, _| None, &limits);
    assert!(matches!(outcome, Some(Outcome::Succeeded { .. })));
    let (_, outcome) = run(&looking(2_000), &input, &mut |_, _| None, &limits);
    assert_eq!(failure(outcome).0, "States.Runtime");
}

#[test]
fn what_paths_look_at_counts_for_the_step() {
    let machine = r#"{"StartAt":"A","States":{
        "A":{"Type":"Pass","InputPath":"$..x","ResultPath":null,"Next":"B"},
        "B":{"Type":"Pass","InputPath":"$..x","ResultPath":null,"Next":"C"},
        "C":{"Type":"Succeed","OutputPath":"$.none"}}}"#;
    let input = format!(r#"{{"none":0,"items":[{}1]}}"#, "1,".repeat(99_999));
    let steps = |step_work| {
        let limits = Limits {
            step_work,
            ..Limits::default()
        };
        harness::steps(machine, &input, &limits)
    };
    assert_eq!((steps(1_000_000), steps(100_000)), (1, 3));
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

#[test]
fn a_caught_error_that_makes_the_output_too_large_ends_the_execution() {
    let caught = r#"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},
        "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Next":"Z"}],"End":true},"Z":{"Type":"Succeed"}}}"#;
    let input = format!(r#"{{"text":"{}"}}"#, "x".repeat(262_100));
    let fails = &mut |_: &engine::TaskRequest, _| {
        Some(engine::TaskOutcome::Failed {
            error: Some("Boom".into()),
            cause: Some("y".repeat(1_000)),
        })
    };
    let (events, outcome) = run(caught, &input, fails, &Limits::default());
    assert_eq!(failure(outcome).0, "States.DataLimitExceeded");
    assert!(events.len() < 10, "{} events", events.len());
}

#[test]
fn an_item_that_is_too_large_leaves_no_iteration_behind() {
    let map = r#"{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.items","ItemSelector":{"a.$":"$$.Map.Item.Value","b.$":"$$.Map.Item.Value"},
        "ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"End":true}}},
        "Catch":[{"ErrorEquals":["States.DataLimitExceeded"],"ResultPath":"$.error","Next":"Z"}],"End":true},
        "Z":{"Type":"Wait","Seconds":60,"End":true}}}"#;
    let input = format!(r#"{{"items":[1,2,"{}"]}}"#, "x".repeat(140_000));
    let (events, outcome) = run(map, &input, &mut |_, _| None, &Limits::default());
    assert!(
        matches!(outcome, Some(Outcome::Succeeded { .. })),
        "{outcome:?}"
    );
    let count =
        |wanted: fn(&EventKind) -> bool| events.iter().filter(|event| wanted(&event.kind)).count();
    assert_eq!(
        count(|kind| matches!(kind, EventKind::MapIterationAborted(_))),
        2
    );
    assert_eq!(
        count(|kind| matches!(kind, EventKind::MapIterationSucceeded(_))),
        0
    );
}

#[test]
fn what_a_wait_selects_is_within_the_payload_limit() {
    let wait = r#"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1,"InputPath":"$..*","End":true}}}"#;
    let nested = format!("{}1{}", r#"{"a":["#.repeat(300), "]}".repeat(300));
    let input = format!(r#"{{"deep":{nested},"wide":"{}"}}"#, "x".repeat(200_000));
    let (_, outcome) = run(wait, &input, &mut |_, _| None, &Limits::default());
    assert_eq!(failure(outcome).0, "States.DataLimitExceeded");
}
