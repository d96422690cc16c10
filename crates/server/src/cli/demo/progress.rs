//! Live progress: a spinner per order that says what it is doing, or, where nobody watches, a line per thing that
//! happens.

use std::time::Duration;

use console::style;
use indicatif::ProgressBar;

use super::doing::Doing;
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
        let mut doing = Doing::default();
        events.iter().for_each(|event| doing.follow(event));
        let doing = shorten(&doing.line(), room);
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
