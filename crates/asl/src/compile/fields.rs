//! The interpreter of the tables in `schema.rs`: one object in, its parsed fields out, everything wrong reported.
//!
//! Must not know a field by name. Order of the reports: the object's own (fields that do not belong, missing ones,
//! exclusive ones), then those of the values, in document order; measured on the service for a state whose
//! `QueryLanguage` and fields are both wrong.

use std::sync::Arc;

use expr::json::{Object, Value};
use expr::path::{Path, ReferencePath};
use expr::template::{Expression, Template};

use super::Compiler;
use super::schema::{Field, Group, Schema};
use crate::definition::{Language, Payload, Resource};
use crate::location::At;
use crate::query::{Query, QueryExpression};

/// The query language of an object's fields.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    /// The language.
    pub(crate) language: Language,
    /// Whether fields of the other language are reported. Not in a state that may not have its language at all.
    pub(crate) strict: bool,
    /// What came out, for the fields that may look at it.
    pub(crate) sees: Sees,
}

/// The member of `$states` that holds what came out, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sees {
    /// Nothing came out: the input is all there is.
    Nothing,
    /// `$states.result`
    Result,
    /// `$states.errorOutput`
    ErrorOutput,
}

/// A field's value, in the form that the engine wants.
#[derive(Debug)]
pub(crate) enum Parsed<'v> {
    /// Taken as it is; its inside has its own table.
    Json(&'v Value),
    /// A string.
    Text(Arc<str>),
    /// `null`, where it means something.
    Null,
    /// An integer.
    Integer(u64),
    /// A number.
    Number(f64),
    /// A path.
    Path(Path),
    /// Where a result is put.
    Target(ReferencePath),
    /// A path or an intrinsic.
    Expression(Expression),
    /// A payload template.
    Template(Template),
    /// A Task's resource.
    Resource(Resource),
    /// A JSONata expression where another state has a number, a text or a time.
    QueryExpression(QueryExpression),
    /// A JSONata expression, or a value with some inside.
    Query(Query),
}

/// The valid fields of an object. Each is taken once.
#[derive(Debug, Default)]
pub(crate) struct Fields<'v> {
    parsed: Vec<(&'static str, Parsed<'v>)>,
}

impl<'v> Fields<'v> {
    /// Takes a field.
    pub(crate) fn take(&mut self, name: &str) -> Option<Parsed<'v>> {
        let index = self.parsed.iter().position(|(field, _)| *field == name)?;
        Some(self.parsed.swap_remove(index).1)
    }

    /// Takes a string.
    pub(crate) fn text(&mut self, name: &str) -> Option<Arc<str>> {
        match self.take(name)? {
            Parsed::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Takes an integer.
    pub(crate) fn integer(&mut self, name: &str) -> Option<u64> {
        match self.take(name)? {
            Parsed::Integer(value) => Some(value),
            _ => None,
        }
    }

    /// Takes a number.
    pub(crate) fn number(&mut self, name: &str) -> Option<f64> {
        match self.take(name)? {
            Parsed::Number(value) => Some(value),
            _ => None,
        }
    }

    /// Takes a path.
    pub(crate) fn path(&mut self, name: &str) -> Option<Path> {
        match self.take(name)? {
            Parsed::Path(path) => Some(path),
            _ => None,
        }
    }

    /// Takes a template.
    pub(crate) fn template(&mut self, name: &str) -> Option<Template> {
        match self.take(name)? {
            Parsed::Template(template) => Some(template),
            _ => None,
        }
    }

    /// Takes a template or a JSONata value.
    pub(crate) fn payload(&mut self, name: &str) -> Option<Payload> {
        match self.take(name)? {
            Parsed::Template(template) => Some(Payload::Template(template)),
            Parsed::Query(query) => Some(Payload::Query(query)),
            _ => None,
        }
    }

    /// Takes a JSONata value.
    pub(crate) fn query(&mut self, name: &str) -> Option<Query> {
        match self.take(name)? {
            Parsed::Query(query) => Some(query),
            _ => None,
        }
    }

    /// Takes what has its own table.
    pub(crate) fn json(&mut self, name: &str) -> Option<&'v Value> {
        match self.take(name)? {
            Parsed::Json(value) => Some(value),
            _ => None,
        }
    }

    /// Takes an object that has its own table.
    pub(crate) fn object(&mut self, name: &str) -> Option<&'v Object> {
        self.json(name)?.as_object()
    }

    /// Takes an array whose elements have their own table; empty if there is none.
    pub(crate) fn elements(&mut self, name: &str) -> &'v [Value] {
        self.json(name)
            .and_then(Value::as_array)
            .unwrap_or_default()
    }
}

