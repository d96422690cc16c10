//! `Credentials` of a Task: which role it calls with.

use super::Compiler;
use super::schema::Shape;
use super::state::Current;
use crate::definition::{Language, Payload};
use expr::json::Object;

impl Compiler<'_> {
    /// An object with `RoleArn` or `RoleArn.$`; what else is in it is not looked at (recorded: credentials.json
    /// `INVALID_CREDENTIALS_FIELD` gives one diagnostic).
    pub(super) fn credentials(
        &mut self,
        object: &Object,
        current: &Current<'_, '_>,
    ) -> Option<Payload> {
        let at = current.at.key("Credentials");
        if !object.contains_key("RoleArn") && !object.contains_key("RoleArn.$") {
            return self.refuse(&at, "The field 'RoleArn' is required but was missing");
        }
        if let Some(role) = object.get("RoleArn") {
            self.text(role, &at.key("RoleArn"))?;
        }
        let value = current.object.get("Credentials")?;
        match current.dialect.language {
            Language::JsonPath => self.template(value, &at).map(Payload::Template),
            Language::Jsonata => self
                .query(Shape::Jsonata, value, current.dialect, &at)
                .map(Payload::Query),
        }
    }
}
