//! An execution's history as a client reads it, and what can be told from it: which state an event belongs to.
//!
//! Every event names the one before it on its own path, so a path's open states are those of the event before, plus
//! or minus one. That holds within Parallel branches and Map iterations too, where neighbours in the list belong to
//! different paths.

use std::collections::HashMap;

use serde_json::Value;

use crate::cli::client::{Client, ClientError};

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// From 1, without gaps.
    pub id: u64,
    /// The event before it on its path; 0 for none.
    pub previous: u64,
    /// Seconds since 1970.
    pub at: f64,
    /// `TaskStateEntered`, ...
    pub kind: String,
    /// The one `...EventDetails` member, or null.
    pub details: Value,
    /// The state it belongs to; none for the execution's own events.
    pub state: Option<String>,
    /// The how manieth attempt of its Task state this is, from 1; 0 before the first and outside of Task states.
    pub attempt: u32,
}

impl Event {
    /// A text among the details.
    pub fn detail(&self, name: &str) -> &str {
        self.details
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Whether the execution ended with it.
    pub fn is_end(&self) -> bool {
        let ends = [
            "ExecutionSucceeded",
            "ExecutionFailed",
            "ExecutionAborted",
            "ExecutionTimedOut",
        ];
        ends.contains(&self.kind.as_str())
    }

    /// Whether a state begins with it.
    pub fn is_entry(&self) -> bool {
        self.kind.ends_with("StateEntered")
    }
}

/// All events of an execution so far, oldest first.
pub async fn read(client: &Client, execution_arn: &str) -> Result<Vec<Event>, ClientError> {
    let mut shown = Vec::new();
    let mut input = serde_json::json!({ "executionArn": execution_arn, "maxResults": 1000 });
    loop {
        let page = client.states("GetExecutionHistory", input.clone()).await?;
        shown.extend(page["events"].as_array().into_iter().flatten().cloned());
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => break,
        }
    }
    Ok(understand(&shown))
}

/// Events as the API shows them, oldest first, each with the state it belongs to.
pub fn understand(shown: &[Value]) -> Vec<Event> {
    let mut reader = Reader::default();
    shown.iter().map(|event| reader.read(event)).collect()
}

/// Reads the events of one execution in order.
#[derive(Debug, Default)]
pub struct Reader {
    /// The states that are open after each event on its path.
    open_after: HashMap<u64, Vec<Open>>,
}

impl Reader {
    /// The next event, as the API shows it.
    pub fn read(&mut self, shown: &Value) -> Event {
        let mut event = event(shown);
        let before = self.open_after.get(&event.previous);
        let mut open = before.cloned().unwrap_or_default();
        follow(&mut open, &mut event);
        self.open_after.insert(event.id, open);
        event
    }
}

fn event(shown: &Value) -> Event {
    let members = shown.as_object().into_iter().flatten();
    let details = members
        .filter(|(name, _)| name.ends_with("EventDetails"))
        .map(|(_, details)| details.clone())
        .next();
    Event {
        id: shown["id"].as_u64().unwrap_or_default(),
        previous: shown["previousEventId"].as_u64().unwrap_or_default(),
        at: shown["timestamp"].as_f64().unwrap_or_default(),
        kind: shown["type"].as_str().unwrap_or_default().to_owned(),
        details: details.unwrap_or(Value::Null),
        state: None,
        attempt: 0,
    }
}

/// A state that is open on a path.
#[derive(Clone, Debug)]
struct Open {
    /// `Task`, `Map`, ...
    kind: String,
    name: String,
    attempts: u32,
}

/// Brings the path's open states up to this event, and says in the event which one it belongs to.
fn follow(open: &mut Vec<Open>, event: &mut Event) {
    let name = event.detail("name").to_owned();
    if event.kind.starts_with("Execution") {
        return;
    }
    if let Some(kind) = event.kind.strip_suffix("StateEntered") {
        open.push(Open {
            kind: kind.to_owned(),
            name,
            attempts: 0,
        });
    } else if event.kind.ends_with("StateExited") {
        open.truncate(open.iter().rposition(|open| open.name == name).unwrap_or(0));
        event.state = Some(name);
        return;
    }
    back_to_container(open, &event.kind);
    if let Some(state) = open.last_mut() {
        state.attempts += u32::from(event.kind.ends_with("Scheduled"));
        event.attempt = state.attempts;
        event.state = Some(state.name.clone());
    }
}

/// An event of a Parallel or Map state itself, after one of a state within it.
fn back_to_container(open: &mut Vec<Open>, event: &str) {
    for (prefix, kind) in [("ParallelState", "Parallel"), ("Map", "Map")] {
        if event.starts_with(prefix) {
            let position = open.iter().rposition(|open| open.kind == kind);
            open.truncate(position.map_or(0, |position| position + 1));
        }
    }
}

/// The error's own words: Lambda wraps them in a JSON object.
pub fn plain_cause(cause: &str) -> String {
    let wrapped: Option<Value> = serde_json::from_str(cause).ok();
    let message = wrapped
        .as_ref()
        .and_then(|cause| cause.get("errorMessage")?.as_str());
    message.unwrap_or(cause).to_owned()
}
