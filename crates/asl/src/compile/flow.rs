//! The data flow fields, and fields that come as a value or as a path.

use super::fields::{Fields, Parsed};
use super::state::Current;
use crate::definition::{DataFlow, Dynamic, Exit, Filter, Payload, ResultPath};

impl Current<'_, '_> {
    /// `InputPath` to `OutputPath`. A Map's item selector goes by its old name `Parameters` too.
    pub(super) fn flow(&mut self) -> DataFlow {
        DataFlow {
            input_path: filter(&mut self.fields, "InputPath"),
            parameters: self.parameters(),
            result_selector: self.fields.template("ResultSelector"),
            result_path: result_path(&mut self.fields),
            output_path: filter(&mut self.fields, "OutputPath"),
        }
    }

    fn parameters(&mut self) -> Option<Payload> {
        ["ItemSelector", "Parameters", "Arguments"]
            .into_iter()
            .find_map(|name| self.fields.payload(name))
    }

    /// An integer field or its `...Path` form.
    pub(super) fn dynamic_integer(&mut self, fixed: &str, path: &str) -> Option<Dynamic<u64>> {
        self.fields.dynamic_integer(fixed, path)
    }

    /// A number field or its `...Path` form.
    pub(super) fn dynamic_number(&mut self, fixed: &str, path: &str) -> Option<Dynamic<f64>> {
        match self.fields.take(fixed).or_else(|| self.fields.take(path))? {
            Parsed::Number(value) => Some(Dynamic::Fixed(value)),
            other => dynamic(other),
        }
    }
}

impl Fields<'_> {
    /// An integer field or its `...Path` form.
    pub(super) fn dynamic_integer(&mut self, fixed: &str, path: &str) -> Option<Dynamic<u64>> {
        match self.take(fixed).or_else(|| self.take(path))? {
            Parsed::Integer(value) => Some(Dynamic::Fixed(value)),
            other => dynamic(other),
        }
    }
}

fn dynamic<T>(parsed: Parsed<'_>) -> Option<Dynamic<T>> {
    match parsed {
        Parsed::Path(path) => Some(Dynamic::Path(path)),
        Parsed::QueryExpression(expression) => Some(Dynamic::Query(expression)),
        _ => None,
    }
}

/// `Output` and `Assign` of a state, a choice rule or a catcher.
pub(super) fn exit(fields: &mut Fields<'_>) -> Exit {
    Exit {
        output: fields.query("Output"),
        assign: fields.payload("Assign"),
    }
}

fn filter(fields: &mut Fields<'_>, name: &str) -> Filter {
    match fields.take(name) {
        Some(Parsed::Null) => Filter::Empty,
        Some(Parsed::Path(path)) if !path.is_identity() => Filter::Select(path),
        _ => Filter::Whole,
    }
}

/// `ResultPath` of a state or a catcher.
pub(super) fn result_path(fields: &mut Fields<'_>) -> ResultPath {
    match fields.take("ResultPath") {
        Some(Parsed::Null) => ResultPath::Discard,
        Some(Parsed::Target(target)) if !target.path().is_identity() => ResultPath::At(target),
        _ => ResultPath::Replace,
    }
}
