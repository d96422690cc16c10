//! The Map state and what only its distributed mode uses.

use std::sync::Arc;

use expr::json::Object;

use super::Compiler;
use super::graph::Level;
use super::schema::{self, Schema};
use super::state::Current;
use crate::definition::{Graph, Items, Kind, Map};
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
        self.reader(current);
        self.batcher(current);
        self.writer(current);
        if let Some(label) = current.fields.text("Label") {
            self.label(label, &current.at.key("Label"));
        }
        let items = match (
            current.fields.path("ItemsPath"),
            current.fields.query("Items"),
        ) {
            (Some(path), _) => Items::Path(path),
            (None, Some(query)) => Items::Query(query),
            (None, None) => Items::Input,
        };
        Some(Kind::Map(Box::new(Map {
            items,
            max_concurrency: current.dynamic_integer("MaxConcurrency", "MaxConcurrencyPath"),
            tolerated_failure_count: current
                .dynamic_integer("ToleratedFailureCount", "ToleratedFailureCountPath"),
            tolerated_failure_percentage: current.dynamic_number(
                "ToleratedFailurePercentage",
                "ToleratedFailurePercentagePath",
            ),
            processor: processor?,
        })))
    }

    fn processor(&mut self, current: &mut Current<'_, '_>) -> Option<Graph> {
        let field = ["ItemProcessor", "Iterator"]
            .into_iter()
            .find(|name| current.object.contains_key(name))?;
        let object = current.fields.object(field)?;
        let at = current.at.key(field);
        self.nested(&at, |compiler| {
            let mut fields =
                compiler.fields(&schema::PROCESSOR, object, compiler.machine_dialect(), &at);
            let mut level = Level::Nested;
            if let Some(config) = fields.object("ProcessorConfig") {
                level = compiler.processor_config(config, &at.key("ProcessorConfig"));
            }
            compiler.graph(&mut fields, level, &at)
        })
    }

    fn processor_config(&mut self, config: &Object, at: &At<'_>) -> Level {
        let distributed = config.get("Mode").and_then(|mode| mode.as_str()) == Some("DISTRIBUTED");
        let schema = if distributed {
            &schema::DISTRIBUTED_CONFIG
        } else {
            &schema::INLINE_CONFIG
        };
        self.fields(schema, config, self.machine_dialect(), at);
        if distributed {
            if self.options.machine_type == MachineType::Express {
                let message = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines";
                self.log.member(at, "Mode", message);
            }
            self.note(Some(Feature::DistributedMap), &at.key("Mode"));
            return Level::Separate;
        }
        Level::Nested
    }

    fn reader(&mut self, current: &mut Current<'_, '_>) {
        let Some(object) = current.fields.object("ItemReader") else {
            return;
        };
        let at = current.at.key("ItemReader");
        let mut fields = self.fields(&schema::ITEM_READER, object, current.dialect, &at);
        if fields
            .text("Resource")
            .is_some_and(|resource| !is_s3(&resource, &["getObject", "listObjectsV2"]))
        {
            let message = "The field 'Resource' does not match any of the allowed values";
            self.log.member(&at, "Resource", message);
        }
        if let Some(config) = fields.object("ReaderConfig") {
            self.reader_config(config, current, &at.key("ReaderConfig"));
        }
    }

    fn reader_config(&mut self, config: &Object, current: &Current<'_, '_>, at: &At<'_>) {
        let text = |name: &str| config.get(name).and_then(|value| value.as_str());
        let schema = match text("InputType") {
            Some("JSON" | "JSONL") => schema::JSON_READER_CONFIG,
            _ => schema::CSV_READER_CONFIG,
        };
        let given = text("CSVHeaderLocation") == Some("GIVEN");
        let required: &[&str] = if given { &["CSVHeaders"] } else { &[] };
        self.fields(&Schema { required, ..schema }, config, current.dialect, at);
        let has_columns =
            config.contains_key("CSVHeaderLocation") || text("ManifestType") == Some("ATHENA_DATA");
        if text("InputType") == Some("CSV") && !has_columns {
            self.log
                .schema(at, "The field 'CSVHeaderLocation' is required");
        }
    }

    fn batcher(&mut self, current: &mut Current<'_, '_>) {
        if let Some(object) = current.fields.object("ItemBatcher") {
            if !is_distributed(current.object) {
                let message = "Field 'ItemBatcher' is not supported";
                self.log.member(current.at, "ItemBatcher", message);
            }
            let at = current.at.key("ItemBatcher");
            self.fields(&schema::ITEM_BATCHER, object, current.dialect, &at);
            if !BATCH_LIMITS.iter().any(|name| object.contains_key(name)) {
                let names = BATCH_LIMITS.join(", ");
                let message =
                    format!("At least one of the following fields is required: [{names}]");
                self.log.schema(&at, message);
            }
        }
    }

    fn writer(&mut self, current: &mut Current<'_, '_>) {
        let Some(object) = current.fields.object("ResultWriter") else {
            return;
        };
        let at = current.at.key("ResultWriter");
        if object.is_empty() {
            self.log.schema(&at, "Value cannot be empty");
        }
        let mut fields = self.fields(&schema::RESULT_WRITER, object, current.dialect, &at);
        if fields
            .text("Resource")
            .is_some_and(|resource| !is_s3(&resource, &["putObject"]))
        {
            let message = "The field 'Resource' does not match any of the allowed values";
            self.log.member(&at, "Resource", message);
        }
        if let Some(config) = fields.object("WriterConfig") {
            self.fields(
                &schema::WRITER_CONFIG,
                config,
                current.dialect,
                &at.key("WriterConfig"),
            );
        }
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

/// `arn:<partition>:states:::s3:<action>`
fn is_s3(resource: &str, actions: &[&str]) -> bool {
    let parts: Vec<&str> = resource.split(':').collect();
    matches!(parts.as_slice(), ["arn", _, "states", "", "", "s3", action] if actions.contains(action))
}
