//! What tests evaluate expressions with.
#![allow(dead_code)]

use expr::{Entropy, Value};
use jsonata::{Answer, Error, Expression, Limits, Machinery, Scope};

/// Data and variables.
#[derive(Default)]
pub struct World {
    pub data: Option<Value>,
    pub variables: Vec<(String, Value)>,
}

impl Scope for World {
    fn variable(&self, name: &str) -> Option<Value> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }

    fn context(&self) -> Option<Value> {
        self.data.clone()
    }
}

/// Random numbers that are the same in every run (splitmix64).
pub struct Seeded(pub u64);

impl Entropy for Seeded {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

/// 2025-01-02T03:04:05.678Z
pub const NOW: i64 = 1_735_787_045_678;

/// Evaluates in a world, with limits.
pub fn evaluate(expression: &Expression, world: &World, limits: &Limits) -> Result<Answer, Error> {
    let mut machinery = Machinery {
        entropy: &mut Seeded(7),
        now_millis: NOW,
        limits: &mut limits.clone(),
    };
    expression.eval(world, &mut machinery)
}

/// What an expression comes to, as text: JSON, `undefined`, `unsupported`, `code: text` of an error,
/// or `syntax: text`.
pub fn outcome(source: &str, data: &str) -> String {
    outcome_within(source, data, &Limits::default())
}

/// The same, with limits.
pub fn outcome_within(source: &str, data: &str, limits: &Limits) -> String {
    let expression = match Expression::parse(source) {
        Ok(expression) => expression,
        Err(error) => return format!("syntax: {error}"),
    };
    let data =
        (!data.is_empty()).then(|| expr::json::parse(data).expect("the test's data is JSON"));
    let world = World {
        data,
        variables: Vec::new(),
    };
    match evaluate(&expression, &world, limits) {
        Ok(Answer::Undefined) => "undefined".to_owned(),
        Ok(Answer::Value(value)) => value.to_text(),
        Ok(Answer::Unsupported) => "unsupported".to_owned(),
        Err(error) => error.to_string(),
    }
}
