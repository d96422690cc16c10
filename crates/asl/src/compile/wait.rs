//! The Wait state.

use super::Compiler;
use super::fields::Parsed;
use super::state::Current;
use crate::definition::{Kind, Wait};

impl Compiler<'_> {
    pub(super) fn wait(&mut self, current: &mut Current<'_, '_>) -> Option<Kind> {
        let fields = &mut current.fields;
        let (name, value) = ["Seconds", "SecondsPath", "TimestampPath", "Timestamp"]
            .into_iter()
            .find_map(|name| Some((name, fields.take(name)?)))?;
        let wait = match (name, value) {
            (_, Parsed::Integer(seconds)) => Wait::Seconds(seconds),
            ("SecondsPath", Parsed::Path(path)) => Wait::SecondsPath(path),
            ("TimestampPath", Parsed::Path(path)) => Wait::TimestampPath(path),
            (_, Parsed::Text(timestamp)) => Wait::Timestamp(timestamp),
            ("Seconds", Parsed::QueryExpression(query)) => Wait::SecondsQuery(query),
            ("Timestamp", Parsed::QueryExpression(query)) => Wait::TimestampQuery(query),
            _ => return None,
        };
        Some(Kind::Wait(wait))
    }
}
