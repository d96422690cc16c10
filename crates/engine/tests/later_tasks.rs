//! Tasks that end later than their call: activities, `.waitForTaskToken`, `.sync`.

#[allow(dead_code)]
mod harness;

use std::sync::Arc;

use engine::{
    Alone, Command, Event, Execution, Facts, Input, Limits, Machinery, TaskId, TaskOutcome,
    Timestamp, step,
};
use expect_test::{Expect, expect};
use expr::json::Document;
use harness::{Counter, show};

/// An execution that is told what happens, one input after the other.
struct Play {
    machine: asl::Machine,
    execution: Execution,
    entropy: Counter,
    now: Timestamp,
    events: Vec<Event>,
    commands: Vec<Command>,
}

impl Play {
    fn of(state: &str) -> Play {
        let definition = format!(r#"{{"StartAt": "T", "States": {{"T": {state}}}}}"#);
        let machine = asl::compile(&definition, &asl::Options::default())
            .unwrap_or_else(|problems| panic!("{}", asl::invalid_definition_message(&problems)));
        let facts = Facts {
            arn: "arn:aws:states:us-east-1:123456789012:execution:M:E".into(),
            name: "E".into(),
            machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:M".into(),
            machine_name: "M".into(),
            role_arn: "arn:aws:iam::123456789012:role/R".into(),
            region: "us-east-1".into(),
            started: Timestamp(1_700_000_000_000),
            input: document(r#"{"a":1}"#),
            test_case: None,
        };
        let mut play = Play {
            machine,
            now: facts.started,
            execution: Execution::new(Arc::new(facts)),
            entropy: Counter(0),
            events: Vec::new(),
            commands: Vec::new(),
        };
        play.is_told(Input::Start);
        play
    }

    /// Whether the task that the input names was there for it.
    fn is_told(&mut self, input: Input) -> bool {
        let machinery = Machinery {
            machine: &self.machine,
            limits: &Limits::default(),
            entropy: &mut self.entropy,
            surroundings: &Alone,
        };
        let made = step(machinery, &mut self.execution, input, self.now);
        self.events.extend(made.events);
        self.commands = made.commands;
        made.accepted
    }

    fn calls(&mut self, outcome: TaskOutcome) {
        let task = self.task();
        self.is_told(Input::TaskEnded { task, outcome });
    }

    fn answers(&mut self, outcome: TaskOutcome) -> bool {
        let task = self.task();
        self.is_told(Input::TokenAnswered { task, outcome })
    }

    /// The task that is in flight, or was.
    fn task(&self) -> TaskId {
        let flying = self.execution.tasks().next().map(|(task, _)| task);
        flying.unwrap_or(TaskId {
            frame: engine::FrameId::ROOT,
            scheduled: 3,
        })
    }

    /// Lets the timer fire that is due next.
    fn time_passes(&mut self) {
        let next = self.execution.timers().min_by_key(|timer| timer.due);
        let next = next.expect("a timer is set");
        self.now = self.now.max(next.due);
        self.is_told(Input::TimerFired(next.id));
    }

    fn has(&self, expected: Expect) {
        expected.assert_eq(&show(&self.events));
    }

    fn asks_for(&self, expected: Expect) {
        let commands: Vec<String> = self.commands.iter().map(command).collect();
        expected.assert_eq(&commands.join("\n"));
    }
}

fn command(command: &Command) -> String {
    match command {
        Command::RunTask { request, .. } => format!(
            "call {} with {}, submitted: {}",
            request.resource.arn,
            request.input.text(),
            request.submission.as_ref().map_or("-", |s| s.text())
        ),
        Command::CancelTask { job, .. } => format!(
            "cancel, job: {}",
            job.as_ref()
                .and_then(|job| job.submission.as_ref())
                .map_or("-", |s| s.text())
        ),
        Command::OfferTask(offer) => format!("offer {}", offer.activity),
        Command::WithdrawTask(offer) => format!("withdraw {}", offer.activity),
        Command::StartMapRun { .. } => "start a map run".to_owned(),
        Command::AbortMapRun { .. } => "abort a map run".to_owned(),
        Command::SetTimer { .. } => "set a timer".to_owned(),
        Command::ClearTimer { .. } => "clear a timer".to_owned(),
    }
}

fn document(text: &str) -> Document {
    Document::parse(text).expect("JSON")
}

fn succeeded(text: &str) -> TaskOutcome {
    TaskOutcome::Succeeded(document(text))
}

fn submitted(text: &str) -> TaskOutcome {
    TaskOutcome::Submitted(document(text))
}

fn failed(error: &str) -> TaskOutcome {
    TaskOutcome::Failed {
        error: Some(error.to_owned()),
        cause: Some("why".to_owned()),
    }
}

fn not_submitted(error: &str) -> TaskOutcome {
    TaskOutcome::SubmitFailed {
        error: Some(error.to_owned()),
        cause: Some("why".to_owned()),
    }
}

const CALLBACK: &str = r#"{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}, "End": true}"#;

const JOB: &str = r#"{"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
    "Parameters": {"StateMachineArn": "m"}, "TimeoutSeconds": 30, "End": true}"#;

const ACTIVITY: &str = r#"{"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:A",
    "TimeoutSeconds": 60, "HeartbeatSeconds": 10, "End": true}"#;

