//! What a redriven execution does again, and what it does not. The order of events and where they point back to are
//! those of public recordings of redriven executions on AWS: the first event of the work that is done again comes after
//! the state's Entered event, which stays the only one.

#[allow(dead_code)]
mod harness;

use engine::{Limits, Outcome, TaskOutcome, TaskRequest};
use expect_test::expect;
use expr::json::Document;
use harness::{check_redriven, run_redriven, show};

fn succeed(json: &str) -> Option<TaskOutcome> {
    Some(TaskOutcome::Succeeded(Document::parse(json).expect("JSON")))
}

fn fail(error: &str) -> Option<TaskOutcome> {
    Some(TaskOutcome::Failed {
        error: Some(error.into()),
        cause: None,
    })
}

/// A Task that calls the function of its state's name.
fn task(name: &str, more: &str) -> String {
    format!(
        r#""{name}":{{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:{name}"{more}}}"#
    )
}

fn function(request: &TaskRequest) -> &str {
    request.resource.arn.rsplit(':').next().unwrap_or_default()
}

/// Fails every call of `name` but those after the first `times`, and answers the others with their function's name.
fn failing(
    name: &'static str,
    times: usize,
) -> impl FnMut(&TaskRequest, usize) -> Option<TaskOutcome> {
    let mut calls = 0;
    move |request, _| {
        if function(request) == name {
            calls += 1;
            if calls <= times {
                return fail("Broken");
            }
        }
        succeed(&format!("{:?}", function(request)))
    }
}

