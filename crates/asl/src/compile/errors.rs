//! `Retry` and `Catch`.

use std::sync::Arc;

use expr::json::{Kind as JsonKind, Object, Value};

use super::Compiler;
use super::fields::{Dialect, Fields, Sees};
use super::flow::{exit, result_path};
use super::schema::{self, Schema};
use super::state::Current;
use crate::definition::{Catcher, ErrorMatcher, Retrier};
use crate::location::At;

/// One element of `Retry` or `Catch`, read.
struct Entry<'v> {
    fields: Fields<'v>,
    errors: Option<ErrorMatcher>,
}

impl Compiler<'_> {
    /// `Retry`; nothing if one of its elements is wrong.
    pub(super) fn retriers(&mut self, current: &mut Current<'_, '_>) -> Option<Vec<Retrier>> {
        let entries = current.fields.elements("Retry");
        let mut retriers = Vec::with_capacity(entries.len());
        for (index, value) in entries.iter().enumerate() {
            let is_last = index + 1 == entries.len();
            let at = current.at.key("Retry");
            let entry = self.entry(
                &schema::RETRIER,
                value,
                is_last,
                current.dialect,
                &at.index(index),
            );
            retriers.push(entry.and_then(retrier));
        }
        retriers.into_iter().collect()
    }

    /// `Catch`; nothing if one of its elements is wrong.
    pub(super) fn catchers(&mut self, current: &mut Current<'_, '_>) -> Option<Vec<Catcher>> {
        let entries = current.fields.elements("Catch");
        let mut catchers = Vec::with_capacity(entries.len());
        for (index, value) in entries.iter().enumerate() {
            let is_last = index + 1 == entries.len();
            let at = current.at.key("Catch");
            let at = at.index(index);
            let dialect = Dialect {
                sees: Sees::ErrorOutput,
                ..current.dialect
            };
            let entry = self.entry(&schema::CATCHER, value, is_last, dialect, &at);
            catchers.push(self.catcher(entry, current, &at));
        }
        catchers.into_iter().collect()
    }

    fn entry<'v>(
        &mut self,
        schema: &Schema,
        value: &'v Value,
        is_last: bool,
        dialect: Dialect,
        at: &At<'_>,
    ) -> Option<Entry<'v>> {
        let object = self.object(value, at)?;
        let mut fields = self.fields(schema, object, dialect, at);
        let names = fields.elements("ErrorEquals");
        let errors = self.error_names(names, is_last, at);
        Some(Entry { fields, errors })
    }

    fn error_names(&mut self, names: &[Value], is_last: bool, at: &At<'_>) -> Option<ErrorMatcher> {
        let field = at.key("ErrorEquals");
        let texts: Vec<Option<Arc<str>>> = names
            .iter()
            .enumerate()
            .map(|(index, name)| self.text(name, &field.index(index)).cloned())
            .collect();
        let texts = texts
            .into_iter()
            .collect::<Option<Vec<Arc<str>>>>()
            .filter(|texts| !texts.is_empty())?;
        let all = texts.iter().position(|name| &**name == "States.ALL");
        if let Some(all) = all
            && (texts.len() > 1 || !is_last)
        {
            let message = "States.ALL must appear alone and at end of list";
            return self.refuse(&field.index(all), message);
        }
        Some(ErrorMatcher::new(texts))
    }

    fn catcher(
        &mut self,
        entry: Option<Entry<'_>>,
        current: &mut Current<'_, '_>,
        at: &At<'_>,
    ) -> Option<Catcher> {
        let mut entry = entry.or_else(|| {
            current.scope.mark_vague();
            None
        })?;
        let Some(next) = entry.fields.text("Next") else {
            current.scope.mark_vague();
            return None;
        };
        let next = self.transition(current.scope, current.id, &next, &at.key("Next"))?;
        Some(Catcher {
            errors: entry.errors?,
            result_path: result_path(&mut entry.fields),
            exit: exit(&mut entry.fields),
            next,
        })
    }

    /// An object, or a report.
    pub(super) fn object<'v>(&mut self, value: &'v Value, at: &At<'_>) -> Option<&'v Object> {
        let object = value.as_object();
        if object.is_none() {
            self.wrong_kind(JsonKind::Object, at);
        }
        object
    }
}

/// Defaults: spec asl.md section 7.
fn retrier(entry: Entry<'_>) -> Option<Retrier> {
    let Entry { mut fields, errors } = entry;
    Some(Retrier {
        errors: errors?,
        interval_seconds: fields.integer("IntervalSeconds").unwrap_or(1),
        max_attempts: fields.integer("MaxAttempts").unwrap_or(3),
        backoff_rate: fields.number("BackoffRate").unwrap_or(2.0),
        max_delay_seconds: fields.integer("MaxDelaySeconds"),
        full_jitter: fields
            .text("JitterStrategy")
            .is_some_and(|strategy| &*strategy == "FULL"),
    })
}
