//! Workflow variables: what is assigned, who sees it, and how much there may be.

#[allow(dead_code)]
mod harness;

use engine::step::Limits;
use engine::{Outcome, TaskOutcome};
use expect_test::expect;
use expr::json::Document;
use harness::{check, check_with_tasks, run};

#[test]
fn all_values_are_those_of_the_entry() {
    check(
        r#"{"StartAt":"A","States":{
            "A":{"Type":"Pass","Assign":{"x":1,"y":{"k":[1.0]}},"Next":"B"},
            "B":{"Type":"Pass","Parameters":{"seen.$":"$x"},"Assign":{"x.$":"$y.k","y.$":"$x"},"Next":"C"},
            "C":{"Type":"Pass","Parameters":{"x.$":"$x[0]","y.$":"$y"},"End":true}}}"#,
        "{}",
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  PassStateEntered A {}
            3  <- 2  PassStateExited A {} $x=1 $y={"k":[1.0]}
            4  <- 3  PassStateEntered B {}
            5  <- 4  PassStateExited B {"seen":1} $x=[1.0] $y=1
            6  <- 5  PassStateEntered C {"seen":1}
            7  <- 6  PassStateExited C {"x":1.0,"y":1}
            8  <- 7  ExecutionSucceeded {"x":1.0,"y":1}
        "#]],
    );
}

#[test]
fn a_result_is_assigned_before_its_selector() {
    check_with_tasks(
        r#"{"StartAt":"T","States":{
            "T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","Next":"C",
                 "ResultSelector":{"only.$":"$.a"},"ResultPath":"$.r","Assign":{"all.$":"$","input.$":"$$.Execution.Input"}},
            "C":{"Type":"Choice","InputPath":"$.r","Default":"D","Assign":{"default.$":"$.only"},
                 "Choices":[{"Variable":"$all.b","NumericEquals":5,"Next":"D","Assign":{"rule.$":"$.only"}}]},
            "D":{"Type":"Wait","SecondsPath":"$all.a","Assign":{"waited.$":"$.only"},"End":true}}}"#,
        r#"{"in":0}"#,
        &mut |_, _| {
            let answer = r#"{"a":1,"b":2}"#;
            Some(TaskOutcome::Succeeded(Document::parse(answer).unwrap()))
        },
        expect![[r#"
            1  <- 0  ExecutionStarted {"in":0}
            2  <- 0  TaskStateEntered T {"in":0}
            3  <- 2  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:f {"in":0}
            4  <- 3  LambdaFunctionStarted
            5  <- 4  LambdaFunctionSucceeded {"a":1,"b":2}
            6  <- 5  TaskStateExited T {"in":0,"r":{"only":1}} $all={"a":1,"b":2} $input={"in":0}
            7  <- 6  ChoiceStateEntered C {"in":0,"r":{"only":1}}
            8  <- 7  ChoiceStateExited C {"only":1} $default=1
            9  <- 8  WaitStateEntered D {"only":1}
            10 <- 9  WaitStateExited D {"only":1} $waited=1
            11 <- 10 ExecutionSucceeded {"only":1}
        "#]],
    );
}

#[test]
fn a_catcher_assigns_the_error() {
    check_with_tasks(
        r#"{"StartAt":"T","States":{
            "T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","End":true,"Assign":{"never":1},
                 "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Assign":{"why.$":"$.Error"},"Next":"C"}]},
            "C":{"Type":"Pass","Parameters":{"why.$":"$why"},"End":true}}}"#,
        "{}",
        &mut |_, _| {
            Some(TaskOutcome::Failed {
                error: Some("E".into()),
                cause: None,
            })
        },
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  TaskStateEntered T {}
            3  <- 2  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:f {}
            4  <- 3  LambdaFunctionStarted
            5  <- 4  LambdaFunctionFailed error=E
            6  <- 5  TaskStateExited T {"error":{"Error":"E","Cause":""}} $why="E"
            7  <- 6  PassStateEntered C {"error":{"Error":"E","Cause":""}}
            8  <- 7  PassStateExited C {"why":"E"}
            9  <- 8  ExecutionSucceeded {"why":"E"}
        "#]],
    );
}

#[test]
fn a_branch_sees_out_and_nobody_sees_in() {
    check(
        r#"{"StartAt":"A","States":{
            "A":{"Type":"Pass","Assign":{"x":1},"Result":[7,8],"Next":"M"},
            "M":{"Type":"Map","MaxConcurrency":1,"ItemSelector":{"i.$":"$$.Map.Item.Value","x.$":"$x"},"Next":"B",
                 "Assign":{"results.$":"$"},
                 "ItemProcessor":{"StartAt":"I","States":{
                    "I":{"Type":"Pass","Assign":{"inner.$":"States.MathAdd($x, $.i)"},"Next":"J"},
                    "J":{"Type":"Pass","InputPath":"$inner","End":true}}}},
            "B":{"Type":"Pass","Parameters":{"r.$":"$results","x.$":"$x"},"End":true}}}"#,
        "{}",
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  PassStateEntered A {}
            3  <- 2  PassStateExited A [7,8] $x=1
            4  <- 3  MapStateEntered M [7,8]
            5  <- 4  MapStateStarted 2
            6  <- 5  MapIterationStarted M 0
            7  <- 6  PassStateEntered I {"x":1,"i":7}
            8  <- 7  PassStateExited I {"x":1,"i":7} $inner=8
            9  <- 8  PassStateEntered J {"x":1,"i":7}
            10 <- 9  PassStateExited J 8
            11 <- 10 MapIterationSucceeded M 0
            12 <- 10 MapIterationStarted M 1
            13 <- 12 PassStateEntered I {"x":1,"i":8}
            14 <- 13 PassStateExited I {"x":1,"i":8} $inner=9
            15 <- 14 PassStateEntered J {"x":1,"i":8}
            16 <- 15 PassStateExited J 9
            17 <- 16 MapIterationSucceeded M 1
            18 <- 17 MapStateSucceeded
            19 <- 17 MapStateExited M [8,9] $results=[8,9]
            20 <- 19 PassStateEntered B [8,9]
            21 <- 20 PassStateExited B {"r":[8,9],"x":1}
            22 <- 21 ExecutionSucceeded {"r":[8,9],"x":1}
        "#]],
    );
}

#[test]
fn too_much_to_assign() {
    let long = "x".repeat(1000);
    let definition = format!(
        r#"{{"StartAt":"A","States":{{
            "A":{{"Type":"Pass","Assign":{{"a":"{long}"}},"Next":"B"}},
            "B":{{"Type":"Pass","Assign":{{"a":"{long}","b":"{long}"}},"End":true}}}}}}"#
    );
    let ends = |payload_bytes, variable_bytes| {
        let limits = Limits {
            payload_bytes,
            variable_bytes,
            ..Limits::default()
        };
        match run(&definition, "{}", &mut |_, _| None, &limits).1 {
            Some(Outcome::Failed(failure)) => format!("{failure:?}"),
            Some(outcome) => format!("{outcome:?}"),
            None => "open".to_owned(),
        }
    };
    expect!["Succeeded { output: Document({}) }"].assert_eq(&ends(2004, 2004));
    expect![[r#"Failure { error: Some("States.DataLimitExceeded"), cause: Some("The state/task 'B' assigned variables with a size exceeding the maximum number of bytes service limit.") }"#]].assert_eq(&ends(2003, 2004));
    expect![[r#"Failure { error: Some("States.DataLimitExceeded"), cause: Some("The state/task 'B' assigned variables with a size exceeding the maximum number of bytes service limit.") }"#]].assert_eq(&ends(2004, 2003));
}
