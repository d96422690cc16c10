//! Function values.

use std::cell::RefCell;
use std::sync::Arc;

use super::frame::Env;
use crate::functions::Builtin;
use crate::program::{Lambda, Transform};
use crate::regex::Regex;
use crate::value::Item;

/// A function.
#[derive(Debug)]
pub(crate) enum Function {
    /// A definition with the variables and the context around it.
    Lambda {
        lambda: Arc<Lambda>,
        env: Env,
        input: Item,
    },
    Builtin(&'static Builtin),
    /// A regular expression as a function that finds its first match.
    Regex(Arc<Regex>),
    /// Finds the next match, from a byte position on.
    NextMatch {
        regex: Arc<Regex>,
        text: Arc<str>,
        from: usize,
    },
    /// A function some of whose arguments are known (`Some`).
    Partial {
        function: Item,
        arguments: Vec<Option<Item>>,
    },
    /// The second function of the first one's result.
    Chain(Item, Item),
    Transform {
        transform: Arc<Transform>,
        env: Env,
    },
}

impl Function {
    /// How many arguments it takes, as far as functions that call it care.
    pub(crate) fn arity(&self) -> usize {
        match self {
            Function::Lambda { lambda, .. } => lambda.parameters.len(),
            Function::Builtin(builtin) => builtin.arity,
            Function::Regex(_) => 2,
            Function::NextMatch { .. } => 0,
            Function::Partial { arguments, .. } => arguments
                .iter()
                .filter(|argument| argument.is_none())
                .count(),
            Function::Chain(..) | Function::Transform { .. } => 1,
        }
    }
}

thread_local! {
    /// Parts of functions that are about to be dropped; see the `Drop` of [`Function`].
    static REMAINS: RefCell<Remains> = const { RefCell::new(Remains { parts: Vec::new(), draining: false }) };
}

struct Remains {
    parts: Vec<Part>,
    draining: bool,
}

/// What a function holds.
#[expect(dead_code, reason = "held only to be dropped")]
enum Part {
    Item(Item),
    Env(Env),
}

impl Drop for Function {
    /// Functions may hold functions in chains of any length. Their parts are dropped one after the
    /// other, not inside each other, so that the stack stays flat.
    fn drop(&mut self) {
        let mut parts = Vec::new();
        match self {
            Function::Lambda { input, env, .. } => {
                parts.push(Part::Item(std::mem::take(input)));
                parts.push(Part::Env(std::mem::take(env)));
            }
            Function::Partial {
                function,
                arguments,
            } => {
                parts.push(Part::Item(std::mem::take(function)));
                parts.extend(arguments.drain(..).flatten().map(Part::Item));
            }
            Function::Chain(first, second) => {
                parts.push(Part::Item(std::mem::take(first)));
                parts.push(Part::Item(std::mem::take(second)));
            }
            Function::Transform { env, .. } => parts.push(Part::Env(std::mem::take(env))),
            Function::Builtin(_) | Function::Regex(_) | Function::NextMatch { .. } => return,
        }
        dispose(parts);
    }
}

fn dispose(parts: Vec<Part>) {
    let first = REMAINS.with_borrow_mut(|remains| {
        remains.parts.extend(parts);
        !std::mem::replace(&mut remains.draining, true)
    });
    if !first {
        return;
    }
    while let Some(part) = REMAINS.with_borrow_mut(|remains| remains.parts.pop()) {
        drop(part);
    }
    REMAINS.with_borrow_mut(|remains| remains.draining = false);
}
