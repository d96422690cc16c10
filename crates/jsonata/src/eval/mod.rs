//! The evaluator: walks the program over values.
//!
//! It follows the reference implementation step by step where results can tell the difference, and
//! pays for everything it does from the [`Machine`]'s budget.

mod call;
mod construct;
mod filter;
mod frame;
mod function;
mod ledger;
mod machine;
mod operators;
mod path;
mod sort;
mod transform;
mod tuples;

pub(crate) use function::Function;
pub(crate) use machine::Machine;
pub(crate) use operators::compare_text;

use frame::Env;

use crate::error::Error;
use crate::expression::{Answer, Machinery, Scope};
use crate::program::{Kind, Node, Program, Stage};
use crate::syntax::Literal;
use crate::value::{Array, Item, Unprintable, grow, to_value};

/// What an evaluation gives.
pub(crate) type Outcome<T = Item> = Result<T, Error>;

/// Runs a program.
pub(crate) fn run(
    program: &Program,
    scope: &dyn Scope,
    machinery: &mut Machinery<'_>,
) -> Result<Answer, Error> {
    let context = scope
        .context()
        .map_or(Item::Undefined, |value| Item::from(&value));
    let mut machine = Machine::new(scope, machinery, &program.slots, context.clone());
    let env = Env::default().inside(Vec::new());
    let input = match context {
        Item::Array(_) => Item::Array(Array::wrapper(context)),
        other => other,
    };
    let result = machine.eval(&program.root, &input, &env);
    let answer = result.and_then(|item| machine.answer(item));
    drop(env);
    machine.release();
    let (steps, bytes) = machine.left();
    machinery.limits.steps = steps;
    machinery.limits.bytes = bytes;
    answer.map_err(Error::in_no_function)
}

impl Machine<'_> {
    fn answer(&mut self, item: Item) -> Outcome<Answer> {
        if item.is_undefined() {
            return Ok(Answer::Undefined);
        }
        let value = match to_value(&item, &mut |made| self.make_values(made)) {
            Ok(value) => value,
            Err(Unprintable::Function) => return Ok(Answer::Unsupported),
            Err(Unprintable::NotFinite) => return Err(Error::with("D1001", &[("value", "null")])),
            Err(Unprintable::Unpaid(error)) => return Err(error),
        };
        // Parts of documents are within the depth, unless they were put into something.
        if item.nesting() > 0 && !value.is_within_depth() {
            return Err(Error::of("U1004"));
        }
        Ok(Answer::Value(value))
    }

    /// Evaluates a node with what is written behind it.
    pub(crate) fn eval(&mut self, node: &Node, input: &Item, env: &Env) -> Outcome {
        self.enter()?;
        let result = grow(|| {
            let bare = self.eval_kind(node, input, env)?;
            self.finish(node, bare, env)
        });
        self.leave();
        result
    }

    /// Predicates and grouping behind a node; then a sequence of no or one item is no sequence.
    fn finish(&mut self, node: &Node, mut result: Item, env: &Env) -> Outcome {
        for stage in &node.predicates {
            if let Stage::Filter(predicate) = stage {
                result = self.filter(predicate, result, env)?;
            }
        }
        if let (Some(group), false) = (&node.group, matches!(node.kind, Kind::Path(_))) {
            result = self.group(group, &result, env)?;
        }
        Ok(match result {
            Item::Array(array) if array.is_sequence() => collapse(array, node.keep_array),
            other => other,
        })
    }

    fn eval_kind(&mut self, node: &Node, input: &Item, env: &Env) -> Outcome {
        match &node.kind {
            Kind::Path(path) => self.path(node, path, input, env),
            Kind::Name(name) => self.lookup(input, name),
            Kind::Variable(name) => self.variable(name, input, env),
            Kind::String(text) => Ok(Item::String(text.clone())),
            Kind::Number(number) => Ok(Item::Number(*number)),
            Kind::Literal(Literal::Null) => Ok(Item::Null),
            Kind::Literal(Literal::Bool(value)) => Ok(Item::Bool(*value)),
            Kind::Regex(regex) => self.function(Function::Regex(regex.clone())),
            Kind::Wildcard => self.wildcard(input),
            Kind::Descendants => self.descendants(input),
            Kind::Parent(slot) => {
                let name = self.slot(*slot);
                let found = self.find(env, &name)?;
                Ok(found.unwrap_or_default())
            }
            Kind::Negate(inside) => self.negate(inside, input, env),
            Kind::Array(items) => self.array_constructor(node, items, input, env),
            Kind::Object(group) => self.group(group, input, env),
            Kind::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right, input, env),
            Kind::Bind(name, value) => {
                let value = self.eval(value, input, env)?;
                self.bind(env, name, value.clone())?;
                Ok(value)
            }
            Kind::Apply(left, right) => self.apply_operator(left, right, input, env),
            Kind::Call {
                procedure,
                arguments,
            } => self.call(procedure, arguments, None, input, env),
            Kind::Partial(partial) => self.partial(partial, input, env),
            Kind::Lambda(lambda) => self.closure(lambda, input, env),
            Kind::Condition {
                condition,
                then,
                otherwise,
            } => {
                let condition = self.eval(condition, input, env)?;
                match (self.truth(&condition)?, otherwise) {
                    (true, _) => self.eval(then, input, env),
                    (false, Some(otherwise)) => self.eval(otherwise, input, env),
                    (false, None) => Ok(Item::Undefined),
                }
            }
            Kind::Block { parts, binds } => {
                let env = &self.block_env(env, *binds)?;
                let mut result = Item::Undefined;
                for part in parts {
                    result = self.eval(part, input, env)?;
                }
                Ok(result)
            }
            Kind::Transform(transform) => self.function(Function::Transform {
                transform: transform.clone(),
                env: env.clone(),
            }),
            Kind::Sort(terms) => self.sort_items(terms, input.clone(), env),
        }
    }

    /// A block has its own frame if something in it binds a variable.
    fn block_env(&mut self, env: &Env, binds: bool) -> Outcome<Env> {
        match binds {
            true => self.frame(env, Vec::new()),
            false => Ok(env.clone()),
        }
    }

    fn variable(&mut self, name: &std::sync::Arc<str>, input: &Item, env: &Env) -> Outcome {
        if name.is_empty() {
            return Ok(input.unwrapped());
        }
        if let Some(found) = self.find(env, name)? {
            return Ok(found);
        }
        Ok(self.outer_variable(name))
    }
}

/// A sequence of no items is nothing, one of a single item is that item.
pub(crate) fn collapse(array: Array, keep_array: bool) -> Item {
    let array = if keep_array {
        array.keeping_singleton()
    } else {
        array
    };
    match array.len() {
        0 => Item::Undefined,
        1 if !array.keeps_singleton() => array.get(0).unwrap_or_default(),
        _ => Item::Array(array),
    }
}
