//! The tree that the parser makes: operators and operands as they were written.

use std::sync::Arc;

use crate::regex::Regex;
use crate::signature::Signature;

/// `true`, `false` or `null`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Literal {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
}

/// Key and value of the members of an object constructor.
pub(crate) type Pairs = Vec<(Tree, Tree)>;

/// One criterion of an order-by.
#[derive(Debug)]
pub(crate) struct SortTerm {
    pub(crate) descending: bool,
    pub(crate) key: Tree,
}

/// A part of the expression.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) kind: Kind,
    /// Where its operator or operand ends, in bytes from the beginning of the text.
    pub(crate) position: usize,
    /// `[]` follows.
    pub(crate) keep_array: bool,
    /// Levels of parts inside, itself included.
    pub(crate) height: u32,
}

/// What a part of the expression is.
#[derive(Debug)]
pub(crate) enum Kind {
    Name(Arc<str>),
    Variable(Arc<str>),
    String(Arc<str>),
    Number(f64),
    Literal(Literal),
    Regex(Arc<Regex>),
    /// `?` as an argument.
    Placeholder,
    /// The end of the text where an operand should be.
    End,
    Wildcard,
    Descendants,
    Parent,
    Negate(Box<Tree>),
    Array(Vec<Tree>),
    Object(Pairs),
    /// Arithmetic, comparison, logic, `&`, `in`, `..`
    Binary {
        operator: &'static str,
        left: Box<Tree>,
        right: Box<Tree>,
    },
    Dot(Box<Tree>, Box<Tree>),
    Filter(Box<Tree>, Box<Tree>),
    Group(Box<Tree>, Pairs),
    Sort(Box<Tree>, Vec<SortTerm>),
    /// `$name := value`
    Bind(Arc<str>, Box<Tree>),
    /// `step@$name`
    Focus(Box<Tree>, Arc<str>),
    /// `step#$name`
    Index(Box<Tree>, Arc<str>),
    /// `value ~> function`
    Apply(Box<Tree>, Box<Tree>),
    Call {
        procedure: Box<Tree>,
        arguments: Vec<Tree>,
        /// One of the arguments is a placeholder.
        partial: bool,
    },
    Lambda {
        parameters: Vec<Arc<str>>,
        signature: Option<Signature>,
        body: Box<Tree>,
    },
    Condition {
        condition: Box<Tree>,
        then: Box<Tree>,
        otherwise: Option<Box<Tree>>,
    },
    Block(Vec<Tree>),
    Transform {
        pattern: Box<Tree>,
        update: Box<Tree>,
        delete: Option<Box<Tree>>,
    },
}

impl Kind {
    /// The height of the highest part directly inside.
    pub(crate) fn inner_height(&self) -> u32 {
        fn highest<'t>(parts: impl IntoIterator<Item = &'t Tree>) -> u32 {
            parts.into_iter().map(|part| part.height).max().unwrap_or(0)
        }
        fn pairs(pairs: &Pairs) -> u32 {
            highest(pairs.iter().flat_map(|(key, value)| [key, value]))
        }
        match self {
            Kind::Negate(one) | Kind::Bind(_, one) => one.height,
            Kind::Focus(one, _) | Kind::Index(one, _) => one.height,
            Kind::Array(items) | Kind::Block(items) => highest(items),
            Kind::Object(members) => pairs(members),
            Kind::Binary { left, right, .. } => left.height.max(right.height),
            Kind::Dot(left, right) | Kind::Filter(left, right) | Kind::Apply(left, right) => {
                left.height.max(right.height)
            }
            Kind::Group(left, members) => left.height.max(pairs(members)),
            Kind::Sort(left, terms) => left.height.max(highest(terms.iter().map(|term| &term.key))),
            Kind::Call {
                procedure,
                arguments,
                ..
            } => procedure.height.max(highest(arguments)),
            Kind::Lambda { body, .. } => body.height,
            Kind::Condition {
                condition,
                then,
                otherwise,
            } => highest(
                [&**condition, &**then]
                    .into_iter()
                    .chain(otherwise.as_deref()),
            ),
            Kind::Transform {
                pattern,
                update,
                delete,
            } => highest([&**pattern, &**update].into_iter().chain(delete.as_deref())),
            _ => 0,
        }
    }
}
