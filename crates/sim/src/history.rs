//! What every history must satisfy, whatever was executed. Reads events, knows nothing of how they came about.

use std::collections::{BTreeMap, BTreeSet};

use engine::event::EventId;
use engine::{Event, EventKind};
use runtime::Status;
use serde_json::Value;

use crate::outside::failure_text;

/// A history and what it is held against.
pub(crate) struct History<'a> {
    pub(crate) events: &'a [Event],
    /// The definition, as JSON.
    pub(crate) definition: &'a Value,
    pub(crate) status: Status,
    /// How often it was redriven.
    pub(crate) redrives: u32,
    /// By how much the clock was ever set back, in milliseconds: so much shorter may a time seem.
    pub(crate) set_back: i64,
}

/// What was said of tasks, by their Scheduled events.
pub(crate) trait Told {
    /// Whether the task has given this outcome.
    fn gave(&self, scheduled: EventId, outcome: &str) -> bool;

    /// The outcome that whoever gave it was told to be the task's.
    fn accepted(&self, scheduled: EventId) -> Option<String>;

    /// When its heart beat last, so that whoever has its token was told so, in milliseconds.
    fn beat(&self, scheduled: EventId) -> Option<i64>;
}

type Check = Result<(), String>;

fn must(holds: bool, what: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(what()) }
}

