//! History chunks: the events of one commit, compact. A chunk is never changed after it is written.
//!
//! Layout, version 1: first id, time of the first event, names, documents, count, then the events. An event is its
//! kind, how far back its previous event is (0: none, so the distance is kept as `id - previous`, with 0 for "none"),
//! the milliseconds since the event before, and its fields.

use std::collections::HashMap;
use std::sync::Arc;

use engine::event::{Failure, Iteration, StateType, TaskNames};
use engine::{Assignments, Event, EventKind, Timestamp};

use super::documents::{DocumentTable, Documents, Known};
use super::{DecodeError, Reader, Writer};

const VERSION: u8 = 1;

/// Bytes of a chunk; `events` is not empty.
pub fn encode(events: &[Event], known: &Known) -> Vec<u8> {
    let mut names = NameTable::default();
    let mut documents = DocumentTable::new(known);
    let mut body = Writer::default();
    let first = events.first().map_or(0, |event| event.id);
    let start = events.first().map_or(Timestamp(0), |event| event.timestamp);
    let mut time = start;
    for event in events {
        body.uint(if event.previous == 0 {
            0
        } else {
            event.id - event.previous
        });
        body.int(event.timestamp.0 - time.0);
        time = event.timestamp;
        Encoder {
            out: &mut body,
            names: &mut names,
            documents: &mut documents,
        }
        .kind(&event.kind);
    }
    let mut out = Writer::versioned(VERSION);
    out.uint(first);
    out.int(start.0);
    names.write(&mut out);
    documents.write(&mut out);
    out.uint(events.len() as u64);
    out.append(body);
    out.finish()
}

/// The events of a chunk.
pub fn decode(bytes: &[u8], known: &Known) -> Result<Vec<Event>, DecodeError> {
    let mut reader = Reader::versioned(bytes, VERSION)?;
    let first = reader.uint()?;
    let mut time = reader.int()?;
    let count = reader.count()?;
    let names = (0..count)
        .map(|_| reader.shared())
        .collect::<Result<Vec<_>, _>>()?;
    let documents = Documents::read(known, &mut reader)?;
    let count = reader.count()? as u64;
    let mut events = Vec::with_capacity(count as usize);
    for id in first..first.saturating_add(count) {
        let back = reader.uint()?;
        time = time.saturating_add(reader.int()?);
        let previous = if back == 0 {
            0
        } else {
            id.checked_sub(back)
                .ok_or(DecodeError::Malformed("an event points too far back"))?
        };
        let kind = Decoder {
            reader: &mut reader,
            names: &names,
            documents: &documents,
        }
        .kind()?;
        events.push(Event {
            id,
            previous,
            timestamp: Timestamp(time),
            kind,
        });
    }
    Ok(events)
}

/// Names that events repeat: states, services.
#[derive(Default)]
struct NameTable {
    names: Vec<Arc<str>>,
    by_address: HashMap<usize, u64>,
}

impl NameTable {
    fn reference(&mut self, name: &Arc<str>) -> u64 {
        let address = name.as_ptr() as usize;
        if let Some(found) = self.by_address.get(&address) {
            return *found;
        }
        let reference = self.names.len() as u64;
        self.names.push(name.clone());
        self.by_address.insert(address, reference);
        reference
    }

    fn write(&self, out: &mut Writer) {
        out.uint(self.names.len() as u64);
        for name in &self.names {
            out.text(name);
        }
    }
}

