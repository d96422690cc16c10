//! From the parser's tree to a program: paths become lists of steps, predicates go to their steps,
//! and the step that a `%` stands for is found.

use std::sync::Arc;

use super::ancestry::Ancestry;
use super::node::{
    Group, Kind, Lambda, Node, Operator, Partial, Program, SortTerm, Stage, Transform,
};
use super::steps::{as_path, check_step, last_step, name_path, path_of, steps_of};
use crate::error::SyntaxError;
use crate::syntax::{Kind as Syntax, Literal, Pairs, Tree};
use crate::value::grow;

/// Compiles a tree. Its height is bounded by the parser, and so is the recursion here.
pub(crate) fn compile(tree: Tree) -> Result<Program, SyntaxError> {
    let mut compiler = Compiler::default();
    let root = compiler.node(tree)?;
    if root.seeking.is_some() || matches!(root.kind, Kind::Parent(_)) {
        return Err(SyntaxError::at(root.position, "S0217", &[]));
    }
    Ok(Program {
        root,
        slots: compiler.ancestry.names(),
    })
}

#[derive(Default)]
struct Compiler {
    ancestry: Ancestry,
    /// Bindings (`:=`) seen so far.
    binds: usize,
}

type Compiled<T = Node> = Result<T, SyntaxError>;

fn fail<T>(position: usize, code: &'static str) -> Compiled<T> {
    Err(SyntaxError::at(position, code, &[]))
}

impl Compiler {
    fn node(&mut self, tree: Tree) -> Compiled {
        grow(|| {
            let keep_array = tree.keep_array;
            let mut node = self.kind(tree)?;
            node.keep_array |= keep_array;
            Ok(node)
        })
    }

    fn boxed(&mut self, tree: Tree) -> Compiled<Box<Node>> {
        self.node(tree).map(Box::new)
    }

    fn kind(&mut self, tree: Tree) -> Compiled {
        let Tree { kind, position, .. } = tree;
        let simple = |kind| Ok(Node::new(kind, position));
        match kind {
            Syntax::Name(name) => Ok(name_path(name, position, tree.keep_array)),
            Syntax::Variable(name) => simple(Kind::Variable(name)),
            Syntax::String(text) => simple(Kind::String(text)),
            Syntax::Number(number) => simple(Kind::Number(number)),
            Syntax::Literal(literal) => simple(Kind::Literal(literal)),
            Syntax::Regex(regex) => simple(Kind::Regex(regex)),
            Syntax::Wildcard => simple(Kind::Wildcard),
            Syntax::Descendants => simple(Kind::Descendants),
            Syntax::Parent => simple(Kind::Parent(self.ancestry.slot())),
            Syntax::End => fail(position, "S0207"),
            Syntax::Placeholder => Err(SyntaxError::at(position, "S0201", &[("token", "\"?\"")])),
            Syntax::Negate(inside) => self.negate(*inside, position),
            Syntax::Array(items) => self.array(items, position),
            Syntax::Object(pairs) => self.object(pairs, position),
            Syntax::Binary {
                operator,
                left,
                right,
            } => self.binary(operator, *left, *right, position),
            Syntax::Dot(left, right) => self.dot(*left, *right),
            Syntax::Filter(left, right) => self.filter(*left, *right, position),
            Syntax::Group(left, pairs) => self.group(*left, pairs, position),
            Syntax::Sort(left, terms) => self.sort(*left, terms, position),
            Syntax::Bind(name, value) => {
                self.binds += 1;
                let value = self.boxed(*value)?;
                let mut node = Node::new(Kind::Literal(Literal::Null), position);
                self.ancestry.push(&mut node, &value);
                node.kind = Kind::Bind(name, value);
                Ok(node)
            }
            Syntax::Focus(left, name) => self.focus(*left, name, position, tree.keep_array),
            Syntax::Index(left, name) => self.index(*left, name, position),
            Syntax::Apply(left, right) => {
                let left = self.boxed(*left)?;
                let right = self.boxed(*right)?;
                let keep_array = left.keep_array || right.keep_array;
                let mut node = Node::new(Kind::Apply(left, right), position);
                node.keep_array = keep_array;
                Ok(node)
            }
            Syntax::Call {
                procedure,
                arguments,
                partial,
            } => self.call(*procedure, arguments, partial, position),
            Syntax::Lambda {
                parameters,
                signature,
                body,
            } => {
                let body = self.node(*body)?;
                simple(Kind::Lambda(Arc::new(Lambda {
                    parameters,
                    signature,
                    body,
                })))
            }
            Syntax::Condition {
                condition,
                then,
                otherwise,
            } => self.condition(*condition, *then, otherwise, position),
            Syntax::Block(parts) => self.block(parts, position),
            Syntax::Transform {
                pattern,
                update,
                delete,
            } => {
                let transform = Transform {
                    pattern: self.node(*pattern)?,
                    update: self.node(*update)?,
                    delete: delete.map(|tree| self.node(*tree)).transpose()?,
                };
                simple(Kind::Transform(Arc::new(transform)))
            }
        }
    }

