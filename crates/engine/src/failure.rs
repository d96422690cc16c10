//! How an error travels: to a retrier or catcher of its state, else to the Parallel or Map around it, else it ends
//! the execution. `States.Runtime` goes past all of them (spec asl.md section 7).

use std::sync::Arc;

use asl::definition::{Catcher, ErrorMatcher, Kind};
use expr::json::{Document, Value};

use crate::event::{EventId, EventKind, Failure, StateType};
use crate::execution::{Frame, FrameId, Outcome, Parent, Phase};
use crate::flow::{self, View};
use crate::query::{Came, Place};
use crate::state::state_type;
use crate::step::Run;

/// Why a state's work could not be done.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// `States.Runtime`: the text after the standard prefix. Ends the execution.
    Runtime(String),
    /// An error with a name, for Retry and Catch to look at.
    Failure(Failure),
    /// `States.QueryEvaluationError`: a JSONata value cannot be had. Retry and Catch look at it, after an event of its own.
    Query(QueryFault),
}

/// What is wrong with a JSONata value.
#[derive(Clone, Debug)]
pub(crate) struct QueryFault {
    /// The field, where the event names one.
    location: Option<Arc<str>>,
    /// The text after the standard prefix.
    detail: String,
    /// Whether the event comes after the state's Entered event even if nothing else did.
    after_entry: bool,
}

const QUERY_ERROR: &str = "States.QueryEvaluationError";
const DATA_LIMIT: &str = "States.DataLimitExceeded";

/// Where an error comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// The state's own work.
    State,
    /// A branch or iteration of it.
    Child,
}

impl Fault {
    pub(crate) fn runtime(detail: impl Into<String>) -> Fault {
        Fault::Runtime(detail.into())
    }

    pub(crate) fn failure(error: &str, cause: String) -> Fault {
        Fault::Failure(Failure::new(error, cause))
    }

    pub(crate) fn query(place: Place<'_>, detail: String) -> Fault {
        Fault::Query(QueryFault {
            location: Some(place.to_string().into()),
            detail,
            after_entry: false,
        })
    }

    /// The same for a Wait's time that is none: its event comes after the state's Entered event ([rec]
    /// test_wait_timestamp_jsonata).
    pub(crate) fn query_result(place: Place<'_>, detail: String) -> Fault {
        Fault::Query(QueryFault {
            location: Some(place.to_string().into()),
            detail,
            after_entry: true,
        })
    }

    /// The input of a JSONata Map is no array: no field is to blame ([rec] test_map_state_items_input_types).
    pub(crate) fn query_input(detail: String) -> Fault {
        Fault::Query(QueryFault {
            location: None,
            detail,
            after_entry: false,
        })
    }

    /// A result over the payload limit; `who` is the state, the function's ARN or the service ([rec] states_errors).
    pub(crate) fn data_limit(who: &str) -> Fault {
        let cause = format!(
            "The state/task '{who}' returned a result with a size exceeding the maximum number of bytes service limit."
        );
        Fault::failure(DATA_LIMIT, cause)
    }
}

impl Fault {
    /// The failure that a fault is outside a step, where no event says it.
    pub(crate) fn outside_of_a_step(self, state: &str, entered: EventId) -> Failure {
        match self {
            Fault::Failure(failure) => failure,
            Fault::Runtime(detail) => {
                Failure::new("States.Runtime", prefixed(state, entered, &detail))
            }
            Fault::Query(fault) => {
                Failure::new(QUERY_ERROR, prefixed(state, entered, &fault.detail))
            }
        }
    }
}

/// The cause of an error that Step Functions itself found (spec history.md section 5).
fn prefixed(state: &str, entered: EventId, detail: &str) -> String {
    format!(
        "An error occurred while executing the state '{state}' (entered at the event id #{entered}). {detail}"
    )
}

