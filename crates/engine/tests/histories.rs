//! Definition and input in, history out. The histories are byte-exact: key order, white space and numbers included,
//! which the recorded cases cannot show.

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
fn pass_states_hand_the_text_on_untouched() {
    check(
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","End":true}}}"#,
        r#"{"a" : [1, 1.0, 1e2]}"#,
        expect![[r#"
            1  <- 0  ExecutionStarted {"a" : [1, 1.0, 1e2]}
            2  <- 0  PassStateEntered A {"a" : [1, 1.0, 1e2]}
            3  <- 2  PassStateExited A {"a" : [1, 1.0, 1e2]}
            4  <- 3  PassStateEntered B {"a" : [1, 1.0, 1e2]}
            5  <- 4  PassStateExited B {"a" : [1, 1.0, 1e2]}
            6  <- 5  ExecutionSucceeded {"a" : [1, 1.0, 1e2]}
        "#]],
    );
}

#[test]
fn result_path_puts_the_result_into_the_raw_input() {
    check(
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","InputPath":"$.in","Parameters":{"x.$":"$.n","y":1.0},
            "ResultPath":"$.out.deep","OutputPath":"$","End":true}}}"#,
        r#"{"in": {"n": 12345678901234567890}, "out": {"kept": true}}"#,
        expect![[r#"
            1  <- 0  ExecutionStarted {"in": {"n": 12345678901234567890}, "out": {"kept": true}}
            2  <- 0  PassStateEntered A {"in": {"n": 12345678901234567890}, "out": {"kept": true}}
            3  <- 2  PassStateExited A {"in":{"n":12345678901234567890},"out":{"kept":true,"deep":{"y":1.0,"x":12345678901234567890}}}
            4  <- 3  ExecutionSucceeded {"in":{"n":12345678901234567890},"out":{"kept":true,"deep":{"y":1.0,"x":12345678901234567890}}}
        "#]],
    );
}

#[test]
fn parallel_branches_take_turns() {
    check(
        r#"{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
            {"StartAt":"A","States":{"A":{"Type":"Pass","Result":1,"End":true}}},
            {"StartAt":"B","States":{"B":{"Type":"Pass","Next":"C"},"C":{"Type":"Succeed"}}}]}}}"#,
        "{}",
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  ParallelStateEntered P {}
            3  <- 2  ParallelStateStarted
            4  <- 3  PassStateEntered A {}
            5  <- 3  PassStateEntered B {}
            6  <- 4  PassStateExited A 1
            7  <- 5  PassStateExited B {}
            8  <- 7  SucceedStateEntered C {}
            9  <- 8  SucceedStateExited C {}
            10 <- 9  ParallelStateSucceeded
            11 <- 9  ParallelStateExited P [1,{}]
            12 <- 11 ExecutionSucceeded [1,{}]
        "#]],
    );
}

#[test]
fn a_failing_branch_aborts_what_its_siblings_do() {
    check_with_tasks(
        r#"{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,
            "Catch":[{"ErrorEquals":["Boom"],"ResultPath":"$.error","Next":"Z"}],"Branches":[
            {"StartAt":"Wait","States":{"Wait":{"Type":"Wait","Seconds":10,"End":true}}},
            {"StartAt":"Never","States":{"Never":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"never"},"End":true}}},
            {"StartAt":"Inner","States":{"Inner":{"Type":"Map","ItemsPath":"$.items","ItemProcessor":{"StartAt":"Slow","States":{
                "Slow":{"Type":"Wait","Seconds":20,"End":true}}},"End":true}}},
            {"StartAt":"Fails","States":{"Fails":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"fails"},"End":true}}}]},
            "Z":{"Type":"Pass","End":true}}}"#,
        r#"{"items":[1]}"#,
        &mut |request, _| match request.input.text().contains("fails") {
            true => fail("Boom", "it broke"),
            false => None,
        },
        expect![[r#"
            1  <- 0  ExecutionStarted {"items":[1]}
            2  <- 0  ParallelStateEntered P {"items":[1]}
            3  <- 2  ParallelStateStarted
            4  <- 3  WaitStateEntered Wait {"items":[1]}
            5  <- 3  TaskStateEntered Never {"items":[1]}
            6  <- 5  TaskScheduled lambda invoke {"FunctionName":"never"}
            7  <- 6  TaskStarted lambda invoke
            8  <- 3  MapStateEntered Inner {"items":[1]}
            9  <- 8  MapStateStarted 1
            10 <- 9  MapIterationStarted Inner 0
            11 <- 3  TaskStateEntered Fails {"items":[1]}
            12 <- 11 TaskScheduled lambda invoke {"FunctionName":"fails"}
            13 <- 12 TaskStarted lambda invoke
            14 <- 10 WaitStateEntered Slow 1
            15 <- 13 TaskFailed error=Boom cause=it broke
            16 <- 15 WaitStateAborted
            17 <- 15 TaskStateAborted
            18 <- 15 WaitStateAborted
            19 <- 15 MapIterationAborted Inner 0
            20 <- 15 MapStateAborted
            21 <- 15 TaskStateAborted
            22 <- 15 ParallelStateFailed
            23 <- 22 ParallelStateExited P {"items":[1],"error":{"Error":"Boom","Cause":"it broke"}}
            24 <- 23 PassStateEntered Z {"items":[1],"error":{"Error":"Boom","Cause":"it broke"}}
            25 <- 24 PassStateExited Z {"items":[1],"error":{"Error":"Boom","Cause":"it broke"}}
            26 <- 25 ExecutionSucceeded {"items":[1],"error":{"Error":"Boom","Cause":"it broke"}}
        "#]],
    );
}