    fn negate(&mut self, inside: Tree, position: usize) -> Compiled {
        let mut inside = self.node(inside)?;
        if let Kind::Number(number) = &mut inside.kind {
            *number = -*number;
            return Ok(inside);
        }
        let mut node = Node::new(Kind::Literal(Literal::Null), position);
        self.ancestry.push(&mut node, &inside);
        node.kind = Kind::Negate(Box::new(inside));
        Ok(node)
    }

    fn array(&mut self, items: Vec<Tree>, position: usize) -> Compiled {
        let mut node = Node::new(Kind::Array(Vec::new()), position);
        let mut compiled = Vec::with_capacity(items.len());
        for item in items {
            let item = self.node(item)?;
            self.ancestry.push(&mut node, &item);
            compiled.push(item);
        }
        node.kind = Kind::Array(compiled);
        Ok(node)
    }

    fn object(&mut self, pairs: Pairs, position: usize) -> Compiled {
        let mut node = Node::new(Kind::Literal(Literal::Null), position);
        let pairs = self.pairs(pairs)?;
        for (key, value) in &pairs {
            self.ancestry.push(&mut node, key);
            self.ancestry.push(&mut node, value);
        }
        node.kind = Kind::Object(Group { pairs });
        Ok(node)
    }

    fn pairs(&mut self, pairs: Pairs) -> Compiled<Vec<(Node, Node)>> {
        let compile = |(key, value)| Ok((self.node(key)?, self.node(value)?));
        pairs.into_iter().map(compile).collect()
    }

    fn binary(
        &mut self,
        symbol: &'static str,
        left: Tree,
        right: Tree,
        position: usize,
    ) -> Compiled {
        let left = self.boxed(left)?;
        let right = self.boxed(right)?;
        let Some(operator) = Operator::of(symbol) else {
            let token = crate::message::quoted(symbol);
            return Err(SyntaxError::at(position, "S0201", &[("token", &token)]));
        };
        let mut node = Node::new(Kind::Literal(Literal::Null), position);
        self.ancestry.push(&mut node, &left);
        self.ancestry.push(&mut node, &right);
        node.kind = Kind::Binary {
            operator,
            left,
            right,
        };
        Ok(node)
    }

    fn dot(&mut self, left: Tree, right: Tree) -> Compiled {
        let left = self.node(left)?;
        let mut path = as_path(left);
        let mut rest = self.node(right)?;
        let steps = steps_of(&mut path);
        match rest.kind {
            Kind::Path(more) => steps.extend(more.steps),
            _ => {
                rest.stages.append(&mut rest.predicates);
                steps.push(rest);
            }
        }
        for step in steps.iter_mut() {
            check_step(step)?;
        }
        let keep_singleton = steps.iter().any(|step| step.keep_array);
        let last = steps.len() - 1;
        for place in [0, last] {
            if matches!(steps[place].kind, Kind::Array(_)) {
                steps[place].whole_array = true;
            }
        }
        if let Kind::Path(inside) = &mut path.kind {
            inside.keep_singleton |= keep_singleton;
        }
        self.ancestry.resolve(&mut path)?;
        Ok(path)
    }

    fn filter(&mut self, left: Tree, right: Tree, position: usize) -> Compiled {
        let mut node = self.node(left)?;
        if node.group.is_some() {
            return fail(position, "S0209");
        }
        let predicate = self.node(right)?;
        let is_path = matches!(node.kind, Kind::Path(_));
        let step = last_step(&mut node);
        self.ancestry.predicate(step, &predicate)?;
        if is_path {
            step.stages.push(Stage::Filter(predicate));
        } else {
            step.predicates.push(Stage::Filter(predicate));
        }
        Ok(node)
    }

