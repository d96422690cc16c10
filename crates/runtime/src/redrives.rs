//! Redrives: how often an execution was redriven and under which client tokens, what is left of it for another one, and
//! whether there may be one (spec api.md, RedriveExecution and DescribeExecution).

use std::sync::Arc;

use engine::{Limits, Timestamp};

use crate::record::{ExecutionRecord, Status};

/// Client tokens that are remembered of an execution (spec api.md, RedriveExecution).
const TOKENS: usize = 10;
/// How long after its end an execution may be redriven: 14 days (spec quotas.md).
pub const REDRIVABLE_MILLIS: i64 = 14 * 86_400_000;

/// The redrives of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redrives {
    /// `redriveCount`
    pub count: u32,
    /// `redriveDate`: the last one's.
    pub date: Option<Timestamp>,
    /// The tokens of the last redrives that had one, the oldest first.
    pub tokens: Vec<RedriveToken>,
    /// What its end left for a redrive; none while it runs, when it has succeeded, and for those that ended before
    /// there were redrives.
    pub remains: Option<Remains>,
}

/// A redrive by the name that its caller gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedriveToken {
    /// `clientToken`
    pub token: Arc<str>,
    /// What the caller was told.
    pub redriven: Timestamp,
}

/// What the end of an execution left for a redrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    /// Its frames are kept in rows of their own.
    Kept {
        /// The id of its last event.
        last_event: u64,
    },
    /// Its frames were more than a commit may hold.
    TooLarge,
}

impl Redrives {
    /// One more; a token beyond the last ten is forgotten.
    pub fn add(&mut self, at: Timestamp, token: Option<Arc<str>>) {
        self.count = self.count.saturating_add(1);
        self.date = Some(at);
        self.remains = None;
        self.tokens.extend(token.map(|token| RedriveToken {
            token,
            redriven: at,
        }));
        let forgotten = self.tokens.len().saturating_sub(TOKENS);
        self.tokens.drain(..forgotten);
    }

    /// When the redrive of this token was, if it is remembered.
    pub fn redriven_as(&self, token: &str) -> Option<Timestamp> {
        let known = self.tokens.iter().find(|known| &*known.token == token)?;
        Some(known.redriven)
    }
}

/// Why an execution cannot be redriven; displayed as `redriveStatusReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRedrivable {
    /// It is open, or has succeeded.
    #[error("Execution is {} and cannot be redriven", .0.as_str())]
    Status(Status),
    /// It is a child of a map run, which alone can redrive it.
    #[error("Execution is a child of a Map Run and can be redriven by it only")]
    Child,
    /// Its machine was deleted.
    #[error("State machine is in DELETING status")]
    MachineDeleted,
    /// An earlier version of this server ended it and kept nothing.
    #[error("Execution was started before the launch of RedriveExecution")]
    TooEarly,
    /// There is no room in its history for a redrive and what follows.
    #[error("Execution history event limit exceeded")]
    History,
    /// It has been open for as long as any may be.
    #[error("Execution has exceeded the max execution time")]
    OpenTime,
    /// It ended too long ago.
    #[error("Execution redrivable period exceeded")]
    Period,
    /// What it stood in at its end was too large to be kept: a bound of this server, not of AWS.
    #[error("Execution state was too large to be kept for a redrive")]
    TooLarge,
}

/// Whether an execution may be redriven now, as far as its record and its limits say.
pub fn redrivable(
    record: &ExecutionRecord,
    limits: &Limits,
    now: Timestamp,
) -> Result<(), NotRedrivable> {
    if matches!(record.status, Status::Running | Status::Succeeded) {
        return Err(NotRedrivable::Status(record.status));
    }
    if record.child.is_some() {
        return Err(NotRedrivable::Child);
    }
    let last_event = match record.redrives.remains {
        None => return Err(NotRedrivable::TooEarly),
        Some(Remains::TooLarge) => return Err(NotRedrivable::TooLarge),
        Some(Remains::Kept { last_event }) => last_event,
    };
    // The redrive's event must fit, and at least one more before the last one.
    if last_event + 1 >= limits.history_events {
        return Err(NotRedrivable::History);
    }
    let longest = record.facts.started.plus_seconds(limits.execution_seconds);
    if now >= longest {
        return Err(NotRedrivable::OpenTime);
    }
    let stopped = record.stopped.unwrap_or(record.facts.started);
    match now.0.saturating_sub(stopped.0) > REDRIVABLE_MILLIS {
        true => Err(NotRedrivable::Period),
        false => Ok(()),
    }
}
