//! Entering a state, doing its work, leaving it: what all types have in common.

use asl::definition::{Exit, Kind, State, StateId, Transition};
use expr::json::Document;

use crate::context::ContextSource;
use crate::event::{EventId, EventKind};
use crate::execution::{Facts, FrameId, Outcome, Phase};
use crate::failure::Fault;
use crate::flow::{self, Leaving, View};
use crate::probe::Stage;
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
        // Should the work end the execution: a redrive does not enter the state again.
        f.phase = Phase::Retrying;
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
        let execution = &self.execution;
        let redriven = (!execution.is_synchronous).then_some(execution.redriven);
        let source = ContextSource::new(facts, redriven, state, execution.frame(frame), variables)
            .with_token(self.token_of(frame, state))
            .within(&self.paths);
        match &self.probe {
            Some(probe) => source.replaced_by(probe.given.context.as_ref()),
            None => source,
        }
    }

    /// The state's result is there: the rest of its data flow, then out.
    pub(crate) fn complete(&mut self, frame: FrameId, result: &Document) {
        self.reached(Stage::Result, result);
        let machine = self.machine;
        let state = machine.state(self.execution.frame(frame).state);
        let way = WayOut {
            came: Came::Result(result),
            ..WayOut::of(state, result)
        };
        if let Err(fault) = self.leave_by(frame, state, way) {
            self.fault(frame, fault);
        }
    }

    /// The rest of a state's data flow, then out.
    pub(crate) fn leave_by(
        &mut self,
        frame: FrameId,
        state: &State,
        way: WayOut<'_>,
    ) -> Result<(), Fault> {
        let facts = self.execution.facts.clone();
        let context = self.context_of(&facts, frame, state);
        let raw = self.execution.frame(frame).input.clone();
        let mut view = View {
            document: way.document,
            input: &raw,
            came: way.came,
            context: &context,
            tools: &mut self.tools(),
        };
        let leaving = flow::exit(way.exit, &way.inside, &mut view, |view| {
            flow::output(&state.flow, &raw, view)
        })?;
        self.leave_with(frame, leaving, way.next)
    }

    /// The frame leaves its state at its next turn, unless output or variables are beyond their limits.
    pub(crate) fn leave_with(
        &mut self,
        frame: FrameId,
        leaving: Leaving,
        next: Option<StateId>,
    ) -> Result<(), Fault> {
        let Leaving { output, assigned } = leaving;
        if !output.fits(self.limits.payload_bytes) {
            let name = &self.machine.state(self.execution.frame(frame).state).name;
            return Err(Fault::data_limit(name));
        }
        if let Some(assigned) = &assigned {
            self.check_assignments(frame, assigned)?;
            self.reserve(assigned);
            assigned
                .iter()
                .for_each(|(_, value)| self.count_document(value));
        }
        self.count_document(&output);
        self.execution.frame_mut(frame).phase = Phase::Leaving {
            output,
            assigned,
            next,
        };
        self.execution.ready.push_back(frame);
        Ok(())
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

/// How a state is left.
pub(crate) struct WayOut<'a> {
    /// What `$` stands for, and what goes on where there is no Output.
    pub(crate) document: &'a Document,
    /// What came out; nothing of Pass, Choice, Wait and Succeed.
    pub(crate) came: Came<'a>,
    /// `Output` and `Assign`: the state's own, or a choice rule's.
    pub(crate) exit: &'a Exit,
    /// What their names are preceded by in a message: `Choices[1]/`.
    pub(crate) inside: String,
    /// Where to; none: the graph ends.
    pub(crate) next: Option<StateId>,
}

impl<'a> WayOut<'a> {
    /// The usual one, by `Next` or `End`.
    pub(crate) fn of(state: &'a State, document: &'a Document) -> WayOut<'a> {
        WayOut {
            document,
            came: Came::Nothing,
            exit: &state.exit,
            inside: String::new(),
            next: target(state.next),
        }
    }
}

/// The state that a transition leads to.
fn target(transition: Transition) -> Option<StateId> {
    match transition {
        Transition::Next(state) => Some(state),
        Transition::End => None,
    }
}
