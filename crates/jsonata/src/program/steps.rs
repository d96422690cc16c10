//! The steps of paths: how other nodes become paths, and what may be a step.

use std::sync::Arc;

use super::node::{Kind, Node, Path};
use crate::error::SyntaxError;
use crate::format::number_text;
use crate::syntax::Literal;

pub(super) fn name_path(name: Arc<str>, position: usize, keep_array: bool) -> Node {
    let mut step = Node::new(Kind::Name(name), position);
    step.keep_array = keep_array;
    let mut path = path_of(step);
    if let Kind::Path(inside) = &mut path.kind {
        inside.keep_singleton = keep_array;
    }
    path
}

/// A path of one step.
pub(super) fn path_of(step: Node) -> Node {
    let position = step.position;
    Node::new(
        Kind::Path(Path {
            steps: vec![step],
            keep_singleton: false,
        }),
        position,
    )
}

/// The left side of a dot as a path.
pub(super) fn as_path(left: Node) -> Node {
    let seeking = match left.kind {
        Kind::Path(_) => return left,
        Kind::Parent(slot) => Some(vec![slot]),
        _ => None,
    };
    let mut path = path_of(left);
    path.seeking = seeking;
    path
}

pub(super) fn steps_of(path: &mut Node) -> &mut Vec<Node> {
    match &mut path.kind {
        Kind::Path(path) => &mut path.steps,
        _ => unreachable!("it was made by path_of or as_path"),
    }
}

/// The node that what is written behind belongs to.
pub(super) fn last_step(node: &mut Node) -> &mut Node {
    if !matches!(node.kind, Kind::Path(_)) {
        return node;
    }
    steps_of(node)
        .last_mut()
        .expect("a path has at least one step")
}

/// A string is a field name; other literals are no steps.
pub(super) fn check_step(step: &mut Node) -> Result<(), SyntaxError> {
    let value = match &step.kind {
        Kind::Number(number) => number_text(*number),
        Kind::Literal(Literal::Null) => "null".to_owned(),
        Kind::Literal(Literal::Bool(value)) => value.to_string(),
        Kind::String(name) => {
            step.kind = Kind::Name(name.clone());
            return Ok(());
        }
        _ => return Ok(()),
    };
    Err(SyntaxError::at(
        step.position,
        "S0213",
        &[("value", &value)],
    ))
}
