//! Checkpoints: one row for every frame of an open execution, and one for what the execution itself counts.
//!
//! A state is written by its name, which is unique in the machine: a newer binary may number states differently.

use std::sync::Arc;

use asl::definition::Machine;
use engine::execution::{Children, MapItem, MapRunWait, Parent, Phase, TaskStage, TaskWait, Timer};
use engine::{Assignments, Execution, Frame, FrameId, TaskOutcome, TimerId, Timestamp};
use expr::json::Document;

use super::documents::{DocumentTable, Documents, Known};
use super::{DecodeError, Reader, Writer};

const VERSION: u8 = 1;

/// The counters of an execution: its header row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The last event's id.
    pub last_event: u64,
    /// The latest time of a step.
    pub now: Timestamp,
    /// The next frame's id.
    pub next_frame: u32,
    /// The next timer's id.
    pub next_timer: u32,
    /// The machine's `TimeoutSeconds`.
    pub deadline: Option<Timer>,
}

impl Header {
    /// Of an execution as it stands.
    pub fn of(execution: &Execution) -> Header {
        Header {
            last_event: execution.last_event,
            now: execution.now,
            next_frame: execution.next_frame,
            next_timer: execution.next_timer,
            deadline: execution.deadline,
        }
    }

    /// Bytes of the row.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::versioned(VERSION);
        out.uint(self.last_event);
        out.int(self.now.0);
        out.uint(u64::from(self.next_frame));
        out.uint(u64::from(self.next_timer));
        out.option(self.deadline, write_timer);
        out.finish()
    }

    /// The row of bytes.
    pub fn decode(bytes: &[u8]) -> Result<Header, DecodeError> {
        let mut reader = Reader::versioned(bytes, VERSION)?;
        Ok(Header {
            last_event: reader.uint()?,
            now: Timestamp(reader.int()?),
            next_frame: reader.uint32()?,
            next_timer: reader.uint32()?,
            deadline: reader.option(read_timer)?,
        })
    }
}

/// Bytes of a frame's row; `known.parent` is what the frame's parent gives its children.
pub fn encode(frame: &Frame, machine: &Machine, known: &Known) -> Vec<u8> {
    let mut documents = DocumentTable::new(known);
    let mut body = Writer::default();
    body.text(&machine.state(frame.state).name);
    body.uint(frame.previous);
    body.uint(documents.reference(&frame.input));
    body.uint(frame.entered);
    body.int(frame.entered_at.0);
    body.uint(frame.attempts.len() as u64);
    for attempts in &frame.attempts {
        body.uint(u64::from(*attempts));
    }
    body.option(frame.item.as_deref(), write_item);
    write_phase(&mut body, &frame.phase, machine, &mut documents);
    let mut out = Writer::versioned(VERSION);
    out.option(frame.parent, |out, parent| {
        out.uint(u64::from(parent.frame.0));
        out.uint(u64::from(parent.index));
    });
    documents.write(&mut out);
    out.append(body);
    out.finish()
}

/// Bytes of a variable's row.
pub fn encode_variable(value: &Document) -> Vec<u8> {
    let mut out = Writer::versioned(VERSION);
    out.text(value.text());
    out.finish()
}

/// The value of a variable's row.
pub fn decode_variable(bytes: &[u8]) -> Result<Document, DecodeError> {
    let mut reader = Reader::versioned(bytes, VERSION)?;
    Document::parse(reader.text()?).map_err(|_| DecodeError::Malformed("a variable is not JSON"))
}

/// The frame of a row, its variables still missing. `given_by` says what a parent gives its children; parents come before their children.
pub fn decode(
    bytes: &[u8],
    machine: &Machine,
    known: &Known,
    given_by: impl FnOnce(FrameId) -> Option<Document>,
) -> Result<Frame, DecodeError> {
    let mut reader = Reader::versioned(bytes, VERSION)?;
    let reader = &mut reader;
    let parent = reader.option(|r| {
        Ok(Parent {
            frame: FrameId(r.uint32()?),
            index: r.uint32()?,
        })
    })?;
    let known = Known {
        parent: parent.and_then(|parent| given_by(parent.frame)),
        ..known.clone()
    };
    let documents = Documents::read(&known, reader)?;
    Ok(Frame {
        parent,
        state: read_state(reader, machine)?,
        previous: reader.uint()?,
        input: documents.next(reader)?,
        entered: reader.uint()?,
        entered_at: Timestamp(reader.int()?),
        attempts: read_attempts(reader)?,
        item: reader.option(read_item)?,
        variables: Default::default(),
        phase: read_phase(reader, machine, &documents)?,
    })
}

