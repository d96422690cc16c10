//! Pass and Succeed: input to output without waiting.

use asl::definition::State;
use expr::json::Document;

use crate::enter::WayOut;
use crate::execution::FrameId;
use crate::failure::Fault;
use crate::flow::{self, View};
use crate::step::Run;

impl Run<'_> {
    /// A fixed `Result` wins over `Parameters` (spec asl.md section 3.1).
    pub(crate) fn pass(
        &mut self,
        frame: FrameId,
        state: &State,
        result: Option<&Document>,
    ) -> Result<(), Fault> {
        let result = match result {
            Some(result) => result.clone(),
            None => {
                let facts = self.execution.facts.clone();
                let context = self.context_of(&facts, frame, state);
                let raw = &self.execution.frame(frame).input;
                let effective = flow::filter(&state.flow.input_path, raw, &context)?;
                let mut tools = self.tools();
                let mut view = View::before(&effective, &context, &mut tools);
                flow::payload_or_document(state.flow.parameters.as_ref(), "Arguments", &mut view)?
            }
        };
        self.leave_by(frame, state, WayOut::of(state, &result))
    }

    /// Succeed ends its graph.
    pub(crate) fn succeed(&mut self, frame: FrameId, state: &State) -> Result<(), Fault> {
        let effective = self.effective_input(frame, state)?;
        self.leave_by(frame, state, WayOut::of(state, &effective))
    }

    /// The effective input: after InputPath.
    pub(crate) fn effective_input(&self, frame: FrameId, state: &State) -> Result<Document, Fault> {
        flow::filter(
            &state.flow.input_path,
            &self.execution.frame(frame).input,
            &self.context(frame),
        )
    }
}
