//! What a map run's children came to, as its result: outputs, or records of the children, in the order of the items.

use asl::definition::Kind;
use asl::distributed::{Reader, Transformation, WriterConfig};
use engine::event::Failure;
use engine::map_run::result_too_large;
use expr::json::{Document, Value};
use store::Store;

use super::child::ChildRow;
use super::{RunId, rows};
use crate::error::RuntimeError;
use crate::keys::Namespace;
use crate::record::{ExecutionRecord, Status};

/// Rows of children that are read in one go.
pub(super) const PAGE: usize = 64;

/// The result that stays in the state's output, at most `most` bytes.
pub(super) fn collect(
    store: &dyn Store,
    namespace: &Namespace,
    run: RunId,
    config: WriterConfig,
    state: &str,
    most: usize,
) -> Result<Result<Document, Failure>, RuntimeError> {
    let mut values = Vec::new();
    let (mut from, mut bytes) = (0, 2);
    loop {
        let page = rows::children(store, namespace, run, from, PAGE)?;
        let Some((last, _)) = page.last() else {
            break;
        };
        from = last + 1;
        for (_, child) in page {
            let Some(record) = record_of(store, namespace, &child)? else {
                continue;
            };
            let begin = values.len();
            add(&record, config.transformation, &mut values);
            for value in &values[begin..] {
                let Some(length) = value.text_length_within(most) else {
                    return Ok(Err(result_too_large(state)));
                };
                bytes += length + 1;
            }
            if bytes > most + 1 {
                return Ok(Err(result_too_large(state)));
            }
        }
    }
    let result = match config.lines {
        false => Value::array(values),
        true => Value::string(lines(&values)),
    };
    let result = Document::from_value(result);
    Ok(match result.fits(most) {
        true => Ok(result),
        false => Err(result_too_large(state)),
    })
}

/// The `ItemReader` of a Map state.
pub(super) fn reader(machine: &asl::Machine, state: &str) -> Option<Reader> {
    let state = machine.state(machine.find(state)?);
    match &state.kind {
        Kind::Map(map) => map.distributed.as_ref()?.reader.clone(),
        _ => None,
    }
}

/// Whether a Map state says how its result is put together.
pub(super) fn is_configured(machine: &asl::Machine, state: &str) -> bool {
    let state = machine.find(state).map(|id| machine.state(id));
    state.is_some_and(|state| match &state.kind {
        Kind::Map(map) => {
            let writer = map.distributed.as_ref().and_then(|d| d.writer.as_ref());
            writer.is_some_and(|writer| writer.config.is_some())
        }
        _ => false,
    })
}

/// How the result of a Map state is put together: its `WriterConfig`, or the outputs alone.
pub(super) fn config(machine: &asl::Machine, state: &str) -> WriterConfig {
    let state = machine.find(state).map(|id| machine.state(id));
    let writer = state.and_then(|state| match &state.kind {
        Kind::Map(map) => map.distributed.as_ref()?.writer.as_ref()?.config,
        _ => None,
    });
    writer.unwrap_or(WriterConfig {
        lines: false,
        transformation: Transformation::Compact,
    })
}

fn lines(values: &[Value]) -> String {
    let texts: Vec<String> = values.iter().map(Value::to_text).collect();
    texts.join("\n")
}

pub(super) fn record_of(
    store: &dyn Store,
    namespace: &Namespace,
    child: &ChildRow,
) -> Result<Option<ExecutionRecord>, RuntimeError> {
    match child {
        ChildRow::Started { execution, .. } => crate::query::record(store, namespace, *execution),
        ChildRow::Pending { .. } => Ok(None),
    }
}

/// What one child adds. One that failed is there as its record, whatever the form.
pub(super) fn add(
    record: &ExecutionRecord,
    transformation: Transformation,
    values: &mut Vec<Value>,
) {
    let output = record.output.as_ref().map(Document::value);
    match (transformation, output) {
        (Transformation::None, _) | (_, None) => values.push(shown(record)),
        (Transformation::Compact, Some(output)) => values.push(output.clone()),
        (Transformation::Flatten, Some(output)) => match output.as_array() {
            Some(items) => values.extend(items.iter().cloned()),
            None => values.push(output.clone()),
        },
    }
}

/// A child as `NONE` shows it (spec asl.md, ResultWriter).
pub(super) fn shown(record: &ExecutionRecord) -> Value {
    let facts = &record.facts;
    let text = |text: &str| Value::string(text);
    let included = || Value::object([("Included".into(), Value::Bool(true))]);
    let mut members = vec![("ExecutionArn".into(), text(&facts.arn))];
    let mut add = |name: &str, value: Value| members.push((name.into(), value));
    if let Some(error) = &record.failure.error {
        add("Error", text(error));
    }
    if let Some(cause) = &record.failure.cause {
        add("Cause", text(cause));
    }
    add("Input", Value::string(facts.input.text_arc()));
    add("InputDetails", included());
    add("Name", text(&facts.name));
    if let Some(output) = &record.output {
        add("Output", Value::string(output.text_arc()));
    }
    if record.output.is_some() {
        add("OutputDetails", included());
    }
    add("RedriveCount", Value::int(0));
    match record.status {
        Status::Succeeded => {
            add("RedriveStatus", text("NOT_REDRIVABLE"));
            let reason = "Execution is SUCCEEDED and cannot be redriven";
            add("RedriveStatusReason", text(reason));
        }
        _ => add("RedriveStatus", text("REDRIVABLE_BY_MAP_RUN")),
    }
    add("StartDate", text(&facts.started.to_string()));
    add("StateMachineArn", text(&facts.machine_arn));
    add("Status", text(record.status.as_str()));
    if let Some(stopped) = record.stopped {
        add("StopDate", text(&stopped.to_string()));
    }
    Value::object(members)
}