#[test]
fn map_with_concurrency_one_hands_the_slot_on() {
    check(
        r#"{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":1,"ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value"},
            "ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"End":true}}}"#,
        "[10, 20]",
        expect![[r#"
            1  <- 0  ExecutionStarted [10, 20]
            2  <- 0  MapStateEntered M [10, 20]
            3  <- 2  MapStateStarted 2
            4  <- 3  MapIterationStarted M 0
            5  <- 4  PassStateEntered A {"v":10,"i":0}
            6  <- 5  PassStateExited A {"v":10,"i":0}
            7  <- 6  MapIterationSucceeded M 0
            8  <- 6  MapIterationStarted M 1
            9  <- 8  PassStateEntered A {"v":20,"i":1}
            10 <- 9  PassStateExited A {"v":20,"i":1}
            11 <- 10 MapIterationSucceeded M 1
            12 <- 11 MapStateSucceeded
            13 <- 11 MapStateExited M [{"v":10,"i":0},{"v":20,"i":1}]
            14 <- 13 ExecutionSucceeded [{"v":10,"i":0},{"v":20,"i":1}]
        "#]],
    );
}

#[test]
fn an_empty_map_ends_at_once() {
    check(
        r#"{"StartAt":"M","States":{"M":{"Type":"Map","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"End":true}}}"#,
        "[]",
        expect![[r#"
            1  <- 0  ExecutionStarted []
            2  <- 0  MapStateEntered M []
            3  <- 2  MapStateStarted 0
            4  <- 3  MapStateSucceeded
            5  <- 3  MapStateExited M []
            6  <- 5  ExecutionSucceeded []
        "#]],
    );
}

#[test]
fn a_task_is_retried_then_caught() {
    check_with_tasks(
        r#"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$","Unknown":1},
            "Retry":[{"ErrorEquals":["States.TaskFailed"],"IntervalSeconds":2,"MaxAttempts":1,"BackoffRate":2.0}],
            "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Next":"Z"}],"End":true},
            "Z":{"Type":"Fail","ErrorPath":"$.error.Error","CausePath":"States.Format('because: {}', $.error.Cause)"}}}"#,
        r#"{"a":1}"#,
        &mut |_, _| fail("Custom", "no"),
        expect![[r#"
            1  <- 0  ExecutionStarted {"a":1}
            2  <- 0  TaskStateEntered T {"a":1}
            3  <- 2  TaskScheduled lambda invoke {"FunctionName":"f","Payload":{"a":1}}
            4  <- 3  TaskStarted lambda invoke
            5  <- 4  TaskFailed error=Custom cause=no
            6  <- 5  TaskScheduled lambda invoke {"FunctionName":"f","Payload":{"a":1}}
            7  <- 6  TaskStarted lambda invoke
            8  <- 7  TaskFailed error=Custom cause=no
            9  <- 8  TaskStateExited T {"a":1,"error":{"Error":"Custom","Cause":"no"}}
            10 <- 9  FailStateEntered Z {"a":1,"error":{"Error":"Custom","Cause":"no"}}
            11 <- 10 ExecutionFailed error=Custom cause=because: no
        "#]],
    );
}

#[test]
fn a_task_that_answers_goes_on_with_its_result() {
    check_with_tasks(
        r#"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f",
            "ResultSelector":{"got.$":"$.x"},"ResultPath":"$.r","TimeoutSeconds":5,"End":true}}}"#,
        r#"{"a":1}"#,
        &mut |_, _| succeed(r#"{"x": 1.50}"#),
        expect![[r#"
            1  <- 0  ExecutionStarted {"a":1}
            2  <- 0  TaskStateEntered T {"a":1}
            3  <- 2  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:f {"a":1}
            4  <- 3  LambdaFunctionStarted
            5  <- 4  LambdaFunctionSucceeded {"x": 1.50}
            6  <- 5  TaskStateExited T {"a":1,"r":{"got":1.50}}
            7  <- 6  ExecutionSucceeded {"a":1,"r":{"got":1.50}}
        "#]],
    );
}

#[test]
fn a_task_that_never_answers_times_out() {
    check_with_tasks(
        r#"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},
            "TimeoutSeconds":5,"Catch":[{"ErrorEquals":["States.TaskFailed"],"Next":"No"},{"ErrorEquals":["States.Timeout"],"Next":"Yes"}],"End":true},
            "No":{"Type":"Fail"},"Yes":{"Type":"Succeed"}}}"#,
        "{}",
        &mut |_, _| None,
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  TaskStateEntered T {}
            3  <- 2  TaskScheduled lambda invoke {"FunctionName":"f"}
            4  <- 3  TaskStarted lambda invoke
            5  <- 4  TaskTimedOut error=States.Timeout
            6  <- 5  TaskStateExited T {"Error":"States.Timeout","Cause":""}
            7  <- 6  SucceedStateEntered Yes {"Error":"States.Timeout","Cause":""}
            8  <- 7  SucceedStateExited Yes {"Error":"States.Timeout","Cause":""}
            9  <- 8  ExecutionSucceeded {"Error":"States.Timeout","Cause":""}
        "#]],
    );
}

