//! Live progress: a spinner per order that says what it is doing, or, where nobody watches, a line per thing that
//! happens.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use console::style;
use indicatif::ProgressBar;

use super::example::Order;
use super::history::{Event, plain_cause};
use super::orders::order_id;
use super::outcome::{Outcome, summary};
use super::screen::{Screen, pad, seconds, shorten};

/// The progress of all orders.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    screen: Screen,
    began: Instant,
}

impl Progress {
    /// Beginning now.
    pub(super) fn new(screen: Screen) -> Progress {
        Progress { screen, began: Instant::now() }
    }

    /// The line of one order.
    pub(super) fn line(&self, order: &Order) -> Line {
        let spinner = self.screen.is_live().then(|| self.screen.spinner());
        Line { progress: self.clone(), id: order_id(order), spinner, seen: 0 }
    }
}

/// The progress of one order.
#[derive(Debug)]
pub(super) struct Line {
    progress: Progress,
    id: String,
    spinner: Option<ProgressBar>,
    seen: u64,
}

impl Line {
    /// Brings what is shown up to the history.
    pub(super) fn update(&mut self, events: &[Event], elapsed: Duration) {
        let id = pad(&self.id, 12);
        let Some(spinner) = &self.spinner else { return self.tell(events) };
        let room = self.progress.screen.width().saturating_sub(30);
        let doing = shorten(&doing(events), room);
        spinner.set_message(format!("{id}  {:>8}  {doing}", seconds(elapsed)));
    }

    /// The order has ended.
    pub(super) fn finish(self, outcome: &Outcome, order: &Order) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
            let text = format!("  {}  {}", summary(outcome, order), style(&outcome.error).dim());
            self.progress.screen.line(text.trim_end());
        }
    }

    /// A line for everything that has happened since the last time.
    fn tell(&mut self, events: &[Event]) {
        let id = pad(&self.id, 12);
        for event in events.iter().filter(|event| event.id > self.seen) {
            if let Some(text) = told(event) {
                let at = seconds(self.progress.began.elapsed());
                self.progress.screen.line(format_args!("  {at:>8}  {id}  {text}"));
            }
        }
        self.seen = events.last().map_or(self.seen, |event| event.id);
    }
}

/// What is worth a line of its own.
fn told(event: &Event) -> Option<String> {
    let state = event.state.as_deref().unwrap_or_default();
    match event.kind.as_str() {
        "TaskFailed" | "TaskTimedOut" => Some(format!("{state}: {}", failure(event))),
        _ if event.is_entry() => Some(state.to_owned()),
        kind if event.is_end() => Some(kind.trim_start_matches("Execution").to_uppercase()),
        _ => None,
    }
}

fn failure(event: &Event) -> String {
    format!("failed, {}: {}", event.detail("error"), plain_cause(event.detail("cause")))
}

/// The states that are open now, and how they are getting on.
fn doing(events: &[Event]) -> String {
    let mut open: BTreeMap<&str, Open> = BTreeMap::new();
    for event in events {
        if let Some(state) = event.state.as_deref() {
            open.entry(state).or_default().follow(event);
        }
    }
    let mut open: Vec<(&str, Open)> = open.into_iter().filter(|(_, state)| state.is_shown()).collect();
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
    attempts: u64,
    failure: Option<String>,
}

impl Open {
    fn follow(&mut self, event: &Event) {
        match event.kind.as_str() {
            _ if event.is_entry() => {
                let times = self.times + 1;
                let is_parallel = event.kind.starts_with("Parallel");
                *self = Open { entered_as: event.id, times, is_parallel, ..Open::default() };
            }
            kind if kind.ends_with("StateExited") => self.times = self.times.saturating_sub(1),
            "TaskScheduled" => (self.attempts, self.failure) = (self.attempts + 1, None),
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
                let failed = style(format!("attempt {} failed ({error}), trying again soon", self.attempts)).yellow();
                format!("{name}: {failed}")
            }
            (None, Some(items)) => format!("{name} {}/{items}", self.items_done),
            (None, None) if self.attempts > 1 => format!("{name}, attempt {}", self.attempts),
            (None, None) => name.to_owned(),
        }
    }
}
