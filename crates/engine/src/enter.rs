//! Entering a state, doing its work, leaving it: what all types have in common.

use asl::definition::{Kind, StateId, Transition};
use expr::json::Document;

use crate::context::ContextSource;
use crate::event::EventKind;
use crate::execution::{FrameId, Outcome, Phase};
use crate::failure::Fault;
use crate::flow;
use crate::state::{counts_retries, state_type};
use crate::step::Run;

impl Run<'_> {
    /// The frame's turn to enter its state: the Entered event, then the state's work.
    pub(crate) fn enter(&mut self, frame: FrameId) {
        let state = self.machine.state(self.execution.frame(frame).state);
        let kind = EventKind::StateEntered {
            state_type: state_type(&state.kind),
            name: state.name.clone(),
            input: self.execution.frame(frame).input.clone(),
        };
        let entered = self.emit_on(frame, kind);
        let now = self.execution.now;
        let f = self.execution.frame_mut(frame);
        f.entered = entered;
        f.entered_at = now;
        f.attempts.clear();
        self.work(frame);
    }

    /// The state's work, for the first time or again.
    pub(crate) fn work(&mut self, frame: FrameId) {
        if self.execution.is_closed() {
            return;
        }
        let machine = self.machine;
        let state = machine.state(self.execution.frame(frame).state);
        let done = match &state.kind {
            Kind::Pass { result } => self.pass(frame, state, result.as_ref()),
            Kind::Task(task) => self.task(frame, state, task),
            Kind::Choice(choice) => self.choice(frame, state, choice),
            Kind::Wait(wait) => self.wait(frame, state, wait),
            Kind::Succeed => self.succeed(frame, state),
            Kind::Fail(fail) => self.fail_state(frame, fail),
            Kind::Parallel { branches } => self.parallel(frame, state, branches),
            Kind::Map(map) => self.map(frame, state, map),
        };
        if let Err(fault) = done {
            self.fault(frame, fault);
        }
    }

    /// The context of the frame's state.
    pub(crate) fn context(&self, frame: FrameId) -> ContextSource<'_> {
        let f = self.execution.frame(frame);
        let state = self.machine.state(f.state);
        ContextSource::new(
            &self.execution.facts,
            &state.name,
            f,
            counts_retries(&state.kind),
        )
    }

    /// The state's result is there: the rest of its data flow, then out.
    pub(crate) fn complete(&mut self, frame: FrameId, result: &Document) {
        let machine = self.machine;
        let f = self.execution.frame(frame);
        let state = machine.state(f.state);
        let facts = self.execution.facts.clone();
        let context = ContextSource::new(&facts, &state.name, f, counts_retries(&state.kind));
        let raw = f.input.clone();
        match flow::output(&state.flow, &raw, result, &context, self.entropy) {
            Ok(output) => self.leave_with(frame, output, target(state.next)),
            Err(fault) => self.fault(frame, fault),
        }
    }

    /// The frame leaves its state at its next turn.
    pub(crate) fn leave_with(&mut self, frame: FrameId, output: Document, next: Option<StateId>) {
        if !output.fits(self.limits.payload_bytes) {
            let name = &self.machine.state(self.execution.frame(frame).state).name;
            let fault = Fault::data_limit(name);
            return self.fault(frame, fault);
        }
        self.execution.frame_mut(frame).phase = Phase::Leaving { output, next };
        self.execution.ready.push_back(frame);
    }

    /// The frame's turn to leave: the Exited event, then into the next state at once, or out of its graph.
    pub(crate) fn leave(&mut self, frame: FrameId) {
        let state = self.machine.state(self.execution.frame(frame).state);
        let Phase::Leaving { output, next } = self.execution.frame(frame).phase.clone() else {
            return;
        };
        let kind = EventKind::StateExited {
            state_type: state_type(&state.kind),
            name: state.name.clone(),
            output: output.clone(),
        };
        self.emit_on(frame, kind);
        let Some(next) = next else {
            return self.graph_ended(frame, output);
        };
        let f = self.execution.frame_mut(frame);
        f.state = next;
        f.input = output;
        f.phase = Phase::Entering;
        self.enter(frame);
    }

    /// The frame came to the end of its graph: a branch or iteration is done, or the execution.
    fn graph_ended(&mut self, frame: FrameId, output: Document) {
        match self.execution.frame(frame).parent {
            Some(parent) => self.child_done(frame, parent, output),
            None => {
                let previous = self.execution.frame(frame).previous;
                self.end(Outcome::Succeeded { output }, previous);
            }
        }
    }
}

/// The state that a transition leads to.
pub(crate) fn target(transition: Transition) -> Option<StateId> {
    match transition {
        Transition::Next(state) => Some(state),
        Transition::End => None,
    }
}
