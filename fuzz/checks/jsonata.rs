//! What holds for every text that is taken as a JSONata expression.

use expr::Entropy;
use expr::json::{self, Value};
use jsonata::{Answer, Error, Expression, Limits, Machinery, Scope};

use crate::memory::peak_of;

const LIMITS: Limits = Limits {
    steps: 20_000,
    bytes: 1 << 20,
    depth: 100,
    sequence: 10_000_000,
};

/// What an evaluation may take, as a multiple of its byte limit; the limit counts roughly.
const BYTES_TAKEN: usize = 4 * LIMITS.bytes;

/// What compiling may take: a regular expression of a few characters may be a program of 20,000 instructions.
const BYTES_COMPILING: usize = 8 << 20;
const BYTES_COMPILING_EACH: usize = 4096;

/// The longest result that is printed and read again.
const PRINTED: usize = 256 << 10;

const DATA: &str = r#"{"a":1,"b":[1,2.5,-3e2,"x",null,true],"c":{"d":{"e":[{"f":"g"},{"f":"h","n":7}]}},
"s":"The quick brown fox; 2024-02-29T12:34:56.789Z","empty":{"o":{},"a":[],"s":""},"big":123456789012345678901234567890,
"orders":[{"id":"A","price":10.5,"items":[{"sku":"x","n":2},{"sku":"y","n":0}]},{"id":"B","price":3,"items":[]}],
"u":"h\u00e9llo \ud83d\ude00 \u0000"}"#;

/// An expression ends with an answer or an error, the same every time, whatever the text, within its limits.
pub fn check(text: &str) {
    let (parsed, peak) = peak_of(|| Expression::parse(text));
    assert!(
        peak <= BYTES_COMPILING + BYTES_COMPILING_EACH * text.len(),
        "compiling took {peak} bytes"
    );
    let expression = match parsed {
        Ok(expression) => expression,
        Err(error) => {
            assert!(error.position <= text.chars().count(), "{error:?}");
            return;
        }
    };
    expression.visit_references(&mut |reference| assert!(!format!("{reference:?}").is_empty()));
    evaluate(&expression, None);
    evaluate(&expression, json::parse(DATA).ok());
}

fn evaluate(expression: &Expression, data: Option<Value>) {
    let world = World { data };
    let (answer, peak) = peak_of(|| answer(expression, &world));
    assert!(peak <= BYTES_TAKEN, "evaluating took {peak} bytes");
    if let Ok(Answer::Value(value)) = &answer {
        check_value(value);
    }
    assert_eq!(self::answer(expression, &world), answer, "the same again");
}

/// A result is JSON that may be kept: no deeper than what is accepted, and itself when it is printed and read again.
fn check_value(value: &Value) {
    assert!(value.is_within_depth(), "a result that is too deep");
    if value.text_length_within(PRINTED).is_some() {
        assert_eq!(json::parse(&value.to_text()).as_ref(), Ok(value));
    }
}

fn answer(expression: &Expression, world: &World) -> Result<Answer, Error> {
    let mut machinery = Machinery {
        entropy: &mut Counter(0),
        now_millis: 1_735_787_045_678,
        limits: &mut LIMITS.clone(),
    };
    expression.eval(world, &mut machinery)
}

struct World {
    data: Option<Value>,
}

impl Scope for World {
    fn variable(&self, name: &str) -> Option<Value> {
        let context = r#"{"input":{"a":[1,{"b":"c"}]},"context":{"Execution":{"Name":"e"}}}"#;
        (name == "states")
            .then(|| json::parse(context).ok())
            .flatten()
    }

    fn context(&self) -> Option<Value> {
        self.data.clone()
    }
}

struct Counter(u64);

impl Entropy for Counter {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0
    }
}
