//! The data flow of a state as separate stages: InputPath, Parameters or Arguments, ResultSelector, ResultPath,
//! OutputPath; or Output.
//!
//! Each stage takes a document and gives one; a document that a stage leaves alone is the same document, unparsed.

use asl::definition::{DataFlow, Exit, Filter, Payload, ResultPath};
use expr::json::{Document, Value};
use expr::path::Path;
use expr::template::Template;
use expr::{Entropy, Roots};

use crate::context::ContextSource;
use crate::failure::Fault;
use crate::probe::{Probe, Stage};
use crate::query::{Came, Place, Queries};
use crate::time::Timestamp;
use crate::variables::{self, Assignments};

/// What evaluations need besides data.
pub(crate) struct Tools<'t> {
    pub(crate) entropy: &'t mut dyn Entropy,
    pub(crate) now: Timestamp,
    /// What the JSONata expressions of one turn may use together.
    pub(crate) queries: &'t mut jsonata::Limits,
    /// Sees the stages, when somebody wants to.
    pub(crate) probe: Option<&'t mut Probe>,
}

impl Tools<'_> {
    /// A stage came to this.
    pub(crate) fn reached(&mut self, stage: Stage, document: &Document) {
        if let Some(probe) = &mut self.probe {
            probe.seen.record(stage, document);
        }
    }
}

/// What the expressions of a stage see.
pub(crate) struct View<'a, 't> {
    /// `$`
    pub(crate) document: &'a Document,
    /// `$states.input`
    pub(crate) input: &'a Document,
    /// `$states.result` or `$states.errorOutput`
    pub(crate) came: Came<'a>,
    pub(crate) context: &'a ContextSource<'a>,
    pub(crate) tools: &'a mut Tools<'t>,
}

impl<'a, 't> View<'a, 't> {
    /// Before the state's work: its effective input is all there is.
    pub(crate) fn before(
        effective: &'a Document,
        context: &'a ContextSource<'a>,
        tools: &'a mut Tools<'t>,
    ) -> View<'a, 't> {
        View {
            document: effective,
            input: effective,
            came: Came::Nothing,
            context,
            tools,
        }
    }

    /// JSONata values of this view.
    pub(crate) fn queries(&mut self) -> Queries<'_, 't> {
        Queries {
            input: self.input,
            came: self.came,
            context: self.context,
            tools: self.tools,
        }
    }
}

/// What a state leaves with.
pub(crate) struct Leaving {
    pub(crate) output: Document,
    pub(crate) assigned: Option<Assignments>,
}

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

/// `Parameters`, `Arguments`, `ItemSelector`, `Credentials`: in the state's language. `field` is the JSONata one's name.
pub(crate) fn payload(
    payload: &Payload,
    field: &str,
    view: &mut View<'_, '_>,
) -> Result<Document, Fault> {
    match payload {
        Payload::Template(payload) => template(payload, view),
        Payload::Query(query) => view.queries().document(query, Place::Field(field)),
    }
}

/// A payload; without one the document as it is.
pub(crate) fn payload_or_document(
    given: Option<&Payload>,
    field: &str,
    view: &mut View<'_, '_>,
) -> Result<Document, Fault> {
    match given {
        None => Ok(view.document.clone()),
        Some(given) => payload(given, field, view),
    }
}

fn template(template: &Template, view: &mut View<'_, '_>) -> Result<Document, Fault> {
    template
        .eval(&view.context.over(view.document), view.tools.entropy)
        .map(Document::from_value)
        .map_err(|fault| Fault::runtime(fault.to_string()))
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

/// From a state's result to its output: ResultSelector, ResultPath, OutputPath. In a JSONata state they are absent, and
/// the output is the result.
pub(crate) fn output(
    flow: &DataFlow,
    raw: &Document,
    view: &mut View<'_, '_>,
) -> Result<Document, Fault> {
    let selected = match &flow.result_selector {
        None => view.document.clone(),
        Some(selector) => template(selector, view)?,
    };
    view.tools.reached(Stage::ResultSelector, &selected);
    let placed = place(&flow.result_path, raw, &selected)?;
    view.tools.reached(Stage::ResultPath, &placed);
    filter(&flow.output_path, &placed, view.context)
}

/// `Assign` and `Output` of a state, choice rule or catcher, both with the variables as they were on entry. `inside` is
/// what the fields' names are preceded by in a message: `Catch[1]/`. Without an Output the output is `otherwise`.
pub(crate) fn exit<'a, 't>(
    exit: &Exit,
    inside: &str,
    view: &mut View<'a, 't>,
    otherwise: impl FnOnce(&mut View<'a, 't>) -> Result<Document, Fault>,
) -> Result<Leaving, Fault> {
    let assigned = match inside {
        "" => variables::assigned(exit.assign.as_ref(), "Assign", view)?,
        _ => variables::assigned(exit.assign.as_ref(), &format!("{inside}Assign"), view)?,
    };
    let output = match &exit.output {
        None => otherwise(view)?,
        Some(query) => {
            let field = format!("{inside}Output");
            view.queries().document(query, Place::Field(&field))?
        }
    };
    Ok(Leaving { output, assigned })
}
