//! Entering a state, doing its work, leaving it: what all types have in common.

use asl::definition::{Exit, Kind, State, StateId, Transition};
use expr::json::Document;

use crate::context::ContextSource;
use crate::event::{EventId, EventKind};
use crate::execution::{Facts, FrameId, Outcome, Phase};
use crate::failure::Fault;
use crate::flow::{self, Leaving, View};
use crate::query::Came;
use crate::state::state_type;
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
        let before = self.execution.frame(frame).previous;
        let entered = self.emit_on(frame, kind);
        let now = self.execution.now;
        let f = self.execution.frame_mut(frame);
        f.entered = entered;
        f.entered_at = now;
        f.attempts.clear();
        self.work(frame, Some(before));
    }

    /// The state's work, for the first time or again; the first time `before` is the event before its Entered event.
    pub(crate) fn work(&mut self, frame: FrameId, before: Option<EventId>) {
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
            Kind::Fail(fail) => self.fail_state(frame, state, fail),
            Kind::Parallel { branches } => self.parallel(frame, state, branches),
            Kind::Map(map) => self.map(frame, state, map),
        };
        if let Err(fault) = done {
            self.fault_on_entry(frame, fault, before);
        }
    }

    /// The context of the frame's state.
    pub(crate) fn context(&self, frame: FrameId) -> ContextSource<'_> {
        let state = self.machine.state(self.execution.frame(frame).state);
        self.context_of(&self.execution.facts, frame, state)
    }

    /// The context of a state whose facts the caller holds, so that the run stays free to be changed.
    pub(crate) fn context_of<'f>(
        &self,
        facts: &'f Facts,
        frame: FrameId,
        state: &'f State,
    ) -> ContextSource<'f> {
        let variables = self.execution.variables_seen_by(frame);
        ContextSource::new(facts, state, self.execution.frame(frame), variables)
    }

    /// The state's result is there: the rest of its data flow, then out.
    pub(crate) fn complete(&mut self, frame: FrameId, result: &Document) {
        if let Err(fault) = self.try_complete(frame, result) {
            self.fault(frame, fault);
        }
    }

    fn try_complete(&mut self, frame: FrameId, result: &Document) -> Result<(), Fault> {
        let machine = self.machine;
        let state = machine.state(self.execution.frame(frame).state);
        let facts = self.execution.facts.clone();
        let context = self.context_of(&facts, frame, state);
        let raw = self.execution.frame(frame).input.clone();
        let mut view = View {
            document: result,
            input: &raw,
            came: Came::Result(result),
            context: &context,
            tools: &mut self.tools(),
        };
        let leaving = flow::exit(&state.exit, "", &mut view, |view| {
            flow::output(&state.flow, &raw, view)
        })?;
        self.leave_with(frame, leaving, target(state.next))
    }

    /// The way out of Pass, Choice, Wait and Succeed: nothing came out of them, `document` is what `$` stands for, and
    /// what goes on where there is no Output.
    pub(crate) fn leave_through(
        &mut self,
        frame: FrameId,
        state: &State,
        exit: &Exit,
        inside: &str,
        document: &Document,
        next: Option<StateId>,
    ) -> Result<(), Fault> {
        let facts = self.execution.facts.clone();
        let context = self.context_of(&facts, frame, state);
        let raw = self.execution.frame(frame).input.clone();
        let mut view = View {
            document,
            input: &raw,
            came: Came::Nothing,
            context: &context,
            tools: &mut self.tools(),
        };
        let leaving = flow::exit(exit, inside, &mut view, |view| {
            flow::output(&state.flow, &raw, view)
        })?;
        self.leave_with(frame, leaving, next)
    }

    /// The frame leaves its state at its next turn.
    pub(crate) fn leave_with(
        &mut self,
        frame: FrameId,
        leaving: Leaving,
        next: Option<StateId>,
    ) -> Result<(), Fault> {
        self.check_leaving(frame, &leaving)?;
        self.leave_checked(frame, leaving, next);
        Ok(())
    }

    /// Output and variables are within their limits.
    pub(crate) fn check_leaving(&self, frame: FrameId, leaving: &Leaving) -> Result<(), Fault> {
        if !leaving.output.fits(self.limits.payload_bytes) {
            let name = &self.machine.state(self.execution.frame(frame).state).name;
            return Err(Fault::data_limit(name));
        }
        match &leaving.assigned {
            None => Ok(()),
            Some(assigned) => self.check_assignments(frame, assigned),
        }
    }

    pub(crate) fn leave_checked(
        &mut self,
        frame: FrameId,
        leaving: Leaving,
        next: Option<StateId>,
    ) {
        if let Some(assigned) = &leaving.assigned {
            self.reserve(assigned);
            self.count_row(assigned.iter().map(|(_, value)| value));
        }
        self.count_row([&leaving.output]);
        self.execution.frame_mut(frame).phase = Phase::Leaving {
            output: leaving.output,
            assigned: leaving.assigned,
            next,
        };
        self.execution.ready.push_back(frame);
    }

    /// The frame's turn to leave: the Exited event, then into the next state at once, or out of its graph.
    pub(crate) fn leave(&mut self, frame: FrameId) {
        let state = self.machine.state(self.execution.frame(frame).state);
        let Phase::Leaving {
            output,
            assigned,
            next,
        } = self.execution.frame(frame).phase.clone()
        else {
            return;
        };
        let kind = EventKind::StateExited {
            state_type: state_type(&state.kind),
            name: state.name.clone(),
            output: output.clone(),
            assigned: assigned.clone(),
        };
        self.emit_on(frame, kind);
        if let Some(assigned) = assigned {
            self.execution.frame_mut(frame).phase = Phase::Entering;
            self.assign(frame, &assigned);
        }
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