/// The kinds' numbers on disk. Never reused, never renumbered.
mod tag {
    pub(super) const EXECUTION_STARTED: u8 = 1;
    pub(super) const EXECUTION_SUCCEEDED: u8 = 2;
    pub(super) const EXECUTION_FAILED: u8 = 3;
    pub(super) const EXECUTION_ABORTED: u8 = 4;
    pub(super) const EXECUTION_TIMED_OUT: u8 = 5;
    pub(super) const STATE_ENTERED: u8 = 7;
    pub(super) const STATE_EXITED: u8 = 8;
    pub(super) const STATE_ABORTED: u8 = 9;
    pub(super) const PARALLEL_STARTED: u8 = 10;
    pub(super) const PARALLEL_SUCCEEDED: u8 = 11;
    pub(super) const PARALLEL_FAILED: u8 = 12;
    pub(super) const MAP_STARTED: u8 = 13;
    pub(super) const MAP_SUCCEEDED: u8 = 14;
    pub(super) const MAP_FAILED: u8 = 15;
    pub(super) const ITERATION_STARTED: u8 = 16;
    pub(super) const ITERATION_SUCCEEDED: u8 = 17;
    pub(super) const ITERATION_FAILED: u8 = 18;
    pub(super) const ITERATION_ABORTED: u8 = 19;
    pub(super) const STATE_EXITED_ASSIGNING: u8 = 35;
    pub(super) const EVALUATION_FAILED: u8 = 36;
    pub(super) const LAMBDA_SCHEDULED: u8 = 20;
    pub(super) const LAMBDA_STARTED: u8 = 21;
    pub(super) const LAMBDA_SUCCEEDED: u8 = 22;
    pub(super) const LAMBDA_FAILED: u8 = 23;
    pub(super) const LAMBDA_TIMED_OUT: u8 = 24;
    pub(super) const TASK_SCHEDULED: u8 = 30;
    pub(super) const TASK_STARTED: u8 = 31;
    pub(super) const TASK_SUCCEEDED: u8 = 32;
    pub(super) const TASK_FAILED: u8 = 33;
    pub(super) const TASK_TIMED_OUT: u8 = 34;
    pub(super) const EXECUTION_REDRIVEN: u8 = 60;
    pub(super) const ACTIVITY_SCHEDULED: u8 = 40;
    pub(super) const ACTIVITY_STARTED: u8 = 41;
    pub(super) const ACTIVITY_SUCCEEDED: u8 = 42;
    pub(super) const ACTIVITY_FAILED: u8 = 43;
    pub(super) const ACTIVITY_TIMED_OUT: u8 = 44;
    pub(super) const TASK_SUBMITTED: u8 = 50;
    pub(super) const TASK_SUBMIT_FAILED: u8 = 51;
    pub(super) const MAP_RUN_STARTED: u8 = 70;
    pub(super) const MAP_RUN_SUCCEEDED: u8 = 71;
    pub(super) const MAP_RUN_FAILED: u8 = 72;
    pub(super) const MAP_RUN_ABORTED: u8 = 73;
}

struct Encoder<'a, 'k> {
    out: &'a mut Writer,
    names: &'a mut NameTable,
    documents: &'a mut DocumentTable<'k>,
}

