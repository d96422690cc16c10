//! `${KEY}` in the strings of a definition: what CloudFormation's and SAM's `DefinitionSubstitutions` fill in before AWS
//! sees the definition, and `--substitutions KEY=VALUE` here.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use expr::json::{Object, Value};

/// One `KEY=VALUE` of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitution {
    key: String,
    value: String,
}

impl FromStr for Substitution {
    type Err = String;

    fn from_str(text: &str) -> Result<Substitution, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Substitution {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("it should look like KEY=VALUE".to_owned()),
        }
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Substitutions(BTreeMap<String, String>);

impl FromIterator<Substitution> for Substitutions {
    /// The last of several for one key counts.
    fn from_iter<I: IntoIterator<Item = Substitution>>(all: I) -> Substitutions {
        Substitutions(all.into_iter().map(|one| (one.key, one.value)).collect())
    }
}

impl Substitutions {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value with every string filled in. Names of members stay as they are. Stops when it has put in more than
    /// any definition may have: that one is refused anyway.
    pub fn apply(&self, value: &Value) -> Value {
        self.apply_within(value, &mut { 2 * asl::MAX_DEFINITION_BYTES })
    }

    fn apply_within(&self, value: &Value, room: &mut usize) -> Value {
        match value {
            Value::String(text) if text.contains("${") => Value::string(self.fill(text, room)),
            Value::Array(items) => {
                let filled = items.iter().map(|item| self.apply_within(item, room));
                Value::array(filled.collect())
            }
            Value::Object(members) => {
                let filled = members
                    .iter()
                    .map(|(name, member)| (name.clone(), self.apply_within(member, room)));
                Value::Object(Arc::new(filled.collect::<Object>()))
            }
            _ => value.clone(),
        }
    }

    /// What is filled in is not looked through again.
    fn fill(&self, text: &str, room: &mut usize) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, placeholder) = rest.split_at(start);
            filled.push_str(before);
            let name = placeholder[2..].split_once('}');
            match name.and_then(|(name, after)| Some((self.0.get(name)?, after))) {
                Some((value, after)) if value.len() <= *room => {
                    *room -= value.len();
                    filled.push_str(value);
                    rest = after;
                }
                _ => {
                    filled.push_str("${");
                    rest = &placeholder[2..];
                }
            }
        }
        filled.push_str(rest);
        filled
    }
}

/// The name of the first placeholder that a text still has.
pub fn placeholder(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("${")?;
    let (name, _) = after.split_once('}')?;
    (!name.is_empty()).then_some(name)
}
