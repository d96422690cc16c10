//! Live progress: a spinner per order that says what it is doing, or, where nobody watches, a line per thing that
//! happens.

use std::collections::BTreeMap;
use std::time::Duration;

use console::style;
use indicatif::ProgressBar;

use super::example::Order;
use super::history::{Event, plain_cause};
use super::orders::order_id;
use super::outcome::{Outcome, summary};
use super::screen::{Screen, pad, seconds, shorten};

/// The progress of one order.
#[derive(Debug)]
pub(super) struct Progress {
    screen: Screen,
    id: String,
    spinner: Option<ProgressBar>,
    seen: u64,
}

impl Progress {
    /// Of this order, on a line of its own.
    pub(super) fn new(screen: &Screen, order: &Order) -> Progress {
        let spinner = screen.is_live().then(|| screen.spinner());
        Progress {
            screen: screen.clone(),
            id: order_id(order),
            spinner,
            seen: 0,
        }
    }

    /// Brings what is shown up to the history.
    pub(super) fn update(&mut self, events: &[Event], elapsed: Duration) {
        let id = pad(&self.id, 12);
        let Some(spinner) = &self.spinner else {
            return self.tell(events);
        };
        let room = self.screen.width().saturating_sub(30);
        let doing = shorten(&doing(events), room);
        spinner.set_message(format!("{id}  {:>8}  {doing}", seconds(elapsed)));
    }

    /// The order has ended.
    pub(super) fn finish(self, outcome: &Outcome, order: &Order) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
            let text = format!(
                "  {}  {}",
                summary(outcome, order),
                style(&outcome.error).dim()
            );
            self.screen.line(text.trim_end());
        }
    }

    /// A line for everything that has happened since the last time.
    fn tell(&mut self, events: &[Event]) {
        let id = pad(&self.id, 12);
        let started = events.first().map_or(0.0, |event| event.at);
        for event in events.iter().filter(|event| event.id > self.seen) {
            if let Some(text) = told(event) {
                let at = event.at - started;
                self.screen
                    .line(format_args!("  {id}  {at:>6.2} s  {text}"));
            }
        }
        self.seen = events.last().map_or(self.seen, |event| event.id);
    }
}

/// What is worth a line of its own.
fn told(event: &Event) -> Option<String> {
    let state = event.state.as_deref().unwrap_or_default();
    match event.kind.as_str() {
        "TaskFailed" | "TaskTimedOut" => Some(format!("{state} {}", failure(event))),
        "TaskScheduled" if event.attempt > 1 => Some(format!("{state}, attempt {}", event.attempt)),
        _ if event.is_entry() => Some(state.to_owned()),
        kind if event.is_end() => Some(kind.trim_start_matches("Execution").to_uppercase()),
        _ => None,
    }
}

fn failure(event: &Event) -> String {
    format!(
        "failed, {}: {}",
        event.detail("error"),
        plain_cause(event.detail("cause"))
    )
}

/// The states that are open now, and how they are getting on.
fn doing(events: &[Event]) -> String {
    let mut open: BTreeMap<&str, Open> = BTreeMap::new();
    for event in events {
        if let Some(state) = event.state.as_deref() {
            open.entry(state).or_default().follow(event);
        }
    }
    let mut open: Vec<(&str, Open)> = open
        .into_iter()
        .filter(|(_, state)| state.is_shown())
        .collect();
    open.sort_by_key(|(_, state)| state.entered_as);
    let texts: Vec<String> = open.iter().map(|(name, state)| state.text(name)).collect();
    texts.join(" + ")
}

/// A state that may be open (several times, within a Map).
#[derive(Debug, Default)]
struct Open {
    entered_as: u64,
    times: u64,
    is_parallel: bool,
    items: Option<u64>,
    items_done: u64,
    attempt: u32,
    failure: Option<String>,
}

impl Open {
    fn follow(&mut self, event: &Event) {
        match event.kind.as_str() {
            _ if event.is_entry() => {
                let times = self.times + 1;
                let is_parallel = event.kind.starts_with("Parallel");
                *self = Open {
                    entered_as: event.id,
                    times,
                    is_parallel,
                    ..Open::default()
                };
            }
            kind if kind.ends_with("StateExited") => self.times = self.times.saturating_sub(1),
            "TaskScheduled" => (self.attempt, self.failure) = (event.attempt, None),
            "TaskFailed" => self.failure = Some(event.detail("error").to_owned()),
            "MapStateStarted" => self.items = event.details["length"].as_u64(),
            "MapIterationSucceeded" => self.items_done += 1,
            _ => {}
        }
    }

    /// Parallel states show through the states of their branches.
    fn is_shown(&self) -> bool {
        self.times > 0 && !self.is_parallel
    }

    fn text(&self, name: &str) -> String {
        match (&self.failure, self.items) {
            (Some(error), _) => {
                let failed = style(format!(
                    "attempt {} failed ({error}), to be tried again",
                    self.attempt
                ))
                .yellow();
                format!("{name}: {failed}")
            }
            (None, Some(items)) => format!("{name} {}/{items}", self.items_done),
            (None, None) if self.attempt > 1 => format!("{name}, attempt {}", self.attempt),
            (None, None) => name.to_owned(),
        }
    }
}
