//! What the tests evaluate in: an input, a Context Object, variables and counted random numbers.

use expr::json::{self, Value};
use expr::template::Template;
use expr::{Entropy, Roots};

/// The roots of an evaluation.
pub struct World {
    pub input: Value,
    pub context: Value,
    pub variables: Value,
}

impl World {
    /// Only an input.
    pub fn of(input: &str) -> World {
        World {
            input: value(input),
            context: value("{}"),
            variables: value("{}"),
        }
    }
}

impl Roots for World {
    fn input(&self) -> &Value {
        &self.input
    }

    fn context(&self) -> &Value {
        &self.context
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }
}

/// A sequence that everybody can repeat.
pub struct Sequence(pub u64);

impl Entropy for Sequence {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        self.0
    }
}

/// Parses a value that a test is written with.
pub fn value(text: &str) -> Value {
    json::parse(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// The text of what a `x.$` field evaluates to, or the fault.
#[allow(dead_code, reason = "not every test file evaluates fields")]
pub fn field(expression: &str, world: &World) -> String {
    let template = Value::object([("x.$".into(), expression.into())]);
    let template = match Template::compile(&template) {
        Ok(template) => template,
        Err(errors) => return errors[0].to_string(),
    };
    match template.eval(world, &mut Sequence(1)) {
        Ok(value) => value.get("x").expect("the field").to_text(),
        Err(fault) => fault.to_string(),
    }
}
