//! A history as a table: id, time since the start, type, state, and the one detail that matters.

use console::{Style, StyledObject};
use serde_json::Value;

use super::history::{Event, plain_cause};
use super::screen::{Screen, pad, shorten};

/// The fewest columns that a detail gets.
const MIN_DETAIL: usize = 24;

/// Prints a whole history.
pub(super) fn print(screen: &Screen, events: &[Event]) {
    let widest = |text: fn(&Event) -> &str| {
        events.iter().map(|event| console::measure_text_width(text(event))).max().unwrap_or(0)
    };
    let columns = Columns { kind: widest(|event| &event.kind).max(4), state: widest(state).max(5) };
    let started = events.first().map_or(0.0, |event| event.at);
    let head = format!("  {:>4} {:>9}  {}  {}  DETAIL", "ID", "TIME", pad("TYPE", columns.kind), pad("STATE", columns.state));
    screen.line(Style::new().dim().apply_to(head));
    for event in events {
        screen.line(columns.row(event, started, screen.width()));
    }
}

/// Widths of the columns that depend on the history.
struct Columns {
    kind: usize,
    state: usize,
}

impl Columns {
    fn row(&self, event: &Event, started: f64, width: usize) -> String {
        let taken = 2 + 4 + 1 + 9 + 2 + self.kind + 2 + self.state + 2;
        let detail = shorten(&detail(event), width.saturating_sub(taken).max(MIN_DETAIL));
        let (kind, state) = (pad(&event.kind, self.kind), pad(state(event), self.state));
        let row = format!(
            "  {:>4} {:>8.3}s  {}  {state}  {}",
            event.id,
            event.at - started,
            coloured(event, kind),
            Style::new().dim().apply_to(detail),
        );
        row.trim_end().to_owned()
    }
}

fn state(event: &Event) -> &str {
    event.state.as_deref().unwrap_or("")
}

fn coloured(event: &Event, text: String) -> StyledObject<String> {
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| event.kind.ends_with(suffix));
    let style = Style::new();
    let style = match event.kind.as_str() {
        _ if ends(&["Failed", "TimedOut", "Aborted"]) => style.red(),
        _ if ends(&["Succeeded"]) => style.green(),
        _ if event.is_entry() => style.bold(),
        _ => style,
    };
    style.apply_to(text)
}

/// The one thing that a reader wants to know of an event.
fn detail(event: &Event) -> String {
    match event.kind.as_str() {
        "ExecutionStarted" => format!("input {}", event.detail("input")),
        "TaskScheduled" => scheduled(event),
        "TaskSucceeded" => payload(event.detail("output")),
        "MapStateStarted" => format!("{} items", event.details["length"]),
        "WaitStateEntered" | "ChoiceStateEntered" => String::new(),
        kind if kind.starts_with("MapIteration") => format!("item {}", event.details["index"]),
        kind if kind.ends_with("StateExited") || kind == "ExecutionSucceeded" => event.detail("output").to_owned(),
        _ if event.details.get("error").is_some() => {
            format!("{}: {}", event.detail("error"), plain_cause(event.detail("cause")))
        }
        _ => String::new(),
    }
}

fn scheduled(event: &Event) -> String {
    let parameters: Value = serde_json::from_str(event.detail("parameters")).unwrap_or_default();
    match parameters["FunctionName"].as_str() {
        Some(function) => format!("{}:{} {function}", event.detail("resourceType"), event.detail("resource")),
        None => format!("{}:{}", event.detail("resourceType"), event.detail("resource")),
    }
}

/// What the function answered, without what Lambda wraps around it.
fn payload(output: &str) -> String {
    let answer: Value = serde_json::from_str(output).unwrap_or_default();
    answer.get("Payload").map_or_else(|| output.to_owned(), Value::to_string)
}