/// What a start must know of a frame: nothing is looked up and no document is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its timers, but for a heartbeat's.
    pub timers: [Option<Timer>; 2],
    /// The timer of a heartbeat and its interval in seconds.
    pub heartbeat: Option<(Timer, u64)>,
    /// Whether it was doing something, other than waiting for time or for other frames.
    pub is_busy: bool,
}

/// The outline of a frame's row.
pub fn outline(bytes: &[u8]) -> Result<Outline, DecodeError> {
    let mut reader = Reader::versioned(bytes, VERSION)?;
    let reader = &mut reader;
    reader.option(|r| Ok((r.uint()?, r.uint()?)))?;
    for _ in 0..reader.count()? {
        reader.skip_text()?;
    }
    reader.skip_text()?;
    reader.uint()?;
    reader.uint()?;
    reader.uint()?;
    reader.int()?;
    read_attempts(reader)?;
    reader.option(|r| {
        r.uint()?;
        r.skip_text()
    })?;
    let waits = |first, second| Outline {
        timers: [first, second],
        heartbeat: None,
        is_busy: false,
    };
    let tag = reader.byte()?;
    Ok(match tag {
        tag::WAITING | tag::WAITING_WITH_OUTPUT | tag::BACKOFF => {
            waits(Some(read_timer(reader)?), None)
        }
        tag::CHILDREN | tag::DONE => waits(None, None),
        tag::TASK | tag::TASK_IN_STAGE => {
            reader.uint()?;
            reader.uint()?;
            reader.option(|r| r.skip_text())?;
            reader.option(Reader::uint)?;
            let seconds = reader.option(Reader::uint)?;
            let timeout = reader.option(read_timer)?;
            let heartbeat = reader.option(read_timer)?.zip(seconds);
            Outline {
                timers: [timeout, None],
                heartbeat,
                is_busy: tag == tag::TASK || stage::is_busy(reader.byte()?),
            }
        }
        tag::ENTERING | tag::RETRYING | tag::LEAVING | tag::LEAVING_ASSIGNING | tag::MAP_RUN => {
            Outline {
                timers: [None, None],
                heartbeat: None,
                is_busy: true,
            }
        }
        _ => return Err(DecodeError::Malformed("a frame's phase is unknown")),
    })
}

/// The phases' numbers on disk. Never reused, never renumbered.
mod tag {
    pub(super) const ENTERING: u8 = 1;
    pub(super) const RETRYING: u8 = 2;
    pub(super) const LEAVING: u8 = 3;
    pub(super) const TASK: u8 = 4;
    /// With an output that was fixed on entry; only read.
    pub(super) const WAITING_WITH_OUTPUT: u8 = 5;
    pub(super) const BACKOFF: u8 = 6;
    pub(super) const CHILDREN: u8 = 7;
    pub(super) const DONE: u8 = 8;
    pub(super) const WAITING: u8 = 9;
    pub(super) const LEAVING_ASSIGNING: u8 = 10;
    /// A task that is not done when its call is: the stage follows.
    pub(super) const TASK_IN_STAGE: u8 = 11;
    pub(super) const MAP_RUN: u8 = 17;
}

/// The stages' numbers on disk. Never reused, never renumbered.
mod stage {
    pub(super) const SUBMITTING: u8 = 1;
    /// The token was answered before the call was.
    pub(super) const ANSWERED: u8 = 2;
    pub(super) const CALLBACK: u8 = 3;
    pub(super) const JOB: u8 = 4;
    pub(super) const OFFERED: u8 = 5;
    pub(super) const TAKEN: u8 = 6;

    /// Whether there is something to do after a restart; the others wait for somebody who has a token.
    pub(super) fn is_busy(stage: u8) -> bool {
        !matches!(stage, CALLBACK | OFFERED | TAKEN)
    }
}

