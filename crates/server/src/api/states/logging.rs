//! What an execution logs: which events at which level, and how one is written (spec history.md section 6).

use engine::{Event, EventKind};
use runtime::Namespace;
use serde_json::{Map, Value};

use super::history;
use super::records::{Revision, revision_key};
use crate::logs::GroupPlace;
use crate::records::{RecordError, Records};

/// A revision's logging configuration, if it logs anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    level: Level,
    /// Whether inputs and outputs are told.
    pub include_data: bool,
    /// Where to.
    pub group: GroupPlace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    All,
    Error,
    Fatal,
}

impl Logging {
    fn of(configuration: &Value) -> Option<Logging> {
        let level = match configuration["level"].as_str()? {
            "ALL" => Level::All,
            "ERROR" => Level::Error,
            "FATAL" => Level::Fatal,
            _ => return None,
        };
        let destination = &configuration["destinations"][0]["cloudWatchLogsLogGroup"];
        Some(Logging {
            level,
            include_data: configuration["includeExecutionData"] == true,
            group: GroupPlace::from_arn(destination["logGroupArn"].as_str()?)?,
        })
    }

    /// Whether an event is logged.
    pub fn wants(&self, event: &Event) -> bool {
        match self.level {
            Level::All => true,
            Level::Error => is_error(&event.kind),
            Level::Fatal => is_fatal(&event.kind),
        }
    }
}

fn is_fatal(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::ExecutionFailed(_)
            | EventKind::ExecutionAborted(_)
            | EventKind::ExecutionTimedOut(_)
    )
}

/// By their names, which say how something ended; and the state whose business is to fail.
fn is_error(kind: &EventKind) -> bool {
    let name = history::name(kind);
    ["Failed", "TimedOut", "Aborted"]
        .iter()
        .any(|ending| name.ends_with(ending))
        || name == "FailStateEntered"
}

/// What executions of a revision log; none if they log nothing.
pub fn logging_of(
    records: &Records,
    namespace: &Namespace,
    revision: &str,
) -> Result<Option<Logging>, RecordError> {
    let key = revision_key(namespace.account(), namespace.region(), revision);
    let record = records.get::<Revision>(&key)?;
    Ok(record.and_then(|record| Logging::of(&record.value.configuration.logging)))
}

/// The longest message, in bytes: payloads of a longer one are truncated.
const LONGEST: usize = 262_144;

/// An event as it is logged: all numbers are texts ([rec] logs).
pub fn message(event: &Event, execution: &str, redrives: u32, include_data: bool) -> String {
    let (assigned, payload) = (assigned_bytes(&event.kind), event.kind.document());
    let payload = payload.map_or(0, |document| document.text().len());
    let is_surely_long = include_data && assigned + payload > LONGEST;
    let message = |is_truncated| render(event, execution, redrives, include_data, is_truncated);
    match is_surely_long {
        true => message(true),
        false => Some(message(false))
            .filter(|message| message.len() <= LONGEST)
            .unwrap_or_else(|| message(true)),
    }
}

/// What the variables that an event tells of take, in bytes.
pub fn assigned_bytes(kind: &EventKind) -> usize {
    match kind {
        EventKind::StateExited {
            assigned: Some(assigned),
            ..
        } => assigned.iter().map(|(_, value)| value.text().len()).sum(),
        _ => 0,
    }
}

fn render(
    event: &Event,
    execution: &str,
    redrives: u32,
    include_data: bool,
    is_truncated: bool,
) -> String {
    let (name, details) = history::logged(&event.kind, include_data, is_truncated);
    let mut message = Map::new();
    message.insert("id".into(), event.id.to_string().into());
    message.insert("type".into(), name.into());
    message.insert("details".into(), details.into());
    message.insert(
        "previous_event_id".into(),
        event.previous.to_string().into(),
    );
    message.insert(
        "event_timestamp".into(),
        event.timestamp.0.to_string().into(),
    );
    message.insert("execution_arn".into(), execution.into());
    message.insert("redrive_count".into(), redrives.to_string().into());
    Value::Object(message).to_string()
}