impl History<'_> {
    /// All of it; `told` knows what was said of the tasks, by their Scheduled events.
    pub(crate) fn check(&self, told: &impl Told) -> Check {
        self.order()?;
        self.end()?;
        self.states()?;
        self.tasks(told)?;
        self.timers(told)
    }

    fn event(&self, id: EventId) -> Option<&Event> {
        self.events.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    /// The events before it on its path, nearest first.
    fn path(&self, event: &Event) -> impl Iterator<Item = &Event> {
        std::iter::successors(self.event(event.previous), |event| {
            self.event(event.previous)
        })
    }

    fn order(&self) -> Check {
        let mut last = None;
        for (position, event) in self.events.iter().enumerate() {
            must(event.id == position as u64 + 1, || {
                format!("a gap before {event:?}")
            })?;
            must(event.previous < event.id, || {
                format!("it points forward: {event:?}")
            })?;
            must(last.is_none_or(|last| last <= event.timestamp), || {
                format!("time went back in {event:?}")
            })?;
            last = Some(event.timestamp);
        }
        let begins = matches!(
            self.events.first().map(|event| &event.kind),
            Some(EventKind::ExecutionStarted { .. })
        );
        must(begins, || "it does not begin with ExecutionStarted".into())
    }

    fn end(&self) -> Check {
        let mut redrives = 0;
        for event in self.events {
            let ends = end_of(event);
            let last = event.id == self.events.len() as u64;
            let next = self.event(event.id + 1).map(|event| &event.kind);
            let redriven = matches!(next, Some(EventKind::ExecutionRedriven { .. }));
            let fits = match (last, redriven) {
                (true, _) => ends == self.status,
                (false, true) => !matches!(ends, Status::Running | Status::Succeeded),
                (false, false) => ends == Status::Running,
            };
            must(fits, || {
                format!("{event:?} in an execution that is {:?}", self.status)
            })?;
            if let EventKind::ExecutionRedriven { count } = event.kind {
                redrives += 1;
                let follows = count == redrives && event.previous == event.id - 1;
                must(follows, || format!("the {redrives}. redrive is {event:?}"))?;
            }
        }
        must(redrives == self.redrives, || {
            format!("{redrives} redrives instead of {}", self.redrives)
        })
    }

    /// Every Exited has an Entered of its own.
    fn states(&self) -> Check {
        let mut left = BTreeSet::new();
        for event in self.events {
            let EventKind::StateExited { name, .. } = &event.kind else {
                continue;
            };
            let entered = self.entered(event, name);
            let entered = entered.ok_or_else(|| format!("never entered: {event:?}"))?;
            must(left.insert(entered.id), || {
                format!("left twice: {entered:?}")
            })?;
        }
        let count = |wanted: fn(&EventKind) -> bool| {
            self.events
                .iter()
                .filter(|event| wanted(&event.kind))
                .count()
        };
        let entered = count(|kind| matches!(kind, EventKind::StateEntered { .. }));
        let exited = count(|kind| matches!(kind, EventKind::StateExited { .. }));
        must(exited <= entered, || {
            "more states were left than entered".into()
        })
    }

    fn entered(&self, event: &Event, wanted: &str) -> Option<&Event> {
        self.path(event).find(
            |event| matches!(&event.kind, EventKind::StateEntered { name, .. } if **name == *wanted),
        )
    }

    /// Scheduled, one Started or more, and at most one outcome, which the task has given. One that was accepted is it.
    fn tasks(&self, told: &impl Told) -> Check {
        let mut outcomes = BTreeSet::new();
        for event in self.events {
            if is_under_way(&event.kind) {
                self.attempt(event)?;
            }
            let Some(outcome) = outcome(&event.kind) else {
                continue;
            };
            let before = self.event(event.previous).map(|event| &event.kind);
            let never_taken = matches!(event.kind, EventKind::ActivityTimedOut(_))
                && matches!(before, Some(EventKind::ActivityScheduled { .. }));
            let started = before.is_some_and(is_under_way) || never_taken;
            must(started, || format!("an outcome without a start: {event:?}"))?;
            let scheduled = self.attempt(event)?;
            must(outcomes.insert(scheduled.id), || {
                format!("a second outcome: {event:?}")
            })?;
            let accepted = told.accepted(scheduled.id);
            let Ended::Answered(text) = outcome else {
                must(accepted.is_none(), || {
                    format!("it was answered in time: {event:?}")
                })?;
                continue;
            };
            must(told.gave(scheduled.id, &text), || {
                format!("nobody gave this: {event:?}")
            })?;
            must(accepted.is_none_or(|accepted| accepted == text), || {
                format!("another answer was accepted: {event:?}")
            })?;
        }
        Ok(())
    }

    /// The Scheduled event of a Started event or an outcome: nothing but Started and Submitted events lies between.
    fn attempt(&self, event: &Event) -> Result<&Event, String> {
        let scheduled = self.path(event).find(|event| !is_under_way(&event.kind));
        let scheduled = scheduled.filter(|event| parameters(&event.kind).is_some());
        scheduled.ok_or_else(|| format!("without a Scheduled event: {event:?}"))
    }

    /// Nothing happens before its time: the ends of Waits, timeouts, and attempts after a delay.
    fn timers(&self, told: &impl Told) -> Check {
        for event in self.events {
            let since = match &event.kind {
                EventKind::StateExited { name, .. } => self.waited(event, name),
                kind if matches!(outcome(kind), Some(Ended::TimedOut)) => {
                    self.timed_out(event, told)?;
                    None
                }
                kind if parameters(kind).is_some() => self.delayed(event),
                _ => None,
            };
            let Some((from, seconds)) = since else {
                continue;
            };
            let passed = event.timestamp.0 - from.timestamp.0;
            let least = seconds * 1_000 - self.set_back;
            must(passed >= least, || {
                format!("after {passed} ms instead of {seconds} s: {event:?}")
            })?;
        }
        Ok(())
    }

    fn waited(&self, event: &Event, name: &str) -> Option<(&Event, i64)> {
        let state = state(self.definition, name)?;
        let seconds = match &state["Seconds"] {
            Value::String(query) => query.split(' ').nth(1)?.parse().ok()?,
            number => number.as_i64()?,
        };
        Some((self.entered(event, name)?, seconds))
    }

    /// Not before whichever of timeout and heartbeat is first.
    fn timed_out(&self, event: &Event, told: &impl Told) -> Check {
        let scheduled = self.attempt(event)?;
        let state = self.state_of(scheduled).unwrap_or(&Value::Null);
        let timeout = state["TimeoutSeconds"].as_i64();
        let timeout = timeout.ok_or_else(|| format!("it has no timeout: {event:?}"))?;
        let timeout = scheduled.timestamp.0 + timeout * 1_000;
        let started = self
            .path(event)
            .find(|event| is_started(&event.kind))
            .filter(|started| started.id > scheduled.id);
        let heartbeat =
            started
                .zip(state["HeartbeatSeconds"].as_i64())
                .map(|(started, seconds)| {
                    let beat = told.beat(scheduled.id).unwrap_or(i64::MIN);
                    started.timestamp.0.max(beat) + seconds * 1_000
                });
        let due = heartbeat.map_or(timeout, |heartbeat| heartbeat.min(timeout));
        must(event.timestamp.0 >= due - self.set_back, || {
            format!("before {due}: {event:?}")
        })
    }

    /// The failure before an attempt, and the shortest delay of a retrier.
    fn delayed(&self, event: &Event) -> Option<(&Event, i64)> {
        let failure = self.event(event.previous)?;
        outcome(&failure.kind)?;
        let retriers = self.state_of(event)?["Retry"].as_array()?;
        let seconds = retriers
            .iter()
            .filter_map(|retrier| retrier["IntervalSeconds"].as_i64());
        Some((failure, seconds.min()?))
    }

    /// The definition of the state that an event belongs to.
    fn state_of(&self, event: &Event) -> Option<&Value> {
        self.path(event).find_map(|event| match &event.kind {
            EventKind::StateEntered { name, .. } => state(self.definition, name),
            _ => None,
        })
    }
}

