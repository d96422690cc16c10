//! The documents that paths and functions are evaluated on, and what holds for every result.

use std::sync::LazyLock;

use expr::json::{self, Value};
use expr::{Entropy, Roots};

/// The longest result that is printed and read again.
const PRINTED: usize = 256 << 10;

const DOCUMENTS: [&str; 3] = [
    "null",
    r#"{"a":{"b":{"c":[1,2.50,-3e2,"x",null,true,{"a":{"a":[]}}]}},"n":7,"s":"a,b;c 2024-02-29","empty":{},
    "items":[{"id":"A","price":10.5,"tags":["x","y"]},{"id":"B","price":3,"tags":[]},{"id":"\u00e9\ud83d\ude00","n":null}],
    "big":123456789012345678901234567890,"json":"{\"k\":[1,{\"l\":2}]}","base":"aGVsbG8=","it's":{"a-b":1,"$":2}}"#,
    r#"[[1,2,3,[4,[5,[6]]]],{"a":[{"a":[{"a":1}]}],"items":[3,1,2,2,"1",1.0]},"text",-1,0,1e-9,false]"#,
];

static WORLDS: LazyLock<Vec<World>> = LazyLock::new(|| {
    let parse = |text: &str| json::parse(text).expect("the documents are JSON");
    let world = |input: &&str| World {
        input: parse(input),
        context: parse(
            r#"{"Execution":{"Name":"e","Input":{"a":[1,2]}},"Map":{"Item":{"Index":0,"Value":"v"}}}"#,
        ),
        variable: parse(r#"{"a":{"b":[1,2,{"c":"d"}]},"n":3}"#),
    };
    DOCUMENTS.iter().map(world).collect()
});

/// What an expression may look at: an input, a Context Object, and the variable `$v`.
pub struct World {
    pub input: Value,
    context: Value,
    variable: Value,
}

impl World {
    /// The same with another input.
    #[allow(dead_code, reason = "not every target puts values at paths")]
    pub fn with_input(&self, input: Value) -> World {
        World {
            input,
            context: self.context.clone(),
            variable: self.variable.clone(),
        }
    }
}

/// All of them.
pub fn worlds() -> &'static [World] {
    &WORLDS
}

impl Roots for World {
    fn input(&self) -> &Value {
        &self.input
    }

    fn context(&self) -> &Value {
        &self.context
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        (name == "v").then_some(&self.variable)
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

/// A result is JSON that may be kept: no deeper than what is accepted, and itself when it is printed and read again.
pub fn check_value(value: &Value) {
    assert!(value.is_within_depth(), "a result that is too deep");
    if let Some(length) = value.text_length_within(PRINTED) {
        let text = value.to_text();
        assert_eq!(text.len(), length, "the length is known before");
        assert_eq!(
            json::parse(&text).as_ref(),
            Ok(value),
            "printed and read again"
        );
    }
}
