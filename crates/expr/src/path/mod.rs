//! JSONPath, as the service speaks it: a subset of Jayway's dialect.
//!
//! A path is compiled once ([`Path::parse`]) and evaluated against [`Roots`]. A *definite* path leads
//! to one value or to a [`Miss`]; an *indefinite* one (wildcard, slice, union, filter, `..`) always
//! gives an array, an empty one where it leads nowhere (recorded: `$.items[*]` on `{}` is `[]`).
//!
//! It knows nothing of templates and functions, nor of which field allows which path.

mod eval;
mod filter;
mod filter_parse;
mod miss;
mod parse;
mod segment;
mod set;

use std::fmt;
use std::sync::Arc;

use crate::budget::Budget;
use crate::{Roots, Value};
use segment::Segment;

pub use miss::Miss;
pub use set::{ReferencePath, SetError};

/// Where a path starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// `$`: the input.
    Input,
    /// `$$`: the Context Object.
    Context,
    /// `$name`: a workflow variable.
    Variable(Arc<str>),
}

/// A compiled JSONPath.
#[derive(Clone, Debug)]
pub struct Path {
    source: Arc<str>,
    root: Root,
    segments: Arc<[Segment]>,
}

/// Why a text is not a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathSyntaxError {
    /// What is wrong, and where.
    pub message: String,
}

impl fmt::Display for PathSyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PathSyntaxError {}

impl Path {
    /// Compiles a path: `$`, `$$` or `$name`, then any of `.name`, `['name']`, `['a','b']`, `[0]`,
    /// `[-1]`, `[0,2]`, `[1:3]`, `[*]`, `.*`, `..` and `[?(filter)]`.
    ///
    /// A name after a dot may hold anything but white space, `.` and `[` (`$.a-b`, and `length()`,
    /// which is a name and no function). A text may be 16 KiB long, with 256 segments and 32 levels
    /// of nesting in filters.
    pub fn parse(source: &str) -> Result<Path, PathSyntaxError> {
        let (root, segments) = parse::path(source)?;
        Ok(Path {
            source: source.into(),
            root,
            segments: segments.into(),
        })
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// Where it starts.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Whether it leads to one value; otherwise it gives an array of all that match.
    pub fn is_definite(&self) -> bool {
        self.segments.iter().all(Segment::is_definite)
    }

    /// Whether only names and non-negative indexes follow the root: what ResultPath and its like
    /// demand (spec: asl.md 3.4).
    pub fn is_reference(&self) -> bool {
        self.segments.iter().all(Segment::is_reference)
    }

    /// Whether it is exactly `$`: the input, unchanged.
    pub fn is_identity(&self) -> bool {
        self.root == Root::Input && self.segments.is_empty()
    }

    /// What the path leads to: the value, or for an indefinite path the array of values.
    ///
    /// A definite path costs one reference count. An indefinite one may visit four million values,
    /// then it is [`Miss::TooMany`].
    pub fn eval(&self, roots: &dyn Roots) -> Result<Value, Miss> {
        let mut budget = Budget::of(roots);
        let result = self.eval_within(roots, &mut budget);
        budget.settle(roots);
        result
    }

    /// [`Path::eval`] as a part of a larger evaluation.
    pub(crate) fn eval_within(
        &self,
        roots: &dyn Roots,
        budget: &mut Budget,
    ) -> Result<Value, Miss> {
        let root = match &self.root {
            Root::Input => roots.input(),
            Root::Context => roots.context(),
            Root::Variable(name) => roots
                .variable(name)
                .ok_or_else(|| Miss::UndefinedVariable { name: name.clone() })?,
        };
        if self.is_definite() {
            return eval::definite(&self.segments, root).cloned();
        }
        let found = eval::all(&self.segments, root, budget).map_err(|_| Miss::TooMany)?;
        Ok(Value::array(found))
    }
}