impl Run<'_> {
    /// The state's work failed; its last event is the frame's `previous`.
    pub(crate) fn fault(&mut self, frame: FrameId, fault: Fault) {
        self.fault_on_entry(frame, fault, None);
    }

    /// The same in the turn that entered the state: `before` is the event before its Entered event.
    pub(crate) fn fault_on_entry(&mut self, frame: FrameId, fault: Fault, before: Option<EventId>) {
        match fault {
            Fault::Runtime(detail) => self.runtime_error(frame, &detail),
            Fault::Failure(failure) => self.fail(frame, failure),
            Fault::Query(fault) => {
                let failure = self.evaluation_failed(frame, fault, before);
                self.fail(frame, failure);
            }
        }
    }

    /// `EvaluationFailed`. While the Entered event is the last one of the state, this one stands beside it: both come
    /// after the event before ([rec] history.md section 3).
    fn evaluation_failed(
        &mut self,
        frame: FrameId,
        fault: QueryFault,
        before: Option<EventId>,
    ) -> Failure {
        let f = self.execution.frame(frame);
        let is_first = f.previous == f.entered && !fault.after_entry;
        let previous = before.filter(|_| is_first).unwrap_or(f.previous);
        let failure = Failure::new(QUERY_ERROR, self.prefixed(frame, &fault.detail));
        let kind = EventKind::EvaluationFailed {
            state: self.machine.state(f.state).name.clone(),
            location: fault.location,
            failure: failure.clone(),
        };
        let id = self.emit(previous, kind);
        self.execution.frame_mut(frame).previous = id;
        failure
    }

    fn runtime_error(&mut self, frame: FrameId, detail: &str) {
        let cause = self.prefixed(frame, detail);
        let previous = self.execution.frame(frame).previous;
        self.end(
            Outcome::Failed(Failure::new("States.Runtime", cause)),
            previous,
        );
    }

    /// The cause of an error that Step Functions itself found (spec history.md section 5). A test is not told what it
    /// knows: of two recordings, both of one case ([rec] test_state_map_context_object).
    fn prefixed(&self, frame: FrameId, detail: &str) -> String {
        let f = self.execution.frame(frame);
        let (state, entered) = (&self.machine.state(f.state).name, f.entered);
        if self.probe.is_some() {
            return detail.to_owned();
        }
        prefixed(state, entered, detail)
    }

    /// An error of the frame's state: Retry, Catch, or up. The failing event is the frame's `previous`.
    pub(crate) fn fail(&mut self, frame: FrameId, failure: Failure) {
        self.fail_as(frame, failure, None);
    }

    /// The same for an error that retriers and catchers may know by another name, too.
    pub(crate) fn fail_as(&mut self, frame: FrameId, failure: Failure, alias: Option<&str>) {
        self.fail_with(frame, failure, alias, Origin::State);
    }

    fn fail_with(&mut self, frame: FrameId, failure: Failure, alias: Option<&str>, origin: Origin) {
        if self.execution.is_closed() {
            return;
        }
        if let Some(probe) = &mut self.probe {
            probe.seen.failure = Some(failure.clone());
        }
        let failing = self.execution.frame(frame).previous;
        self.abort_children(frame, None, failing);
        self.begin_failing(frame, &failure, origin);
        if let Some(delay_millis) = self.retry_delay(frame, &failure, alias) {
            let timer = self.set_timer(self.clock.plus_millis(delay_millis));
            self.execution.frame_mut(frame).phase = Phase::Backoff { timer };
            return;
        }
        self.emit_failed(frame);
        if let Some((position, catcher)) = self.catcher(frame, &failure, alias) {
            return self.catch(frame, position, &catcher, &failure);
        }
        self.fail_graph(frame, failure);
    }

    /// Should the error end the execution, a redrive goes on with the children that the state had, unless the state
    /// itself made too much of them (spec api.md, RedriveExecution).
    fn begin_failing(&mut self, frame: FrameId, failure: &Failure, origin: Origin) {
        let too_much = failure.error.as_deref() == Some(DATA_LIMIT);
        let again = origin == Origin::State && too_much;
        let phase = &mut self.execution.frame_mut(frame).phase;
        let children = match std::mem::replace(phase, Phase::Failing { children: None }) {
            Phase::Children(children) if !again => Some(children),
            _ => None,
        };
        *phase = Phase::Failing { children };
    }

    /// No catcher takes the error: the graph that the frame runs fails with it.
    fn fail_graph(&mut self, frame: FrameId, failure: Failure) {
        match self.execution.frame(frame).parent {
            Some(parent) => self.fail_parent(frame, parent, failure),
            None => {
                let previous = self.execution.frame(frame).previous;
                self.end(Outcome::Failed(failure), previous);
            }
        }
    }

    /// `MapStateFailed`, `ParallelStateFailed`: once no retrier takes the error.
    fn emit_failed(&mut self, frame: FrameId) {
        let kind = match self.machine.state(self.execution.frame(frame).state).kind {
            Kind::Map(_) => EventKind::MapStateFailed,
            Kind::Parallel { .. } => EventKind::ParallelStateFailed,
            _ => return,
        };
        self.emit_on(frame, kind);
    }

    /// The first catcher that takes the error, and its position.
    fn catcher(
        &self,
        frame: FrameId,
        failure: &Failure,
        alias: Option<&str>,
    ) -> Option<(usize, Catcher)> {
        let state = self.machine.state(self.execution.frame(frame).state);
        let takes = |catcher: &Catcher| failure.is_taken_by(&catcher.errors, alias);
        let position = state.catch.iter().position(takes)?;
        Some((position, state.catch[position].clone()))
    }

    /// The way out of a catcher. What goes wrong on it is not caught again by the same state.
    fn catch(&mut self, frame: FrameId, position: usize, catcher: &Catcher, failure: &Failure) {
        if let Some(probe) = &mut self.probe {
            probe.seen.caught = Some(position);
        }
        let left = self
            .caught(frame, position, catcher, failure)
            .and_then(|leaving| self.leave_with(frame, leaving, Some(catcher.next)));
        if let Err(fault) = left {
            self.fault_uncaught(frame, fault);
        }
    }

    fn caught(
        &mut self,
        frame: FrameId,
        position: usize,
        catcher: &Catcher,
        failure: &Failure,
    ) -> Result<flow::Leaving, Fault> {
        let raw = self.execution.frame(frame).input.clone();
        let error = error_output(failure);
        let facts = self.execution.facts.clone();
        let machine = self.machine;
        let state = machine.state(self.execution.frame(frame).state);
        let context = self.context_of(&facts, frame, state);
        let mut view = View {
            document: &error,
            input: &raw,
            came: Came::Error(&error),
            context: &context,
            tools: &mut self.tools(),
        };
        let inside = format!("Catch[{position}]/");
        flow::exit(&catcher.exit, &inside, &mut view, |_| {
            flow::place(&catcher.result_path, &raw, &error)
        })
    }

    fn fault_uncaught(&mut self, frame: FrameId, fault: Fault) {
        let failure = match fault {
            Fault::Runtime(detail) => return self.runtime_error(frame, &detail),
            Fault::Failure(failure) => failure,
            Fault::Query(fault) => self.evaluation_failed(frame, fault, None),
        };
        self.fail_graph(frame, failure);
    }

    /// A branch or iteration failed: everything beside it stops, and the state around it fails with the same error.
    fn fail_parent(&mut self, child: FrameId, parent: Parent, failure: Failure) {
        let failing = self.execution.frame(child).previous;
        self.abort_children(parent.frame, Some(child), failing);
        self.execution.frame_mut(parent.frame).previous = failing;
        self.fail_with(parent.frame, failure, None, Origin::Child);
    }

    /// Aborts the children of a Parallel or Map, in order; `failing` is the event that all of this points back to.
    /// Nothing is left of them for whatever the state does next; they have fallen, and only a redrive may need them.
    fn abort_children(&mut self, parent: FrameId, failed: Option<FrameId>, failing: EventId) {
        let Some(children) = self.execution.children_mut(parent) else {
            return;
        };
        for child in std::mem::take(&mut children.frames) {
            if !self.execution.frame(child).is_done() {
                self.abort_frame(child, failing);
                self.abort_iteration(child, Some(child) == failed, failing);
            }
            self.remove_tree(child);
        }
    }

    /// `TaskStateAborted` and its like for what a stopped frame was doing; a failed task gets it too ([rec] callback).
    fn abort_frame(&mut self, frame: FrameId, failing: EventId) {
        let state = self.execution.frame(frame);
        let kind = state_type(&self.machine.state(state.state).kind);
        if let Phase::Children(children) = &state.phase {
            for child in children.frames.clone() {
                if !self.execution.frame(child).is_done() {
                    self.abort_frame(child, failing);
                    self.abort_iteration(child, false, failing);
                }
            }
        }
        if matches!(self.execution.frame(frame).phase, Phase::MapRun(_)) {
            self.emit(failing, EventKind::MapRunAborted);
        }
        if self.execution.frame(frame).stands_in(kind) {
            self.emit(failing, EventKind::StateAborted(kind));
        }
    }

    /// `MapIterationFailed` for the iteration that failed, `MapIterationAborted` for one beside it.
    fn abort_iteration(&mut self, child: FrameId, failed: bool, failing: EventId) {
        let Some(parent) = self.execution.frame(child).parent else {
            return;
        };
        let Some(iteration) = self.iteration(parent) else {
            return;
        };
        let kind = match failed {
            true => EventKind::MapIterationFailed(iteration),
            false => EventKind::MapIterationAborted(iteration),
        };
        self.emit(failing, kind);
    }
}

