//! Calling functions.

use std::rc::Rc;
use std::sync::Arc;

use super::frame::Env;
use super::function::Function;
use super::{Machine, Outcome};
use crate::error::Error;
use crate::functions::match_object;
use crate::program::{Kind, Lambda, Node, Partial};
use crate::signature::Signature;
use crate::value::{Item, grow};

/// What the end of a function body came to.
enum Tail {
    Done(Item),
    /// The body ends with this call: it is made in the place of the function, not inside it.
    Call {
        function: Rc<Function>,
        name: Option<Arc<str>>,
        arguments: Vec<Item>,
    },
}

impl Machine<'_> {
    pub(super) fn closure(&mut self, lambda: &Arc<Lambda>, input: &Item, env: &Env) -> Outcome {
        self.function(Function::Lambda {
            lambda: lambda.clone(),
            env: env.clone(),
            input: input.clone(),
        })
    }

    /// A call; `first` comes before the arguments that are written.
    pub(super) fn call(
        &mut self,
        procedure: &Node,
        arguments: &[Node],
        first: Option<Item>,
        input: &Item,
        env: &Env,
    ) -> Outcome {
        let function = self.callee(procedure, input, env)?;
        let arguments = self.arguments(arguments, first, input, env)?;
        let Some(function) = function else {
            return Err(Error::of("T1006"));
        };
        let applied = self.apply(&function, arguments, input);
        applied.map_err(|error| error.in_function(name_of(procedure).map(|name| &**name)))
    }

    /// The function to call; `None` for what is none.
    fn callee(
        &mut self,
        procedure: &Node,
        input: &Item,
        env: &Env,
    ) -> Outcome<Option<Rc<Function>>> {
        match self.eval(procedure, input, env)? {
            Item::Function(function) => Ok(Some(function)),
            Item::Undefined if self.forgot_dollar(procedure, env)? => {
                let name = name_of(procedure).map(|name| name.to_string());
                Err(Error::with(
                    "T1005",
                    &[("token", &name.unwrap_or_default())],
                ))
            }
            _ => Ok(None),
        }
    }

    /// Whether a field name was called that is the name of a variable.
    fn forgot_dollar(&mut self, procedure: &Node, env: &Env) -> Outcome<bool> {
        let (Kind::Path(_), Some(name)) = (&procedure.kind, name_of(procedure)) else {
            return Ok(false);
        };
        let known = match self.find(env, name)? {
            Some(item) => item,
            None => self.outer_variable(name),
        };
        Ok(!known.is_undefined())
    }

    fn arguments(
        &mut self,
        nodes: &[Node],
        first: Option<Item>,
        input: &Item,
        env: &Env,
    ) -> Outcome<Vec<Item>> {
        let mut arguments = Vec::with_capacity(nodes.len() + 1);
        arguments.extend(first);
        for node in nodes {
            arguments.push(self.eval(node, input, env)?);
        }
        Ok(arguments)
    }

    /// Calls a function. `input` is the context that stands for a missing argument.
    pub(crate) fn apply(
        &mut self,
        function: &Rc<Function>,
        arguments: Vec<Item>,
        input: &Item,
    ) -> Outcome {
        let mut function = function.clone();
        let mut arguments = arguments;
        let mut name: Option<Arc<str>> = None;
        loop {
            let done = match &*function {
                Function::Lambda {
                    lambda,
                    env,
                    input: captured,
                } => self.enter_lambda(lambda, env, captured, arguments, input),
                _ => self
                    .apply_native(&function, arguments, input)
                    .map(Tail::Done),
            };
            let done = match name.take() {
                Some(name) => done.map_err(|error| error.in_function(Some(&name)))?,
                None => done?,
            };
            match done {
                Tail::Done(item) => return Ok(item),
                Tail::Call {
                    function: next,
                    name: its_name,
                    arguments: its_arguments,
                } => {
                    function = next;
                    name = its_name;
                    arguments = its_arguments;
                }
            }
        }
    }

    fn enter_lambda(
        &mut self,
        lambda: &Lambda,
        env: &Env,
        captured: &Item,
        arguments: Vec<Item>,
        input: &Item,
    ) -> Outcome<Tail> {
        let arguments = match &lambda.signature {
            Some(signature) => self.checked(signature, &arguments, input)?,
            None => arguments,
        };
        let mut arguments = arguments.into_iter();
        let bind = |name: &Arc<str>| (name.clone(), arguments.next().unwrap_or_default());
        let bindings = lambda.parameters.iter().map(bind).collect();
        let frame = self.frame(env, bindings)?;
        self.deeper(|machine| machine.tail(&lambda.body, captured, &frame))
    }

    fn checked(
        &mut self,
        signature: &Signature,
        arguments: &[Item],
        input: &Item,
    ) -> Outcome<Vec<Item>> {
        let items: usize = arguments
            .iter()
            .filter_map(Item::as_array)
            .map(|array| array.len())
            .sum();
        self.visit(if signature.looks_inside() { items } else { 0 })?;
        self.work((signature.len().saturating_mul(arguments.len() + 1) / 16) as u64)?;
        signature.check(arguments, input)
    }

    /// Evaluates the end of a function body: what it ends with if that is a call, or its value.
    fn tail(&mut self, node: &Node, input: &Item, env: &Env) -> Outcome<Tail> {
        let is_bare = node.predicates.is_empty() && node.group.is_none() && !node.keep_array;
        match &node.kind {
            Kind::Call {
                procedure,
                arguments,
            } if is_bare => {
                self.work(1)?;
                let function = self.callee(procedure, input, env)?;
                let arguments = self.arguments(arguments, None, input, env)?;
                Ok(Tail::Call {
                    function: function.ok_or_else(|| Error::of("T1006"))?,
                    name: name_of(procedure).cloned(),
                    arguments,
                })
            }
            Kind::Condition {
                condition,
                then,
                otherwise,
            } if is_bare => {
                self.work(1)?;
                let condition = self.eval(condition, input, env)?;
                match (self.truth(&condition)?, otherwise) {
                    (true, _) => self.tail(then, input, env),
                    (false, Some(otherwise)) => self.tail(otherwise, input, env),
                    (false, None) => Ok(Tail::Done(Item::Undefined)),
                }
            }
            Kind::Block { parts, binds } if is_bare && !parts.is_empty() => {
                self.work(1)?;
                let env = &self.block_env(env, *binds)?;
                let (last, before) = parts.split_last().expect("it is not empty");
                for part in before {
                    self.eval(part, input, env)?;
                }
                self.tail(last, input, env)
            }
            _ => self.eval(node, input, env).map(Tail::Done),
        }
    }

    fn apply_native(
        &mut self,
        function: &Rc<Function>,
        arguments: Vec<Item>,
        input: &Item,
    ) -> Outcome {
        self.work(1)?;
        match &**function {
            Function::Builtin(builtin) => {
                let arguments = self.checked(builtin.signature(), &arguments, input)?;
                self.deeper(|machine| (builtin.run)(machine, &arguments))
            }
            Function::Regex(regex) => {
                let Some(Item::String(text)) = arguments.first() else {
                    return Ok(Item::Undefined);
                };
                let from = arguments.get(1).and_then(Item::as_f64).unwrap_or(0.0);
                self.read(text.len())?;
                let from = crate::functions::byte_of_unit(text, from);
                let found = self.find_match(regex, text, from)?;
                found.map_or(Ok(Item::Undefined), |found| {
                    match_object(self, regex, text, &found)
                })
            }
            Function::NextMatch { regex, text, from } => {
                if *from >= text.len() {
                    return Ok(Item::Undefined);
                }
                match self.find_match(regex, text, *from)? {
                    Some(found) if found.start == found.end => Err(Error::of("D1004")),
                    Some(found) => match_object(self, regex, text, &found),
                    None => Ok(Item::Undefined),
                }
            }
            Function::Partial {
                function,
                arguments: known,
            } => {
                self.visit(known.len())?;
                let mut given = arguments.into_iter();
                let merged = known.iter().map(|known| match known {
                    Some(item) => item.clone(),
                    None => given.next().unwrap_or_default(),
                });
                let merged = merged.collect();
                self.apply_inside(function, merged, input)
            }
            Function::Chain(first, second) => {
                let middle = self.apply_inside(first, arguments, input)?;
                self.apply_inside(second, vec![middle], input)
            }
            Function::Transform { transform, env } => {
                if arguments.len() > 1 || !may_be_transformed(arguments.first()) {
                    let index = if arguments.len() > 1 { "2" } else { "1" };
                    return Err(Error::with("T0410", &[("index", index)]));
                }
                let argument = arguments.first().cloned().unwrap_or_default();
                self.transform(transform, env, &argument)
            }
            Function::Lambda { .. } => self.apply(function, arguments, input),
        }
    }

    /// Calls a function that a function is made of.
    fn apply_inside(&mut self, function: &Item, arguments: Vec<Item>, input: &Item) -> Outcome {
        match function {
            Item::Function(function) => {
                self.deeper(|machine| machine.apply(function, arguments, input))
            }
            _ => Err(Error::of("T1006")),
        }
    }

    /// An evaluation inside another that no node stands for.
    fn deeper<T>(&mut self, call: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.enter()?;
        let result = grow(|| call(self));
        self.leave();
        result
    }

    pub(super) fn partial(&mut self, partial: &Partial, input: &Item, env: &Env) -> Outcome {
        let mut arguments = Vec::with_capacity(partial.arguments.len());
        for argument in &partial.arguments {
            arguments.push(match argument {
                Some(node) => Some(self.eval(node, input, env)?),
                None => None,
            });
        }
        let function = match self.eval(&partial.procedure, input, env)? {
            Item::Function(function) => function,
            Item::Undefined if self.forgot_dollar(&partial.procedure, env)? => {
                let name = name_of(&partial.procedure).map(|name| name.to_string());
                return Err(Error::with(
                    "T1007",
                    &[("token", &name.unwrap_or_default())],
                ));
            }
            _ => return Err(Error::of("T1008")),
        };
        self.make_items(arguments.len())?;
        self.function(Function::Partial {
            function: Item::Function(function),
            arguments,
        })
    }

    /// `left ~> right`
    pub(super) fn apply_operator(
        &mut self,
        left: &Node,
        right: &Node,
        input: &Item,
        env: &Env,
    ) -> Outcome {
        let left = self.eval(left, input, env)?;
        if let Kind::Call {
            procedure,
            arguments,
        } = &right.kind
        {
            return self.call(procedure, arguments, Some(left), input, env);
        }
        let Item::Function(function) = self.eval(right, input, env)? else {
            return Err(Error::of("T2006"));
        };
        match left {
            first @ Item::Function(_) => {
                self.function(Function::Chain(first, Item::Function(function)))
            }
            value => {
                let applied = self.apply(&function, vec![value], &Item::Null);
                applied.map_err(|error| error.in_function(name_of(right).map(|name| &**name)))
            }
        }
    }
}

fn may_be_transformed(argument: Option<&Item>) -> bool {
    matches!(
        argument,
        Some(Item::Undefined | Item::Object(_) | Item::Array(_))
    )
}

/// The name under which a function is called.
fn name_of(procedure: &Node) -> Option<&Arc<str>> {
    match &procedure.kind {
        Kind::Variable(name) => Some(name),
        Kind::Path(path) => match &path.steps[0].kind {
            Kind::Name(name) | Kind::Variable(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}
