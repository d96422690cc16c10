//! Fail: an error of the author's own.

use std::sync::Arc;

use asl::definition::{Fail, FailText, State};
use expr::json::Kind;

use crate::event::Failure;
use crate::execution::FrameId;
use crate::failure::Fault;
use crate::flow::View;
use crate::probe::Stage;
use crate::query::Place;
use crate::state::wait::shown;
use crate::step::Run;

impl Run<'_> {
    /// Never returns `Ok`: the failure is the state's work.
    pub(crate) fn fail_state(
        &mut self,
        frame: FrameId,
        state: &State,
        fail: &Fail,
    ) -> Result<(), Fault> {
        let facts = self.execution.facts.clone();
        let context = self.context_of(&facts, frame, state);
        let input = self.execution.frame(frame).input.clone();
        let mut tools = self.tools();
        tools.reached(Stage::InputPath, &input);
        let mut view = View::before(&input, &context, &mut tools);
        let error = text(fail.error.as_ref(), "Error", "ErrorPath", &mut view)?;
        let cause = text(fail.cause.as_ref(), "Cause", "CausePath", &mut view)?;
        Err(Fault::Failure(Failure::of(error, cause)))
    }
}

fn text(
    text: Option<&FailText>,
    field: &str,
    path_field: &str,
    view: &mut View<'_, '_>,
) -> Result<Option<Arc<str>>, Fault> {
    match text {
        None => Ok(None),
        Some(FailText::Literal(text)) => Ok(Some(text.clone())),
        Some(FailText::Query(query)) => {
            let place = Place::Field(field);
            let value = view
                .queries()
                .expression_of_kind(query, Kind::String, place)?;
            Ok(value.as_str().map(Into::into))
        }
        Some(FailText::Expression(expression)) => {
            let value = expression
                .eval(
                    path_field,
                    &view.context.over(view.document),
                    view.tools.entropy,
                )
                .map_err(|fault| Fault::runtime(fault.to_string()))?;
            match value.as_str() {
                Some(text) => Ok(Some(text.into())),
                None => Err(Fault::runtime(format!(
                    "The value of the field '{path_field}' must be a string but was: {}",
                    shown(&value)
                ))),
            }
        }
    }
}
