//! Fail: an error of the author's own.

use std::sync::Arc;

use asl::definition::{Fail, FailText};
use expr::Entropy;
use expr::json::Document;

use crate::context::ContextSource;
use crate::event::Failure;
use crate::execution::FrameId;
use crate::failure::Fault;
use crate::state::wait::shown;
use crate::step::Run;

impl Run<'_> {
    /// Never returns `Ok`: the failure is the state's work.
    pub(crate) fn fail_state(&mut self, frame: FrameId, fail: &Fail) -> Result<(), Fault> {
        let facts = self.execution.facts.clone();
        let f = self.execution.frame(frame);
        let name = self.machine.state(f.state).name.clone();
        let context = ContextSource::new(&facts, &name, f, false);
        let input = f.input.clone();
        let error = text(
            fail.error.as_ref(),
            "ErrorPath",
            &input,
            &context,
            self.entropy,
        )?;
        let cause = text(
            fail.cause.as_ref(),
            "CausePath",
            &input,
            &context,
            self.entropy,
        )?;
        Err(Fault::Failure(Failure::of(error, cause)))
    }
}

fn text(
    text: Option<&FailText>,
    field: &str,
    input: &Document,
    context: &ContextSource<'_>,
    entropy: &mut dyn Entropy,
) -> Result<Option<Arc<str>>, Fault> {
    match text {
        None => Ok(None),
        Some(FailText::Literal(text)) => Ok(Some(text.clone())),
        Some(FailText::Expression(expression)) => {
            let value = expression
                .eval(field, &context.over(input), entropy)
                .map_err(|fault| Fault::runtime(fault.to_string()))?;
            match value.as_str() {
                Some(text) => Ok(Some(text.into())),
                None => Err(Fault::runtime(format!(
                    "The value of the field '{field}' must be a string but was: {}",
                    shown(&value)
                ))),
            }
        }
    }
}
