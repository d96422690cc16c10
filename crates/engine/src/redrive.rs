//! Redrive: what an execution that ended without success leaves behind, and how it is taken up from there (spec api.md,
//! RedriveExecution; the order of events as in public recordings of redriven executions).
//!
//! What was done stays done: a frame that had come to its end, a state that was left. What had failed, was aborted or
//! ran out of time does its state's work again, from where it had entered the state: there is no second Entered event,
//! and the first event of the work comes after the first Entered event.

use std::collections::BTreeMap;
use std::sync::Arc;

use asl::definition::Kind;

use crate::event::{EventId, EventKind};
use crate::execution::{Execution, Frame, FrameId, Phase};
use crate::step::Run;
use crate::time::Timestamp;

/// How often an execution was redriven, and when last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redriven {
    /// `RedriveCount`
    pub count: u32,
    /// `RedriveTime`; none before the first.
    pub at: Option<Timestamp>,
}

/// The frames of an execution at its end, as a redrive would find them. Children whose Parallel or Map does not go on
/// with them are left out: the state begins again, or is left already.
pub(crate) fn remains(frames: BTreeMap<FrameId, Frame>) -> BTreeMap<FrameId, Frame> {
    let mut remains: BTreeMap<FrameId, Frame> = BTreeMap::new();
    for (id, mut frame) in frames {
        // A child's id is greater than its parent's.
        let goes_on = frame.parent.is_none_or(|parent| {
            let parent = remains.get(&parent.frame);
            parent.is_some_and(|parent| matches!(parent.phase, Phase::Children(_)))
        });
        if goes_on {
            come_to_rest(&mut frame);
            remains.insert(id, frame);
        }
    }
    remains
}

/// Leaves of a frame's phase what a redrive needs.
fn come_to_rest(frame: &mut Frame) {
    frame.attempts.clear();
    frame.phase = match std::mem::replace(&mut frame.phase, Phase::Retrying) {
        phase @ (Phase::Entering | Phase::Leaving { .. }) => phase,
        Phase::Done { output } => {
            // Nobody asks for more than its output.
            frame.input = output.clone();
            frame.item = None;
            frame.variables = Arc::default();
            Phase::Done { output }
        }
        Phase::Children(mut children)
        | Phase::Failing {
            children: Some(mut children),
        } => {
            // Rebuilt from the children's own frames.
            (children.frames, children.done) = (Vec::new(), 0);
            Phase::Children(children)
        }
        // A redrive of the map run itself would keep its wait; for now the state begins another one.
        Phase::MapRun(_)
        | Phase::Retrying
        | Phase::Task(_)
        | Phase::Waiting { .. }
        | Phase::Backoff { .. }
        | Phase::Failing { children: None } => {
            frame.previous = frame.entered;
            Phase::Retrying
        }
    };
}

impl Run<'_> {
    /// Takes the execution up from its remains. Its frames take their turns in later steps, so that what this step
    /// writes is no more than what was kept.
    pub(crate) fn redrive(&mut self, count: u32) {
        self.execution.redriven = Redriven {
            count,
            at: Some(self.execution.now),
        };
        let terminal = self.execution.last_event;
        let redriven = self.emit(terminal, EventKind::ExecutionRedriven { count });
        self.set_deadline(self.execution.facts.started);
        self.execution.mark_all();
        let frames: Vec<FrameId> = self.execution.frames.keys().copied().collect();
        for frame in frames {
            // It may have gone with the result, or the failure, of a state around it.
            if self.execution.frames.contains_key(&frame) && !self.execution.is_closed() {
                self.take_up(frame, redriven);
            }
        }
    }

    /// What must be done at once for a frame to go on.
    fn take_up(&mut self, frame: FrameId, redriven: EventId) {
        let state = self.machine.state(self.execution.frame(frame).state);
        let retries = matches!(self.execution.frame(frame).phase, Phase::Retrying);
        if retries && matches!(state.kind, Kind::Fail(_)) {
            // A Fail state has no event of its own but its first: the failure comes after the redrive.
            self.execution.frame_mut(frame).previous = redriven;
        }
        if let Phase::Children(children) = &self.execution.frame(frame).phase
            && children.done == children.frames.len() as u32
        {
            self.go_on_without_children(frame, redriven);
        }
    }

    /// All children that had begun are done: those that had not begun do, or the state itself goes on.
    fn go_on_without_children(&mut self, frame: FrameId, redriven: EventId) {
        let Phase::Children(children) = &self.execution.frame(frame).phase else {
            return;
        };
        let (begun, total) = (children.done, children.total);
        let (started, concurrency) = (children.started, children.concurrency);
        let is_map = children.items.is_some();
        match (is_map, begun == total) {
            (true, true) => self.map_done(frame, redriven),
            (false, true) => self.parallel_done(frame, redriven),
            (true, false) => {
                for index in begun..total.min(begun.saturating_add(concurrency)) {
                    if let Err(fault) = self.start_iteration(frame, index, started) {
                        return self.fault(frame, fault);
                    }
                }
            }
            // Branches begin together.
            (false, false) => {}
        }
    }
}

impl Execution {
    /// Everything about it is new to the checkpoint.
    fn mark_all(&mut self) {
        self.changed.extend(self.frames.keys().copied());
        for (id, frame) in &self.frames {
            let names = frame.variables.keys().map(|name| (*id, name.clone()));
            self.changed_variables.extend(names);
        }
    }
}