impl Encoder<'_, '_> {
    fn kind(&mut self, kind: &EventKind) {
        match kind {
            EventKind::ExecutionStarted { input, role_arn } => self
                .tagged(tag::EXECUTION_STARTED)
                .document(input)
                .out
                .text(role_arn),
            EventKind::ExecutionSucceeded { output } => {
                self.tagged(tag::EXECUTION_SUCCEEDED).document(output);
            }
            EventKind::ExecutionFailed(failure) => {
                self.tagged(tag::EXECUTION_FAILED).failure(failure)
            }
            EventKind::ExecutionAborted(failure) => {
                self.tagged(tag::EXECUTION_ABORTED).failure(failure)
            }
            EventKind::ExecutionTimedOut(failure) => {
                self.tagged(tag::EXECUTION_TIMED_OUT).failure(failure)
            }
            EventKind::ExecutionRedriven { count } => self
                .tagged(tag::EXECUTION_REDRIVEN)
                .out
                .uint(u64::from(*count)),
            EventKind::StateEntered {
                state_type,
                name,
                input,
            } => {
                self.tagged(tag::STATE_ENTERED)
                    .state_type(*state_type)
                    .name(name)
                    .document(input);
            }
            EventKind::StateExited {
                state_type,
                name,
                output,
                assigned,
            } => {
                self.tagged(match assigned {
                    None => tag::STATE_EXITED,
                    Some(_) => tag::STATE_EXITED_ASSIGNING,
                })
                .state_type(*state_type)
                .name(name)
                .document(output);
                if let Some(assigned) = assigned {
                    self.assignments(assigned);
                }
            }
            EventKind::EvaluationFailed {
                state,
                location,
                failure,
            } => {
                self.tagged(tag::EVALUATION_FAILED).name(state);
                self.out.option(location.as_deref(), Writer::text);
                self.failure(failure);
            }
            EventKind::StateAborted(state_type) => {
                self.tagged(tag::STATE_ABORTED).state_type(*state_type);
            }
            EventKind::ParallelStateStarted => self.out.byte(tag::PARALLEL_STARTED),
            EventKind::ParallelStateSucceeded => self.out.byte(tag::PARALLEL_SUCCEEDED),
            EventKind::ParallelStateFailed => self.out.byte(tag::PARALLEL_FAILED),
            EventKind::MapStateStarted { length } => {
                self.tagged(tag::MAP_STARTED).out.uint(u64::from(*length))
            }
            EventKind::MapStateSucceeded => self.out.byte(tag::MAP_SUCCEEDED),
            EventKind::MapStateFailed => self.out.byte(tag::MAP_FAILED),
            EventKind::MapIterationStarted(iteration) => {
                self.tagged(tag::ITERATION_STARTED).iteration(iteration)
            }
            EventKind::MapIterationSucceeded(iteration) => {
                self.tagged(tag::ITERATION_SUCCEEDED).iteration(iteration)
            }
            EventKind::MapIterationFailed(iteration) => {
                self.tagged(tag::ITERATION_FAILED).iteration(iteration)
            }
            EventKind::MapIterationAborted(iteration) => {
                self.tagged(tag::ITERATION_ABORTED).iteration(iteration)
            }
            EventKind::MapRunStarted { map_run_arn } => {
                self.tagged(tag::MAP_RUN_STARTED).out.text(map_run_arn)
            }
            EventKind::MapRunSucceeded => self.out.byte(tag::MAP_RUN_SUCCEEDED),
            EventKind::MapRunFailed(failure) => self.tagged(tag::MAP_RUN_FAILED).failure(failure),
            EventKind::MapRunAborted => self.out.byte(tag::MAP_RUN_ABORTED),
            task => self.task(task),
        }
    }

    fn task(&mut self, kind: &EventKind) {
        match kind {
            EventKind::LambdaFunctionScheduled {
                resource,
                input,
                timeout_seconds,
                credentials,
            } => {
                self.tagged(tag::LAMBDA_SCHEDULED)
                    .name(resource)
                    .document(input);
                self.numbers([*timeout_seconds])
                    .out
                    .option(credentials.as_deref(), Writer::text);
            }
            EventKind::LambdaFunctionStarted => self.out.byte(tag::LAMBDA_STARTED),
            EventKind::LambdaFunctionSucceeded { output } => {
                self.tagged(tag::LAMBDA_SUCCEEDED).document(output);
            }
            EventKind::LambdaFunctionFailed(failure) => {
                self.tagged(tag::LAMBDA_FAILED).failure(failure)
            }
            EventKind::LambdaFunctionTimedOut(failure) => {
                self.tagged(tag::LAMBDA_TIMED_OUT).failure(failure)
            }
            EventKind::TaskScheduled {
                names,
                region,
                parameters,
                timeout_seconds,
                heartbeat_seconds,
                credentials,
            } => {
                self.tagged(tag::TASK_SCHEDULED)
                    .task_names(names)
                    .name(region)
                    .document(parameters);
                self.numbers([*timeout_seconds, *heartbeat_seconds])
                    .out
                    .option(credentials.as_deref(), Writer::text);
            }
            EventKind::TaskStarted(names) => {
                self.tagged(tag::TASK_STARTED).task_names(names);
            }
            EventKind::TaskSucceeded { names, output } => {
                self.tagged(tag::TASK_SUCCEEDED)
                    .task_names(names)
                    .document(output);
            }
            EventKind::TaskFailed { names, failure } => self
                .tagged(tag::TASK_FAILED)
                .task_names(names)
                .failure(failure),
            EventKind::TaskTimedOut { names, failure } => self
                .tagged(tag::TASK_TIMED_OUT)
                .task_names(names)
                .failure(failure),
            EventKind::TaskSubmitted { names, output } => {
                self.tagged(tag::TASK_SUBMITTED)
                    .task_names(names)
                    .document(output);
            }
            EventKind::TaskSubmitFailed { names, failure } => self
                .tagged(tag::TASK_SUBMIT_FAILED)
                .task_names(names)
                .failure(failure),
            activity => self.activity(activity),
        }
    }

