//! Tests of one state: where they end, what they see on the way, what is given instead of the world.

use std::collections::BTreeMap;
use std::fmt::Write;

use asl::testing::compile_subject;
use engine::probe::{Given, Stage};
use engine::testing::{Awaited, Report, StateTest, Verdict};
use engine::{Facts, Input, TaskOutcome, Timestamp};
use expect_test::{Expect, expect};
use expr::Entropy;
use expr::json::Document;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

struct Counter(u64);

impl Entropy for Counter {
    fn next_u64(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

fn document(text: &str) -> Document {
    Document::parse(text).expect("JSON")
}

fn succeeded(text: &str) -> TaskOutcome {
    TaskOutcome::Succeeded(document(text))
}

fn failed(error: &str) -> TaskOutcome {
    TaskOutcome::Failed {
        error: Some(error.to_owned()),
        cause: Some("because".to_owned()),
    }
}

/// A test of a state that came alone, begun.
fn begin(state: &str, input: &str, given: Given) -> (StateTest, Option<Awaited>) {
    let subject = compile_subject(state, None, &asl::Options::default()).expect("a valid state");
    let facts = Facts {
        arn: "arn:aws:states:us-east-1:123456789012:express:M:E".into(),
        name: "E".into(),
        machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:M".into(),
        machine_name: "M".into(),
        role_arn: "".into(),
        region: "us-east-1".into(),
        started: NOW,
        input: document(input),
        test_case: None,
    };
    let mut test = StateTest::new(subject.machine, subject.state, facts, given);
    let variables = BTreeMap::from([("known".into(), document("7"))]);
    let awaited = test.begin(variables, NOW, &mut Counter(0));
    (test, awaited)
}

/// Runs a test that waits for nothing and compares what it found out.
fn check(state: &str, input: &str, given: Given, expected: Expect) {
    let (mut test, mut awaited) = begin(state, input, given);
    while awaited.is_some_and(|awaited| awaited.more) {
        awaited = test.resume(Input::Continue, NOW, &mut Counter(0));
    }
    expected.assert_eq(&show(&test.report().expect("it is over")));
}

fn show(report: &Report) -> String {
    let mut out = String::new();
    let left = |left: &engine::testing::Left| {
        let next = left.next.as_deref().unwrap_or("the end");
        format!("{} -> {next}", left.output.text())
    };
    let verdict = match &report.verdict {
        Verdict::Succeeded(way) => format!("succeeded {}", left(way)),
        Verdict::Caught(way, failure) => format!("caught {} {}", named(failure), left(way)),
        Verdict::Retriable(failure) => format!("retriable {}", named(failure)),
        Verdict::Failed(failure) => format!("failed {}", named(failure)),
    };
    writeln!(out, "{verdict}").expect("a String");
    for stage in [
        Stage::InputPath,
        Stage::Parameters,
        Stage::ItemsPath,
        Stage::ItemSelector,
        Stage::Result,
        Stage::ResultSelector,
        Stage::ResultPath,
    ] {
        if let Some(document) = report.seen.stage(stage) {
            writeln!(out, "{stage:?} {}", document.text()).expect("a String");
        }
    }
    for (name, value) in &report.variables {
        writeln!(out, "${name}={}", value.text()).expect("a String");
    }
    if let Some(numbers) = &report.seen.numbers {
        writeln!(out, "{numbers:?}").expect("a String");
    }
    if let Some(retried) = &report.seen.retried {
        writeln!(out, "{retried:?}").expect("a String");
    }
    if let Some(caught) = &report.seen.caught {
        writeln!(out, "catcher {caught}").expect("a String");
    }
    out
}

fn named(failure: &engine::event::Failure) -> String {
    let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().unwrap_or("-").to_owned();
    format!("{} ({})", text(&failure.error), text(&failure.cause))
}

const TASK: &str = r#"{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Next":"Elsewhere",
    "InputPath":"$.in","Parameters":{"FunctionName":"f","Payload.$":"$"},"ResultSelector":{"kept.$":"$.x"},
    "ResultPath":"$.out","OutputPath":"$.out",
    "Retry":[{"ErrorEquals":["Other"]},{"ErrorEquals":["Again"],"IntervalSeconds":3,"MaxAttempts":2}],
    "Catch":[{"ErrorEquals":["Else"],"Next":"A"},{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"B"}]}"#;

#[test]
fn every_stage_of_a_task_is_seen() {
    let given = Given {
        outcome: Some(succeeded(r#"{"x":1,"y":2}"#)),
        ..Given::default()
    };
    check(
        TASK,
        r#"{"in":{"a":[1.0]}}"#,
        given,
        expect![[r#"
            succeeded {"kept":1} -> Elsewhere
            InputPath {"a":[1.0]}
            Parameters {"FunctionName":"f","Payload":{"a":[1.0]}}
            Result {"x":1,"y":2}
            ResultSelector {"kept":1}
            ResultPath {"in":{"a":[1.0]},"out":{"kept":1}}
            $known=7
        "#]],
    );
}

#[test]
fn a_retrier_takes_an_error_until_it_is_used_up() {
    for (retries, expected) in [
        (
            1,
            expect![[r#"
                retriable Again (because)
                InputPath {}
                Parameters {"FunctionName":"f","Payload":{}}
                $known=7
                Retried { index: 1, delay_millis: Some(6000) }
            "#]],
        ),
        (
            2,
            expect![[r#"
                caught Again (because) {"in":{},"e":{"Error":"Again","Cause":"because"}} -> B
                InputPath {}
                Parameters {"FunctionName":"f","Payload":{}}
                $known=7
                Retried { index: 1, delay_millis: None }
                catcher 1
            "#]],
        ),
    ] {
        let given = Given {
            outcome: Some(failed("Again")),
            retries,
            ..Given::default()
        };
        check(TASK, r#"{"in":{}}"#, given, expected);
    }
}

#[test]
fn what_the_engine_finds_wrong_is_told_without_a_place() {
    check(
        TASK,
        "{}",
        Given::default(),
        expect![[r#"
            failed States.Runtime (Invalid path '$.in' : No results for path: $['in'])
            $known=7
        "#]],
    );
    check(
        r#"{"Type":"Pass","QueryLanguage":"JSONata","Output":"{% $unknown %}","End":true}"#,
        "{}",
        Given::default(),
        expect![[r#"
            failed States.QueryEvaluationError (The JSONata expression '$unknown' specified for the field 'Output' returned nothing (undefined).)
            InputPath {}
            Parameters {}
            $known=7
        "#]],
    );
}

#[test]
fn variables_are_seen_and_added_to() {
    check(
        r#"{"Type":"Pass","Assign":{"more.$":"$known","known":8},"End":true}"#,
        "{}",
        Given::default(),
        expect![[r#"
            succeeded {} -> the end
            InputPath {}
            Parameters {}
            ResultSelector {}
            ResultPath {}
            $known=8
            $more=7
        "#]],
    );
}

const MAP: &str = r#"{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":2,"ToleratedFailurePercentage":50,
    "ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value","name.$":"$$.Execution.Name"},
    "ItemProcessor":{"StartAt":"In","States":{"In":{"Type":"Fail"}}},
    "Catch":[{"ErrorEquals":["States.ALL"],"Next":"Caught"}],"End":true}"#;

#[test]
fn a_map_is_not_begun_when_its_end_is_given() {
    let context = r#"{"Execution":{"Name":"made up"},"Map":{"Item":{"Index":9}}}"#;
    let given = |failed_iterations| Given {
        context: Some(document(context).value().clone()),
        outcome: Some(succeeded("[1,2,3]")),
        failed_iterations,
        ..Given::default()
    };
    check(
        MAP,
        r#"{"items":["a","b","c"]}"#,
        given(1),
        expect![[r#"
            succeeded [1,2,3] -> the end
            InputPath {"items":["a","b","c"]}
            ItemsPath ["a","b","c"]
            ItemSelector [{"v":"a","name":"made up","i":0},{"v":"b","name":"made up","i":1},{"v":"c","name":"made up","i":2}]
            Result [1,2,3]
            ResultSelector [1,2,3]
            ResultPath [1,2,3]
            $known=7
            MapNumbers { max_concurrency: 2, tolerated_count: None, tolerated_percentage: Some(50.0) }
        "#]],
    );
    check(
        MAP,
        r#"{"items":["a","b","c"]}"#,
        given(2),
        expect![[r#"
            caught States.ExceedToleratedFailureThreshold (The specified tolerated failure threshold was exceeded) {"Error":"States.ExceedToleratedFailureThreshold","Cause":"The specified tolerated failure threshold was exceeded"} -> Caught
            InputPath {"items":["a","b","c"]}
            ItemsPath ["a","b","c"]
            ItemSelector [{"v":"a","name":"made up","i":0},{"v":"b","name":"made up","i":1},{"v":"c","name":"made up","i":2}]
            $known=7
            MapNumbers { max_concurrency: 2, tolerated_count: None, tolerated_percentage: Some(50.0) }
            catcher 0
        "#]],
    );
}

/// As many as a definition has room for.
#[test]
fn a_state_may_lead_to_thousands() {
    let rules: Vec<String> = (0..15_000)
        .map(|n| format!(r#"{{"Variable":"$.n","NumericEquals":{n},"Next":"S{n}"}}"#))
        .collect();
    let choice = format!(r#"{{"Type":"Choice","Choices":[{}]}}"#, rules.join(","));
    let (test, awaited) = begin(&choice, r#"{"n":14999}"#, Given::default());
    assert!(awaited.is_none());
    let report = test.report().expect("it is over");
    assert!(show(&report).starts_with("succeeded {\"n\":14999} -> S14999\n"));
}

#[test]
fn items_are_selected_in_turns() {
    let items: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
    let input = format!(r#"{{"items":[{}]}}"#, items.join(","));
    let given = Given {
        outcome: Some(succeeded("[]")),
        ..Given::default()
    };
    let (mut test, mut awaited) = begin(MAP, &input, given);
    let mut turns = 0;
    while let Some(next) = awaited {
        assert!(next.more, "it waits for nothing else");
        turns += 1;
        awaited = test.resume(Input::Continue, NOW, &mut Counter(0));
    }
    assert_eq!(turns, 1_000 / 40);
    let report = test.report().expect("it is over");
    let selected = report.seen.stage(Stage::ItemSelector).expect("all of them");
    assert_eq!(selected.value().as_array().map(<[_]>::len), Some(1_000));
}

#[test]
fn a_test_that_only_selects_items_ends_with_its_time() {
    let input = format!(r#"{{"items":[{}1]}}"#, "1,".repeat(999));
    let given = Given {
        outcome: Some(succeeded("[]")),
        ..Given::default()
    };
    let (mut test, awaited) = begin(MAP, &input, given);
    let (due, timer) = awaited
        .and_then(|awaited| awaited.timer)
        .expect("its deadline");
    let awaited = test.resume(Input::TimerFired(timer), due, &mut Counter(0));
    assert!(awaited.is_none());
    let report = test.report().expect("it is over");
    assert!(show(&report).starts_with("failed States.Timeout (-)\n"));
}

#[test]
fn a_parallel_is_not_begun_when_its_end_is_given() {
    let parallel = r#"{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Fail"}}}],
        "ResultSelector":{"first.$":"$[0]"},"End":true}"#;
    let given = |outcome| Given {
        outcome: Some(outcome),
        ..Given::default()
    };
    check(
        parallel,
        "{}",
        given(succeeded("[5]")),
        expect![[r#"
            succeeded {"first":5} -> the end
            Result [5]
            ResultSelector {"first":5}
            ResultPath {"first":5}
            $known=7
        "#]],
    );
    check(
        parallel,
        "{}",
        given(failed("Mine")),
        expect![[r#"
            failed Mine (because)
            $known=7
        "#]],
    );
}

#[test]
fn a_call_without_a_mock_is_made_and_answered() {
    let (mut test, awaited) = begin(TASK, r#"{"in":1}"#, Given::default());
    let awaited = awaited.expect("it waits for its call");
    let (task, request) = awaited.call.expect("a call");
    assert_eq!(request.input.text(), r#"{"FunctionName":"f","Payload":1}"#);
    let input = Input::TaskEnded {
        task,
        outcome: succeeded(r#"{"x":2}"#),
    };
    assert!(test.resume(input, NOW, &mut Counter(0)).is_none());
    let report = test.report().expect("it is over");
    assert!(show(&report).starts_with("succeeded {\"kept\":2} -> Elsewhere\n"));
}

#[test]
fn no_test_takes_more_than_five_minutes() {
    let wait = r#"{"Type":"Wait","Seconds":100000,"End":true}"#;
    let (mut test, awaited) = begin(wait, "{}", Given::default());
    let (due, timer) = awaited
        .and_then(|awaited| awaited.timer)
        .expect("it waits for a time");
    assert_eq!(due.0 - NOW.0, 300_000);
    assert!(
        test.resume(Input::TimerFired(timer), due, &mut Counter(0))
            .is_none()
    );
    let report = test.report().expect("it is over");
    assert!(show(&report).starts_with("failed States.Timeout (-)\n"));
}

#[test]
fn a_wait_is_over_before_the_next_state_is_entered() {
    let wait = r#"{"Type":"Wait","Seconds":5,"Next":"Elsewhere"}"#;
    let (mut test, awaited) = begin(wait, "{}", Given::default());
    let (due, timer) = awaited
        .and_then(|awaited| awaited.timer)
        .expect("it waits for a time");
    test.resume(Input::TimerFired(timer), due, &mut Counter(0));
    let report = test.report().expect("it is over");
    assert!(show(&report).starts_with("succeeded {} -> Elsewhere\n"));
}

#[test]
fn a_state_of_a_definition_is_found_wherever_it_is() {
    let definition = r#"{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"P","States":{
        "P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"In","States":{"In":{"Type":"Pass","End":true}}}]}}}}}}"#;
    let find = |name| compile_subject(definition, Some(name), &asl::Options::default());
    let inner = find("In").expect("there is one");
    assert!(inner.in_map && &*inner.state().name == "In");
    let map = find("M").expect("there is one");
    assert!(!map.in_map && map.contains("In") && map.contains("P") && !map.contains("M"));
    assert!(find("Out").is_err());
}
