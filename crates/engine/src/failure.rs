//! How an error travels: to a retrier or catcher of its state, else to the Parallel or Map around it, else it ends
//! the execution. `States.Runtime` goes past all of them (spec asl.md section 7).

use std::sync::Arc;

use asl::definition::{Catcher, ErrorMatcher, Kind};
use expr::json::{Document, Value};

use crate::event::{EventId, EventKind, Failure, StateType};
use crate::execution::{Frame, FrameId, Outcome, Parent, Phase};
use crate::flow;
use crate::state::state_type;
use crate::step::Run;

/// Why a state's work could not be done.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// `States.Runtime`: the text after the standard prefix. Ends the execution.
    Runtime(String),
    /// An error with a name, for Retry and Catch to look at.
    Failure(Failure),
}

impl Fault {
    pub(crate) fn runtime(detail: impl Into<String>) -> Fault {
        Fault::Runtime(detail.into())
    }

    pub(crate) fn failure(error: &str, cause: String) -> Fault {
        Fault::Failure(Failure::new(error, cause))
    }

    /// A result over the payload limit; `who` is the state, the function's ARN or the service ([rec] states_errors).
    pub(crate) fn data_limit(who: &str) -> Fault {
        let cause = format!(
            "The state/task '{who}' returned a result with a size exceeding the maximum number of bytes service limit."
        );
        Fault::failure("States.DataLimitExceeded", cause)
    }
}

impl Run<'_> {
    /// The state's work failed; its last event is the frame's `previous`.
    pub(crate) fn fault(&mut self, frame: FrameId, fault: Fault) {
        match fault {
            Fault::Runtime(detail) => self.runtime_error(frame, &detail),
            Fault::Failure(failure) => self.fail(frame, failure),
        }
    }

    fn runtime_error(&mut self, frame: FrameId, detail: &str) {
        let (state, entered, previous) = {
            let f = self.execution.frame(frame);
            (
                self.machine.state(f.state).name.clone(),
                f.entered,
                f.previous,
            )
        };
        let cause = format!(
            "An error occurred while executing the state '{state}' (entered at the event id #{entered}). {detail}"
        );
        self.end(
            Outcome::Failed(Failure::new("States.Runtime", cause)),
            previous,
        );
    }

    /// An error of the frame's state: Retry, Catch, or up. The failing event is the frame's `previous`.
    pub(crate) fn fail(&mut self, frame: FrameId, failure: Failure) {
        self.fail_as(frame, failure, None);
    }

    /// The same for an error that retriers and catchers may know by another name, too.
    pub(crate) fn fail_as(&mut self, frame: FrameId, failure: Failure, alias: Option<&str>) {
        if self.execution.is_closed() {
            return;
        }
        let failing = self.execution.frame(frame).previous;
        self.abort_children(frame, None, failing);
        self.execution.frame_mut(frame).phase = Phase::Failing;
        if let Some(delay_millis) = self.retry_delay(frame, &failure, alias) {
            let timer = self.set_timer(self.clock.plus_millis(delay_millis));
            self.execution.frame_mut(frame).phase = Phase::Backoff { timer };
            return;
        }
        self.emit_failed(frame);
        if let Some(catcher) = self.catcher(frame, &failure, alias) {
            return self.catch(frame, &catcher, &failure);
        }
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

    fn catcher(&self, frame: FrameId, failure: &Failure, alias: Option<&str>) -> Option<Catcher> {
        let state = self.machine.state(self.execution.frame(frame).state);
        let takes = |catcher: &&Catcher| failure.is_taken_by(&catcher.errors, alias);
        state.catch.iter().find(takes).cloned()
    }

    /// An error output that makes the state's output too large is not caught again: the execution ends.
    fn catch(&mut self, frame: FrameId, catcher: &Catcher, failure: &Failure) {
        let raw = self.execution.frame(frame).input.clone();
        let name = &self.machine.state(self.execution.frame(frame).state).name;
        match flow::place(&catcher.result_path, &raw, &error_output(failure)) {
            Ok(output) if !output.fits(self.limits.payload_bytes) => {
                self.fault_uncaught(frame, Fault::data_limit(name))
            }
            Ok(output) => self.leave_with(frame, output, Some(catcher.next)),
            Err(fault) => self.fault_uncaught(frame, fault),
        }
    }

    fn fault_uncaught(&mut self, frame: FrameId, fault: Fault) {
        match fault {
            Fault::Runtime(detail) => self.runtime_error(frame, &detail),
            Fault::Failure(failure) => {
                let previous = self.execution.frame(frame).previous;
                self.end(Outcome::Failed(failure), previous);
            }
        }
    }

    /// A branch or iteration failed: everything beside it stops, and the state around it fails with the same error.
    fn fail_parent(&mut self, child: FrameId, parent: Parent, failure: Failure) {
        let failing = self.execution.frame(child).previous;
        self.abort_children(parent.frame, Some(child), failing);
        self.execution.frame_mut(parent.frame).previous = failing;
        self.fail(parent.frame, failure);
    }

    /// Aborts the children of a Parallel or Map, in order; `failing` is the event that all of this points back to.
    /// Nothing is left of them: whatever the state does next, it does alone.
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
            Phase::Failing => kind == StateType::Task,
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
