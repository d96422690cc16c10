//! What is kept of an execution for as long as it is known: the row that Describe shows.

use std::sync::Arc;

use engine::event::Failure;
use engine::{Facts, Outcome, Timestamp};
use expr::json::Document;

use crate::codec::documents::Known;
use crate::map_runs::child::ChildOf;
use crate::redrives::Redrives;

/// An execution's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Open.
    Running,
    /// Ended with an output.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Stopped.
    Aborted,
    /// Its machine's TimeoutSeconds passed.
    TimedOut,
}

impl Status {
    /// All of them, by their numbers on disk.
    pub const ALL: [Status; 5] = [
        Status::Running,
        Status::Succeeded,
        Status::Failed,
        Status::Aborted,
        Status::TimedOut,
    ];

    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Running => "RUNNING",
            Status::Succeeded => "SUCCEEDED",
            Status::Failed => "FAILED",
            Status::Aborted => "ABORTED",
            Status::TimedOut => "TIMED_OUT",
        }
    }

    /// Its number on disk.
    pub fn number(self) -> u8 {
        Status::ALL
            .iter()
            .position(|status| *status == self)
            .expect("the table has every status") as u8
    }

    /// From its number on disk.
    pub fn from_number(number: u8) -> Option<Status> {
        Status::ALL.get(usize::from(number)).copied()
    }
}

/// What an execution runs for as long as it lives, whatever becomes of the names that led there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedRevision {
    /// The name under which the definition's row was written.
    pub key: Arc<str>,
    /// The version that was asked for or chosen, as the caller names it.
    pub version: Option<Arc<str>>,
    /// The alias that chose the version, as the caller names it.
    pub alias: Option<Arc<str>>,
}

impl PinnedRevision {
    /// A revision that was started by its machine's name alone.
    pub fn unqualified(key: impl Into<Arc<str>>) -> PinnedRevision {
        PinnedRevision {
            key: key.into(),
            version: None,
            alias: None,
        }
    }
}

impl From<&str> for PinnedRevision {
    fn from(key: &str) -> PinnedRevision {
        PinnedRevision::unqualified(key)
    }
}

impl From<String> for PinnedRevision {
    fn from(key: String) -> PinnedRevision {
        PinnedRevision::unqualified(key)
    }
}

/// What the runtime keeps of an execution.
#[derive(Clone, Debug)]
pub struct ExecutionRecord {
    /// What never changes.
    pub facts: Arc<Facts>,
    /// The definition revision that it runs, and what led to it.
    pub revision: PinnedRevision,
    /// `X-Amzn-Trace-Id` or `traceHeader`.
    pub trace_header: Option<Arc<str>>,
    /// Where it stands.
    pub status: Status,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// Its output, if it succeeded.
    pub output: Option<Document>,
    /// Its error and cause, if it has them.
    pub failure: Failure,
    /// Of which map run it is a child.
    pub child: Option<ChildOf>,
    /// How it was taken up again.
    pub redrives: Redrives,
}

impl ExecutionRecord {
    /// Of an execution that begins.
    pub fn started(
        facts: Arc<Facts>,
        revision: PinnedRevision,
        trace_header: Option<Arc<str>>,
    ) -> ExecutionRecord {
        ExecutionRecord {
            facts,
            revision,
            trace_header,
            status: Status::Running,
            stopped: None,
            output: None,
            failure: Failure::default(),
            child: None,
            redrives: Redrives::default(),
        }
    }

    /// Takes over how it ended. A timeout shows neither error nor cause ([rec] api.md, DescribeExecution).
    pub fn close(&mut self, outcome: &Outcome, now: Timestamp) {
        self.stopped = Some(now);
        match outcome {
            Outcome::Succeeded { output } => {
                self.status = Status::Succeeded;
                self.output = Some(output.clone());
            }
            Outcome::Failed(failure) => {
                self.status = Status::Failed;
                self.failure = failure.clone();
            }
            Outcome::Aborted(failure) => {
                self.status = Status::Aborted;
                self.failure = failure.clone();
            }
            Outcome::TimedOut => self.status = Status::TimedOut,
        }
    }

    /// It runs again: nothing is left of how it ended.
    pub fn reopen(&mut self, now: Timestamp, token: Option<Arc<str>>) {
        self.status = Status::Running;
        self.stopped = None;
        self.output = None;
        self.failure = Failure::default();
        self.redrives.add(now, token);
    }

    /// What it is listed under: its machine's name, or its map run.
    pub fn list_name(&self) -> &str {
        match &self.child {
            Some(child) => child.list_name(),
            None => &self.facts.machine_name,
        }
    }

    /// The documents that other rows of the execution need not repeat.
    pub fn known(&self) -> Known {
        Known {
            input: self.facts.input.clone(),
            output: self.output.clone(),
            parent: None,
        }
    }
}
