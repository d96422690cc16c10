//! How an order ended, and whether that is how it should end.

use std::time::Duration;

use console::style;
use serde_json::Value;

use super::example::Order;
use super::history::plain_cause;
use super::orders::{Processed, order_id};
use super::screen::{Mark, Screen, pad, seconds, wrap};

/// Columns in front of an output or a cause.
const INDENT: usize = 6;

/// How an order should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// With an output.
    Succeeded,
    /// With this error.
    Failed(&'static str),
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// `SUCCEEDED`, `FAILED`, ...
    pub(super) status: String,
    /// The output's text.
    pub(super) output: String,
    /// The error's name.
    pub(super) error: String,
    /// Why, in plain words.
    pub(super) cause: String,
    /// From start to end.
    pub(super) duration: Duration,
}

impl Outcome {
    /// From what DescribeExecution answers.
    pub(super) fn read(described: &Value, duration: Duration) -> Outcome {
        let text = |name: &str| described[name].as_str().unwrap_or_default().to_owned();
        Outcome {
            status: text("status"),
            output: text("output"),
            error: text("error"),
            cause: plain_cause(&text("cause")),
            duration,
        }
    }

    /// Whether it is how the order should end.
    pub(super) fn is(&self, expected: Expected) -> bool {
        match expected {
            Expected::Succeeded => self.status == "SUCCEEDED",
            Expected::Failed(error) => self.status == "FAILED" && self.error == error,
        }
    }
}

/// Prints all outcomes; whether all are as expected.
pub(super) fn print(screen: &Screen, processed: &[Processed]) -> bool {
    screen.heading("Outcomes, each as it should be where it is marked ✓");
    for done in processed {
        print_one(screen, done);
    }
    processed
        .iter()
        .all(|done| done.outcome.is(done.order.expected))
}

fn print_one(screen: &Screen, done: &Processed) {
    let outcome = &done.outcome;
    screen.line(format_args!(
        "  {}  {}",
        summary(outcome, done.order),
        style(&done.order.about).dim()
    ));
    let detail = match outcome.status.as_str() {
        "SUCCEEDED" => outcome.output.replace(",\"", ", \"").replace("},{", "}, {"),
        _ => format!("{}: {}", outcome.error, outcome.cause),
    };
    for line in wrap(&detail, screen.width().saturating_sub(INDENT)) {
        screen.line(format_args!("{:INDENT$}{line}", ""));
    }
    if !outcome.is(done.order.expected) {
        screen.line(format_args!(
            "      {}",
            style(surprise(done.order.expected)).red()
        ));
    }
}

/// `✓ order-1001   SUCCEEDED   4.02 s`
pub(super) fn summary(outcome: &Outcome, order: &Order) -> String {
    let mark = if outcome.is(order.expected) {
        Mark::Good
    } else {
        Mark::Bad
    };
    let status = pad(&outcome.status, 9);
    let status = match outcome.status.as_str() {
        "SUCCEEDED" => style(status).green(),
        _ if mark == Mark::Good => style(status).yellow(),
        _ => style(status).red(),
    };
    format!(
        "{} {}  {status}  {:>8}",
        super::screen::sign(mark),
        pad(&order_id(order), 12),
        seconds(outcome.duration)
    )
}

fn surprise(expected: Expected) -> String {
    match expected {
        Expected::Succeeded => "this order should have succeeded".to_owned(),
        Expected::Failed(error) => format!("this order should have failed with {error}"),
    }
}
