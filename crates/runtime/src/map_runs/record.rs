//! How a map run stands: its counts, its limits, how far the source was read, how it ended.

use engine::Timestamp;
use engine::event::Failure;
use engine::map_run::{MapRunOutcome, MapRunRequest, RunItems, Tolerance};
use expr::json::{Document, Value};

use crate::codec::events::{read_failure, write_failure};
use crate::codec::{DecodeError, Reader, Writer};
use crate::record::Status;

const VERSION: u8 = 1;

/// A map run's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// Open.
    Running,
    /// All is done.
    Succeeded,
    /// Too much failed, or the items could not be read, or the results not be written.
    Failed,
    /// Its execution gave it up.
    Aborted,
}

/// By their numbers on disk, with the API's names.
const STATUSES: [(RunStatus, &str); 4] = [
    (RunStatus::Running, "RUNNING"),
    (RunStatus::Succeeded, "SUCCEEDED"),
    (RunStatus::Failed, "FAILED"),
    (RunStatus::Aborted, "ABORTED"),
];

impl RunStatus {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        STATUSES[usize::from(self.number())].1
    }

    fn number(self) -> u8 {
        let position = STATUSES.iter().position(|(status, _)| *status == self);
        position.expect("the table has every status") as u8
    }
}

/// Counts of one kind: items or executions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Started and not ended.
    pub running: u64,
    /// Ended well.
    pub succeeded: u64,
    /// Failed.
    pub failed: u64,
    /// Timed out.
    pub timed_out: u64,
    /// Stopped.
    pub aborted: u64,
    /// All that is known of.
    pub total: u64,
    /// Whose results are in the run's result.
    pub results_written: u64,
}

impl Tally {
    /// Known and not started.
    pub fn pending(&self) -> u64 {
        self.total.saturating_sub(self.running + self.ended())
    }

    /// Ended in any way.
    pub fn ended(&self) -> u64 {
        self.succeeded + self.unsuccessful()
    }

    /// Ended otherwise than well.
    pub fn unsuccessful(&self) -> u64 {
        self.failed + self.timed_out + self.aborted
    }

    fn add(&mut self, status: Status, number: u64) {
        *match status {
            Status::Running => &mut self.running,
            Status::Succeeded => &mut self.succeeded,
            Status::Failed => &mut self.failed,
            Status::TimedOut => &mut self.timed_out,
            Status::Aborted => &mut self.aborted,
        } += number;
    }

    fn fields(&mut self) -> [&mut u64; 7] {
        [
            &mut self.running,
            &mut self.succeeded,
            &mut self.failed,
            &mut self.timed_out,
            &mut self.aborted,
            &mut self.total,
            &mut self.results_written,
        ]
    }
}

/// The counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of child executions.
    pub executions: Tally,
    /// Of items.
    pub items: Tally,
}

impl Counts {
    /// One child of so many items is in this status.
    pub(super) fn add(&mut self, status: Status, items: u32) {
        self.executions.add(status, 1);
        self.items.add(status, u64::from(items));
    }

    /// One child that ran has ended.
    pub(super) fn end(&mut self, status: Status, items: u32) {
        self.executions.running = self.executions.running.saturating_sub(1);
        self.items.running = self.items.running.saturating_sub(u64::from(items));
        self.add(status, items);
    }
}

/// How far the source was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// What the source calls the place after the last item that was taken; empty at the beginning.
    pub place: Vec<u8>,
    /// Items taken.
    pub items: u64,
    /// Children made of them.
    pub children: u64,
    /// Whether there are no more.
    pub is_at_end: bool,
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// Where it stands.
    pub status: RunStatus,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// How much may go on and go wrong.
    pub tolerance: Tolerance,
    /// The counts when the row was written.
    pub counts: Counts,
    /// How far the source was read.
    pub cursor: Cursor,
    /// Why it is going to end before all is done.
    pub ending: Option<Failure>,
    /// How it ended; none while it is open, and after it was aborted.
    pub outcome: Option<MapRunOutcome>,
}

impl RunRecord {
    pub(super) fn begins(request: &MapRunRequest, now: Timestamp) -> RunRecord {
        let mut counts = Counts::default();
        if let RunItems::Given(items) = &request.items {
            let number = items.value().as_array().map_or(0, <[Value]>::len) as u64;
            counts.items.total = number;
            if request.batches.is_none() {
                counts.executions.total = number;
            }
        }
        RunRecord {
            status: RunStatus::Running,
            started: now,
            stopped: None,
            tolerance: request.tolerance,
            counts,
            cursor: Cursor::default(),
            ending: None,
            outcome: None,
        }
    }

    /// Bytes of the row.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::versioned(VERSION);
        out.byte(self.status.number());
        out.int(self.started.0);
        out.option(self.stopped, |out, at| out.int(at.0));
        out.uint(self.tolerance.concurrency);
        out.option(self.tolerance.failures, Writer::uint);
        out.option(self.tolerance.percentage, |out, percentage| {
            out.bytes(&percentage.to_be_bytes())
        });
        let mut counts = self.counts;
        for tally in [&mut counts.executions, &mut counts.items] {
            tally
                .fields()
                .into_iter()
                .for_each(|field| out.uint(*field));
        }
        out.bytes(&self.cursor.place);
        out.uint(self.cursor.items);
        out.uint(self.cursor.children);
        out.byte(u8::from(self.cursor.is_at_end));
        out.option(self.ending.as_ref(), write_failure);
        out.option(self.outcome.as_ref(), |out, outcome| match outcome {
            MapRunOutcome::Succeeded(result) => {
                out.byte(1);
                out.text(result.text());
            }
            MapRunOutcome::Failed(failure) => {
                out.byte(2);
                write_failure(out, failure);
            }
        });
        out.finish()
    }

    /// The row of bytes.
    pub fn decode(bytes: &[u8]) -> Result<RunRecord, DecodeError> {
        let mut reader = Reader::versioned(bytes, VERSION)?;
        let reader = &mut reader;
        let status = STATUSES
            .get(usize::from(reader.byte()?))
            .ok_or(DecodeError::Malformed("a map run's status is unknown"))?
            .0;
        let (started, stopped) = (reader.int()?, reader.option(Reader::int)?);
        let tolerance = Tolerance {
            concurrency: reader.uint()?,
            failures: reader.option(Reader::uint)?,
            percentage: reader.option(|reader| {
                let bytes = reader.bytes()?.try_into().map_err(|_| DecodeError::Short)?;
                Ok(f64::from_be_bytes(bytes))
            })?,
        };
        let mut counts = Counts::default();
        for tally in [&mut counts.executions, &mut counts.items] {
            for field in tally.fields() {
                *field = reader.uint()?;
            }
        }
        Ok(RunRecord {
            status,
            started: Timestamp(started),
            stopped: stopped.map(Timestamp),
            tolerance,
            counts,
            cursor: Cursor {
                place: reader.bytes()?.to_vec(),
                items: reader.uint()?,
                children: reader.uint()?,
                is_at_end: reader.byte()? != 0,
            },
            ending: reader.option(read_failure)?,
            outcome: reader.option(|reader| match reader.byte()? {
                1 => Ok(MapRunOutcome::Succeeded(Document::trusted(
                    reader.shared()?,
                ))),
                2 => Ok(MapRunOutcome::Failed(read_failure(reader)?)),
                _ => Err(DecodeError::Malformed("an outcome is unknown")),
            })?,
        })
    }
}
