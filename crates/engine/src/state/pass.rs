//! Pass and Succeed: input to output without waiting.

use asl::definition::State;
use expr::json::Document;

use crate::enter::WayOut;
use crate::execution::FrameId;
use crate::failure::Fault;
use crate::flow::{self, View};
use crate::probe::Stage;
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
            Some(result) => {
                self.reached(Stage::Result, result);
                result.clone()
            }
            None => {
                let facts = self.execution.facts.clone();
                let context = self.context_of(&facts, frame, state);
                let raw = &self.execution.frame(frame).input;
                let effective = flow::filter(&state.flow.input_path, raw, &context)?;
                let mut tools = self.tools();
                tools.reached(Stage::InputPath, &effective);
                let mut view = View::before(&effective, &context, &mut tools);
                let parameters = state.flow.parameters.as_ref();
                let result = flow::payload_or_document(parameters, "Arguments", &mut view)?;
                tools.reached(Stage::Parameters, &result);
                result
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
    pub(crate) fn effective_input(
        &mut self,
        frame: FrameId,
        state: &State,
    ) -> Result<Document, Fault> {
        let effective = flow::filter(
            &state.flow.input_path,
            &self.execution.frame(frame).input,
            &self.context(frame),
        )?;
        self.reached(Stage::InputPath, &effective);
        Ok(effective)
    }
}