#[test]
fn a_callback_ends_with_its_answer() {
    let mut play = Play::of(CALLBACK);
    play.asks_for(expect![[r#"
        set a timer
        call arn:aws:states:::lambda:invoke.waitForTaskToken with {"FunctionName":"f","Payload":{"token":"task-0-3"}}, submitted: -"#]]);
    play.calls(submitted(r#"{"StatusCode":200}"#));
    play.asks_for(expect![[""]]);
    assert!(play.answers(succeeded(r#"{"ok":true}"#)));
    assert!(!play.answers(succeeded("2")), "it is over");
    play.has(expect![[r#"
        1  <- 0  ExecutionStarted {"a":1}
        2  <- 0  TaskStateEntered T {"a":1}
        3  <- 2  TaskScheduled lambda invoke.waitForTaskToken {"FunctionName":"f","Payload":{"token":"task-0-3"}}
        4  <- 3  TaskStarted lambda invoke.waitForTaskToken
        5  <- 4  TaskSubmitted {"StatusCode":200}
        6  <- 5  TaskSucceeded {"ok":true}
        7  <- 6  TaskStateExited T {"ok":true}
        8  <- 7  ExecutionSucceeded {"ok":true}
    "#]]);
}

#[test]
fn an_answer_before_the_call_has_returned_waits_for_it() {
    let mut play = Play::of(CALLBACK);
    assert!(play.answers(failed("Mine")));
    assert!(!play.answers(succeeded("2")), "it was answered");
    play.calls(submitted("{}"));
    play.has(expect![[r#"
        1  <- 0  ExecutionStarted {"a":1}
        2  <- 0  TaskStateEntered T {"a":1}
        3  <- 2  TaskScheduled lambda invoke.waitForTaskToken {"FunctionName":"f","Payload":{"token":"task-0-3"}}
        4  <- 3  TaskStarted lambda invoke.waitForTaskToken
        5  <- 4  TaskSubmitted {}
        6  <- 5  TaskFailed error=Mine cause=why
        7  <- 6  ExecutionFailed error=Mine cause=why
    "#]]);
}

#[test]
fn what_was_answered_is_not_called_again_and_never_late() {
    let mut after_a_crash = Play::of(CALLBACK);
    assert!(after_a_crash.answers(succeeded("1")));
    let task = after_a_crash.task();
    after_a_crash.is_told(Input::Redispatch(task));
    let mut call_fails = Play::of(CALLBACK);
    assert!(call_fails.answers(succeeded("1")));
    call_fails.calls(not_submitted("Lambda.Unknown"));
    let timed = CALLBACK.replace(r#""End""#, r#""TimeoutSeconds": 5, "End""#);
    let mut late = Play::of(&timed);
    assert!(late.answers(succeeded("1")));
    late.time_passes();
    for play in [after_a_crash, call_fails, late] {
        let events = show(&play.events);
        let told: Vec<&str> = events.lines().skip(4).collect();
        expect![[r#"
            5  <- 4  TaskSucceeded 1
            6  <- 5  TaskStateExited T 1
            7  <- 6  ExecutionSucceeded 1"#]]
        .assert_eq(&told.join("\n"));
    }
}

#[test]
fn a_call_that_fails_submits_nothing_and_a_retry_has_a_token_of_its_own() {
    let retried = CALLBACK.replace(
        r#""End""#,
        r#""Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}], "End""#,
    );
    let mut play = Play::of(&retried);
    let first = play.task();
    play.calls(not_submitted("Lambda.Unknown"));
    play.time_passes();
    let outcome = succeeded("0");
    assert!(!play.is_told(Input::TokenAnswered {
        task: first,
        outcome
    }));
    play.calls(submitted("{}"));
    assert!(play.answers(succeeded("1")));
    play.has(expect![[r#"
        1  <- 0  ExecutionStarted {"a":1}
        2  <- 0  TaskStateEntered T {"a":1}
        3  <- 2  TaskScheduled lambda invoke.waitForTaskToken {"FunctionName":"f","Payload":{"token":"task-0-3"}}
        4  <- 3  TaskStarted lambda invoke.waitForTaskToken
        5  <- 4  TaskSubmitFailed error=Lambda.Unknown cause=why
        6  <- 5  TaskScheduled lambda invoke.waitForTaskToken {"FunctionName":"f","Payload":{"token":"task-0-6"}}
        7  <- 6  TaskStarted lambda invoke.waitForTaskToken
        8  <- 7  TaskSubmitted {}
        9  <- 8  TaskSucceeded 1
        10 <- 9  TaskStateExited T 1
        11 <- 10 ExecutionSucceeded 1
    "#]]);
}

#[test]
fn the_token_is_seen_in_its_state_only() {
    let query = r#"{"Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Arguments": {"FunctionName": "f", "Payload": "{% $states.context.Task.Token %}"},
        "Output": "{% {'token': $states.context.Task.Token} %}", "End": true}"#;
    let mut play = Play::of(query);
    play.calls(submitted("{}"));
    assert!(play.answers(succeeded("1")));
    let last = show(&play.events[7..]);
    expect![[r#"
        8  <- 7  ExecutionSucceeded {"token":"task-0-3"}
    "#]]
    .assert_eq(&last);
    let elsewhere = CALLBACK.replace(".waitForTaskToken", "");
    let play = Play::of(&elsewhere);
    play.has(expect![[r#"
        1  <- 0  ExecutionStarted {"a":1}
        2  <- 0  TaskStateEntered T {"a":1}
        3  <- 2  ExecutionFailed error=States.Runtime cause=An error occurred while executing the state 'T' (entered at the event id #2). The JSONPath '$$.Task.Token' specified for the field 'token.$' could not be found in the input '{"a":1}'
    "#]]);
}

#[test]
fn a_heartbeat_moves_its_timer_and_nothing_else() {
    let beating = CALLBACK.replace(r#""End""#, r#""HeartbeatSeconds": 10, "End""#);
    let mut play = Play::of(&beating);
    play.calls(submitted("{}"));
    play.execution.take_changed();
    play.now = Timestamp(play.now.0 + 9_000);
    let task = play.task();
    assert!(play.is_told(Input::Heartbeat(task)));
    assert!(!play.execution.has_changed(), "nothing is to be written");
    play.asks_for(expect![[r#"
        clear a timer
        set a timer"#]]);
    let due = play.execution.timers().map(|timer| timer.due).min();
    assert_eq!(due, Some(Timestamp(play.now.0 + 10_000)));
    play.time_passes();
    assert!(!play.is_told(Input::Heartbeat(task)));
    play.has(expect![[r#"
        1  <- 0  ExecutionStarted {"a":1}
        2  <- 0  TaskStateEntered T {"a":1}
        3  <- 2  TaskScheduled lambda invoke.waitForTaskToken {"FunctionName":"f","Payload":{"token":"task-0-3"}}
        4  <- 3  TaskStarted lambda invoke.waitForTaskToken
        5  <- 4  TaskSubmitted {}
        6  <- 5  TaskTimedOut error=States.Timeout
        7  <- 6  ExecutionFailed error=States.Timeout
    "#]]);
}

#[test]
fn a_job_is_submitted_once_and_then_waited_for() {
    let mut play = Play::of(JOB);
    play.calls(submitted(r#"{"ExecutionArn":"e"}"#));
    play.asks_for(expect![[r#"call arn:aws:states:::states:startExecution.sync:2 with {"StateMachineArn":"m"}, submitted: {"ExecutionArn":"e"}"#]]);
    let task = play.task();
    play.is_told(Input::Redispatch(task));
    play.asks_for(expect![[r#"call arn:aws:states:::states:startExecution.sync:2 with {"StateMachineArn":"m"}, submitted: {"ExecutionArn":"e"}"#]]);
    play.calls(submitted("{}"));
    play.calls(not_submitted("Late"));
    assert!(!play.answers(succeeded("1")), "nobody has a token of it");
    play.calls(succeeded(r#"{"Status":"SUCCEEDED"}"#));
    play.has(expect![[r#"
        1  <- 0  ExecutionStarted {"a":1}
        2  <- 0  TaskStateEntered T {"a":1}
        3  <- 2  TaskScheduled states startExecution.sync:2 {"StateMachineArn":"m"}
        4  <- 3  TaskStarted states startExecution.sync:2
        5  <- 4  TaskSubmitted {"ExecutionArn":"e"}
        6  <- 5  TaskSucceeded {"Status":"SUCCEEDED"}
        7  <- 6  TaskStateExited T {"Status":"SUCCEEDED"}
        8  <- 7  ExecutionSucceeded {"Status":"SUCCEEDED"}
    "#]]);
}

#[test]
fn a_job_that_nobody_waits_for_is_stopped() {
    let mut play = Play::of(JOB);
    play.calls(submitted(r#"{"ExecutionArn":"e"}"#));
    play.time_passes();
    play.asks_for(expect![[r#"
        cancel, job: {"ExecutionArn":"e"}
        clear a timer"#]]);
    let mut play = Play::of(JOB);
    play.calls(submitted(r#"{"ExecutionArn":"e"}"#));
    play.is_told(Input::Stop(engine::event::Failure::default()));
    play.asks_for(expect![[r#"
        clear a timer
        clear a timer
        cancel, job: {"ExecutionArn":"e"}"#]]);
}

#[test]
fn an_activity_waits_for_a_worker_and_is_taken_once() {
    let mut play = Play::of(ACTIVITY);
    play.asks_for(expect![[r#"
        set a timer
        set a timer
        offer arn:aws:states:us-east-1:123456789012:activity:A"#]]);
    assert!(!play.answers(succeeded("1")), "nobody has its token yet");
    let task = play.task();
    let taken = |worker: Option<&str>| Input::TaskTaken {
        task,
        worker: worker.map(Into::into),
    };
    assert!(play.is_told(taken(Some("w"))));
    play.asks_for(expect![[r#"
        withdraw arn:aws:states:us-east-1:123456789012:activity:A
        set a timer"#]]);
    assert!(!play.is_told(taken(None)), "it has a worker");
    assert!(play.answers(succeeded("1")));
    play.has(expect![[r#"
        1  <- 0  ExecutionStarted {"a":1}
        2  <- 0  TaskStateEntered T {"a":1}
        3  <- 2  ActivityScheduled arn:aws:states:us-east-1:123456789012:activity:A {"a":1}
        4  <- 3  ActivityStarted w
        5  <- 4  ActivitySucceeded 1
        6  <- 5  TaskStateExited T 1
        7  <- 6  ExecutionSucceeded 1
    "#]]);
}

#[test]
fn an_activity_that_nobody_takes_times_out_and_its_heart_beats_from_its_start() {
    let mut play = Play::of(ACTIVITY);
    play.time_passes();
    play.asks_for(expect![[r#"
        withdraw arn:aws:states:us-east-1:123456789012:activity:A
        clear a timer"#]]);
    play.has(expect![[r#"
        1  <- 0  ExecutionStarted {"a":1}
        2  <- 0  TaskStateEntered T {"a":1}
        3  <- 2  ActivityScheduled arn:aws:states:us-east-1:123456789012:activity:A {"a":1}
        4  <- 3  ActivityTimedOut error=States.Timeout
        5  <- 4  ExecutionFailed error=States.Timeout
    "#]]);
    let mut play = Play::of(ACTIVITY);
    play.now = Timestamp(play.now.0 + 30_000);
    let task = play.task();
    assert!(play.is_told(Input::TaskTaken { task, worker: None }));
    let started = play.now;
    play.time_passes();
    assert_eq!(play.now.0 - started.0, 10_000);
    play.has(expect![[r#"
        1  <- 0  ExecutionStarted {"a":1}
        2  <- 0  TaskStateEntered T {"a":1}
        3  <- 2  ActivityScheduled arn:aws:states:us-east-1:123456789012:activity:A {"a":1}
        4  <- 3  ActivityStarted -
        5  <- 4  ActivityTimedOut error=States.Timeout
        6  <- 5  ExecutionFailed error=States.Timeout
    "#]]);
}

#[test]
fn whoever_answers_may_call_an_error_what_they_like() {
    let mut play = Play::of(ACTIVITY);
    let task = play.task();
    assert!(play.is_told(Input::TaskTaken { task, worker: None }));
    assert!(play.answers(failed("States.Runtime")));
    let told = show(&play.events);
    assert!(told.contains("ActivityFailed"), "{told}");
}
