//! Which field was meant by one that the language does not know.
//!
//! Owns the names of all fields. Where which of them may stand is asked of the language: with the name put in, does it
//! still refuse the field? For that everything around the place is left out, so that asking costs little.

use std::collections::BTreeSet;
use std::sync::Arc;

use asl::Options;
use expr::json::{Kind, Object, Step, Value};

use super::similar::{Budget, nearest};

/// How many names are tried.
const TRIED: usize = 6;

/// The longest text that is kept beside the way, in bytes.
const LONGEST_KEPT: usize = 200;

/// All fields but the operators of Choice rules.
#[rustfmt::skip]
const FIELDS: &[&str] = &[
    "And", "Arguments", "Assign", "BackoffRate", "Branches", "CSVDelimiter", "CSVHeaderLocation", "CSVHeaders", "Catch",
    "Cause", "CausePath", "Choices", "Comment", "Condition", "Credentials", "Default", "End", "Error", "ErrorEquals",
    "ErrorPath", "ExecutionType", "HeartbeatSeconds", "HeartbeatSecondsPath", "InputPath", "InputType",
    "IntervalSeconds", "ItemBatcher", "ItemProcessor", "ItemReader", "ItemSelector", "Items", "ItemsPath",
    "ItemsPointer", "Iterator", "JitterStrategy", "Label", "ManifestType", "MaxAttempts", "MaxConcurrency",
    "MaxConcurrencyPath", "MaxDelaySeconds", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath", "MaxItems",
    "MaxItemsPath", "MaxItemsPerBatch", "MaxItemsPerBatchPath", "Mode", "Next", "Not", "Or", "Output", "OutputPath",
    "OutputType", "Parameters", "ProcessorConfig", "QueryLanguage", "ReaderConfig", "Resource", "Result", "ResultPath",
    "ResultSelector", "ResultWriter", "Retry", "RoleArn", "Seconds", "SecondsPath", "StartAt", "States",
    "TimeoutSeconds", "TimeoutSecondsPath", "Timestamp", "TimestampPath", "ToleratedFailureCount",
    "ToleratedFailureCountPath", "ToleratedFailurePercentage", "ToleratedFailurePercentagePath", "Transformation",
    "Type", "Variable", "Version", "WriterConfig",
];

/// The operators that compare.
const COMPARED: &[&str] = &["Numeric", "String", "Timestamp"];
const RELATIONS: &[&str] = &[
    "Equals",
    "GreaterThan",
    "GreaterThanEquals",
    "LessThan",
    "LessThanEquals",
];
const OTHER_OPERATORS: &[&str] = &[
    "BooleanEquals",
    "BooleanEqualsPath",
    "IsBoolean",
    "IsNull",
    "IsNumeric",
    "IsPresent",
    "IsString",
    "IsTimestamp",
    "StringMatches",
];

/// All names.
pub(super) fn vocabulary() -> BTreeSet<String> {
    let compared = COMPARED.iter().flat_map(|kind| {
        let names = RELATIONS
            .iter()
            .map(move |relation| format!("{kind}{relation}"));
        names.flat_map(|name| [format!("{name}Path"), name])
    });
    let fixed = FIELDS
        .iter()
        .chain(OTHER_OPERATORS)
        .map(|name| (*name).to_owned());
    fixed.chain(compared).collect()
}

/// The field that was meant by the one at `path`.
pub(super) fn meant(
    definition: &Value,
    path: &[Step],
    vocabulary: &BTreeSet<String>,
    options: &Options,
    budget: &mut Budget,
) -> Option<String> {
    let (Step::Key(wrong), parent) = path.split_last()? else {
        return None;
    };
    let near = nearest(wrong, vocabulary.iter().map(String::as_str), budget);
    let mut tried = near.into_iter().take(TRIED);
    let probe = Probe {
        vocabulary,
        options,
        parent,
    };
    tried
        .find(|name| probe.is_welcome(definition, name))
        .map(str::to_owned)
}

/// Asks the language about a field of the object at `parent`.
struct Probe<'p> {
    vocabulary: &'p BTreeSet<String>,
    options: &'p Options,
    parent: &'p [Step],
}

impl Probe<'_> {
    /// Whether the language takes the field there.
    fn is_welcome(&self, definition: &Value, name: &str) -> bool {
        let Some(probe) = self.reduced(definition, self.parent, name) else {
            return false;
        };
        let refused = [
            format!("Field '{name}' is not supported"),
            format!("but field '{name}' is only supported"),
        ];
        let diagnostics = asl::validate(&probe.to_text(), self.options);
        !diagnostics.iter().any(|found| {
            found.path.len() == self.parent.len() + 1
                && refused
                    .iter()
                    .any(|refusal| found.message.contains(refusal.as_str()))
        })
    }

    /// The definition with nothing but the way to the object, the scalars beside the way (they say which type and language
    /// a state has), and the object's known fields with `name` among them. `None` if the object has it already.
    fn reduced(&self, value: &Value, way: &[Step], name: &str) -> Option<Value> {
        let Some((step, rest)) = way.split_first() else {
            let object = value
                .as_object()
                .filter(|object| !object.contains_key(name))?;
            let members = self
                .known(object)
                .map(|(key, member)| (key.clone(), hollow(member)));
            let mut object: Object = members.collect();
            object.insert(name.into(), Value::Null);
            return Some(Value::Object(Arc::new(object)));
        };
        match step {
            Step::Index(index) => {
                let item = value.as_array()?.get(*index)?;
                Some(Value::array(vec![self.reduced(item, rest, name)?]))
            }
            Step::Key(key) => {
                let object = value.as_object()?;
                let inner = self.reduced(object.get(key)?, rest, name)?;
                let beside = self.known(object).filter(|(_, member)| is_scalar(member));
                let beside = beside.map(|(key, member)| (key.clone(), hollow(member)));
                let mut object: Object = beside.collect();
                object.insert(key.clone(), inner);
                Some(Value::Object(Arc::new(object)))
            }
        }
    }

    /// The members that are fields: no more than there are names.
    fn known<'v>(&self, object: &'v Object) -> impl Iterator<Item = (&'v Arc<str>, &'v Value)> {
        object
            .iter()
            .filter(|(key, _)| self.vocabulary.contains(&***key))
    }
}

/// A container without what is in it; a long text is no type and no language.
fn hollow(value: &Value) -> Value {
    match value {
        Value::Array(_) => Value::array(Vec::new()),
        Value::Object(_) => Value::Object(Arc::default()),
        Value::String(text) if text.len() > LONGEST_KEPT => Value::string(""),
        _ => value.clone(),
    }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value.kind(), Kind::Array | Kind::Object)
}
