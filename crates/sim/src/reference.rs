//! The same execution without a runtime: the engine alone, one step after the other, nothing ever leaves memory, and
//! every attempt of a task ends as it ended in the history that is compared.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use engine::{
    Command, Event, EventKind, Execution, Facts, Input, Limits, Machinery, Outcome, TaskOutcome,
    step,
};
use runtime::{ExecutionRecord, Status};

use crate::history::{end_of, is_under_way, outcomes, parameters};
use crate::outside::{Attempt, attempt, submitted, token};
use crate::random::Random;

/// More steps than any of the workflows needs.
const STEPS: usize = 100_000;

/// Compares how an execution ended, and, if nothing of it failed on the way, every state's input, output and variables.
pub(crate) fn compare(
    definition: &str,
    record: &ExecutionRecord,
    events: &[Event],
) -> Result<(), String> {
    let redrives = record.redrives.count;
    if redrives > 0 && !can_be_redriven_alike(events) {
        return Ok(());
    }
    let (expected, expected_events) = run(definition, &record.facts, &answers(events), redrives)?;
    let found = match record.status {
        Status::Succeeded => Outcome::Succeeded {
            output: record.output.clone().ok_or("it has no output")?,
        },
        Status::Failed => Outcome::Failed(record.failure.clone()),
        // When somebody stopped it, or its time was over, is not for the reference to know.
        _ => return Ok(()),
    };
    let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
    if found != expected {
        return Err(format!(
            "it ended as {found}\nwithout a runtime as {expected}"
        ));
    }
    if events.iter().any(aborts) {
        return Ok(());
    }
    let (found, expected) = (told(events), told(&expected_events));
    match found
        .iter()
        .zip(&expected)
        .find(|(found, expected)| found != expected)
    {
        Some((found, expected)) => Err(format!("event {found}\nwithout a runtime {expected}")),
        None if found.len() != expected.len() => Err(format!(
            "it has {} events, without a runtime {}",
            found.len(),
            expected.len()
        )),
        None => Ok(()),
    }
}

/// Whether something beside the failure went with it.
fn aborts(event: &Event) -> bool {
    matches!(
        event.kind,
        EventKind::StateAborted(_)
            | EventKind::MapIterationAborted(_)
            | EventKind::ParallelStateFailed
            | EventKind::MapStateFailed
    )
}

/// Whether the reference comes to the same redrives: it knows of no stop and no timeout, and what was done beside a
/// failure depends on who was first.
fn can_be_redriven_alike(events: &[Event]) -> bool {
    !events
        .iter()
        .any(|event| aborts(event) || matches!(end_of(event), Status::Aborted | Status::TimedOut))
}

/// What events tell but for their ids and times, in an order of its own: branches may take turns as they like. A call
/// that was made again has another Started event, which is left out.
fn told(events: &[Event]) -> Vec<String> {
    let mut told: Vec<String> = events
        .iter()
        .filter(|event| !is_under_way(&event.kind))
        .map(|event| without_token(&format!("{:?}", event.kind)))
        .collect();
    told.sort();
    told
}

/// Tokens are not those of another run.
fn without_token(text: &str) -> String {
    let Some((before, after)) = text.split_once("token") else {
        return text.to_owned();
    };
    let is_quote = |c: char| !c.is_ascii_alphanumeric();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let rest = after
        .trim_start_matches(is_quote)
        .trim_start_matches(is_token);
    format!("{before}token{}", without_token(rest))
}

/// How attempts ended; none for a timeout.
type Answers = BTreeMap<Attempt, Option<TaskOutcome>>;

fn answers(events: &[Event]) -> Answers {
    let outcomes = outcomes(events);
    let attempts = events.iter().filter_map(|event| {
        let (attempt, _) = attempt(parameters(&event.kind)?)?;
        Some((attempt, answer(outcomes.get(&event.id)?)))
    });
    attempts.collect()
}

