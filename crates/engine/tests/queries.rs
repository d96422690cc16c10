//! JSONata states: data flow, conditions, dynamic numbers, and the events of an expression that fails.

#[allow(dead_code)]
mod harness;

use engine::TaskOutcome;
use expect_test::expect;
use expr::json::Document;
use harness::{check, check_with_tasks};

fn succeed(json: &str) -> Option<TaskOutcome> {
    Some(TaskOutcome::Succeeded(Document::parse(json).expect("JSON")))
}

fn fail(error: &str, cause: &str) -> Option<TaskOutcome> {
    Some(TaskOutcome::Failed {
        error: Some(error.into()),
        cause: Some(cause.into()),
    })
}

#[test]
fn arguments_output_and_assign() {
    check_with_tasks(
        r#"{"QueryLanguage":"JSONata","StartAt":"T","States":{
            "T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Next":"P",
                 "Arguments":{"FunctionName":"f","Payload":{"sum":"{% $sum($states.input.n) %}","kept":[1.0,"{% $states.input.big %}"]}},
                 "TimeoutSeconds":"{% $states.input.n[0] + 4 %}",
                 "Assign":{"a":"{% $states.result.x %}","b":{"c":"{% $states.context.State.Name %}"}},
                 "Output":{"first":"{% $states.result.y[0] %}","input":"{% $states.input.big %}"}},
            "P":{"Type":"Pass","Assign":{"a":"{% $a + 1 %}"},"Output":{"a":"{% $a %}","b":"{% $b.c %}"},"Next":"S"},
            "S":{"Type":"Succeed","Output":"{% [$a, $states.input.a] %}"}}}"#,
        r#"{"n":[1,2,3],"big":12345678901234567890}"#,
        &mut |_, _| succeed(r#"{"x":5,"y":[1.50,2]}"#),
        expect![],
    );
}

#[test]
fn a_choice() {
    let definition = r#"{"QueryLanguage":"JSONata","StartAt":"C","States":{
        "C":{"Type":"Choice","Default":"E","Output":"default","Assign":{"taken":"default"},
             "Choices":[{"Condition":"{% $states.input.n > 10 %}","Next":"E","Output":{"big":"{% $states.input.n %}"}},
                        {"Condition":"{% $states.input.n > 5 %}","Next":"E","Assign":{"taken":"rule"}}]},
        "E":{"Type":"Succeed"}}}"#;
    check(definition, r#"{"n":11}"#, expect![]);
    check(definition, r#"{"n":6}"#, expect![]);
    check(definition, r#"{"n":1}"#, expect![]);
    check(definition, r#"{}"#, expect![]);
}

#[test]
fn a_condition_that_is_no_boolean() {
    check(
        r#"{"QueryLanguage":"JSONata","StartAt":"C","States":{
            "C":{"Type":"Choice","Choices":[{"Condition":false,"Next":"E"},{"Condition":"{% 'x' %}","Next":"E"}]},
            "E":{"Type":"Succeed"}}}"#,
        "{}",
        expect![],
    );
}

#[test]
fn a_wait_leaves_when_it_is_over() {
    check(
        r#"{"QueryLanguage":"JSONata","StartAt":"W","States":{
            "W":{"Type":"Wait","Seconds":"{% $states.input.s %}","Output":"{% $millis() - 1700000000000 %}","Next":"T"},
            "T":{"Type":"Wait","Timestamp":"{% $fromMillis(1700000005000) %}","Assign":{"now":"{% $now() %}"},"Next":"U"},
            "U":{"Type":"Wait","Timestamp":"{% 'tomorrow' %}","End":true}}}"#,
        r#"{"s":3}"#,
        expect![],
    );
}

#[test]
fn a_map() {
    check(
        r#"{"QueryLanguage":"JSONata","StartAt":"M","States":{
            "M":{"Type":"Map","Items":"{% $states.input.v %}","MaxConcurrency":"{% 1 %}","End":true,
                 "ItemSelector":{"item":"{% $states.context.Map.Item.Value %}","all":"{% $count($states.input.v) %}"},
                 "Output":"{% $sum($states.result) %}",
                 "ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","Output":"{% $states.input.item * $states.input.all %}","End":true}}}}}}"#,
        r#"{"v":[1,2]}"#,
        expect![],
    );
}

#[test]
fn what_fails_is_retried_and_caught() {
    check_with_tasks(
        r#"{"QueryLanguage":"JSONata","StartAt":"T","States":{
            "T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","End":true,
                 "Arguments":"{% $states.input.a %}","Output":{"x":["{% $states.result.missing %}"]},
                 "Retry":[{"ErrorEquals":["States.QueryEvaluationError"],"MaxAttempts":1}],
                 "Catch":[{"ErrorEquals":["Other"],"Next":"F"},
                          {"ErrorEquals":["States.ALL"],"Next":"F","Output":"{% $states.errorOutput.Error %}","Assign":{"why":"{% $states.errorOutput %}"}}]},
            "F":{"Type":"Fail","Error":"{% $states.input %}","Cause":"{% $why.Cause ~> $substringBefore('(') %}"}}}"#,
        r#"{"a":1}"#,
        &mut |_, _| succeed(r#"{"present":1}"#),
        expect![],
    );
}

#[test]
fn arguments_that_give_nothing() {
    check(
        r#"{"StartAt":"P","States":{
            "P":{"Type":"Pass","Next":"T"},
            "T":{"Type":"Task","QueryLanguage":"JSONata","Resource":"arn:aws:states:::lambda:invoke","End":true,
                 "Arguments":{"FunctionName":"{% $nobody %}"},"Catch":[{"ErrorEquals":["States.ALL"],"Next":"E"}]},
            "E":{"Type":"Pass","End":true}}}"#,
        "{}",
        expect![],
    );
}

#[test]
fn a_catcher_that_fails() {
    check_with_tasks(
        r#"{"QueryLanguage":"JSONata","StartAt":"T","States":{
            "T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","End":true,
                 "Catch":[{"ErrorEquals":["E"],"Next":"F","Output":{"v":"{% $states.errorOutput.Nothing %}"}}]},
            "F":{"Type":"Succeed"}}}"#,
        "{}",
        &mut |_, _| fail("E", "C"),
        expect![],
    );
}

#[test]
fn an_expression_that_would_not_end() {
    check(
        r#"{"QueryLanguage":"JSONata","StartAt":"P","States":{
            "P":{"Type":"Pass","Output":"{% ($f := function($n) { $f($n + 1) }; $f(0)) %}","End":true}}}"#,
        "{}",
        expect![],
    );
}

#[test]
fn a_value_of_another_type() {
    let items = |items: &str| {
        format!(
            r#"{{"QueryLanguage":"JSONata","StartAt":"M","States":{{"M":{{"Type":"Map","Items":{items:?},"End":true,
               "ItemProcessor":{{"StartAt":"I","States":{{"I":{{"Type":"Succeed"}}}}}}}}}}}}"#
        )
    };
    check(&items("{% 'text' %}"), "{}", expect![]);
    check(&items("{% function($x){$x} %}"), "{}", expect![]);
}