#[test]
fn a_runtime_error_passes_every_catcher() {
    check(
        r#"{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Z"}],
            "Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","InputPath":"$.no.such","End":true}}}]},"Z":{"Type":"Succeed"}}}"#,
        "{}",
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  ParallelStateEntered P {}
            3  <- 2  ParallelStateStarted
            4  <- 3  PassStateEntered A {}
            5  <- 4  ExecutionFailed error=States.Runtime cause=An error occurred while executing the state 'A' (entered at the event id #4). Invalid path '$.no.such' : Missing property in path $['no']
        "#]],
    );
}

#[test]
fn the_machine_times_out_without_a_word_of_its_state() {
    check(
        r#"{"TimeoutSeconds":3,"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}}"#,
        "{}",
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  WaitStateEntered W {}
            3  <- 0  ExecutionTimedOut error=States.Timeout
        "#]],
    );
}

#[test]
fn a_choice_without_a_match_fails_the_execution() {
    check(
        r#"{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[
            {"And":[{"Variable":"$.n","NumericGreaterThan":1},{"Not":{"Variable":"$.s","StringMatches":"a*\\*c"}}],"Next":"Z"}]},"Z":{"Type":"Succeed"}}}"#,
        r#"{"n":2,"s":"abb*c"}"#,
        expect![[r#"
            1  <- 0  ExecutionStarted {"n":2,"s":"abb*c"}
            2  <- 0  ChoiceStateEntered C {"n":2,"s":"abb*c"}
            3  <- 2  ExecutionFailed error=States.Runtime cause=An error occurred while executing the state 'C' (entered at the event id #2). Failed to transition out of the state. The state does not point to a next state.
        "#]],
    );
}

#[test]
fn a_distributed_map_waits_for_its_map_run() {
    check(
        r#"{"StartAt":"M","States":{"M":{"Type":"Map","Label":"L","End":true,"ItemProcessor":{
            "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
            "StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}}"#,
        r#"{"k":1}"#,
        expect![[r#"
            1  <- 0  ExecutionStarted {"k":1}
            2  <- 0  MapStateEntered M {"k":1}
            3  <- 2  MapStateStarted 1
            4  <- 3  MapRunStarted { map_run_arn: "arn:aws:states:us-east-1:123456789012:mapRun:M/L:00000000-0000-4001-8000-000000000002" }
            5  <- 4  MapRunSucceeded
            6  <- 5  MapStateSucceeded
            7  <- 4  MapStateExited M [{"Key":"k","Value":1}]
            8  <- 7  ExecutionSucceeded [{"Key":"k","Value":1}]
        "#]],
    );
}

#[test]
fn the_error_of_a_map_run_is_caught() {
    check(
        r#"{"StartAt":"M","States":{"M":{"Type":"Map","Label":"L","End":true,"ItemProcessor":{
            "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
            "StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},
            "Retry":[{"ErrorEquals":["States.Odd"],"MaxAttempts":1}],
            "Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}]},"C":{"Type":"Pass","End":true}}}"#,
        "[]",
        expect![[r#"
            1  <- 0  ExecutionStarted []
            2  <- 0  MapStateEntered M []
            3  <- 2  MapStateStarted 0
            4  <- 3  MapRunStarted { map_run_arn: "arn:aws:states:us-east-1:123456789012:mapRun:M/L:00000000-0000-4001-8000-000000000002" }
            5  <- 4  MapRunFailed(Failure { error: Some("States.Odd"), cause: Some("no items") })
            6  <- 5  MapStateStarted 0
            7  <- 6  MapRunStarted { map_run_arn: "arn:aws:states:us-east-1:123456789012:mapRun:M/L:00000000-0000-4003-8000-000000000004" }
            8  <- 7  MapRunFailed(Failure { error: Some("States.Odd"), cause: Some("no items") })
            9  <- 8  MapStateFailed
            10 <- 9  MapStateExited M {"Error":"States.Odd","Cause":"no items"}
            11 <- 10 PassStateEntered C {"Error":"States.Odd","Cause":"no items"}
            12 <- 11 PassStateExited C {"Error":"States.Odd","Cause":"no items"}
            13 <- 12 ExecutionSucceeded {"Error":"States.Odd","Cause":"no items"}
        "#]],
    );
}
