//! From a body to the members that an operation knows: nothing else of it is kept, not even while it is read.
//!
//! A list of nothing takes three bytes of a request and thirty of memory, so that what is not wanted is skipped, what is
//! of a wrong type is not looked into, and lists and structures have a bounded number of parts.

use std::cell::Cell;
use std::fmt;

use aws::ApiError;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::errors;
use super::model::{Kind, Member};
use super::params::json_type;

/// Values that the lists and structures of a request may have together; the largest that are valid have some hundreds.
const PARTS: usize = 10_000;

/// The members of a request that are in the model. Of members that are there twice the last one counts.
pub(super) fn members(body: &[u8], model: &[Member]) -> Result<Map<String, Value>, ApiError> {
    // What is skipped is not looked into, and must be a text all the same.
    let text = std::str::from_utf8(body).map_err(|error| {
        errors::serialization(format!("The request body is not valid UTF-8: {error}"))
    })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let whole = Whole { model };
    let read = whole.deserialize(&mut deserializer).and_then(|read| {
        deserializer.end()?;
        Ok(read)
    });
    match read {
        Ok(Value::Object(members)) => Ok(members),
        Ok(other) => Err(errors::serialization(format!(
            "{} can not be converted to a structure",
            json_type(&other)
        ))),
        Err(error) => Err(errors::serialization(format!(
            "The request body is not valid JSON: {error}"
        ))),
    }
}

/// The request itself.
struct Whole<'m> {
    model: &'m [Member],
}

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let parts = Cell::new(PARTS);
        deserializer.deserialize_any(Read {
            inside: Inside::Members(self.model),
            parts: &parts,
        })
    }
}

/// What is kept of a list's or structure's inside.
#[derive(Clone, Copy)]
enum Inside<'m> {
    /// The members of the model.
    Members(&'m [Member]),
    /// All.
    All,
    /// Nothing: its type says enough.
    Nothing,
}

impl Inside<'_> {
    fn of(member: &Member) -> Self {
        match member.kind {
            Kind::Structure | Kind::List | Kind::Routing => Inside::All,
            _ => Inside::Nothing,
        }
    }
}

/// A value.
#[derive(Clone, Copy)]
struct Read<'m> {
    inside: Inside<'m>,
    /// How many more there may be.
    parts: &'m Cell<usize>,
}

impl Read<'_> {
    fn pay<E: Error>(&self) -> Result<(), E> {
        let left = self.parts.get().checked_sub(1);
        self.parts
            .set(left.ok_or_else(|| E::custom("it has too many parts"))?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Read<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Read<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        if !matches!(self.inside, Inside::All) {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(kept.into());
        }
        while let Some(item) = items.next_element_seed(self)? {
            self.pay()?;
            kept.push(item);
        }
        Ok(kept.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        while let Some(name) = members.next_key_seed(Name(self.inside))? {
            let Some((name, inside)) = name else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            self.pay()?;
            let value = members.next_value_seed(Read { inside, ..self })?;
            kept.insert(name, value);
        }
        Ok(kept.into())
    }
}

/// The name of a member, and what is kept of the inside of its value; none: nothing is kept of it.
struct Name<'m>(Inside<'m>);

impl<'de, 'm> DeserializeSeed<'de> for Name<'m> {
    type Value = Option<(String, Inside<'m>)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'m> Visitor<'_> for Name<'m> {
    type Value = Option<(String, Inside<'m>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let inside = match self.0 {
            Inside::Nothing => None,
            Inside::All => Some(Inside::All),
            Inside::Members(model) => model
                .iter()
                .find(|member| member.name == name)
                .map(Inside::of),
        };
        Ok(inside.map(|inside| (name.to_owned(), inside)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::model;
    use super::*;

    fn read(body: &str) -> Result<String, String> {
        let model = model::members("TestState").expect("an operation");
        let read = members(body.as_bytes(), model);
        read.map(|members| Value::Object(members).to_string())
            .map_err(|error| error.message.text().to_owned())
    }

    #[test]
    fn only_what_is_known_is_kept() {
        let body = r#"{"x":[[],[]],"definition":"{}","mock":{"result":"1","y":[null,2.5,-3]},"input":[1,[2]],"definition":"[]"}"#;
        let kept = r#"{"definition":"[]","mock":{"result":"1","y":[null,2.5,-3]},"input":[]}"#;
        assert_eq!(read(body).as_deref(), Ok(kept));
    }

    #[test]
    fn what_has_too_many_parts_is_refused_and_what_is_not_known_may_have_any() {
        let parts = "[],".repeat(PARTS);
        let list = format!(r#"{{"mock":[{parts}[]]}}"#);
        assert!(read(&list).is_err_and(|message| message.contains("too many parts")));
        let names: Vec<String> = (0..=PARTS).map(|n| format!(r#""{n}":0"#)).collect();
        let structure = format!(r#"{{"mock":{{{}}}}}"#, names.join(","));
        assert!(read(&structure).is_err_and(|message| message.contains("too many parts")));
        let unknown = format!(r#"{{"x":[{parts}[]],"input":[{parts}[]]}}"#);
        assert_eq!(read(&unknown).as_deref(), Ok(r#"{"input":[]}"#));
    }

    #[test]
    fn what_is_no_structure_is_said_to_be_none() {
        for (body, kind) in [
            ("[1,2]", "START_ARRAY"),
            ("null", "NULL_VALUE"),
            ("1.5", "DECIMAL_VALUE"),
            ("\"a\"", "STRING_VALUE"),
        ] {
            let message = format!("{kind} can not be converted to a structure");
            assert_eq!(read(body), Err(message));
        }
        for body in ["", "{", "{} {}", "{\"x\":[}", "\u{0}"] {
            let message = read(body).expect_err("it is not JSON");
            assert!(
                message.starts_with("The request body is not valid JSON: "),
                "{message}"
            );
        }
    }
}
