//! The mock configuration file of Step Functions Local: machines, their test cases, and what mocked states answer.
//!
//! Owns the shape of the file and what is wrong with one. Everything is checked when the file is read, so that an
//! execution meets no surprise in it.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use expr::json::{self, Document, Object, Value};

/// What one mocked call comes to.
#[derive(Clone, Debug)]
pub enum Mocked {
    /// `Return`
    Return(Document),
    /// `Throw`
    Throw {
        /// `Error`
        error: String,
        /// `Cause`
        cause: Option<String>,
    },
}

/// One of `MockedResponses`: what each call comes to, by its number.
#[derive(Clone, Debug, Default)]
pub struct Responses(Vec<(RangeInclusive<u32>, Mocked)>);

impl Responses {
    /// What the call of this number comes to, from 0.
    pub fn of_call(&self, number: u32) -> Option<&Mocked> {
        let found = self.0.iter().find(|(range, _)| range.contains(&number));
        found.map(|(_, mocked)| mocked)
    }
}

/// One of `TestCases`: the mocked states, by their names.
pub type TestCase = HashMap<String, Arc<Responses>>;

/// A file, read and checked.
#[derive(Clone, Debug, Default)]
pub struct MockFile {
    machines: HashMap<String, HashMap<String, TestCase>>,
}

impl MockFile {
    /// Reads a text.
    ///
    /// # Errors
    ///
    /// What is wrong, and where in the file.
    pub fn parse(text: &str) -> Result<MockFile, String> {
        let root = json::parse(text)
            .map_err(|error| format!("{}\n at {}", error.message, error.location(text)))?;
        let root = object(&root, "the file")?;
        let responses = match root.get("MockedResponses") {
            None => HashMap::new(),
            Some(found) => each(found, "MockedResponses", |found, at| {
                responses(found, at).map(Arc::new)
            })?,
        };
        let machines = root
            .get("StateMachines")
            .ok_or("the field 'StateMachines' is missing")?;
        let machines = each(machines, "StateMachines", |machine, at| {
            let cases = object(machine, at)?.get("TestCases");
            let cases = cases.ok_or_else(|| format!("{at}: the field 'TestCases' is missing"))?;
            each(cases, &format!("{at}/TestCases"), |case, at| {
                each(case, at, |name, at| named(name, at, &responses))
            })
        })?;
        Ok(MockFile { machines })
    }

    /// Whether the file has test cases for the machine.
    pub fn names(&self, machine: &str) -> bool {
        self.machines.contains_key(machine)
    }

    /// A test case of a machine.
    pub fn test_case(&self, machine: &str, name: &str) -> Option<&TestCase> {
        self.machines.get(machine)?.get(name)
    }
}

fn object<'v>(value: &'v Value, at: &str) -> Result<&'v Object, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{at}: an object is expected"))
}

/// Every member of an object, read.
fn each<T>(
    value: &Value,
    at: &str,
    mut read: impl FnMut(&Value, &str) -> Result<T, String>,
) -> Result<HashMap<String, T>, String> {
    object(value, at)?
        .iter()
        .map(|(name, value)| Ok((name.to_string(), read(value, &format!("{at}/{name}"))?)))
        .collect()
}

fn named(
    name: &Value,
    at: &str,
    responses: &HashMap<String, Arc<Responses>>,
) -> Result<Arc<Responses>, String> {
    let name = name
        .as_str()
        .ok_or_else(|| format!("{at}: the name of a mocked response is expected"))?;
    let found = responses.get(name);
    found
        .cloned()
        .ok_or_else(|| format!("{at}: MockedResponses has no '{name}'"))
}

fn responses(value: &Value, at: &str) -> Result<Responses, String> {
    let mut read: Vec<(RangeInclusive<u32>, Mocked)> = Vec::new();
    for (key, value) in object(value, at)?.iter() {
        let at = format!("{at}/{key}");
        let range = range(key).ok_or_else(|| {
            format!("{at}: a number or a range of numbers is expected, like \"0\" or \"1-2\"")
        })?;
        let overlaps = |other: &RangeInclusive<u32>| {
            range.start() <= other.end() && other.start() <= range.end()
        };
        if read.iter().any(|(other, _)| overlaps(other)) {
            return Err(format!("{at}: a call has two responses"));
        }
        read.push((range, mocked(value, &at)?));
    }
    Ok(Responses(read))
}