fn write_phase(
    out: &mut Writer,
    phase: &Phase,
    machine: &Machine,
    documents: &mut DocumentTable<'_>,
) {
    match phase {
        Phase::Entering => out.byte(tag::ENTERING),
        Phase::Retrying => out.byte(tag::RETRYING),
        Phase::Leaving {
            output,
            assigned,
            next,
        } => {
            out.byte(match assigned {
                None => tag::LEAVING,
                Some(_) => tag::LEAVING_ASSIGNING,
            });
            out.uint(documents.reference(output));
            out.option(*next, |out, next| out.text(&machine.state(next).name));
            if let Some(assigned) = assigned {
                out.uint(assigned.len() as u64);
                for (name, value) in assigned.iter() {
                    out.text(name);
                    out.uint(documents.reference(value));
                }
            }
        }
        Phase::Task(wait) => {
            out.byte(match wait.stage {
                TaskStage::Called => tag::TASK,
                _ => tag::TASK_IN_STAGE,
            });
            write_task(out, wait, documents);
            write_stage(out, &wait.stage, documents);
        }
        Phase::Waiting { timer } => {
            out.byte(tag::WAITING);
            write_timer(out, *timer);
        }
        Phase::Backoff { timer } => {
            out.byte(tag::BACKOFF);
            write_timer(out, *timer);
        }
        Phase::Children(children) => {
            out.byte(tag::CHILDREN);
            out.uint(children.started);
            out.uint(documents.reference(&children.effective));
            out.option(children.items.as_ref(), |out, items| {
                out.uint(documents.reference(items))
            });
            out.uint(u64::from(children.total));
            out.uint(u64::from(children.concurrency));
        }
        Phase::Done { output } => {
            out.byte(tag::DONE);
            out.uint(documents.reference(output));
        }
        Phase::MapRun(wait) => {
            out.byte(tag::MAP_RUN);
            out.uint(wait.started);
            out.text(&wait.uuid);
        }
        Phase::Failing { .. } => unreachable!("a step never ends with a frame that is failing"),
    }
}

fn read_phase(
    reader: &mut Reader<'_>,
    machine: &Machine,
    documents: &Documents<'_>,
) -> Result<Phase, DecodeError> {
    Ok(match reader.byte()? {
        tag::ENTERING => Phase::Entering,
        tag::RETRYING => Phase::Retrying,
        tag::LEAVING => Phase::Leaving {
            output: documents.next(reader)?,
            next: reader.option(|r| read_state(r, machine))?,
            assigned: None,
        },
        tag::LEAVING_ASSIGNING => Phase::Leaving {
            output: documents.next(reader)?,
            next: reader.option(|r| read_state(r, machine))?,
            assigned: Some(read_assignments(reader, documents)?),
        },
        tag::TASK => Phase::Task(read_task(reader, documents)?),
        tag::TASK_IN_STAGE => {
            let wait = read_task(reader, documents)?;
            let stage = read_stage(reader, documents)?;
            Phase::Task(TaskWait { stage, ..wait })
        }
        tag::WAITING => Phase::Waiting {
            timer: read_timer(reader)?,
        },
        tag::WAITING_WITH_OUTPUT => {
            let timer = read_timer(reader)?;
            documents.next(reader)?;
            Phase::Waiting { timer }
        }
        tag::BACKOFF => Phase::Backoff {
            timer: read_timer(reader)?,
        },
        tag::CHILDREN => Phase::Children(Box::new(Children {
            started: reader.uint()?,
            effective: documents.next(reader)?,
            items: reader.option(|r| documents.next(r))?,
            total: reader.uint32()?,
            concurrency: reader.uint32()?,
            frames: Vec::new(),
            done: 0,
        })),
        tag::MAP_RUN => Phase::MapRun(MapRunWait {
            started: reader.uint()?,
            uuid: reader.shared()?,
        }),
        tag::DONE => Phase::Done {
            output: documents.next(reader)?,
        },
        _ => return Err(DecodeError::Malformed("a frame's phase is unknown")),
    })
}

fn read_assignments(
    reader: &mut Reader<'_>,
    documents: &Documents<'_>,
) -> Result<Assignments, DecodeError> {
    let count = reader.count()?;
    (0..count)
        .map(|_| Ok((reader.shared()?, documents.next(reader)?)))
        .collect()
}

fn write_task(out: &mut Writer, wait: &TaskWait, documents: &mut DocumentTable<'_>) {
    out.uint(wait.scheduled);
    out.uint(documents.reference(&wait.input));
    out.option(wait.credentials.as_deref(), Writer::text);
    out.option(wait.timeout_seconds, Writer::uint);
    out.option(wait.heartbeat_seconds, Writer::uint);
    out.option(wait.timeout, write_timer);
    out.option(wait.heartbeat, write_timer);
}