fn answer(kind: &EventKind) -> Option<TaskOutcome> {
    match kind {
        EventKind::LambdaFunctionSucceeded { output }
        | EventKind::ActivitySucceeded { output }
        | EventKind::TaskSucceeded { output, .. } => Some(TaskOutcome::Succeeded(output.clone())),
        EventKind::LambdaFunctionFailed(failure)
        | EventKind::ActivityFailed(failure)
        | EventKind::TaskFailed { failure, .. } => Some(TaskOutcome::Failed {
            error: failure.error.as_deref().map(str::to_owned),
            cause: failure.cause.as_deref().map(str::to_owned),
        }),
        EventKind::TaskSubmitFailed { failure, .. } => Some(TaskOutcome::SubmitFailed {
            error: failure.error.as_deref().map(str::to_owned),
            cause: failure.cause.as_deref().map(str::to_owned),
        }),
        _ => None,
    }
}

fn run(
    definition: &str,
    facts: &Arc<Facts>,
    answers: &Answers,
    redrives: u32,
) -> Result<(Outcome, Vec<Event>), String> {
    let machine = asl::compile(definition, &asl::Options::default())
        .map_err(|problems| asl::invalid_definition_message(&problems))?;
    let mut execution = Execution::new(facts.clone());
    let (mut now, mut entropy) = (facts.started, Random::new(0));
    let mut timers = BTreeSet::new();
    let mut inputs = VecDeque::from([Input::Start]);
    let mut events = Vec::new();
    for _ in 0..STEPS {
        if let Some(outcome) = &execution.outcome {
            let count = execution.redriven.count + 1;
            if count > redrives {
                return Ok((outcome.clone(), events));
            }
            execution = taken_up(facts, execution);
            inputs = VecDeque::from([Input::Redrive { count }]);
        }
        let input = match inputs.pop_front() {
            Some(input) => input,
            None => {
                let (due, timer) = timers
                    .pop_first()
                    .ok_or("without a runtime it never ends")?;
                now = now.max(due);
                Input::TimerFired(timer)
            }
        };
        let machinery = Machinery {
            machine: &machine,
            limits: &Limits::default(),
            entropy: &mut entropy,
            surroundings: &engine::Alone,
        };
        let made = step(machinery, &mut execution, input, now);
        if made.more {
            inputs.push_back(Input::Continue);
        }
        events.extend(made.events);
        for command in made.commands {
            match command {
                Command::RunTask { task, request } => {
                    let (attempt, _) = attempt(&request.input).ok_or("a call of nothing")?;
                    let answer = answers.get(&attempt).cloned().flatten();
                    let submits = token(&request.input).is_some();
                    match (answer, submits) {
                        (Some(outcome @ TaskOutcome::SubmitFailed { .. }), true) => {
                            inputs.push_back(Input::TaskEnded { task, outcome });
                        }
                        (answer, true) => {
                            let outcome = submitted(&attempt);
                            inputs.push_back(Input::TaskEnded { task, outcome });
                            let answer =
                                answer.map(|outcome| Input::TokenAnswered { task, outcome });
                            inputs.extend(answer);
                        }
                        (Some(outcome), false) => {
                            inputs.push_back(Input::TaskEnded { task, outcome });
                        }
                        (None, false) => {}
                    }
                }
                Command::OfferTask(offer) => {
                    let mut tasks = execution.tasks();
                    let Some((task, wait)) = tasks.find(|(task, _)| *task == offer.task) else {
                        // Given up in the step that offered it.
                        continue;
                    };
                    let (attempt, _) = attempt(&wait.input).ok_or("an offer of nothing")?;
                    if let Some(Some(outcome)) = answers.get(&attempt).cloned() {
                        inputs.push_back(Input::TaskTaken { task, worker: None });
                        inputs.push_back(Input::TokenAnswered { task, outcome });
                    }
                }
                Command::SetTimer { timer, due } => drop(timers.insert((due, timer))),
                Command::ClearTimer { timer, due } => drop(timers.remove(&(due, timer))),
                Command::CancelTask { .. }
                | Command::WithdrawTask(_)
                | Command::StartMapRun { .. }
                | Command::AbortMapRun { .. } => {}
            }
        }
    }
    Err("without a runtime it takes too many steps".into())
}

/// What a redrive begins with.
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