#[test]
fn a_task_is_scheduled_again_with_its_retries() {
    let retry = r#","Parameters":{"again.$":"$$.Execution.RedriveCount","at.$":"$$.State.RetryCount"},
        "Retry":[{"ErrorEquals":["Broken"],"MaxAttempts":1}],"End":true"#;
    let definition = format!(
        r#"{{"StartAt":"A","States":{{"A":{{"Type":"Pass","Next":"B"}},{}}}}}"#,
        task("B", retry)
    );
    check_redriven(
        &definition,
        r#"{"k":1}"#,
        2,
        &mut failing("B", 4),
        expect![[r#"
            1  <- 0  ExecutionStarted {"k":1}
            2  <- 0  PassStateEntered A {"k":1}
            3  <- 2  PassStateExited A {"k":1}
            4  <- 3  TaskStateEntered B {"k":1}
            5  <- 4  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:B {"at":0,"again":0}
            6  <- 5  LambdaFunctionStarted
            7  <- 6  LambdaFunctionFailed error=Broken
            8  <- 7  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:B {"at":1,"again":0}
            9  <- 8  LambdaFunctionStarted
            10 <- 9  LambdaFunctionFailed error=Broken
            11 <- 10 ExecutionFailed error=Broken
            12 <- 11 ExecutionRedriven 1
            13 <- 4  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:B {"at":0,"again":1}
            14 <- 13 LambdaFunctionStarted
            15 <- 14 LambdaFunctionFailed error=Broken
            16 <- 15 LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:B {"at":1,"again":1}
            17 <- 16 LambdaFunctionStarted
            18 <- 17 LambdaFunctionFailed error=Broken
            19 <- 18 ExecutionFailed error=Broken
            20 <- 19 ExecutionRedriven 2
            21 <- 4  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:B {"at":0,"again":2}
            22 <- 21 LambdaFunctionStarted
            23 <- 22 LambdaFunctionSucceeded "B"
            24 <- 23 TaskStateExited B "B"
            25 <- 24 ExecutionSucceeded "B"
        "#]],
    );
}

#[test]
fn the_context_tells_of_the_redrive() {
    let definition = format!(
        r#"{{"StartAt":"B","States":{{{}}}}}"#,
        task(
            "B",
            r#","Parameters":{"x.$":"$$.Execution","entered.$":"$$.State.EnteredTime"},"End":true"#
        )
    );
    check_redriven(
        &definition,
        "{}",
        1,
        &mut failing("B", 1),
        expect![[r#"
        1  <- 0  ExecutionStarted {}
        2  <- 0  TaskStateEntered B {}
        3  <- 2  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:B {"x":{"Id":"arn:aws:states:us-east-1:123456789012:execution:M:E","Input":{},"StartTime":"2023-11-14T22:13:20Z","Name":"E","RoleArn":"arn:aws:iam::123456789012:role/R","RedriveCount":0},"entered":"2023-11-14T22:13:20Z"}
        4  <- 3  LambdaFunctionStarted
        5  <- 4  LambdaFunctionFailed error=Broken
        6  <- 5  ExecutionFailed error=Broken
        7  <- 6  ExecutionRedriven 1
        8  <- 2  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:B {"x":{"Id":"arn:aws:states:us-east-1:123456789012:execution:M:E","Input":{},"StartTime":"2023-11-14T22:13:20Z","Name":"E","RoleArn":"arn:aws:iam::123456789012:role/R","RedriveCount":1,"RedriveTime":"2023-11-14T22:14:20Z"},"entered":"2023-11-14T22:13:20Z"}
        9  <- 8  LambdaFunctionStarted
        10 <- 9  LambdaFunctionSucceeded "B"
        11 <- 10 TaskStateExited B "B"
        12 <- 11 ExecutionSucceeded "B"
    "#]],
    );
}

#[test]
fn a_fail_state_fails_after_the_redrive() {
    check_redriven(
        r#"{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"c"}}}"#,
        "{}",
        1,
        &mut |_, _| None,
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  FailStateEntered F {}
            3  <- 2  ExecutionFailed error=E cause=c
            4  <- 3  ExecutionRedriven 1
            5  <- 4  ExecutionFailed error=E cause=c
        "#]],
    );
}

#[test]
fn branches_that_succeeded_are_left_alone() {
    let branch = |name: &str| {
        format!(
            r#"{{"StartAt":"{name}","States":{{{}}}}}"#,
            task(name, r#","End":true"#)
        )
    };
    let definition = format!(
        r#"{{"StartAt":"P","States":{{"P":{{"Type":"Parallel","End":true,"Branches":[{},{},{}]}}}}}}"#,
        branch("Good"),
        branch("Bad"),
        branch("Slow"),
    );
    let mut slow = 0;
    let mut bad = failing("Bad", 1);
    check_redriven(
        &definition,
        "{}",
        1,
        &mut |request, call| match function(request) {
            "Slow" => {
                slow += 1;
                (slow > 1).then(|| bad(request, call)).flatten()
            }
            _ => bad(request, call),
        },
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  ParallelStateEntered P {}
            3  <- 2  ParallelStateStarted
            4  <- 3  TaskStateEntered Good {}
            5  <- 4  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Good {}
            6  <- 5  LambdaFunctionStarted
            7  <- 3  TaskStateEntered Bad {}
            8  <- 7  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Bad {}
            9  <- 8  LambdaFunctionStarted
            10 <- 3  TaskStateEntered Slow {}
            11 <- 10 LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Slow {}
            12 <- 11 LambdaFunctionStarted
            13 <- 6  LambdaFunctionSucceeded "Good"
            14 <- 13 TaskStateExited Good "Good"
            15 <- 9  LambdaFunctionFailed error=Broken
            16 <- 15 TaskStateAborted
            17 <- 15 TaskStateAborted
            18 <- 15 ParallelStateFailed
            19 <- 18 ExecutionFailed error=Broken
            20 <- 19 ExecutionRedriven 1
            21 <- 7  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Bad {}
            22 <- 21 LambdaFunctionStarted
            23 <- 10 LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Slow {}
            24 <- 23 LambdaFunctionStarted
            25 <- 22 LambdaFunctionSucceeded "Bad"
            26 <- 25 TaskStateExited Bad "Bad"
            27 <- 24 LambdaFunctionSucceeded "Slow"
            28 <- 27 TaskStateExited Slow "Slow"
            29 <- 28 ParallelStateSucceeded
            30 <- 28 ParallelStateExited P ["Good","Bad","Slow"]
            31 <- 30 ExecutionSucceeded ["Good","Bad","Slow"]
        "#]],
    );
}

#[test]
fn a_map_goes_on_where_it_failed() {
    let definition = format!(
        r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","MaxConcurrency":1,"End":true,
            "ItemProcessor":{{"StartAt":"Item","States":{{{}}}}}}}}}}}"#,
        task("Item", r#","End":true"#)
    );
    let mut calls = 0;
    check_redriven(
        &definition,
        "[10,20,30]",
        1,
        &mut |request, _| {
            calls += 1;
            match calls {
                2 => fail("Broken"),
                _ => succeed(request.input.text()),
            }
        },
        expect![[r#"
            1  <- 0  ExecutionStarted [10,20,30]
            2  <- 0  MapStateEntered M [10,20,30]
            3  <- 2  MapStateStarted 3
            4  <- 3  MapIterationStarted M 0
            5  <- 4  TaskStateEntered Item 10
            6  <- 5  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Item 10
            7  <- 6  LambdaFunctionStarted
            8  <- 7  LambdaFunctionSucceeded 10
            9  <- 8  TaskStateExited Item 10
            10 <- 9  MapIterationSucceeded M 0
            11 <- 9  MapIterationStarted M 1
            12 <- 11 TaskStateEntered Item 20
            13 <- 12 LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Item 20
            14 <- 13 LambdaFunctionStarted
            15 <- 14 LambdaFunctionFailed error=Broken
            16 <- 15 TaskStateAborted
            17 <- 15 MapIterationFailed M 1
            18 <- 15 MapStateFailed
            19 <- 18 ExecutionFailed error=Broken
            20 <- 19 ExecutionRedriven 1
            21 <- 12 LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Item 20
            22 <- 21 LambdaFunctionStarted
            23 <- 22 LambdaFunctionSucceeded 20
            24 <- 23 TaskStateExited Item 20
            25 <- 24 MapIterationSucceeded M 1
            26 <- 24 MapIterationStarted M 2
            27 <- 26 TaskStateEntered Item 30
            28 <- 27 LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Item 30
            29 <- 28 LambdaFunctionStarted
            30 <- 29 LambdaFunctionSucceeded 30
            31 <- 30 TaskStateExited Item 30
            32 <- 31 MapIterationSucceeded M 2
            33 <- 32 MapStateSucceeded
            34 <- 32 MapStateExited M [10,20,30]
            35 <- 34 ExecutionSucceeded [10,20,30]
        "#]],
    );
}

#[test]
fn states_around_a_failure_stay_entered() {
    let definition = format!(
        r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","End":true,"ItemProcessor":{{"StartAt":"P","States":{{"P":{{
            "Type":"Parallel","End":true,"Branches":[
              {{"StartAt":"Set","States":{{"Set":{{"Type":"Pass","Assign":{{"v":7}},"Next":"Use"}},
                {}}}}},
              {{"StartAt":"Other","States":{{"Other":{{"Type":"Pass","End":true}}}}}}]}}}}}}}}}}}}"#,
        task("Use", r#","Parameters":{"v.$":"$v"},"End":true"#)
    );
    let mut calls = 0;
    check_redriven(
        &definition,
        "[1]",
        1,
        &mut |request, _| {
            calls += 1;
            match calls {
                1 => fail("Broken"),
                _ => succeed(request.input.text()),
            }
        },
        expect![[r#"
            1  <- 0  ExecutionStarted [1]
            2  <- 0  MapStateEntered M [1]
            3  <- 2  MapStateStarted 1
            4  <- 3  MapIterationStarted M 0
            5  <- 4  ParallelStateEntered P 1
            6  <- 5  ParallelStateStarted
            7  <- 6  PassStateEntered Set 1
            8  <- 6  PassStateEntered Other 1
            9  <- 7  PassStateExited Set 1 $v=7
            10 <- 9  TaskStateEntered Use 1
            11 <- 10 LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Use {"v":7}
            12 <- 11 LambdaFunctionStarted
            13 <- 8  PassStateExited Other 1
            14 <- 12 LambdaFunctionFailed error=Broken
            15 <- 14 TaskStateAborted
            16 <- 14 ParallelStateFailed
            17 <- 16 MapIterationFailed M 0
            18 <- 16 MapStateFailed
            19 <- 18 ExecutionFailed error=Broken
            20 <- 19 ExecutionRedriven 1
            21 <- 10 LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Use {"v":7}
            22 <- 21 LambdaFunctionStarted
            23 <- 22 LambdaFunctionSucceeded {"v":7}
            24 <- 23 TaskStateExited Use {"v":7}
            25 <- 24 ParallelStateSucceeded
            26 <- 24 ParallelStateExited P [{"v":7},1]
            27 <- 26 MapIterationSucceeded M 0
            28 <- 27 MapStateSucceeded
            29 <- 27 MapStateExited M [[{"v":7},1]]
            30 <- 29 ExecutionSucceeded [[{"v":7},1]]
        "#]],
    );
}

#[test]
fn what_a_catcher_took_is_not_done_again() {
    let definition = format!(
        r#"{{"StartAt":"P","States":{{
            "P":{{"Type":"Parallel","Catch":[{{"ErrorEquals":["States.ALL"],"Next":"Late"}}],"End":true,"Branches":[
              {{"StartAt":"Bad","States":{{{}}}}}]}},
            {}}}}}"#,
        task("Bad", r#","End":true"#),
        task("Late", r#","End":true"#),
    );
    let mut late = failing("Late", 1);
    check_redriven(
        &definition,
        "{}",
        1,
        &mut |request, call| match function(request) {
            "Bad" => fail("Broken"),
            _ => late(request, call),
        },
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  ParallelStateEntered P {}
            3  <- 2  ParallelStateStarted
            4  <- 3  TaskStateEntered Bad {}
            5  <- 4  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Bad {}
            6  <- 5  LambdaFunctionStarted
            7  <- 6  LambdaFunctionFailed error=Broken
            8  <- 7  TaskStateAborted
            9  <- 7  ParallelStateFailed
            10 <- 9  ParallelStateExited P {"Error":"Broken","Cause":""}
            11 <- 10 TaskStateEntered Late {"Error":"Broken","Cause":""}
            12 <- 11 LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Late {"Error":"Broken","Cause":""}
            13 <- 12 LambdaFunctionStarted
            14 <- 13 LambdaFunctionFailed error=Broken
            15 <- 14 ExecutionFailed error=Broken
            16 <- 15 ExecutionRedriven 1
            17 <- 11 LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Late {"Error":"Broken","Cause":""}
            18 <- 17 LambdaFunctionStarted
            19 <- 18 LambdaFunctionSucceeded "Late"
            20 <- 19 TaskStateExited Late "Late"
            21 <- 20 ExecutionSucceeded "Late"
        "#]],
    );
}