impl Compiler<'_> {
    /// Reads an object by its table.
    pub(crate) fn fields<'v>(
        &mut self,
        schema: &Schema,
        object: &'v Object,
        dialect: Dialect,
        at: &At<'_>,
    ) -> Fields<'v> {
        self.fields_and(schema, object, dialect, at, &|_| false)
    }

    /// Reads an object by its table; fields for which `others` holds are somebody else's.
    pub(crate) fn fields_and<'v>(
        &mut self,
        schema: &Schema,
        object: &'v Object,
        dialect: Dialect,
        at: &At<'_>,
        others: &dyn Fn(&str) -> bool,
    ) -> Fields<'v> {
        let known = self.known_fields(schema, object, dialect, at, others);
        self.check_required(schema, object, at);
        for group in schema
            .groups
            .iter()
            .filter(|group| group.on & schema.on != 0)
        {
            self.check_group(group, object, at);
        }
        let mut fields = Fields::default();
        for (field, value) in known {
            let at = at.key(field.name);
            if let Some(parsed) = self.value(field.shape, value, dialect, &at) {
                fields.parsed.push((field.name, parsed));
            }
        }
        fields
    }

    fn known_fields<'v>(
        &mut self,
        schema: &Schema,
        object: &'v Object,
        dialect: Dialect,
        at: &At<'_>,
        others: &dyn Fn(&str) -> bool,
    ) -> Vec<(&'static Field, &'v Value)> {
        let mut known = Vec::with_capacity(object.len());
        for (name, value) in object.iter() {
            match schema.field(name) {
                Some(field) if self.speaks(field, dialect, at) => known.push((field, value)),
                Some(_) => {}
                None if others(name) => {}
                None => self
                    .log
                    .member(at, name, format!("Field '{name}' is not supported")),
            }
        }
        known
    }

    /// Whether the field exists in the object's language.
    fn speaks(&mut self, field: &Field, dialect: Dialect, at: &At<'_>) -> bool {
        let foreign = field
            .language
            .is_some_and(|language| language != dialect.language);
        if foreign && dialect.strict {
            self.foreign_field(field.name, dialect.language, at);
        }
        !foreign
    }

    /// Reports a field of the other language.
    pub(crate) fn foreign_field(&mut self, name: &str, language: Language, at: &At<'_>) {
        let (own, other) = (language.name(), language.other().name());
        let message = format!(
            "The QueryLanguage is set to '{own}', but field '{name}' is only supported for the '{other}' \
             QueryLanguage"
        );
        self.log.member(at, name, message);
    }

    fn check_required(&mut self, schema: &Schema, object: &Object, at: &At<'_>) {
        let missing: Vec<&str> = schema
            .required
            .iter()
            .copied()
            .filter(|name| !object.contains_key(name))
            .collect();
        if !missing.is_empty() {
            self.log.schema(
                at,
                format!("These fields are required: [{}]", missing.join(", ")),
            );
        }
    }

    fn check_group(&mut self, group: &Group, object: &Object, at: &At<'_>) {
        let present = group
            .fields
            .iter()
            .filter(|name| object.contains_key(name))
            .count();
        let demand = match present {
            0 if group.required => "This object should have only one of the following fields",
            0 | 1 => return,
            _ => "There should only be one of the following fields",
        };
        self.log
            .schema(at, format!("{demand}: [{}]", group.fields.join(", ")));
    }
}