    fn activity(&mut self, kind: &EventKind) {
        match kind {
            EventKind::ActivityScheduled {
                resource,
                input,
                timeout_seconds,
                heartbeat_seconds,
            } => {
                self.tagged(tag::ACTIVITY_SCHEDULED)
                    .name(resource)
                    .document(input)
                    .numbers([*timeout_seconds, *heartbeat_seconds]);
            }
            EventKind::ActivityStarted { worker } => self
                .tagged(tag::ACTIVITY_STARTED)
                .out
                .option(worker.as_deref(), Writer::text),
            EventKind::ActivitySucceeded { output } => {
                self.tagged(tag::ACTIVITY_SUCCEEDED).document(output);
            }
            EventKind::ActivityFailed(failure) => {
                self.tagged(tag::ACTIVITY_FAILED).failure(failure)
            }
            EventKind::ActivityTimedOut(failure) => {
                self.tagged(tag::ACTIVITY_TIMED_OUT).failure(failure)
            }
            _ => unreachable!("kind() has written every other event"),
        }
    }

    fn tagged(&mut self, tag: u8) -> &mut Self {
        self.out.byte(tag);
        self
    }

    fn document(&mut self, document: &expr::json::Document) -> &mut Self {
        let reference = self.documents.reference(document);
        self.out.uint(reference);
        self
    }

    fn assignments(&mut self, assigned: &Assignments) {
        self.out.uint(assigned.len() as u64);
        for (name, value) in assigned.iter() {
            self.out.text(name);
            self.document(value);
        }
    }

    fn name(&mut self, name: &Arc<str>) -> &mut Self {
        let reference = self.names.reference(name);
        self.out.uint(reference);
        self
    }

    fn task_names(&mut self, names: &TaskNames) -> &mut Self {
        self.name(&names.resource_type).name(&names.resource)
    }

    fn state_type(&mut self, state_type: StateType) -> &mut Self {
        self.out.byte(state_type_number(state_type));
        self
    }

    fn numbers<const N: usize>(&mut self, numbers: [Option<u64>; N]) -> &mut Self {
        for number in numbers {
            self.out.option(number, Writer::uint);
        }
        self
    }

    fn failure(&mut self, failure: &Failure) {
        write_failure(self.out, failure);
    }

    fn iteration(&mut self, iteration: &Iteration) {
        self.name(&iteration.name)
            .out
            .uint(u64::from(iteration.index));
    }
}

struct Decoder<'a, 'r, 'b> {
    reader: &'a mut Reader<'b>,
    names: &'a [Arc<str>],
    documents: &'a Documents<'r>,
}

