//! How a run ended: what goes to standard output, what to standard error, and the exit status.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use console::{Style, style};
use engine::event::Failure;
use engine::{Event, Outcome, Timestamp};
use expr::json::Value;
use serde_json::json;

use super::HistoryFormat;
use super::driver::Ended;
use super::pretty::pretty;
use super::progress::span;
use super::session::Done;
use crate::api::states::show_event;
use crate::cli::show::history::{plain_cause, understand};
use crate::cli::show::history_table;
use crate::cli::show::screen::Screen;
use crate::cli::validate::report::snippet::visible;

/// The seconds that an execution may stay open on AWS.
const YEAR: i64 = 31_536_000;

/// The exit status: 0 SUCCEEDED, 1 FAILED, 3 TIMED_OUT, 4 ABORTED. 2 is for what cannot be run.
pub fn exit_code(outcome: &Outcome) -> ExitCode {
    match outcome {
        Outcome::Succeeded { .. } => ExitCode::SUCCESS,
        Outcome::Failed(_) => ExitCode::from(1),
        Outcome::TimedOut => ExitCode::from(3),
        Outcome::Aborted(_) => ExitCode::from(4),
    }
}

/// What goes to standard output: the output, or the history. A reader who went away is no reason to fail.
pub fn print(ended: &Ended, history: Option<HistoryFormat>) {
    let text = match (history, &ended.outcome) {
        (Some(HistoryFormat::Table), _) => return print_table(&ended.events),
        (Some(HistoryFormat::Json), _) => {
            let shown: Vec<_> = ended
                .events
                .iter()
                .map(|event| show_event(event, true))
                .collect();
            let history = json!({ "events": shown });
            match std::io::stdout().is_terminal() {
                true => format!("{history:#}"),
                false => history.to_string(),
            }
        }
        (None, Outcome::Succeeded { output }) => laid_out(output.value()),
        (None, _) => return,
    };
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

fn laid_out(value: &Value) -> String {
    match std::io::stdout().is_terminal() {
        true => pretty(value),
        false => value.to_text(),
    }
}

fn print_table(events: &[Event]) {
    let shown: Vec<_> = events.iter().map(|event| show_event(event, true)).collect();
    history_table::print(&Screen::stdout(), &understand(&shown));
}

/// What goes to standard error: how it ended, unless it is seen from the output alone, and what helps.
pub fn tell(done: &Done) {
    let ended = &done.ended;
    let screen = Screen::stderr();
    let (from, to) = (moment(ended.events.first()), moment(ended.events.last()));
    let (status, failure) = match &ended.outcome {
        Outcome::Succeeded { .. } if !screen.is_live() => return,
        Outcome::Succeeded { .. } => ("SUCCEEDED", Failure::default()),
        Outcome::Failed(failure) => ("FAILED", failure.clone()),
        Outcome::Aborted(failure) => ("ABORTED", failure.clone()),
        Outcome::TimedOut => ("TIMED_OUT", Failure::default()),
    };
    let colour = match &ended.outcome {
        Outcome::Succeeded { .. } => Style::new().green(),
        _ => Style::new().red(),
    };
    screen.line(format_args!(
        "{} after {}",
        colour.bold().apply_to(status),
        span(from, to)
    ));
    if let Some(error) = &failure.error {
        screen.line(format_args!("  error: {}", visible(error)));
    }
    if let Some(cause) = &failure.cause {
        screen.line(format_args!("  cause: {}", lines(&plain_cause(cause))));
    }
    if matches!(ended.outcome, Outcome::TimedOut) && to.0.saturating_sub(from.0) >= YEAR * 1_000 {
        screen.line("  an execution may stay open for one year, on AWS as here");
    }
    if !matches!(ended.outcome, Outcome::Succeeded { .. }) {
        for log in &done.logs {
            screen.line(format_args!("  log of {}:", log.function));
            log.lines
                .iter()
                .for_each(|line| screen.line(format_args!("    {line}")));
        }
    }
    for hint in &done.hints {
        screen.line(format_args!("{} {}", style("hint:").bold(), visible(hint)));
    }
}

/// Several lines stay several lines.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(visible).collect();
    lines.join("\n         ")
}

fn moment(event: Option<&Event>) -> Timestamp {
    event.map(|event| event.timestamp).unwrap_or_default()
}
