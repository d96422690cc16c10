//! Runs a definition without a runtime: tasks answer from a script, timers fire at once, time is counted.

use std::fmt::Write;
use std::sync::Arc;

use engine::event::Failure;
use engine::{
    Command, Event, EventKind, Execution, Facts, Input, Limits, Machinery, Outcome, TaskOutcome,
    TaskRequest, Timestamp, step,
};
use expect_test::Expect;
use expr::Entropy;
use expr::json::Document;

/// Counts instead of drawing.
pub struct Counter(pub u64);

impl Entropy for Counter {
    fn next_u64(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// How the script answers a task.
pub type Script<'a> = &'a mut dyn FnMut(&TaskRequest, usize) -> Option<TaskOutcome>;

/// Runs and compares the history, without tasks.
pub fn check(definition: &str, input: &str, expected: Expect) {
    check_with_tasks(definition, input, &mut |_, _| None, expected);
}

/// Runs and compares the history; `script` gets every call and its number, and answers it (or never).
pub fn check_with_tasks(definition: &str, input: &str, script: Script<'_>, expected: Expect) {
    let (events, _) = run(definition, input, script, &Limits::default());
    expected.assert_eq(&show(&events));
}

/// The same, redriven `redrives` times as soon as it has ended without success.
pub fn check_redriven(
    definition: &str,
    input: &str,
    redrives: u32,
    script: Script<'_>,
    expected: Expect,
) {
    let (events, _) = run_redriven(definition, input, script, &Limits::default(), redrives);
    expected.assert_eq(&show(&events));
}

/// Runs to the end, or until nothing more can happen.
pub fn run(
    definition: &str,
    input: &str,
    script: Script<'_>,
    limits: &Limits,
) -> (Vec<Event>, Option<Outcome>) {
    run_redriven(definition, input, script, limits, 0)
}

/// How many steps an execution takes that waits for nothing.
pub fn steps(definition: &str, input: &str, limits: &Limits) -> usize {
    let machine = asl::compile(definition, &asl::Options::default()).expect("a definition");
    let facts = facts(input);
    let now = facts.started;
    let mut execution = Execution::new(facts);
    let mut next = Input::Start;
    for count in 1.. {
        let machinery = Machinery {
            machine: &machine,
            limits,
            entropy: &mut Counter(0),
            surroundings: &engine::Alone,
        };
        if !step(machinery, &mut execution, next, now).more {
            return count;
        }
        next = Input::Continue;
    }
    unreachable!("it ends")
}

fn facts(input: &str) -> Arc<Facts> {
    Arc::new(Facts {
        arn: "arn:aws:states:us-east-1:123456789012:execution:M:E".into(),
        name: "E".into(),
        machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:M".into(),
        machine_name: "M".into(),
        role_arn: "arn:aws:iam::123456789012:role/R".into(),
        region: "us-east-1".into(),
        started: Timestamp(1_700_000_000_000),
        input: Document::parse(input).expect("the input is JSON"),
        test_case: None,
    })
}

/// Runs to the end, with so many redrives if it needs them.
pub fn run_redriven(
    definition: &str,
    input: &str,
    script: Script<'_>,
    limits: &Limits,
    redrives: u32,
) -> (Vec<Event>, Option<Outcome>) {
    let machine = asl::compile(definition, &asl::Options::default())
        .unwrap_or_else(|problems| panic!("{}", asl::invalid_definition_message(&problems)));
    let facts = facts(input);
    let mut now = facts.started;
    let mut execution = Execution::new(facts.clone());
    let mut entropy = Counter(0);
    let mut events: Vec<Event> = Vec::new();
    let mut inputs = vec![Input::Start];
    let mut timers = std::collections::BTreeSet::new();
    let mut calls = 0;
    loop {
        let Some(input) = inputs.pop() else {
            let Some((due, timer)) = timers.pop_first() else {
                let count = execution.redriven.count + 1;
                if execution.remains.is_empty() || count > redrives {
                    break;
                }
                now = now.plus_seconds(60);
                execution = taken_up(&facts, execution);
                inputs.push(Input::Redrive { count });
                continue;
            };
            now = now.max(due);
            inputs.push(Input::TimerFired(timer));
            continue;
        };
        let machinery = Machinery {
            machine: &machine,
            limits,
            entropy: &mut entropy,
            surroundings: &engine::Alone,
        };
        let made = step(machinery, &mut execution, input, now);
        if made.more {
            inputs.push(Input::Continue);
        }
        events.extend(made.events);
        for command in made.commands {
            match command {
                Command::RunTask { task, request } => {
                    if let Some(outcome) = script(&request, calls) {
                        inputs.insert(0, Input::TaskEnded { task, outcome });
                    }
                    calls += 1;
                }
                Command::SetTimer { timer, due } => {
                    timers.insert((due, timer));
                }
                Command::ClearTimer { timer, due } => {
                    timers.remove(&(due, timer));
                }
                Command::StartMapRun { run, request } => {
                    let outcome = items_of(&request);
                    inputs.insert(0, Input::MapRunEnded { run, outcome });
                }
                Command::CancelTask { .. }
                | Command::OfferTask(_)
                | Command::WithdrawTask(_)
                | Command::AbortMapRun { .. } => {}
            }
        }
        check_invariants(&events, &execution, &timers);
    }
    (events, execution.outcome)
}

/// What a redrive begins with: the remains, and what the runtime keeps beside them.
fn taken_up(facts: &Arc<Facts>, ended: Execution) -> Execution {
    let mut execution = Execution::new(facts.clone());
    execution.last_event = ended.last_event;
    execution.now = ended.now;
    execution.next_frame = ended.next_frame;
    execution.next_timer = ended.next_timer;
    execution.redriven = ended.redriven;
    execution.frames = ended.remains;
    execution.resume()
}

/// What holds after every step, whatever the definition.
fn check_invariants(
    events: &[Event],
    execution: &Execution,
    timers: &std::collections::BTreeSet<(Timestamp, engine::TimerId)>,
) {
    for (position, event) in events.iter().enumerate() {
        assert_eq!(event.id, position as u64 + 1, "ids are free of gaps");
        assert!(event.previous < event.id, "an event points back");
    }
    let mut set: Vec<_> = execution
        .timers()
        .map(|timer| (timer.due, timer.id))
        .collect();
    set.sort();
    assert_eq!(
        set,
        timers.iter().copied().collect::<Vec<_>>(),
        "the timers that are set are those that frames wait for"
    );
    if execution.is_closed() {
        assert!(execution.frames.is_empty(), "nothing is left behind");
    }
}

/// One line per event: id, previous, name, details.
pub fn show(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        let _ = writeln!(
            text,
            "{:<2} <- {:<2} {}",
            event.id,
            event.previous,
            describe(&event.kind)
        );
    }
    text
}

fn failure(failure: &Failure) -> String {
    let part = |name: &str, text: &Option<Arc<str>>| {
        text.as_ref()
            .map_or(String::new(), |t| format!(" {name}={t}"))
    };
    format!(
        "{}{}",
        part("error", &failure.error),
        part("cause", &failure.cause)
    )
}

fn describe(kind: &EventKind) -> String {
    match kind {
        EventKind::ExecutionStarted { input, .. } => format!("ExecutionStarted {}", input.text()),
        EventKind::ExecutionSucceeded { output } => format!("ExecutionSucceeded {}", output.text()),
        EventKind::ExecutionFailed(f) => format!("ExecutionFailed{}", failure(f)),
        EventKind::ExecutionAborted(f) => format!("ExecutionAborted{}", failure(f)),
        EventKind::ExecutionTimedOut(f) => format!("ExecutionTimedOut{}", failure(f)),
        EventKind::ExecutionRedriven { count } => format!("ExecutionRedriven {count}"),
        EventKind::StateEntered {
            state_type,
            name,
            input,
        } => format!("{state_type:?}StateEntered {name} {}", input.text()),
        EventKind::StateExited {
            state_type,
            name,
            output,
            assigned,
        } => {
            let assigned: String = assigned
                .iter()
                .flat_map(|assigned| assigned.iter())
                .map(|(name, value)| format!(" ${name}={}", value.text()))
                .collect();
            format!(
                "{state_type:?}StateExited {name} {}{assigned}",
                output.text()
            )
        }
        EventKind::StateAborted(state_type) => format!("{state_type:?}StateAborted"),
        EventKind::MapStateStarted { length } => format!("MapStateStarted {length}"),
        EventKind::MapIterationStarted(i) => format!("MapIterationStarted {} {}", i.name, i.index),
        EventKind::MapIterationSucceeded(i) => {
            format!("MapIterationSucceeded {} {}", i.name, i.index)
        }
        EventKind::MapIterationFailed(i) => format!("MapIterationFailed {} {}", i.name, i.index),
        EventKind::MapIterationAborted(i) => format!("MapIterationAborted {} {}", i.name, i.index),
        EventKind::LambdaFunctionScheduled {
            resource, input, ..
        } => format!("LambdaFunctionScheduled {resource} {}", input.text()),
        EventKind::LambdaFunctionSucceeded { output } => {
            format!("LambdaFunctionSucceeded {}", output.text())
        }
        EventKind::LambdaFunctionFailed(f) => format!("LambdaFunctionFailed{}", failure(f)),
        EventKind::LambdaFunctionTimedOut(f) => format!("LambdaFunctionTimedOut{}", failure(f)),
        EventKind::TaskScheduled {
            names, parameters, ..
        } => {
            format!(
                "TaskScheduled {} {} {}",
                names.resource_type,
                names.resource,
                parameters.text()
            )
        }
        EventKind::TaskStarted(names) => {
            format!("TaskStarted {} {}", names.resource_type, names.resource)
        }
        EventKind::TaskSucceeded { output, .. } => format!("TaskSucceeded {}", output.text()),
        EventKind::TaskFailed { failure: f, .. } => format!("TaskFailed{}", failure(f)),
        EventKind::TaskTimedOut { failure: f, .. } => format!("TaskTimedOut{}", failure(f)),
        EventKind::TaskSubmitted { output, .. } => format!("TaskSubmitted {}", output.text()),
        EventKind::TaskSubmitFailed { failure: f, .. } => format!("TaskSubmitFailed{}", failure(f)),
        EventKind::ActivityScheduled {
            resource, input, ..
        } => format!("ActivityScheduled {resource} {}", input.text()),
        EventKind::ActivityStarted { worker } => {
            format!("ActivityStarted {}", worker.as_deref().unwrap_or("-"))
        }
        EventKind::ActivitySucceeded { output } => format!("ActivitySucceeded {}", output.text()),
        EventKind::ActivityFailed(f) => format!("ActivityFailed{}", failure(f)),
        EventKind::ActivityTimedOut(f) => format!("ActivityTimedOut{}", failure(f)),
        plain => format!("{plain:?}"),
    }
}

/// A map run whose children give back what they get; one of no items fails.
fn items_of(request: &engine::MapRunRequest) -> engine::MapRunOutcome {
    match &request.items {
        engine::map_run::RunItems::Given(items) if items.text() != "[]" => {
            engine::MapRunOutcome::Succeeded(items.clone())
        }
        _ => engine::MapRunOutcome::Failed(Failure::new("States.Odd", "no items")),
    }
}
