//! Pass and Fail: the types that only carry values.

use expr::json::Document;

use super::fields::Parsed;
use super::state::Current;
use super::{Compiler, warnings};
use crate::definition::{Fail, FailText, Kind};

impl Compiler<'_> {
    pub(super) fn pass(&mut self, current: &mut Current<'_, '_>) -> Kind {
        let result = current.fields.json("Result");
        if let Some(result) = result {
            warnings::path_in_result(&mut self.log, result, &current.at.key("Result"));
        }
        Kind::Pass {
            result: result.cloned().map(Document::from_value),
        }
    }

    pub(super) fn fail(&mut self, current: &mut Current<'_, '_>) -> Kind {
        Kind::Fail(Fail {
            error: fail_text(current, "Error", "ErrorPath"),
            cause: fail_text(current, "Cause", "CausePath"),
        })
    }
}

fn fail_text(current: &mut Current<'_, '_>, text: &str, path: &str) -> Option<FailText> {
    match current
        .fields
        .take(text)
        .or_else(|| current.fields.take(path))?
    {
        Parsed::Text(text) => Some(FailText::Literal(text)),
        Parsed::Expression(expression) => Some(FailText::Expression(expression)),
        Parsed::QueryExpression(query) => Some(FailText::Query(query)),
        _ => None,
    }
}
