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
        expect![[r#"
            1  <- 0  ExecutionStarted {"n":[1,2,3],"big":12345678901234567890}
            2  <- 0  TaskStateEntered T {"n":[1,2,3],"big":12345678901234567890}
            3  <- 2  TaskScheduled lambda invoke {"FunctionName":"f","Payload":{"sum":6,"kept":[1.0,12345678901234567890]}}
            4  <- 3  TaskStarted lambda invoke
            5  <- 4  TaskSucceeded {"x":5,"y":[1.50,2]}
            6  <- 5  TaskStateExited T {"first":1.50,"input":12345678901234567890} $a=5 $b={"c":"T"}
            7  <- 6  PassStateEntered P {"first":1.50,"input":12345678901234567890}
            8  <- 7  PassStateExited P {"a":5,"b":"T"} $a=6
            9  <- 8  SucceedStateEntered S {"a":5,"b":"T"}
            10 <- 9  SucceedStateExited S [6,5]
            11 <- 10 ExecutionSucceeded [6,5]
        "#]],
    );
}

#[test]
fn a_choice() {
    let definition = r#"{"QueryLanguage":"JSONata","StartAt":"C","States":{
        "C":{"Type":"Choice","Default":"E","Output":"default","Assign":{"taken":"default"},
             "Choices":[{"Condition":"{% $states.input.n > 10 %}","Next":"E","Output":{"big":"{% $states.input.n %}"}},
                        {"Condition":"{% $states.input.n > 5 %}","Next":"E","Assign":{"taken":"rule"}}]},
        "E":{"Type":"Succeed"}}}"#;
    check(
        definition,
        r#"{"n":11}"#,
        expect![[r#"
        1  <- 0  ExecutionStarted {"n":11}
        2  <- 0  ChoiceStateEntered C {"n":11}
        3  <- 2  ChoiceStateExited C {"big":11}
        4  <- 3  SucceedStateEntered E {"big":11}
        5  <- 4  SucceedStateExited E {"big":11}
        6  <- 5  ExecutionSucceeded {"big":11}
    "#]],
    );
    check(
        definition,
        r#"{"n":6}"#,
        expect![[r#"
        1  <- 0  ExecutionStarted {"n":6}
        2  <- 0  ChoiceStateEntered C {"n":6}
        3  <- 2  ChoiceStateExited C {"n":6} $taken="rule"
        4  <- 3  SucceedStateEntered E {"n":6}
        5  <- 4  SucceedStateExited E {"n":6}
        6  <- 5  ExecutionSucceeded {"n":6}
    "#]],
    );
    check(
        definition,
        r#"{"n":1}"#,
        expect![[r#"
        1  <- 0  ExecutionStarted {"n":1}
        2  <- 0  ChoiceStateEntered C {"n":1}
        3  <- 2  ChoiceStateExited C "default" $taken="default"
        4  <- 3  SucceedStateEntered E "default"
        5  <- 4  SucceedStateExited E "default"
        6  <- 5  ExecutionSucceeded "default"
    "#]],
    );
    check(
        definition,
        r#"{}"#,
        expect![[r#"
        1  <- 0  ExecutionStarted {}
        2  <- 0  ChoiceStateEntered C {}
        3  <- 0  EvaluationFailed { state: "C", location: Some("Choices[0]/Condition"), failure: Failure { error: Some("States.QueryEvaluationError"), cause: Some("An error occurred while executing the state 'C' (entered at the event id #2). The JSONata expression '$states.input.n > 10' specified for the field 'Choices[0]/Condition' returned nothing (undefined).") } }
        4  <- 3  ExecutionFailed error=States.QueryEvaluationError cause=An error occurred while executing the state 'C' (entered at the event id #2). The JSONata expression '$states.input.n > 10' specified for the field 'Choices[0]/Condition' returned nothing (undefined).
    "#]],
    );
}

#[test]
fn a_condition_that_is_no_boolean() {
    check(
        r#"{"QueryLanguage":"JSONata","StartAt":"C","States":{
            "C":{"Type":"Choice","Choices":[{"Condition":false,"Next":"E"},{"Condition":"{% 'x' %}","Next":"E"}]},
            "E":{"Type":"Succeed"}}}"#,
        "{}",
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  ChoiceStateEntered C {}
            3  <- 0  EvaluationFailed { state: "C", location: Some("Choices[1]/Condition"), failure: Failure { error: Some("States.QueryEvaluationError"), cause: Some("An error occurred while executing the state 'C' (entered at the event id #2). The JSONata expression ''x'' specified for the field 'Choices[1]/Condition' returned an unexpected result type. Expected 'boolean', but was 'string' for value: \"x\"") } }
            4  <- 3  ExecutionFailed error=States.QueryEvaluationError cause=An error occurred while executing the state 'C' (entered at the event id #2). The JSONata expression ''x'' specified for the field 'Choices[1]/Condition' returned an unexpected result type. Expected 'boolean', but was 'string' for value: "x"
        "#]],
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
        expect![[r#"
            1  <- 0  ExecutionStarted {"s":3}
            2  <- 0  WaitStateEntered W {"s":3}
            3  <- 2  WaitStateExited W 3000
            4  <- 3  WaitStateEntered T 3000
            5  <- 4  WaitStateExited T 3000 $now="2023-11-14T22:13:25.000Z"
            6  <- 5  WaitStateEntered U 3000
            7  <- 6  EvaluationFailed { state: "U", location: Some("Timestamp"), failure: Failure { error: Some("States.QueryEvaluationError"), cause: Some("An error occurred while executing the state 'U' (entered at the event id #6). The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: tomorrow") } }
            8  <- 7  ExecutionFailed error=States.QueryEvaluationError cause=An error occurred while executing the state 'U' (entered at the event id #6). The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: tomorrow
        "#]],
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
        expect![[r#"
            1  <- 0  ExecutionStarted {"v":[1,2]}
            2  <- 0  MapStateEntered M {"v":[1,2]}
            3  <- 2  MapStateStarted 2
            4  <- 3  MapIterationStarted M 0
            5  <- 4  PassStateEntered I {"item":1,"all":2}
            6  <- 5  PassStateExited I 2
            7  <- 6  MapIterationSucceeded M 0
            8  <- 6  MapIterationStarted M 1
            9  <- 8  PassStateEntered I {"item":2,"all":2}
            10 <- 9  PassStateExited I 4
            11 <- 10 MapIterationSucceeded M 1
            12 <- 11 MapStateSucceeded
            13 <- 11 MapStateExited M 6
            14 <- 13 ExecutionSucceeded 6
        "#]],
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
        expect![[r#"
            1  <- 0  ExecutionStarted {"a":1}
            2  <- 0  TaskStateEntered T {"a":1}
            3  <- 2  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:f 1
            4  <- 3  LambdaFunctionStarted
            5  <- 4  LambdaFunctionSucceeded {"present":1}
            6  <- 5  EvaluationFailed { state: "T", location: Some("Output/x[0]"), failure: Failure { error: Some("States.QueryEvaluationError"), cause: Some("An error occurred while executing the state 'T' (entered at the event id #2). The JSONata expression '$states.result.missing' specified for the field 'Output/x[0]' returned nothing (undefined).") } }
            7  <- 6  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:f 1
            8  <- 7  LambdaFunctionStarted
            9  <- 8  LambdaFunctionSucceeded {"present":1}
            10 <- 9  EvaluationFailed { state: "T", location: Some("Output/x[0]"), failure: Failure { error: Some("States.QueryEvaluationError"), cause: Some("An error occurred while executing the state 'T' (entered at the event id #2). The JSONata expression '$states.result.missing' specified for the field 'Output/x[0]' returned nothing (undefined).") } }
            11 <- 10 TaskStateExited T "States.QueryEvaluationError" $why={"Error":"States.QueryEvaluationError","Cause":"An error occurred while executing the state 'T' (entered at the event id #2). The JSONata expression '$states.result.missing' specified for the field 'Output/x[0]' returned nothing (undefined)."}
            12 <- 11 FailStateEntered F "States.QueryEvaluationError"
            13 <- 12 ExecutionFailed error=States.QueryEvaluationError cause=An error occurred while executing the state 'T' 
        "#]],
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
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  PassStateEntered P {}
            3  <- 2  PassStateExited P {}
            4  <- 3  TaskStateEntered T {}
            5  <- 3  EvaluationFailed { state: "T", location: Some("Arguments/FunctionName"), failure: Failure { error: Some("States.QueryEvaluationError"), cause: Some("An error occurred while executing the state 'T' (entered at the event id #4). The JSONata expression '$nobody' specified for the field 'Arguments/FunctionName' returned nothing (undefined).") } }
            6  <- 5  TaskStateExited T {"Error":"States.QueryEvaluationError","Cause":"An error occurred while executing the state 'T' (entered at the event id #4). The JSONata expression '$nobody' specified for the field 'Arguments/FunctionName' returned nothing (undefined)."}
            7  <- 6  PassStateEntered E {"Error":"States.QueryEvaluationError","Cause":"An error occurred while executing the state 'T' (entered at the event id #4). The JSONata expression '$nobody' specified for the field 'Arguments/FunctionName' returned nothing (undefined)."}
            8  <- 7  PassStateExited E {"Error":"States.QueryEvaluationError","Cause":"An error occurred while executing the state 'T' (entered at the event id #4). The JSONata expression '$nobody' specified for the field 'Arguments/FunctionName' returned nothing (undefined)."}
            9  <- 8  ExecutionSucceeded {"Error":"States.QueryEvaluationError","Cause":"An error occurred while executing the state 'T' (entered at the event id #4). The JSONata expression '$nobody' specified for the field 'Arguments/FunctionName' returned nothing (undefined)."}
        "#]],
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
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  TaskStateEntered T {}
            3  <- 2  LambdaFunctionScheduled arn:aws:lambda:us-east-1:123456789012:function:f {}
            4  <- 3  LambdaFunctionStarted
            5  <- 4  LambdaFunctionFailed error=E cause=C
            6  <- 5  EvaluationFailed { state: "T", location: Some("Catch[0]/Output/v"), failure: Failure { error: Some("States.QueryEvaluationError"), cause: Some("An error occurred while executing the state 'T' (entered at the event id #2). The JSONata expression '$states.errorOutput.Nothing' specified for the field 'Catch[0]/Output/v' returned nothing (undefined).") } }
            7  <- 6  ExecutionFailed error=States.QueryEvaluationError cause=An error occurred while executing the state 'T' (entered at the event id #2). The JSONata expression '$states.errorOutput.Nothing' specified for the field 'Catch[0]/Output/v' returned nothing (undefined).
        "#]],
    );
}

#[test]
fn an_expression_that_would_not_end() {
    check(
        r#"{"QueryLanguage":"JSONata","StartAt":"P","States":{
            "P":{"Type":"Pass","Output":"{% ($f := function($n) { $f($n + 1) }; $f(0)) %}","End":true}}}"#,
        "{}",
        expect![[r#"
            1  <- 0  ExecutionStarted {}
            2  <- 0  PassStateEntered P {}
            3  <- 0  EvaluationFailed { state: "P", location: Some("Output"), failure: Failure { error: Some("States.QueryEvaluationError"), cause: Some("An error occurred while executing the state 'P' (entered at the event id #2). The JSONata expression '($f := function($n) { $f($n + 1) }; $f(0))' specified for the field 'Output' threw an error during evaluation. U1002: Expression evaluation limit exceeded: too many steps. Check for infinite loop") } }
            4  <- 3  ExecutionFailed error=States.QueryEvaluationError cause=An error occurred while executing the state 'P' (entered at the event id #2). The JSONata expression '($f := function($n) { $f($n + 1) }; $f(0))' specified for the field 'Output' threw an error during evaluation. U1002: Expression evaluation limit exceeded: too many steps. Check for infinite loop
        "#]],
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
    check(
        &items("{% 'text' %}"),
        "{}",
        expect![[r#"
        1  <- 0  ExecutionStarted {}
        2  <- 0  MapStateEntered M {}
        3  <- 0  EvaluationFailed { state: "M", location: Some("Items"), failure: Failure { error: Some("States.QueryEvaluationError"), cause: Some("An error occurred while executing the state 'M' (entered at the event id #2). The JSONata expression ''text'' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'string' for value: \"text\"") } }
        4  <- 3  MapStateFailed
        5  <- 4  ExecutionFailed error=States.QueryEvaluationError cause=An error occurred while executing the state 'M' (entered at the event id #2). The JSONata expression ''text'' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'string' for value: "text"
    "#]],
    );
    check(
        &items("{% function($x){$x} %}"),
        "{}",
        expect![[r#"
        1  <- 0  ExecutionStarted {}
        2  <- 0  MapStateEntered M {}
        3  <- 0  EvaluationFailed { state: "M", location: Some("Items"), failure: Failure { error: Some("States.QueryEvaluationError"), cause: Some("An error occurred while executing the state 'M' (entered at the event id #2). The JSONata expression 'function($x){$x}' specified for the field 'Items' returned an unsupported result type.") } }
        4  <- 3  MapStateFailed
        5  <- 4  ExecutionFailed error=States.QueryEvaluationError cause=An error occurred while executing the state 'M' (entered at the event id #2). The JSONata expression 'function($x){$x}' specified for the field 'Items' returned an unsupported result type.
    "#]],
    );
}