impl Decoder<'_, '_, '_> {
    fn kind(&mut self) -> Result<EventKind, DecodeError> {
        let tag = self.reader.byte()?;
        Ok(match tag {
            tag::EXECUTION_STARTED => EventKind::ExecutionStarted {
                input: self.document()?,
                role_arn: self.reader.shared()?,
            },
            tag::EXECUTION_SUCCEEDED => EventKind::ExecutionSucceeded {
                output: self.document()?,
            },
            tag::EXECUTION_FAILED => EventKind::ExecutionFailed(read_failure(self.reader)?),
            tag::EXECUTION_ABORTED => EventKind::ExecutionAborted(read_failure(self.reader)?),
            tag::EXECUTION_TIMED_OUT => EventKind::ExecutionTimedOut(read_failure(self.reader)?),
            tag::EXECUTION_REDRIVEN => EventKind::ExecutionRedriven {
                count: self.reader.uint32()?,
            },
            tag::STATE_ENTERED => EventKind::StateEntered {
                state_type: self.state_type()?,
                name: self.name()?,
                input: self.document()?,
            },
            tag::STATE_EXITED => EventKind::StateExited {
                state_type: self.state_type()?,
                name: self.name()?,
                output: self.document()?,
                assigned: None,
            },
            tag::STATE_EXITED_ASSIGNING => EventKind::StateExited {
                state_type: self.state_type()?,
                name: self.name()?,
                output: self.document()?,
                assigned: Some(self.assignments()?),
            },
            tag::EVALUATION_FAILED => EventKind::EvaluationFailed {
                state: self.name()?,
                location: self.reader.option(Reader::shared)?,
                failure: read_failure(self.reader)?,
            },
            tag::STATE_ABORTED => EventKind::StateAborted(self.state_type()?),
            tag::PARALLEL_STARTED => EventKind::ParallelStateStarted,
            tag::PARALLEL_SUCCEEDED => EventKind::ParallelStateSucceeded,
            tag::PARALLEL_FAILED => EventKind::ParallelStateFailed,
            tag::MAP_STARTED => EventKind::MapStateStarted {
                length: self.reader.uint32()?,
            },
            tag::MAP_SUCCEEDED => EventKind::MapStateSucceeded,
            tag::MAP_FAILED => EventKind::MapStateFailed,
            tag::ITERATION_STARTED => EventKind::MapIterationStarted(self.iteration()?),
            tag::ITERATION_SUCCEEDED => EventKind::MapIterationSucceeded(self.iteration()?),
            tag::ITERATION_FAILED => EventKind::MapIterationFailed(self.iteration()?),
            tag::ITERATION_ABORTED => EventKind::MapIterationAborted(self.iteration()?),
            tag::MAP_RUN_STARTED => EventKind::MapRunStarted {
                map_run_arn: self.reader.shared()?,
            },
            tag::MAP_RUN_SUCCEEDED => EventKind::MapRunSucceeded,
            tag::MAP_RUN_FAILED => EventKind::MapRunFailed(read_failure(self.reader)?),
            tag::MAP_RUN_ABORTED => EventKind::MapRunAborted,
            tag => self.task(tag)?,
        })
    }

    fn task(&mut self, tag: u8) -> Result<EventKind, DecodeError> {
        Ok(match tag {
            tag::LAMBDA_SCHEDULED => EventKind::LambdaFunctionScheduled {
                resource: self.name()?,
                input: self.document()?,
                timeout_seconds: self.reader.option(Reader::uint)?,
                credentials: self.reader.option(Reader::shared)?,
            },
            tag::LAMBDA_STARTED => EventKind::LambdaFunctionStarted,
            tag::LAMBDA_SUCCEEDED => EventKind::LambdaFunctionSucceeded {
                output: self.document()?,
            },
            tag::LAMBDA_FAILED => EventKind::LambdaFunctionFailed(read_failure(self.reader)?),
            tag::LAMBDA_TIMED_OUT => EventKind::LambdaFunctionTimedOut(read_failure(self.reader)?),
            tag::TASK_SCHEDULED => EventKind::TaskScheduled {
                names: self.task_names()?,
                region: self.name()?,
                parameters: self.document()?,
                timeout_seconds: self.reader.option(Reader::uint)?,
                heartbeat_seconds: self.reader.option(Reader::uint)?,
                credentials: self.reader.option(Reader::shared)?,
            },
            tag::TASK_STARTED => EventKind::TaskStarted(self.task_names()?),
            tag::TASK_SUCCEEDED => EventKind::TaskSucceeded {
                names: self.task_names()?,
                output: self.document()?,
            },
            tag::TASK_FAILED => EventKind::TaskFailed {
                names: self.task_names()?,
                failure: read_failure(self.reader)?,
            },
            tag::TASK_TIMED_OUT => EventKind::TaskTimedOut {
                names: self.task_names()?,
                failure: read_failure(self.reader)?,
            },
            tag::TASK_SUBMITTED => EventKind::TaskSubmitted {
                names: self.task_names()?,
                output: self.document()?,
            },
            tag::TASK_SUBMIT_FAILED => EventKind::TaskSubmitFailed {
                names: self.task_names()?,
                failure: read_failure(self.reader)?,
            },
            tag => self.activity(tag)?,
        })
    }

    fn activity(&mut self, tag: u8) -> Result<EventKind, DecodeError> {
        Ok(match tag {
            tag::ACTIVITY_SCHEDULED => EventKind::ActivityScheduled {
                resource: self.name()?,
                input: self.document()?,
                timeout_seconds: self.reader.option(Reader::uint)?,
                heartbeat_seconds: self.reader.option(Reader::uint)?,
            },
            tag::ACTIVITY_STARTED => EventKind::ActivityStarted {
                worker: self.reader.option(Reader::shared)?,
            },
            tag::ACTIVITY_SUCCEEDED => EventKind::ActivitySucceeded {
                output: self.document()?,
            },
            tag::ACTIVITY_FAILED => EventKind::ActivityFailed(read_failure(self.reader)?),
            tag::ACTIVITY_TIMED_OUT => EventKind::ActivityTimedOut(read_failure(self.reader)?),
            _ => return Err(DecodeError::Malformed("an event's kind is unknown")),
        })
    }

    fn document(&mut self) -> Result<expr::json::Document, DecodeError> {
        self.documents.next(self.reader)
    }

    fn assignments(&mut self) -> Result<Assignments, DecodeError> {
        let count = self.reader.count()?;
        (0..count)
            .map(|_| Ok((self.reader.shared()?, self.document()?)))
            .collect()
    }

    fn name(&mut self) -> Result<Arc<str>, DecodeError> {
        let reference = self.reader.uint()?;
        self.names
            .get(usize::try_from(reference).unwrap_or(usize::MAX))
            .cloned()
            .ok_or(DecodeError::Malformed(
                "a name is referred to that is not there",
            ))
    }

    fn task_names(&mut self) -> Result<TaskNames, DecodeError> {
        Ok(TaskNames {
            resource_type: self.name()?,
            resource: self.name()?,
        })
    }

    fn iteration(&mut self) -> Result<Iteration, DecodeError> {
        Ok(Iteration {
            name: self.name()?,
            index: self.reader.uint32()?,
        })
    }

    fn state_type(&mut self) -> Result<StateType, DecodeError> {
        let number = self.reader.byte()?;
        STATE_TYPES
            .get(usize::from(number))
            .copied()
            .ok_or(DecodeError::Malformed("a state's type is unknown"))
    }
}

/// By their numbers on disk.
const STATE_TYPES: [StateType; 8] = [
    StateType::Pass,
    StateType::Task,
    StateType::Choice,
    StateType::Wait,
    StateType::Succeed,
    StateType::Fail,
    StateType::Parallel,
    StateType::Map,
];

fn state_type_number(state_type: StateType) -> u8 {
    let position = STATE_TYPES.iter().position(|t| *t == state_type);
    position.expect("the table has every state type") as u8
}

/// Error and cause.
pub(crate) fn write_failure(out: &mut Writer, failure: &Failure) {
    out.option(failure.error.as_deref(), Writer::text);
    out.option(failure.cause.as_deref(), Writer::text);
}

/// Error and cause.
pub(crate) fn read_failure(reader: &mut Reader<'_>) -> Result<Failure, DecodeError> {
    Ok(Failure {
        error: reader.option(Reader::shared)?,
        cause: reader.option(Reader::shared)?,
    })
}