fn read_task(reader: &mut Reader<'_>, documents: &Documents<'_>) -> Result<TaskWait, DecodeError> {
    Ok(TaskWait {
        scheduled: reader.uint()?,
        input: documents.next(reader)?,
        credentials: reader.option(Reader::shared)?,
        timeout_seconds: reader.option(Reader::uint)?,
        heartbeat_seconds: reader.option(Reader::uint)?,
        timeout: reader.option(read_timer)?,
        heartbeat: reader.option(read_timer)?,
        stage: TaskStage::Called,
    })
}

fn write_stage(out: &mut Writer, stage: &TaskStage, documents: &mut DocumentTable<'_>) {
    match stage {
        TaskStage::Called => {}
        TaskStage::Submitting { answered: None } => out.byte(stage::SUBMITTING),
        TaskStage::Submitting {
            answered: Some(outcome),
        } => {
            out.byte(stage::ANSWERED);
            let (output, error, cause) = match &**outcome {
                TaskOutcome::Succeeded(output) | TaskOutcome::Submitted(output) => {
                    (Some(output), &None, &None)
                }
                TaskOutcome::Failed { error, cause }
                | TaskOutcome::SubmitFailed { error, cause } => (None, error, cause),
            };
            out.option(output, |out, output| out.uint(documents.reference(output)));
            out.option(error.as_deref(), Writer::text);
            out.option(cause.as_deref(), Writer::text);
        }
        TaskStage::Callback => out.byte(stage::CALLBACK),
        TaskStage::Job { submission } => {
            out.byte(stage::JOB);
            out.uint(documents.reference(submission));
        }
        TaskStage::Offered { since } => {
            out.byte(stage::OFFERED);
            out.int(since.0);
        }
        TaskStage::Taken => out.byte(stage::TAKEN),
    }
}

fn read_stage(
    reader: &mut Reader<'_>,
    documents: &Documents<'_>,
) -> Result<TaskStage, DecodeError> {
    Ok(match reader.byte()? {
        stage::SUBMITTING => TaskStage::Submitting { answered: None },
        stage::ANSWERED => {
            let output = reader.option(|r| documents.next(r))?;
            let error = reader.option(Reader::text)?.map(str::to_owned);
            let cause = reader.option(Reader::text)?.map(str::to_owned);
            let outcome = match output {
                Some(output) => TaskOutcome::Succeeded(output),
                None => TaskOutcome::Failed { error, cause },
            };
            TaskStage::Submitting {
                answered: Some(Box::new(outcome)),
            }
        }
        stage::CALLBACK => TaskStage::Callback,
        stage::JOB => TaskStage::Job {
            submission: documents.next(reader)?,
        },
        stage::OFFERED => TaskStage::Offered {
            since: Timestamp(reader.int()?),
        },
        stage::TAKEN => TaskStage::Taken,
        _ => return Err(DecodeError::Malformed("a task's stage is unknown")),
    })
}

fn write_timer(out: &mut Writer, timer: Timer) {
    out.uint(u64::from(timer.id.0));
    out.int(timer.due.0);
}

fn read_timer(reader: &mut Reader<'_>) -> Result<Timer, DecodeError> {
    Ok(Timer {
        id: TimerId(reader.uint32()?),
        due: Timestamp(reader.int()?),
    })
}

fn read_state(
    reader: &mut Reader<'_>,
    machine: &Machine,
) -> Result<asl::definition::StateId, DecodeError> {
    machine.find(reader.text()?).ok_or(DecodeError::Malformed(
        "a frame stands in a state that the definition lacks",
    ))
}

fn read_attempts(reader: &mut Reader<'_>) -> Result<Vec<u32>, DecodeError> {
    let count = reader.count()?;
    (0..count).map(|_| reader.uint32()).collect()
}

/// Index and value of an item.
pub(crate) fn write_item(out: &mut Writer, item: &MapItem) {
    out.uint(u64::from(item.index));
    out.text(&item.value.to_text());
}

/// Index and value of an item.
pub(crate) fn read_item(reader: &mut Reader<'_>) -> Result<Arc<MapItem>, DecodeError> {
    let index = reader.uint32()?;
    let value = expr::json::parse(reader.text()?)
        .map_err(|_| DecodeError::Malformed("an item is not JSON"))?;
    Ok(Arc::new(MapItem { index, value }))
}