#[test]
fn a_relative_wait_begins_again_when_the_execution_timed_out() {
    check_redriven(
        r#"{"TimeoutSeconds":5,"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":9,"End":true}}}"#,
        "{}",
        1,
        &mut |_, _| None,
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  WaitStateEntered W {}
            3  <- 0  ExecutionTimedOut error=States.Timeout
            4  <- 3  ExecutionRedriven 1
            5  <- 0  ExecutionTimedOut error=States.Timeout
        "#]],
    );
}

#[test]
fn a_moment_that_has_passed_ends_a_wait() {
    // It was aborted by its sibling 20 s before its time, and is redriven 60 s later.
    let definition = format!(
        r#"{{"StartAt":"P","States":{{"P":{{"Type":"Parallel","End":true,"Branches":[
            {{"StartAt":"W","States":{{"W":{{"Type":"Wait","Timestamp":"2023-11-14T22:13:40Z","End":true}}}}}},
            {{"StartAt":"T","States":{{{}}}}}]}}}}}}"#,
        task("T", r#","End":true"#)
    );
    check_redriven(
        &definition,
        "{}",
        1,
        &mut failing("T", 1),
        expect![[r#"
        1  <- 0  ExecutionStarted {}
        2  <- 0  ParallelStateEntered P {}
        3  <- 2  ParallelStateStarted
        4  <- 3  WaitStateEntered W {}
        5  <- 3  TaskStateEntered T {}
        6  <- 5  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:T {}
        7  <- 6  LambdaFunctionStarted
        8  <- 7  LambdaFunctionFailed error=Broken
        9  <- 8  WaitStateAborted
        10 <- 8  TaskStateAborted
        11 <- 8  ParallelStateFailed
        12 <- 11 ExecutionFailed error=Broken
        13 <- 12 ExecutionRedriven 1
        14 <- 5  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:T {}
        15 <- 14 LambdaFunctionStarted
        16 <- 4  WaitStateExited W {}
        17 <- 15 LambdaFunctionSucceeded "T"
        18 <- 17 TaskStateExited T "T"
        19 <- 18 ParallelStateSucceeded
        20 <- 18 ParallelStateExited P [{},"T"]
        21 <- 20 ExecutionSucceeded [{},"T"]
    "#]],
    );
}

#[test]
fn a_state_that_made_too_much_begins_again() {
    let definition = format!(
        r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","MaxConcurrency":1,"End":true,
            "ItemProcessor":{{"StartAt":"Item","States":{{{}}}}}}}}}}}"#,
        task("Item", r#","End":true"#)
    );
    let limits = Limits {
        payload_bytes: 100,
        ..Limits::default()
    };
    let mut calls = 0;
    let long = format!("{:?}", "x".repeat(60));
    let mut script = |_: &TaskRequest, _| {
        calls += 1;
        succeed(if calls <= 2 { &long } else { "1" })
    };
    let (events, outcome) = run_redriven(&definition, "[1,2]", &mut script, &limits, 1);
    assert!(
        matches!(outcome, Some(Outcome::Succeeded { output }) if output.text() == "[1,1]"),
        "{}",
        show(&events)
    );
    assert_eq!(calls, 4, "all iterations are done again");
}

