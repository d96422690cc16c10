//! The Map state and what only its distributed mode uses.

use std::sync::Arc;

use expr::json::Object;

use super::Compiler;
use super::graph::Level;
use super::schema::{self, Schema};
use super::state::Current;
use crate::definition::{Graph, Items, Kind, Map};
use crate::distributed::{
    Batcher, Distributed, ExecutionType, InputType, ReadAction, Reader, ReaderConfig,
    Transformation, Writer, WriterConfig,
};
use crate::location::At;
use crate::unsupported::Feature;
use crate::{Code, MachineType};

/// What bounds a batch; documented: one must be there.
const BATCH_LIMITS: [&str; 4] = [
    "MaxItemsPerBatch",
    "MaxItemsPerBatchPath",
    "MaxInputBytesPerBatch",
    "MaxInputBytesPerBatchPath",
];
/// The longest label, in characters.
const MAX_LABEL: usize = 40;
/// Characters that a label must not have, besides white space and control characters (the rules of a name).
const NOT_IN_LABEL: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

impl Compiler<'_> {
    pub(super) fn map(&mut self, current: &mut Current<'_, '_>) -> Option<Kind> {
        let processor = self.processor(current);
        let reader = self.reader(current);
        let batcher = self.batcher(current);
        let writer = self.writer(current);
        let label = current.fields.text("Label");
        if let Some(label) = &label {
            self.label(label.clone(), &current.at.key("Label"));
        }
        let items = match (
            current.fields.path("ItemsPath"),
            current.fields.query("Items"),
        ) {
            (Some(path), _) => Items::Path(path),
            (None, Some(query)) => Items::Query(query),
            (None, None) => Items::Input,
        };
        let max_concurrency = current.dynamic_integer("MaxConcurrency", "MaxConcurrencyPath");
        let tolerated_failure_count =
            current.dynamic_integer("ToleratedFailureCount", "ToleratedFailureCountPath");
        let tolerated_failure_percentage = current.dynamic_number(
            "ToleratedFailurePercentage",
            "ToleratedFailurePercentagePath",
        );
        let (processor, execution_type) = processor?;
        let distributed = execution_type.map(|execution_type| {
            Box::new(Distributed {
                execution_type,
                label,
                reader,
                batcher,
                writer,
            })
        });
        Some(Kind::Map(Box::new(Map {
            items,
            max_concurrency,
            tolerated_failure_count,
            tolerated_failure_percentage,
            processor,
            distributed,
        })))
    }

    /// The processor, and how its executions run if they are executions of their own.
    fn processor(
        &mut self,
        current: &mut Current<'_, '_>,
    ) -> Option<(Graph, Option<ExecutionType>)> {
        let field = ["ItemProcessor", "Iterator"]
            .into_iter()
            .find(|name| current.object.contains_key(name))?;
        let object = current.fields.object(field)?;
        let at = current.at.key(field);
        self.nested(&at, |compiler| {
            let mut fields =
                compiler.fields(&schema::PROCESSOR, object, compiler.machine_dialect(), &at);
            let config = fields.object("ProcessorConfig");
            let execution_type = config
                .and_then(|config| compiler.processor_config(config, &at.key("ProcessorConfig")));
            let level = match is_distributed(current.object) {
                true => Level::Separate,
                false => Level::Nested,
            };
            let graph = compiler.graph(&mut fields, level, &at)?;
            Some((graph, execution_type))
        })
    }

    fn processor_config(&mut self, config: &Object, at: &At<'_>) -> Option<ExecutionType> {
        let distributed = config.get("Mode").and_then(|mode| mode.as_str()) == Some("DISTRIBUTED");
        let schema = if distributed {
            &schema::DISTRIBUTED_CONFIG
        } else {
            &schema::INLINE_CONFIG
        };
        let mut fields = self.fields(schema, config, self.machine_dialect(), at);
        if distributed && self.options.machine_type == MachineType::Express {
            let message = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines";
            self.log.member(at, "Mode", message);
        }
        match &*fields.text("ExecutionType")? {
            "EXPRESS" if distributed => Some(ExecutionType::Express),
            "STANDARD" if distributed => Some(ExecutionType::Standard),
            _ => None,
        }
    }

    fn reader(&mut self, current: &mut Current<'_, '_>) -> Option<Reader> {
        let object = current.fields.object("ItemReader")?;
        let at = current.at.key("ItemReader");
        let mut fields = self.fields(&schema::ITEM_READER, object, current.dialect, &at);
        let action = fields.text("Resource").and_then(|resource| {
            let action = read_action(&resource);
            if action.is_none() {
                let message = "The field 'Resource' does not match any of the allowed values";
                self.log.member(&at, "Resource", message);
            }
            action
        });
        let parameters = fields
            .payload("Parameters")
            .or_else(|| fields.payload("Arguments"));
        let config = match fields.object("ReaderConfig") {
            Some(config) => self.reader_config(config, current, &at.key("ReaderConfig")),
            None => ReaderConfig::default(),
        };
        Some(Reader {
            action: action?,
            parameters,
            config,
        })
    }

    fn reader_config(
        &mut self,
        config: &Object,
        current: &Current<'_, '_>,
        at: &At<'_>,
    ) -> ReaderConfig {
        let text = |name: &str| config.get(name).and_then(|value| value.as_str());
        let schema = match text("InputType") {
            Some("JSON" | "JSONL") => schema::JSON_READER_CONFIG,
            _ => schema::CSV_READER_CONFIG,
        };
        let given = text("CSVHeaderLocation") == Some("GIVEN");
        let required: &[&str] = if given { &["CSVHeaders"] } else { &[] };
        let schema = Schema { required, ..schema };
        let mut fields = self.fields(&schema, config, current.dialect, at);
        let is_athena = text("ManifestType") == Some("ATHENA_DATA");
        let has_columns = config.contains_key("CSVHeaderLocation") || is_athena;
        if text("InputType") == Some("CSV") && !has_columns {
            self.log
                .schema(at, "The field 'CSVHeaderLocation' is required");
        }
        for (field, value) in [
            ("InputType", "PARQUET"),
            ("InputType", "MANIFEST"),
            ("Transformation", "LOAD_AND_FLATTEN"),
        ] {
            if text(field) == Some(value) {
                self.note(Some(Feature::ReaderConfig(value)), &at.key(field));
            }
        }
        let headers = fields.elements("CSVHeaders");
        let at = at.key("CSVHeaders");
        let names: Vec<_> = headers
            .iter()
            .filter_map(|name| self.text(name, &at).cloned())
            .collect();
        ReaderConfig {
            input_type: text("InputType").and_then(input_type),
            load_and_flatten: text("Transformation") == Some("LOAD_AND_FLATTEN"),
            is_athena,
            given_headers: given.then_some(names),
            delimiter: text("CSVDelimiter").and_then(delimiter),
            items_pointer: fields.text("ItemsPointer"),
            max_items: fields.dynamic_integer("MaxItems", "MaxItemsPath"),
        }
    }

    fn batcher(&mut self, current: &mut Current<'_, '_>) -> Option<Batcher> {
        let object = current.fields.object("ItemBatcher")?;
        if !is_distributed(current.object) {
            let message = "Field 'ItemBatcher' is not supported";
            self.log.member(current.at, "ItemBatcher", message);
        }
        let at = current.at.key("ItemBatcher");
        let mut fields = self.fields(&schema::ITEM_BATCHER, object, current.dialect, &at);
        if !BATCH_LIMITS.iter().any(|name| object.contains_key(name)) {
            let names = BATCH_LIMITS.join(", ");
            let message = format!("At least one of the following fields is required: [{names}]");
            self.log.schema(&at, message);
        }
        Some(Batcher {
            max_items: fields.dynamic_integer("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
            max_bytes: fields.dynamic_integer("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
            input: fields.payload("BatchInput"),
        })
    }

    fn writer(&mut self, current: &mut Current<'_, '_>) -> Option<Writer> {
        let object = current.fields.object("ResultWriter")?;
        let at = current.at.key("ResultWriter");
        if object.is_empty() {
            self.log.schema(&at, "Value cannot be empty");
        }
        let mut fields = self.fields(&schema::RESULT_WRITER, object, current.dialect, &at);
        let resource = fields.text("Resource");
        if let Some(resource) = &resource
            && !is_s3(resource, &["putObject"])
        {
            let message = "The field 'Resource' does not match any of the allowed values";
            self.log.member(&at, "Resource", message);
        }
        let config = fields.object("WriterConfig").map(|config| {
            let at = at.key("WriterConfig");
            self.fields(&schema::WRITER_CONFIG, config, current.dialect, &at);
            writer_config(config, resource.is_some())
        });
        let parameters = fields
            .payload("Parameters")
            .or_else(|| fields.payload("Arguments"));
        Some(Writer {
            export: resource.map(|_| parameters),
            config,
        })
    }

    /// Length, characters and uniqueness of a label. Recorded: the refused characters (api.map_run.json
    /// `test_map_state_label_invalid_char_fail`), though not the service's own words for them.
    fn label(&mut self, label: Arc<str>, at: &At<'_>) {
        let refused = |c: char| c.is_whitespace() || c.is_control() || NOT_IN_LABEL.contains(c);
        if label.is_empty() {
            self.log
                .report(Code::InvalidLabelName, at, "Label cannot be empty");
        } else if label.chars().count() > MAX_LABEL {
            let message = format!(
                "Invalid Label name: Label '{label}' exceeds the {MAX_LABEL}-character limit allowed by the service"
            );
            self.log.report(Code::InvalidLabelName, at, message);
        } else if let Some(c) = label.chars().find(|c| refused(*c)) {
            self.log.report(
                Code::InvalidLabelName,
                at,
                format!("Label contains invalid character: '{c}'"),
            );
        }
        if !self.labels.insert(label.clone()) {
            self.log.report(
                Code::DuplicateLabelName,
                at,
                format!("Duplicate Label name: {label}"),
            );
        }
    }
}

/// Whether a Map's children are executions of their own.
fn is_distributed(state: &Object) -> bool {
    let processor = state.get("ItemProcessor").or_else(|| state.get("Iterator"));
    let config = processor.and_then(|processor| processor.get("ProcessorConfig"));
    config
        .and_then(|config| config.get("Mode"))
        .is_some_and(|mode| mode.as_str() == Some("DISTRIBUTED"))
}

fn read_action(resource: &str) -> Option<ReadAction> {
    match resource {
        _ if is_s3(resource, &["getObject"]) => Some(ReadAction::GetObject),
        _ if is_s3(resource, &["listObjectsV2"]) => Some(ReadAction::ListObjects),
        _ => None,
    }
}

fn input_type(name: &str) -> Option<InputType> {
    Some(match name {
        "CSV" => InputType::Csv,
        "JSON" => InputType::Json,
        "JSONL" => InputType::JsonLines,
        "PARQUET" => InputType::Parquet,
        "MANIFEST" => InputType::Manifest,
        _ => return None,
    })
}

fn delimiter(name: &str) -> Option<char> {
    Some(match name {
        "COMMA" => ',',
        "PIPE" => '|',
        "SEMICOLON" => ';',
        "SPACE" => ' ',
        "TAB" => '\t',
        _ => return None,
    })
}

/// What is not written has a default: the records of the children where they are exported, else their outputs.
fn writer_config(config: &Object, exports: bool) -> WriterConfig {
    let text = |name: &str| config.get(name).and_then(|value| value.as_str());
    let transformation = match text("Transformation") {
        Some("NONE") => Transformation::None,
        Some("FLATTEN") => Transformation::Flatten,
        Some("COMPACT") => Transformation::Compact,
        _ if exports => Transformation::None,
        _ => Transformation::Compact,
    };
    WriterConfig {
        lines: text("OutputType") == Some("JSONL"),
        transformation,
    }
}

/// `arn:<partition>:states:::s3:<action>`
fn is_s3(resource: &str, actions: &[&str]) -> bool {
    let parts: Vec<&str> = resource.split(':').collect();
    matches!(parts.as_slice(), ["arn", _, "states", "", "", "s3", action] if actions.contains(action))
}
