//! Which names a program uses and does not bind.
//!
//! A name is bound from its `:=` on, and in the whole block for functions that are defined there:
//! they run later. Parameters, `@$name` and `#$name` are bound in what they belong to. Built-in
//! functions are no references, called or not.

use std::collections::HashSet;
use std::sync::Arc;

use super::node::{Group, Kind, Node, Path, Program, Stage};
use crate::functions;

/// A name that is used and not bound.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    Variable { name: Arc<str>, path: Vec<Arc<str>> },
    Root(&'static str),
    Field(Arc<str>),
}

/// All of them, in the order of the text.
pub(crate) fn references(program: &Program) -> Vec<Found> {
    let mut walk = Walk {
        found: Vec::new(),
        scopes: vec![Level::of(&program.root)],
        nested: 0,
    };
    walk.node(&program.root, &[]);
    walk.found
}

/// Names bound in a block, a function or a path.
struct Level {
    /// So far.
    bound: HashSet<Arc<str>>,
    /// Sooner or later.
    ever: HashSet<Arc<str>>,
    is_function: bool,
}

impl Level {
    fn of(node: &Node) -> Level {
        let mut ever = HashSet::new();
        binds(node, &mut ever);
        Level {
            bound: HashSet::new(),
            ever,
            is_function: false,
        }
    }

    fn with(names: impl IntoIterator<Item = Arc<str>>, is_function: bool) -> Level {
        Level {
            bound: names.into_iter().collect(),
            ever: HashSet::new(),
            is_function,
        }
    }
}

/// The names that a node binds in the block it stands in.
fn binds(node: &Node, names: &mut HashSet<Arc<str>>) {
    match &node.kind {
        Kind::Block { .. } | Kind::Lambda(_) => {}
        Kind::Bind(name, value) => {
            names.insert(name.clone());
            binds(value, names);
        }
        _ => each_child(node, &mut |child| binds(child, names)),
    }
}

/// Visits what a node consists of, and what is written behind it.
fn each_child(node: &Node, visit: &mut dyn FnMut(&Node)) {
    parts(node).into_iter().for_each(&mut *visit);
    for stage in node.predicates.iter().chain(&node.stages) {
        if let Stage::Filter(predicate) = stage {
            visit(predicate);
        }
    }
    if let Some(group) = &node.group {
        each_pair(group, visit);
    }
}

/// What a node consists of, in the order of the text.
fn parts(node: &Node) -> Vec<&Node> {
    match &node.kind {
        Kind::Path(path) => path.steps.iter().collect(),
        Kind::Negate(one) | Kind::Bind(_, one) => vec![one],
        Kind::Array(items) | Kind::Block { parts: items, .. } => items.iter().collect(),
        Kind::Object(group) => group
            .pairs
            .iter()
            .flat_map(|(key, value)| [key, value])
            .collect(),
        Kind::Binary { left, right, .. } | Kind::Apply(left, right) => vec![left, right],
        Kind::Call {
            procedure,
            arguments,
        } => std::iter::once(&**procedure).chain(arguments).collect(),
        Kind::Partial(partial) => std::iter::once(&partial.procedure)
            .chain(partial.arguments.iter().flatten())
            .collect(),
        Kind::Condition {
            condition,
            then,
            otherwise,
        } => [&**condition, &**then]
            .into_iter()
            .chain(otherwise.as_deref())
            .collect(),
        Kind::Sort(terms) => terms.iter().map(|term| &term.key).collect(),
        _ => Vec::new(),
    }
}

fn each_pair(group: &Group, visit: &mut dyn FnMut(&Node)) {
    for (key, value) in &group.pairs {
        visit(key);
        visit(value);
    }
}

struct Walk {
    found: Vec<Found>,
    scopes: Vec<Level>,
    /// Predicates, steps and function bodies around: in them `$` means something.
    nested: usize,
}

