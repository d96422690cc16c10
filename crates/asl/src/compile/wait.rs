//! The Wait state.

use super::Compiler;
use super::fields::Parsed;
use super::state::Current;
use crate::definition::{Kind, Wait};

impl Compiler<'_> {
    pub(super) fn wait(&mut self, current: &mut Current<'_, '_>) -> Option<Kind> {
        let fields = &mut current.fields;
        let wait = if let Some(seconds) = fields.integer("Seconds") {
            Wait::Seconds(seconds)
        } else if let Some(path) = fields.path("SecondsPath") {
            Wait::SecondsPath(path)
        } else if let Some(path) = fields.path("TimestampPath") {
            Wait::TimestampPath(path)
        } else if let Parsed::Text(timestamp) = fields.take("Timestamp")? {
            Wait::Timestamp(timestamp)
        } else {
            return None;
        };
        Some(Kind::Wait(wait))
    }
}
