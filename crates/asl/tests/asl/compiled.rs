//! What a definition compiles to.

use asl::definition::{
    Condition, Dynamic, FailText, Filter, Items, Kind, Machine, ResultPath, StateId, Transition,
    Wait,
};
use expect_test::expect;

use crate::check::single;

fn compile(text: &str) -> Machine {
    asl::compile(text, &asl::Options::default()).expect("accepted")
}

fn name(machine: &Machine, id: StateId) -> &str {
    &machine.state(id).name
}

/// One line for each state: what it is and where it goes.
fn outline(machine: &Machine) -> String {
    let line = |state: &asl::definition::State| {
        let next = match state.next {
            Transition::Next(id) => name(machine, id).to_owned(),
            Transition::End => "end".to_owned(),
        };
        let inside: Vec<&str> = match &state.kind {
            Kind::Parallel { branches } => {
                branches.iter().map(|b| name(machine, b.start_at)).collect()
            }
            Kind::Map(map) => vec![name(machine, map.processor.start_at)],
            Kind::Choice(choice) => choice
                .rules
                .iter()
                .map(|rule| rule.next)
                .chain(choice.default)
                .map(|id| name(machine, id))
                .collect(),
            _ => Vec::new(),
        };
        format!(
            "{} {} {inside:?} -> {next}",
            state.name,
            state.kind.type_name()
        )
    };
    let lines: Vec<String> = machine.states().iter().map(line).collect();
    format!(
        "start {}\n{}",
        name(machine, machine.root.start_at),
        lines.join("\n")
    )
}

const ALL_TYPES: &str = r#"{"StartAt": "Pick", "TimeoutSeconds": 60, "States": {
    "Par": {"Type": "Parallel", "Next": "Map", "Branches": [
        {"StartAt": "B2", "States": {"B1": {"Type": "Succeed"}, "B2": {"Type": "Wait", "Seconds": 1, "Next": "B1"}}},
        {"StartAt": "B3", "States": {"B3": {"Type": "Pass", "End": true}}}]},
    "Map": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {
        "I": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "End": true}}}},
    "Pick": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "Par"}], "Default": "No"},
    "No": {"Type": "Fail"}}}"#;

