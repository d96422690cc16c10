//! Pass and Succeed: input to output without waiting.

use asl::definition::State;
use expr::json::Document;

use crate::enter::target;
use crate::execution::FrameId;
use crate::failure::Fault;
use crate::flow;
use crate::step::Run;

impl Run<'_> {
    /// A fixed `Result` wins over `Parameters` (spec asl.md section 3.1).
    pub(crate) fn pass(
        &mut self,
        frame: FrameId,
        state: &State,
        result: Option<&Document>,
    ) -> Result<(), Fault> {
        let raw = self.execution.frame(frame).input.clone();
        let facts = self.execution.facts.clone();
        let context = self.context_of(&facts, frame, state);
        let result = match result {
            Some(result) => result.clone(),
            None => {
                let effective = flow::filter(&state.flow.input_path, &raw, &context)?;
                flow::template(
                    state.flow.parameters.as_ref(),
                    &effective,
                    &context,
                    self.entropy,
                )?
            }
        };
        let output = flow::output(&state.flow, &raw, &result, &context, self.entropy)?;
        self.leave_with(frame, output, target(state.next));
        Ok(())
    }

    /// Succeed ends its graph.
    pub(crate) fn succeed(&mut self, frame: FrameId, state: &State) -> Result<(), Fault> {
        let output = self.passed_through(frame, state)?;
        self.leave_with(frame, output, None);
        Ok(())
    }

    /// The output of Choice, Wait and Succeed: InputPath and OutputPath only.
    pub(crate) fn passed_through(&self, frame: FrameId, state: &State) -> Result<Document, Fault> {
        let context = self.context(frame);
        let effective = flow::filter(
            &state.flow.input_path,
            &self.execution.frame(frame).input,
            &context,
        )?;
        flow::filter(&state.flow.output_path, &effective, &context)
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
