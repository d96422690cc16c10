//! A history as a table: id, time since the start, type, state, and the one detail that matters.

use console::{Style, StyledObject};
use serde_json::Value;

use super::history::{Event, plain_cause};
use super::screen::{Screen, pad, shorten};

/// The fewest columns that a detail gets.
const MIN_DETAIL: usize = 16;

/// Prints a whole history.
pub fn print(screen: &Screen, events: &[Event]) {
    let widest = |text: fn(&Event) -> &str| {
        events
            .iter()
            .map(|event| console::measure_text_width(text(event)))
            .max()
            .unwrap_or(0)
    };
    let started = events.first().map_or(0.0, |event| event.at);
    let ended = events.last().map_or(0.0, |event| event.at);
    let columns = Columns {
        time: time(ended - started).len().max(9),
        kind: widest(|event| &event.kind).max(4),
        state: widest(state).max(5),
    };
    let head = format!(
        "  {:>4} {:>width$}  {}  {}  DETAIL",
        "ID",
        "TIME",
        pad("TYPE", columns.kind),
        pad("STATE", columns.state),
        width = columns.time,
    );
    screen.line(Style::new().dim().apply_to(head));
    for event in events {
        let waited = before(events, event).map_or(0.0, |before| event.at - before.at);
        screen.line(columns.row(
            event,
            event.at - started,
            &detail(event, waited),
            screen.width(),
        ));
    }
}

/// Widths of the columns that depend on the history.
struct Columns {
    time: usize,
    kind: usize,
    state: usize,
}

impl Columns {
    fn row(&self, event: &Event, at: f64, detail: &str, width: usize) -> String {
        let taken = 2 + 4 + 1 + self.time + 2 + self.kind + 2 + self.state + 2;
        let detail = shorten(detail, width.saturating_sub(taken).max(MIN_DETAIL));
        let (kind, state) = (pad(&event.kind, self.kind), pad(state(event), self.state));
        let row = format!(
            "  {:>4} {:>width$}  {}  {state}  {}",
            event.id,
            time(at),
            coloured(event, kind),
            Style::new().dim().apply_to(detail),
            width = self.time,
        );
        row.trim_end().to_owned()
    }
}

/// `1.250s`
fn time(seconds: f64) -> String {
    format!("{seconds:.3}s")
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

/// The event before this one on its path.
fn before<'a>(events: &'a [Event], event: &Event) -> Option<&'a Event> {
    let place = usize::try_from(event.previous).ok()?.checked_sub(1)?;
    // Ids have no gaps.
    events.get(place)
}

/// The one thing that a reader wants to know of an event; `waited` seconds after the event before it.
fn detail(event: &Event, waited: f64) -> String {
    match event.kind.as_str() {
        "ExecutionStarted" => format!("input {}", compact(event.detail("input"))),
        "ExecutionSucceeded" => format!("output {}", event.detail("output")),
        "TaskScheduled" | "LambdaFunctionScheduled" if event.attempt > 1 => {
            format!(
                "{}, attempt {}, {waited:.1} s later",
                called(event),
                event.attempt
            )
        }
        "TaskScheduled" | "LambdaFunctionScheduled" => called(event),
        "TaskSucceeded" | "LambdaFunctionSucceeded" => payload(event.detail("output")),
        "MapStateStarted" => format!("{} items", event.details["length"]),
        kind if kind.starts_with("MapIteration") => format!("item {}", event.details["index"]),
        _ if event.details.get("error").is_some() => {
            format!(
                "{}: {}",
                event.detail("error"),
                plain_cause(event.detail("cause"))
            )
        }
        _ => String::new(),
    }
}

/// `lambda:invoke validate-order`
fn called(event: &Event) -> String {
    if event.kind == "LambdaFunctionScheduled" {
        return event.detail("resource").to_owned();
    }
    let parameters: Value = serde_json::from_str(event.detail("parameters")).unwrap_or_default();
    let function = parameters["FunctionName"].as_str().unwrap_or_default();
    format!(
        "{}:{} {function}",
        event.detail("resourceType"),
        event.detail("resource")
    )
}

/// What the function answered, without what Lambda wraps around it.
fn payload(output: &str) -> String {
    let answer: Value = serde_json::from_str(output).unwrap_or_default();
    answer
        .get("Payload")
        .map_or_else(|| output.to_owned(), Value::to_string)
}

/// An input as its sender laid it out, on one line.
fn compact(json: &str) -> String {
    serde_json::from_str(json).map_or_else(|_| json.to_owned(), |value: Value| value.to_string())
}