impl Walk {
    /// `after` are the steps that follow a node in its path.
    fn node(&mut self, node: &Node, after: &[Node]) {
        match &node.kind {
            Kind::Path(path) => self.path(path),
            Kind::Variable(name) => self.variable(name, node, after),
            Kind::Name(name) if self.nested == 0 => self.found.push(Found::Field(name.clone())),
            Kind::Bind(name, value) => {
                self.node(value, &[]);
                if let Some(level) = self.scopes.last_mut() {
                    level.bound.insert(name.clone());
                }
            }
            Kind::Block { parts, .. } => {
                let mut level = Level::with([], false);
                parts.iter().for_each(|part| binds(part, &mut level.ever));
                self.inside(level, |walk| {
                    parts.iter().for_each(|part| walk.node(part, &[]))
                });
            }
            Kind::Lambda(lambda) => {
                let mut level = Level::with(lambda.parameters.iter().cloned(), true);
                binds(&lambda.body, &mut level.ever);
                self.inside(level, |walk| {
                    walk.nested(|walk| walk.node(&lambda.body, &[]))
                });
            }
            Kind::Transform(transform) => self.nested(|walk| {
                walk.node(&transform.pattern, &[]);
                walk.node(&transform.update, &[]);
                transform
                    .delete
                    .iter()
                    .for_each(|delete| walk.node(delete, &[]));
            }),
            Kind::Sort(terms) => {
                self.nested(|walk| terms.iter().for_each(|term| walk.node(&term.key, &[])));
            }
            _ => return self.others(node),
        }
        self.behind(node);
    }

    /// A node whose parts are evaluated where it stands.
    fn others(&mut self, node: &Node) {
        for part in parts(node) {
            self.node(part, &[]);
        }
        self.behind(node);
    }

    /// Predicates and grouping.
    fn behind(&mut self, node: &Node) {
        self.nested(|walk| {
            for stage in node.predicates.iter().chain(&node.stages) {
                if let Stage::Filter(predicate) = stage {
                    walk.node(predicate, &[]);
                }
            }
            if let Some(group) = &node.group {
                for (key, value) in &group.pairs {
                    walk.node(key, &[]);
                    walk.node(value, &[]);
                }
            }
        });
    }

    fn path(&mut self, path: &Path) {
        self.inside(Level::with([], false), |walk| {
            for (place, step) in path.steps.iter().enumerate() {
                let after = &path.steps[place + 1..];
                match place {
                    0 => walk.node(step, after),
                    _ => walk.nested(|walk| walk.node(step, after)),
                }
                let indexes = step.stages.iter().filter_map(|stage| match stage {
                    Stage::Index(name) => Some(name),
                    Stage::Filter(_) => None,
                });
                let names = step.focus.iter().chain(&step.index).chain(indexes).cloned();
                if let Some(level) = walk.scopes.last_mut() {
                    level.bound.extend(names);
                }
            }
        });
    }

    fn variable(&mut self, name: &Arc<str>, node: &Node, after: &[Node]) {
        match &**name {
            "" | "$" => {
                if self.nested == 0 {
                    let root = if name.is_empty() { "$" } else { "$$" };
                    self.found.push(Found::Root(root));
                }
            }
            _ if self.is_bound(name) || functions::find(name).is_some() => {}
            _ => {
                let is_bare = node.stages.is_empty() && node.predicates.is_empty();
                let path = match is_bare && node.focus.is_none() {
                    true => fields(after),
                    false => Vec::new(),
                };
                self.found.push(Found::Variable {
                    name: name.clone(),
                    path,
                });
            }
        }
    }

    fn is_bound(&self, name: &Arc<str>) -> bool {
        let mut runs_later = false;
        for level in self.scopes.iter().rev() {
            if level.bound.contains(name) || (runs_later && level.ever.contains(name)) {
                return true;
            }
            runs_later |= level.is_function;
        }
        false
    }

    fn inside(&mut self, level: Level, walk: impl FnOnce(&mut Walk)) {
        self.scopes.push(level);
        walk(self);
        self.scopes.pop();
    }

    fn nested(&mut self, walk: impl FnOnce(&mut Walk)) {
        self.nested += 1;
        walk(self);
        self.nested -= 1;
    }
}

/// The fields that are selected one after the other.
fn fields(steps: &[Node]) -> Vec<Arc<str>> {
    let mut fields = Vec::new();
    for step in steps {
        let Kind::Name(name) = &step.kind else { break };
        fields.push(name.clone());
        if !step.stages.is_empty() || step.focus.is_some() {
            break;
        }
    }
    fields
}
