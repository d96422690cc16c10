//! Parallel: every branch gets a copy of the effective input.

use asl::definition::{Graph, State};

use crate::event::EventKind;
use crate::execution::{Children, FrameId, Phase};
use crate::failure::Fault;
use crate::flow::{self, View};
use crate::step::Run;

impl Run<'_> {
    pub(crate) fn parallel(
        &mut self,
        frame: FrameId,
        state: &State,
        branches: &[Graph],
    ) -> Result<(), Fault> {
        let facts = self.execution.facts.clone();
        let context = self.context_of(&facts, frame, state);
        let raw = &self.execution.frame(frame).input;
        let selected = flow::filter(&state.flow.input_path, raw, &context)?;
        let mut tools = self.tools();
        let mut view = View::before(&selected, &context, &mut tools);
        let parameters = state.flow.parameters.as_ref();
        let effective = flow::payload_or_document(parameters, "Arguments", &mut view)?;
        if !effective.fits(self.limits.payload_bytes) {
            return Err(Fault::data_limit(&state.name));
        }
        self.count_document(&effective);
        let started = self.emit_on(frame, EventKind::ParallelStateStarted);
        if let Some(outcome) = self.given_outcome() {
            self.children_ended(frame, outcome);
            return Ok(());
        }
        let total = branches.len() as u32;
        self.execution.frame_mut(frame).phase = Phase::Children(Box::new(Children {
            started,
            effective: effective.clone(),
            items: None,
            total,
            concurrency: total,
            frames: Vec::with_capacity(branches.len()),
            done: 0,
        }));
        let item = self.execution.frame(frame).item.clone();
        for branch in branches {
            self.add_child(
                frame,
                branch.start_at,
                effective.clone(),
                started,
                item.clone(),
            );
        }
        Ok(())
    }
}