    fn group(&mut self, left: Tree, pairs: Pairs, position: usize) -> Compiled {
        let mut node = self.node(left)?;
        if node.group.is_some() {
            return fail(position, "S0210");
        }
        let pairs = self.pairs(pairs)?;
        node.group = Some(Box::new(Group { pairs }));
        Ok(node)
    }

    fn sort(
        &mut self,
        left: Tree,
        terms: Vec<crate::syntax::SortTerm>,
        position: usize,
    ) -> Compiled {
        let left = self.node(left)?;
        let mut path = match left.kind {
            Kind::Path(_) => left,
            _ => path_of(left),
        };
        let mut step = Node::new(Kind::Sort(Vec::new()), position);
        let mut compiled = Vec::with_capacity(terms.len());
        for term in terms {
            let key = self.node(term.key)?;
            self.ancestry.push(&mut step, &key);
            compiled.push(SortTerm {
                descending: term.descending,
                key,
            });
        }
        step.kind = Kind::Sort(compiled);
        steps_of(&mut path).push(step);
        self.ancestry.resolve(&mut path)?;
        Ok(path)
    }

    fn focus(&mut self, left: Tree, name: Arc<str>, position: usize, keep: bool) -> Compiled {
        let mut node = self.node(left)?;
        let step = last_step(&mut node);
        if !step.stages.is_empty() || !step.predicates.is_empty() {
            return fail(position, "S0215");
        }
        if matches!(step.kind, Kind::Sort(_)) {
            return fail(position, "S0216");
        }
        step.keep_array |= keep;
        step.focus = Some(name);
        step.tuple = true;
        Ok(node)
    }

    fn index(&mut self, left: Tree, name: Arc<str>, _position: usize) -> Compiled {
        let mut node = self.node(left)?;
        if !matches!(node.kind, Kind::Path(_)) {
            node.stages.append(&mut node.predicates);
            node = path_of(node);
        }
        let step = last_step(&mut node);
        if step.stages.is_empty() {
            step.index = Some(name);
        } else {
            step.stages.push(Stage::Index(name));
        }
        step.tuple = true;
        Ok(node)
    }

    fn call(
        &mut self,
        procedure: Tree,
        arguments: Vec<Tree>,
        partial: bool,
        position: usize,
    ) -> Compiled {
        let mut node = Node::new(Kind::Literal(Literal::Null), position);
        let mut compiled = Vec::with_capacity(arguments.len());
        for argument in arguments {
            if matches!(argument.kind, Syntax::Placeholder) {
                compiled.push(None);
                continue;
            }
            let argument = self.node(argument)?;
            self.ancestry.push(&mut node, &argument);
            compiled.push(Some(argument));
        }
        let procedure = self.node(procedure)?;
        node.kind = if partial {
            Kind::Partial(Box::new(Partial {
                procedure,
                arguments: compiled,
            }))
        } else {
            Kind::Call {
                procedure: Box::new(procedure),
                arguments: compiled.into_iter().flatten().collect(),
            }
        };
        Ok(node)
    }

    fn condition(
        &mut self,
        condition: Tree,
        then: Tree,
        otherwise: Option<Box<Tree>>,
        position: usize,
    ) -> Compiled {
        let condition = self.boxed(condition)?;
        let then = self.boxed(then)?;
        let otherwise = otherwise.map(|tree| self.boxed(*tree)).transpose()?;
        let mut node = Node::new(Kind::Literal(Literal::Null), position);
        for part in [Some(&condition), Some(&then), otherwise.as_ref()]
            .into_iter()
            .flatten()
        {
            self.ancestry.push(&mut node, part);
        }
        node.kind = Kind::Condition {
            condition,
            then,
            otherwise,
        };
        Ok(node)
    }

    fn block(&mut self, parts: Vec<Tree>, position: usize) -> Compiled {
        let before = self.binds;
        let mut node = Node::new(Kind::Literal(Literal::Null), position);
        let mut compiled = Vec::with_capacity(parts.len());
        for part in parts {
            let part = self.node(part)?;
            self.ancestry.push(&mut node, &part);
            node.whole_array |= match &part.kind {
                Kind::Path(path) => path.steps[0].whole_array,
                _ => part.whole_array,
            };
            compiled.push(part);
        }
        node.kind = Kind::Block {
            parts: compiled,
            binds: self.binds > before,
        };
        Ok(node)
    }
}