#[test]
fn a_result_that_could_not_be_selected_is_selected_again() {
    let definition = format!(
        r#"{{"StartAt":"P","States":{{"P":{{"Type":"Parallel","ResultSelector":{{"a.$":"$.missing"}},"End":true,
            "Branches":[{{"StartAt":"T","States":{{{}}}}}]}}}}}}"#,
        task("T", r#","End":true"#)
    );
    check_redriven(
        &definition,
        "{}",
        1,
        &mut failing("T", 0),
        expect![[r#"
        1  <- 0  ExecutionStarted {}
        2  <- 0  ParallelStateEntered P {}
        3  <- 2  ParallelStateStarted
        4  <- 3  TaskStateEntered T {}
        5  <- 4  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:T {}
        6  <- 5  LambdaFunctionStarted
        7  <- 6  LambdaFunctionSucceeded "T"
        8  <- 7  TaskStateExited T "T"
        9  <- 8  ParallelStateSucceeded
        10 <- 8  ExecutionFailed error=States.Runtime cause=An error occurred while executing the state 'P' (entered at the event id #2). The JSONPath '$.missing' specified for the field 'a.$' could not be found in the input '["T"]'
        11 <- 10 ExecutionRedriven 1
        12 <- 11 ParallelStateSucceeded
        13 <- 11 ExecutionFailed error=States.Runtime cause=An error occurred while executing the state 'P' (entered at the event id #2). The JSONPath '$.missing' specified for the field 'a.$' could not be found in the input '["T"]'
    "#]],
    );
}

#[test]
fn a_state_that_could_not_begin_is_not_entered_again() {
    check_redriven(
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","InputPath":"$.missing","End":true}}}"#,
        "{}",
        1,
        &mut failing("T", 0),
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  PassStateEntered A {}
            3  <- 2  ExecutionFailed error=States.Runtime cause=An error occurred while executing the state 'A' (entered at the event id #2). Invalid path '$.missing' : No results for path: $['missing']
            4  <- 3  ExecutionRedriven 1
            5  <- 2  ExecutionFailed error=States.Runtime cause=An error occurred while executing the state 'A' (entered at the event id #2). Invalid path '$.missing' : No results for path: $['missing']
        "#]],
    );
}

#[test]
fn an_item_that_could_not_be_selected_is_selected_again() {
    let definition = format!(
        r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","MaxConcurrency":1,"End":true,
            "ItemSelector":{{"x.$":"$$.Map.Item.Value.x"}},
            "ItemProcessor":{{"StartAt":"Item","States":{{{}}}}}}}}}}}"#,
        task("Item", r#","End":true"#)
    );
    check_redriven(
        &definition,
        r#"[{"x":1},{"y":2}]"#,
        1,
        &mut failing("Item", 0),
        expect![[r#"
            1  <- 0  ExecutionStarted [{"x":1},{"y":2}]
            2  <- 0  MapStateEntered M [{"x":1},{"y":2}]
            3  <- 2  MapStateStarted 2
            4  <- 3  MapIterationStarted M 0
            5  <- 4  TaskStateEntered Item {"x":1}
            6  <- 5  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:Item {"x":1}
            7  <- 6  LambdaFunctionStarted
            8  <- 7  LambdaFunctionSucceeded "Item"
            9  <- 8  TaskStateExited Item "Item"
            10 <- 9  MapIterationSucceeded M 0
            11 <- 3  ExecutionFailed error=States.Runtime cause=An error occurred while executing the state 'M' (entered at the event id #2). The JSONPath '$$.Map.Item.Value.x' specified for the field 'x.$' could not be found in the input '[{"x":1},{"y":2}]'
            12 <- 11 ExecutionRedriven 1
            13 <- 3  ExecutionFailed error=States.Runtime cause=An error occurred while executing the state 'M' (entered at the event id #2). The JSONPath '$$.Map.Item.Value.x' specified for the field 'x.$' could not be found in the input '[{"x":1},{"y":2}]'
        "#]],
    );
}

#[test]
fn nothing_remains_of_what_succeeded() {
    let (_, outcome) = run_redriven(
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#,
        "{}",
        &mut |_, _| None,
        &Limits::default(),
        3,
    );
    assert!(matches!(outcome, Some(Outcome::Succeeded { .. })));
}