#[test]
fn all_types_in_document_order() {
    let machine = compile(ALL_TYPES);
    expect![[r#"
        start Pick
        Par Parallel ["B2", "B3"] -> Map
        B1 Succeed [] -> end
        B2 Wait [] -> B1
        B3 Pass [] -> end
        Map Map ["I"] -> end
        I Task [] -> end
        Pick Choice ["Par", "No"] -> end
        No Fail [] -> end"#]]
    .assert_eq(&outline(&machine));
    assert_eq!(machine.timeout_seconds, Some(60));
    for (index, state) in machine.states().iter().enumerate() {
        assert_eq!(machine.find(&state.name), Some(StateId(index as u32)));
    }
}

#[test]
fn data_flow() {
    let machine = compile(&single(
        r#""Type": "Pass", "InputPath": null, "Parameters": {"a.$": "$.x"}, "ResultPath": "$.r", "OutputPath": "$.o",
           "Result": [1, 2.50], "End": true"#,
    ));
    let state = &machine.states()[0];
    assert!(matches!(state.flow.input_path, Filter::Empty));
    assert!(matches!(&state.flow.output_path, Filter::Select(path) if &**path.source() == "$.o"));
    assert!(
        matches!(&state.flow.result_path, ResultPath::At(target) if &**target.path().source() == "$.r")
    );
    assert!(state.flow.parameters.is_some() && state.flow.result_selector.is_none());
    assert!(
        matches!(&state.kind, Kind::Pass { result: Some(result) } if result.text() == "[1,2.50]")
    );
}

#[test]
fn data_flow_that_does_nothing_is_the_default() {
    let machine = compile(&single(
        r#""Type": "Pass", "InputPath": "$", "OutputPath": "$", "ResultPath": "$", "End": true"#,
    ));
    let flow = &machine.states()[0].flow;
    assert!(matches!(
        (&flow.input_path, &flow.output_path),
        (Filter::Whole, Filter::Whole)
    ));
    assert!(matches!(flow.result_path, ResultPath::Replace));
    let machine = compile(&single(
        r#""Type": "Pass", "ResultPath": null, "End": true"#,
    ));
    assert!(matches!(
        machine.states()[0].flow.result_path,
        ResultPath::Discard
    ));
}

#[test]
fn retriers_and_catchers() {
    let machine = compile(
        r#"{"StartAt": "T", "States": {
            "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "End": true, "TimeoutSeconds": 9, "HeartbeatSecondsPath": "$.h",
                  "Retry": [{"ErrorEquals": ["A"]}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "BackoffRate": 1.5, "JitterStrategy": "FULL"}],
                  "Catch": [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.e", "Next": "Z"}]},
            "Z": {"Type": "Succeed"}}}"#,
    );
    let state = &machine.states()[0];
    let numbers: Vec<_> = state
        .retry
        .iter()
        .map(|r| {
            (
                r.interval_seconds,
                r.max_attempts,
                r.backoff_rate,
                r.max_delay_seconds,
                r.full_jitter,
            )
        })
        .collect();
    assert_eq!(numbers, [(1, 3, 2.0, None, false), (1, 1, 1.5, None, true)]);
    assert!(state.retry[0].errors.matches("A") && !state.retry[0].errors.matches("B"));
    assert_eq!(name(&machine, state.catch[0].next), "Z");
    assert!(matches!(&state.kind, Kind::Task(task)
        if matches!(task.timeout, Some(Dynamic::Fixed(9))) && matches!(task.heartbeat, Some(Dynamic::Path(_)))));
}

#[test]
fn conditions_keep_their_shape() {
    let machine = compile(&crate::check::with_rule(
        r#"{"Next": "A", "And": [{"Not": {"Variable": "$.a", "IsNull": true}}, {"Variable": "$.b", "NumericEqualsPath": "$.c"}]}"#,
    ));
    let Kind::Choice(choice) = &machine.states()[0].kind else {
        panic!("a Choice")
    };
    let Condition::And(both) = &choice.rules[0].condition else {
        panic!("an And")
    };
    assert!(matches!(&both[0], Condition::Not(inner) if matches!(**inner, Condition::Test(_))));
    assert!(matches!(&both[1], Condition::Test(test) if &**test.variable.source() == "$.b"));
}

#[test]
fn waits_and_failures() {
    let machine = compile(&single(
        r#""Type": "Wait", "Timestamp": "2026-01-01T00:00:00Z", "End": true"#,
    ));
    assert!(
        matches!(&machine.states()[0].kind, Kind::Wait(Wait::Timestamp(t)) if &**t == "2026-01-01T00:00:00Z")
    );
    let machine = compile(&single(
        r#""Type": "Fail", "Error": "E", "CausePath": "$.c""#,
    ));
    let Kind::Fail(fail) = &machine.states()[0].kind else {
        panic!("a Fail")
    };
    assert!(matches!(&fail.error, Some(FailText::Literal(text)) if &**text == "E"));
    assert!(matches!(&fail.cause, Some(FailText::Expression(e)) if &**e.source() == "$.c"));
}

#[test]
fn the_old_names_of_a_map() {
    let machine = compile(&single(
        r#""Type": "Map", "ItemsPath": "$.i", "Parameters": {"v.$": "$$.Map.Item.Value"}, "MaxConcurrency": 3, "End": true,
           "Iterator": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#,
    ));
    let state = &machine.states()[0];
    assert!(state.flow.parameters.is_some());
    assert!(matches!(&state.kind, Kind::Map(map)
        if matches!(map.max_concurrency, Some(Dynamic::Fixed(3))) && matches!(map.items, Items::Path(_))));
}