/// `3` or `1-2`.
fn range(key: &str) -> Option<RangeInclusive<u32>> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let (first, last) = match key.split_once('-') {
        None => (number(key)?, number(key)?),
        Some((first, last)) => (number(first)?, number(last)?),
    };
    (first <= last).then_some(first..=last)
}

fn mocked(value: &Value, at: &str) -> Result<Mocked, String> {
    let response = object(value, at)?;
    match (response.get("Return"), response.get("Throw")) {
        (Some(result), None) => Ok(Mocked::Return(Document::from_value(result.clone()))),
        (None, Some(thrown)) => {
            let at = format!("{at}/Throw");
            let thrown = object(thrown, &at)?;
            let text = |name: &str| match thrown.get(name) {
                None => Ok(None),
                Some(Value::String(text)) => Ok(Some(text.to_string())),
                Some(_) => Err(format!("{at}/{name}: a text is expected")),
            };
            let error =
                text("Error")?.ok_or_else(|| format!("{at}: the field 'Error' is missing"))?;
            Ok(Mocked::Throw {
                error,
                cause: text("Cause")?,
            })
        }
        _ => Err(format!("{at}: either 'Return' or 'Throw' is expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"StateMachines":{"M":{"TestCases":{"Happy":{"Call":"Twice"},"None":{}}}},
        "MockedResponses":{"Twice":{"0":{"Return":{"n":1.0}},"1-3":{"Throw":{"Error":"E","Cause":"c"}}}}}"#;

    #[test]
    fn calls_are_answered_by_their_numbers() {
        let file = MockFile::parse(FILE).unwrap();
        assert!(file.names("M") && !file.names("N"));
        assert!(file.test_case("M", "Sad").is_none());
        assert!(file.test_case("M", "None").is_some_and(HashMap::is_empty));
        let responses = &file.test_case("M", "Happy").unwrap()["Call"];
        let told = |number| match responses.of_call(number) {
            Some(Mocked::Return(document)) => document.text().to_owned(),
            Some(Mocked::Throw { error, cause }) => format!("{error} {cause:?}"),
            None => "nothing".to_owned(),
        };
        assert_eq!(
            [0, 1, 3, 4].map(told),
            [r#"{"n":1.0}"#, "E Some(\"c\")", "E Some(\"c\")", "nothing"]
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, expected) in [
            ("[]", "the file: an object is expected"),
            ("{}", "the field 'StateMachines' is missing"),
            (
                r#"{"StateMachines":{"M":{}}}"#,
                "StateMachines/M: the field 'TestCases' is missing",
            ),
            (
                r#"{"StateMachines":{"M":{"TestCases":{"T":{"S":"R"}}}}}"#,
                "StateMachines/M/TestCases/T/S: MockedResponses has no 'R'",
            ),
            (
                r#"{"StateMachines":{},"MockedResponses":{"R":{"2-1":{"Return":1}}}}"#,
                "MockedResponses/R/2-1: a number or a range of numbers is expected, like \"0\" or \"1-2\"",
            ),
            (
                r#"{"StateMachines":{},"MockedResponses":{"R":{"0-2":{"Return":1},"2":{"Return":1}}}}"#,
                "MockedResponses/R/2: a call has two responses",
            ),
            (
                r#"{"StateMachines":{},"MockedResponses":{"R":{"0":{"Return":1,"Throw":{}}}}}"#,
                "MockedResponses/R/0: either 'Return' or 'Throw' is expected",
            ),
            (
                r#"{"StateMachines":{},"MockedResponses":{"R":{"0":{"Throw":{"Cause":"c"}}}}}"#,
                "MockedResponses/R/0/Throw: the field 'Error' is missing",
            ),
        ] {
            assert_eq!(MockFile::parse(text).unwrap_err(), expected, "{text}");
        }
    }
}