impl Failure {
    /// Whether a retrier or catcher takes the error, under its own name or the other one.
    pub(crate) fn is_taken_by(&self, errors: &ErrorMatcher, alias: Option<&str>) -> bool {
        let error = self.error.as_deref().unwrap_or_default();
        errors.matches(error) || alias.is_some_and(|alias| errors.matches(alias))
    }
}

impl Frame {
    /// Whether the frame is inside a state whose abortion history shows: entered, of a type that has such an event.
    /// A Parallel or Map that failed by itself has said so already; a Task that failed says it too ([rec] callback).
    fn stands_in(&self, kind: StateType) -> bool {
        let working = match self.phase {
            Phase::Entering | Phase::Leaving { .. } | Phase::Done { .. } => false,
            Phase::Failing { .. } => kind == StateType::Task,
            _ => true,
        };
        working
            && matches!(
                kind,
                StateType::Task | StateType::Wait | StateType::Parallel | StateType::Map
            )
    }
}

/// `{"Error": ..., "Cause": ...}`; a missing text reads as empty ([rec] asl.md section 7).
fn error_output(failure: &Failure) -> Document {
    let text = |part: &Option<Arc<str>>| Value::string(part.clone().unwrap_or_else(|| "".into()));
    Document::from_value(Value::object([
        ("Error".into(), text(&failure.error)),
        ("Cause".into(), text(&failure.cause)),
    ]))
}
