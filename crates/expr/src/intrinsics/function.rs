//! Which functions there are.

use super::{Evaluation, Failure, arrays, format, hash, invalid, json, math, random, strings};
use crate::{Value, entropy};

/// What a function is: arguments in, value out.
type Body = fn(&[Value], &mut Evaluation<'_>) -> Result<Value, Failure>;

/// One row of the table.
struct Row {
    name: &'static str,
    /// The least and the greatest number of arguments.
    arity: (usize, usize),
    body: Body,
}

const ANY: usize = usize::MAX;

/// All 18 functions (spec: asl.md section 8).
static TABLE: [Row; 18] = [
    Row {
        name: "States.Format",
        arity: (1, ANY),
        body: format::format,
    },
    Row {
        name: "States.StringToJson",
        arity: (1, 1),
        body: json::string_to_json,
    },
    Row {
        name: "States.JsonToString",
        arity: (1, 1),
        body: json::json_to_string,
    },
    Row {
        name: "States.JsonMerge",
        arity: (3, 3),
        body: json::merge,
    },
    Row {
        name: "States.Array",
        arity: (0, ANY),
        body: arrays::array,
    },
    Row {
        name: "States.ArrayPartition",
        arity: (2, 2),
        body: arrays::partition,
    },
    Row {
        name: "States.ArrayContains",
        arity: (2, 2),
        body: arrays::contains,
    },
    Row {
        name: "States.ArrayRange",
        arity: (3, 3),
        body: arrays::range,
    },
    Row {
        name: "States.ArrayGetItem",
        arity: (2, 2),
        body: arrays::get_item,
    },
    Row {
        name: "States.ArrayLength",
        arity: (1, 1),
        body: arrays::length,
    },
    Row {
        name: "States.ArrayUnique",
        arity: (1, 1),
        body: arrays::unique,
    },
    Row {
        name: "States.Base64Encode",
        arity: (1, 1),
        body: strings::base64_encode,
    },
    Row {
        name: "States.Base64Decode",
        arity: (1, 1),
        body: strings::base64_decode,
    },
    Row {
        name: "States.StringSplit",
        arity: (2, 2),
        body: strings::split,
    },
    Row {
        name: "States.Hash",
        arity: (2, 2),
        body: hash::hash,
    },
    Row {
        name: "States.MathAdd",
        arity: (2, 2),
        body: math::add,
    },
    Row {
        name: "States.MathRandom",
        arity: (2, 3),
        body: random::random,
    },
    Row {
        name: "States.UUID",
        arity: (0, 0),
        body: uuid,
    },
];

/// A function of the table.
#[derive(Clone, Copy)]
pub(super) struct Function(&'static Row);

impl Function {
    pub(super) fn find(name: &str) -> Option<Function> {
        TABLE.iter().find(|row| row.name == name).map(Function)
    }

    /// `States.Format`
    pub(super) fn name(self) -> &'static str {
        self.0.name
    }

    /// Whether its first argument is a template, in which escaped braces must stay apart from
    /// placeholders.
    pub(super) fn takes_template(self) -> bool {
        self.name() == "States.Format"
    }

    pub(super) fn call(
        self,
        arguments: &[Value],
        evaluation: &mut Evaluation<'_>,
    ) -> Result<Value, Failure> {
        let (least, most) = self.0.arity;
        if arguments.len() < least || arguments.len() > most {
            return Err(invalid());
        }
        (self.0.body)(arguments, evaluation)
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

fn uuid(_: &[Value], evaluation: &mut Evaluation<'_>) -> Result<Value, Failure> {
    Ok(entropy::uuid_v4(evaluation.entropy).into())
}
