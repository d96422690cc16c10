//! What services answer, for mocked answers to be held against (spec api.md, TestState's `fieldValidationMode`).
//!
//! Owns a table of response shapes and the service's words for what does not fit. Known are the optimised integrations
//! that have an operation of their own and some twenty aws-sdk services; what is not known is taken as it is, and so is
//! a task token's answer, which no service gives.

mod table;

use expr::json::Value;

use self::table::{Member, Service, Shape};

/// How strictly an answer is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Required members must be there, and what is there must fit.
    Strict,
    /// What is there must fit.
    Present,
}

/// Whether a service could have answered this: `resource_type` and `resource` as a history names them, with the suffix.
/// Members that the service does not have are passed over ([rec] test_strict_mode_mock_result_field_not_in_api_spec).
///
/// # Errors
///
/// The first thing that does not fit, in the service's words.
pub fn check(
    resource_type: &str,
    resource: &str,
    answer: &Value,
    strictness: Strictness,
) -> Result<(), String> {
    let Some(service) = Service::find(resource_type) else {
        return Ok(());
    };
    let Some(shape) = service.answer(resource) else {
        return Ok(());
    };
    let check = Check {
        service,
        strictness,
    };
    check.value("", answer, service.shape(shape))
}

struct Check {
    service: &'static Service,
    strictness: Strictness,
}

impl Check {
    fn value(&self, field: &str, value: &Value, shape: &Shape) -> Result<(), String> {
        let must = |holds: bool, what: &str| match holds {
            true => Ok(()),
            false => Err(format!("Field '{field}' {what}")),
        };
        match shape {
            Shape::Anything => Ok(()),
            Shape::Boolean => must(value.as_bool().is_some(), "must be a boolean"),
            Shape::Number(least, most) => {
                let Some(number) = value.as_f64() else {
                    return must(false, "must be a number");
                };
                must(
                    least.is_none_or(|least| number >= least),
                    "is less than the minimum value",
                )?;
                must(
                    most.is_none_or(|most| number <= most),
                    "exceeds the maximum value",
                )
            }
            Shape::Text(least, most) => {
                let Some(text) = value.as_str() else {
                    return must(false, "must be a string");
                };
                let length = text.chars().count() as f64;
                must(
                    least.is_none_or(|least| length >= least),
                    "is smaller than the minimum length",
                )?;
                must(
                    most.is_none_or(|most| length <= most),
                    "exceeds the maximum length",
                )
            }
            Shape::Enumerated(values) => match value.as_str() {
                None => must(false, "must be a string"),
                Some(text) => must(values.contains(&text), "is not an expected value"),
            },
            Shape::List(of) => {
                let Some(items) = value.as_array() else {
                    return must(false, "must be an array");
                };
                let shape = self.service.shape(of);
                items
                    .iter()
                    .try_for_each(|item| self.value(field, item, shape))
            }
            Shape::Map(of) => {
                let Some(object) = value.as_object() else {
                    return must(false, "must be an object");
                };
                let shape = self.service.shape(of);
                object
                    .iter()
                    .try_for_each(|(_, value)| self.value(field, value, shape))
            }
            Shape::Structure(members) => self.structure(field, value, members),
        }
    }

    /// Required members first, then those that are there.
    fn structure(&self, field: &str, value: &Value, members: &[Member]) -> Result<(), String> {
        let Some(object) = value.as_object() else {
            return Err(match field {
                "" => "Result must be an object".to_owned(),
                _ => format!("Field '{field}' must be an object"),
            });
        };
        if self.strictness == Strictness::Strict {
            let is_missing =
                |member: &&Member| member.required && !object.contains_key(member.name);
            if let Some(missing) = members.iter().find(is_missing) {
                return Err(format!("Required field '{}' is missing", missing.name));
            }
        }
        for (name, value) in object.iter() {
            if let Some(member) = members.iter().find(|member| *member.name == **name) {
                self.value(name, value, self.service.shape(member.shape))?;
            }
        }
        Ok(())
    }
}
