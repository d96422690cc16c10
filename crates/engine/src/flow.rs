//! The data flow of a state as separate stages: InputPath, Parameters, ResultSelector, ResultPath, OutputPath.
//!
//! Each stage takes a document and gives one; a document that a stage leaves alone is the same document, unparsed.

use asl::definition::{DataFlow, Filter, ResultPath};
use expr::json::{Document, Value};
use expr::path::Path;
use expr::template::Template;
use expr::{Entropy, Roots};

use crate::context::ContextSource;
use crate::failure::Fault;

/// `InputPath` or `OutputPath`.
pub(crate) fn filter(
    filter: &Filter,
    document: &Document,
    context: &ContextSource<'_>,
) -> Result<Document, Fault> {
    match filter {
        Filter::Whole => Ok(document.clone()),
        Filter::Empty => Ok(Document::from_value(Value::object([]))),
        Filter::Select(path) => select(path, &context.over(document)).map(Document::from_value),
    }
}

/// What a path selects, or the failure that names the path.
pub(crate) fn select(path: &Path, roots: &dyn Roots) -> Result<Value, Fault> {
    path.eval(roots)
        .map_err(|miss| Fault::runtime(format!("Invalid path '{}' : {miss}", path.source())))
}

/// `Parameters`, `ResultSelector` or `ItemSelector`.
pub(crate) fn template(
    template: Option<&Template>,
    document: &Document,
    context: &ContextSource<'_>,
    entropy: &mut dyn Entropy,
) -> Result<Document, Fault> {
    match template {
        None => Ok(document.clone()),
        Some(template) => template
            .eval(&context.over(document), entropy)
            .map(Document::from_value)
            .map_err(|fault| Fault::runtime(fault.to_string())),
    }
}

/// `ResultPath`: the result, put into the raw state input.
pub(crate) fn place(at: &ResultPath, raw: &Document, result: &Document) -> Result<Document, Fault> {
    match at {
        ResultPath::Replace => Ok(result.clone()),
        ResultPath::Discard => Ok(raw.clone()),
        ResultPath::At(path) => path
            .set(raw.value(), result.value().clone())
            .map(Document::from_value)
            .map_err(|error| Fault::failure("States.ResultPathMatchFailure", error.to_string())),
    }
}

/// From a state's result to its output: ResultSelector, ResultPath, OutputPath.
pub(crate) fn output(
    flow: &DataFlow,
    raw: &Document,
    result: &Document,
    context: &ContextSource<'_>,
    entropy: &mut dyn Entropy,
) -> Result<Document, Fault> {
    let selected = template(flow.result_selector.as_ref(), result, context, entropy)?;
    let placed = place(&flow.result_path, raw, &selected)?;
    filter(&flow.output_path, &placed, context)
}