/// Whether a call or a worker begins.
pub(crate) fn is_started(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::LambdaFunctionStarted
            | EventKind::TaskStarted(_)
            | EventKind::ActivityStarted { .. }
    )
}

/// Whether it lies between a task's Scheduled event and its outcome.
pub(crate) fn is_under_way(kind: &EventKind) -> bool {
    is_started(kind) || matches!(kind, EventKind::TaskSubmitted { .. })
}

/// How the execution ended with this event; running if it did not.
pub(crate) fn end_of(event: &Event) -> Status {
    match event.kind {
        EventKind::ExecutionSucceeded { .. } => Status::Succeeded,
        EventKind::ExecutionFailed(_) => Status::Failed,
        EventKind::ExecutionAborted(_) => Status::Aborted,
        EventKind::ExecutionTimedOut(_) => Status::TimedOut,
        _ => Status::Running,
    }
}

/// How an attempt ended.
pub(crate) enum Ended {
    Answered(String),
    TimedOut,
}

/// The outcome that an event tells, as [`crate::outside::outcome_text`] has it.
pub(crate) fn outcome(kind: &EventKind) -> Option<Ended> {
    match kind {
        EventKind::LambdaFunctionSucceeded { output }
        | EventKind::ActivitySucceeded { output }
        | EventKind::TaskSucceeded { output, .. } => {
            Some(Ended::Answered(output.text().to_owned()))
        }
        EventKind::LambdaFunctionFailed(failure)
        | EventKind::ActivityFailed(failure)
        | EventKind::TaskSubmitFailed { failure, .. }
        | EventKind::TaskFailed { failure, .. } => Some(Ended::Answered(failure_text(
            failure.error.as_deref(),
            failure.cause.as_deref(),
        ))),
        EventKind::LambdaFunctionTimedOut(_)
        | EventKind::ActivityTimedOut(_)
        | EventKind::TaskTimedOut { .. } => Some(Ended::TimedOut),
        _ => None,
    }
}

/// What a Scheduled event says the task is called with.
pub(crate) fn parameters(kind: &EventKind) -> Option<&expr::json::Document> {
    match kind {
        EventKind::LambdaFunctionScheduled { input, .. }
        | EventKind::ActivityScheduled { input, .. } => Some(input),
        EventKind::TaskScheduled { parameters, .. } => Some(parameters),
        _ => None,
    }
}

/// How the attempts of a history ended, by their Scheduled events.
pub(crate) fn outcomes(events: &[Event]) -> BTreeMap<EventId, &EventKind> {
    let mut scheduled: BTreeMap<EventId, EventId> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for event in events {
        let of = match parameters(&event.kind) {
            Some(_) => Some(event.id),
            None => scheduled.get(&event.previous).copied(),
        };
        let Some(of) = of else { continue };
        match outcome(&event.kind) {
            Some(_) => drop(found.insert(of, &event.kind)),
            None => drop(scheduled.insert(event.id, of)),
        }
    }
    found
}

/// A state of a definition, wherever it is: names are unique.
fn state<'a>(graph: &'a Value, name: &str) -> Option<&'a Value> {
    let states = graph["States"].as_object()?;
    states.get(name).or_else(|| {
        states.values().find_map(|nested| {
            let branches = nested["Branches"].as_array().into_iter().flatten();
            let mut graphs = branches.chain(nested.get("ItemProcessor"));
            graphs.find_map(|graph| state(graph, name))
        })
    })
}
