//! A file's text as a definition: read as JSON or YAML, placeholders filled in, and told from what is none.
//!
//! Owns the two syntaxes and the places in them. What is right and wrong in a definition is `asl`'s knowledge.

use std::path::Path;

use expr::json::{self, Step, Value};

use super::finding::{Finding, INVALID_YAML, NOT_A_DEFINITION};
use super::json_place;
use super::region::Region;
use super::substitution::Substitutions;
use super::yaml::{self, Node};

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// JSON
    Json,
    /// YAML
    Yaml,
}

/// A text that can be put before `asl`.
#[derive(Debug)]
pub struct Definition {
    /// As JSON, as it would be sent to AWS.
    pub json: String,
    /// As a value; null where the JSON text is refused unread.
    pub value: Value,
    layout: Layout,
}

/// Where things are.
#[derive(Debug)]
enum Layout {
    /// In this text.
    Json(String),
    /// In a YAML text.
    Yaml(std::sync::Arc<Node>),
    /// Nowhere: there is nothing.
    Empty,
}

impl Syntax {
    /// By the file's name, else by its content.
    pub fn of(path: &Path, text: &str) -> Syntax {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("yaml" | "yml") => Syntax::Yaml,
            Some("json") => Syntax::Json,
            _ if text.trim_start().starts_with(['{', '[', '"']) => Syntax::Json,
            _ => Syntax::Yaml,
        }
    }
}

impl Definition {
    /// Reads a text.
    ///
    /// # Errors
    ///
    /// Why it is not a definition, or cannot be read as one.
    pub fn read(
        text: &str,
        syntax: Syntax,
        substitutions: &Substitutions,
    ) -> Result<Definition, Vec<Finding>> {
        let definition = match syntax {
            Syntax::Json => Definition::from_json(text).map_err(|finding| vec![*finding])?,
            Syntax::Yaml => Definition::from_yaml(text)?,
        };
        definition
            .filled(substitutions)
            .map_err(|finding| vec![*finding])
    }

    fn from_json(text: &str) -> Result<Definition, Box<Finding>> {
        let unread = text.len() > asl::MAX_DEFINITION_BYTES || text.trim().is_empty();
        let value = match unread {
            true => Value::Null,
            false => {
                json::parse(text).map_err(|error| Box::new(json_place::not_json(text, &error)))?
            }
        };
        check_template(&value)?;
        Ok(Definition {
            json: text.to_owned(),
            value,
            layout: Layout::Json(text.to_owned()),
        })
    }

    fn from_yaml(text: &str) -> Result<Definition, Vec<Finding>> {
        let parsed = yaml::parse(text).map_err(|finding| vec![*finding])?;
        let Some(root) = parsed.root else {
            return Ok(Definition {
                json: String::new(),
                value: Value::Null,
                layout: Layout::Empty,
            });
        };
        check_template(&root.value).map_err(|finding| vec![*finding])?;
        if !parsed.findings.is_empty() {
            return Err(parsed.findings);
        }
        Ok(Definition {
            json: printed(&root.value).map_err(|finding| vec![*finding])?,
            value: root.value.clone(),
            layout: Layout::Yaml(root),
        })
    }

    fn filled(self, substitutions: &Substitutions) -> Result<Definition, Box<Finding>> {
        if substitutions.is_empty() || self.value.as_object().is_none() {
            return Ok(self);
        }
        let value = substitutions.apply(&self.value);
        if value == self.value {
            return Ok(self);
        }
        Ok(Definition {
            json: printed(&value)?,
            value,
            layout: self.layout,
        })
    }

    /// Where a value is, or its name if `name` says so or the value is too large to be pointed at.
    pub fn region(&self, path: &[Step], name: bool) -> Option<Region> {
        match &self.layout {
            Layout::Json(text) => json_place::region(text, path, name),
            Layout::Yaml(root) => {
                let found = root.find(path)?;
                let container = matches!(found.node.value, Value::Array(_) | Value::Object(_));
                Some(match found.name_region.filter(|_| name || container) {
                    Some(region) => region,
                    None if container => found.node.region.first_character(),
                    None => found.node.region,
                })
            }
            Layout::Empty => None,
        }
    }

    /// What is at the end of a path, placeholders filled in.
    pub fn find(&self, path: &[Step]) -> Option<&Value> {
        path.iter().try_fold(&self.value, |value, step| match step {
            Step::Key(name) => value.get(name),
            Step::Index(index) => value.as_array()?.get(*index),
        })
    }

    /// Whether it was written as YAML.
    pub fn is_yaml(&self) -> bool {
        matches!(self.layout, Layout::Yaml(_))
    }
}

/// As text; what aliases or placeholders make of a short text may be longer than anything that can be printed.
fn printed(value: &Value) -> Result<String, Box<Finding>> {
    match value.text_length_within(asl::MAX_DEFINITION_BYTES) {
        Some(_) => Ok(value.to_text()),
        None => {
            let message = format!(
                "as JSON, with aliases and placeholders replaced, the definition exceeds the limit of {} bytes",
                asl::MAX_DEFINITION_BYTES
            );
            Err(Box::new(Finding::error(INVALID_YAML, message)))
        }
    }
}

/// A template holds definitions, it is none.
fn check_template(value: &Value) -> Result<(), Box<Finding>> {
    let has = |name: &str| value.get(name).is_some();
    let is_definition = has("States") || has("StartAt");
    let resources = value
        .get("Resources")
        .is_some_and(|resources| resources.as_object().is_some());
    let transform = has("Transform") && has("Globals");
    if is_definition || !(resources || transform || has("AWSTemplateFormatVersion")) {
        return Ok(());
    }
    let message = "this is a CloudFormation or SAM template, not a state machine definition";
    let help = "validate the file that its DefinitionUri names; a definition that is written within a template \
                (Definition, DefinitionString) must be put into a file of its own first";
    Err(Box::new(
        Finding::error(NOT_A_DEFINITION, message).with_help(help),
    ))
}
