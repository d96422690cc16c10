//! The nodes of a program.

use std::sync::Arc;

use crate::regex::Regex;
use crate::signature::Signature;
use crate::syntax::Literal;

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) root: Node,
    /// The variable that holds the parent for each slot.
    pub(crate) slots: Vec<Arc<str>>,
}

/// A part of the program, with what is written behind it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// Where its operator or operand ends, in bytes from the beginning of the text.
    pub(crate) position: usize,
    /// `[...]` behind something that is not a step.
    pub(crate) predicates: Vec<Stage>,
    /// `[...]` and `#$name` behind a step, in order.
    pub(crate) stages: Vec<Stage>,
    /// `{...}` behind it.
    pub(crate) group: Option<Box<Group>>,
    /// `@$name`
    pub(crate) focus: Option<Arc<str>>,
    /// `#$name` before any predicate
    pub(crate) index: Option<Arc<str>>,
    /// The slot that this step's input is kept in for a `%` further on.
    pub(crate) ancestor: Option<usize>,
    /// A step that makes or takes a tuple stream; of a path: it gives the stream to who contains it.
    pub(crate) tuple: bool,
    /// `[]` behind it: a result of one item stays an array.
    pub(crate) keep_array: bool,
    /// An array constructor whose result is not flattened into the path.
    pub(crate) whole_array: bool,
    /// Slots whose step has not been found inside this node. For the compiler only.
    pub(crate) seeking: Option<Vec<usize>>,
}

impl Node {
    pub(crate) fn new(kind: Kind, position: usize) -> Node {
        Node {
            kind,
            position,
            predicates: Vec::new(),
            stages: Vec::new(),
            group: None,
            focus: None,
            index: None,
            ancestor: None,
            tuple: false,
            keep_array: false,
            whole_array: false,
            seeking: None,
        }
    }
}

/// What is done with the result of a step.
#[derive(Debug)]
pub(crate) enum Stage {
    /// `[...]`
    Filter(Node),
    /// `#$name`
    Index(Arc<str>),
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Kind {
    Path(Path),
    Name(Arc<str>),
    Variable(Arc<str>),
    String(Arc<str>),
    Number(f64),
    Literal(Literal),
    Regex(Arc<Regex>),
    Wildcard,
    Descendants,
    /// `%` with its slot.
    Parent(usize),
    Negate(Box<Node>),
    Array(Vec<Node>),
    Object(Group),
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    Bind(Arc<str>, Box<Node>),
    Apply(Box<Node>, Box<Node>),
    Call {
        procedure: Box<Node>,
        arguments: Vec<Node>,
    },
    Partial(Box<Partial>),
    Lambda(Arc<Lambda>),
    Condition {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    Block {
        parts: Vec<Node>,
        /// Something inside binds a variable, so it needs a frame.
        binds: bool,
    },
    Transform(Arc<Transform>),
    /// Only as a step.
    Sort(Vec<SortTerm>),
}

/// Steps.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) steps: Vec<Node>,
    /// One of the steps has `[]`.
    pub(crate) keep_singleton: bool,
}

/// Arithmetic, comparison and the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Concat,
    And,
    Or,
    In,
    Range,
}

impl Operator {
    const TABLE: [(&'static str, Operator); 16] = [
        ("+", Operator::Add),
        ("-", Operator::Subtract),
        ("*", Operator::Multiply),
        ("/", Operator::Divide),
        ("%", Operator::Remainder),
        ("=", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<", Operator::Less),
        ("<=", Operator::LessOrEqual),
        (">", Operator::Greater),
        (">=", Operator::GreaterOrEqual),
        ("&", Operator::Concat),
        ("and", Operator::And),
        ("or", Operator::Or),
        ("in", Operator::In),
        ("..", Operator::Range),
    ];

    pub(crate) fn of(symbol: &str) -> Option<Operator> {
        let found = Operator::TABLE.iter().find(|(text, _)| *text == symbol);
        found.map(|(_, operator)| *operator)
    }

    pub(crate) fn symbol(self) -> &'static str {
        let found = Operator::TABLE
            .iter()
            .find(|(_, operator)| *operator == self);
        found.map_or("", |(text, _)| text)
    }
}

/// The members of an object constructor or a group-by.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) pairs: Vec<(Node, Node)>,
}

/// A call with placeholders (`None`).
#[derive(Debug)]
pub(crate) struct Partial {
    pub(crate) procedure: Node,
    pub(crate) arguments: Vec<Option<Node>>,
}

/// A function definition.
#[derive(Debug)]
pub(crate) struct Lambda {
    pub(crate) parameters: Vec<Arc<str>>,
    pub(crate) signature: Option<Signature>,
    pub(crate) body: Node,
}

/// `| pattern | update, delete |`
#[derive(Debug)]
pub(crate) struct Transform {
    pub(crate) pattern: Node,
    pub(crate) update: Node,
    pub(crate) delete: Option<Node>,
}

/// One criterion of an order-by.
#[derive(Debug)]
pub(crate) struct SortTerm {
    pub(crate) descending: bool,
    pub(crate) key: Node,
}
