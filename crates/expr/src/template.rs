//! Payload templates: JSON in which members named `x.$` are replaced by what their value evaluates to.
//!
//! Knows which strings are expressions and how a failed one is reported; what a path or a function
//! means is the business of [`crate::path`] and [`crate::intrinsics`].

use std::fmt;
use std::sync::Arc;

use crate::budget::Budget;
use crate::intrinsics::{Evaluation, Intrinsic};
use crate::json::{Object, Step};
use crate::path::{Miss, Path};
use crate::{Entropy, Roots, Value, java};

/// What a member's name ends with when its value is an expression.
const SUFFIX: &str = ".$";

/// A compiled payload template: `Parameters`, `ItemSelector`, `ResultSelector`, `Assign`, ...
#[derive(Clone, Debug)]
pub struct Template {
    node: Node,
}

#[derive(Clone, Debug)]
enum Node {
    /// No expressions inside.
    Constant(Value),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

#[derive(Clone, Debug)]
enum Member {
    /// A member that stays what it is, or is walked.
    Node { key: Arc<str>, node: Node },
    /// `x.$`: the key without its suffix, and the field as it is written, for messages.
    Expression {
        key: Arc<str>,
        field: Arc<str>,
        expression: Expression,
    },
}

/// A string that is either a path or an intrinsic function call: the value of an `x.$` field, of
/// `ErrorPath` or of `CausePath`.
#[derive(Clone, Debug)]
pub enum Expression {
    /// `$...`, `$$...`, `$name...`
    Path(Path),
    /// `States.X(...)`
    Intrinsic(Intrinsic),
}

/// What is wrong with one field of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The object that contains the field, relative to the template.
    pub at: Vec<Step>,
    /// The field as it is written: `x.$`.
    pub field: String,
    /// What is wrong with it.
    pub kind: TemplateErrorKind,
}

/// What can be wrong with a field of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateErrorKind {
    /// The value is not a string that holds a path or a function call.
    NotAnExpression,
    /// The object has the same field with and without `.$`.
    Duplicate,
}

impl fmt::Display for TemplateError {
    /// The service's message (spec: validation.md, structural messages; the one for a duplicate is
    /// not known).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = &self.field;
        match self.kind {
            TemplateErrorKind::NotAnExpression => write!(
                f,
                "The value for the field '{field}' must be a valid JSONPath or a valid intrinsic \
                 function call"
            ),
            TemplateErrorKind::Duplicate => write!(f, "Duplicate field '{field}'"),
        }
    }
}

impl std::error::Error for TemplateError {}

/// Why an expression of a template has no value. Displayed in the service's words, without the
/// prefix that names the state.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// A path leads to nothing.
    PathNotFound {
        /// The path as it is written.
        path: Arc<str>,
        /// The field as it is written.
        field: String,
        /// What the path was looked up in.
        input: Value,
    },
    /// A function failed.
    Function {
        /// The whole expression as it is written.
        expression: Arc<str>,
        /// Why.
        reason: String,
    },
    /// The result would be nested deeper than [`crate::json::MAX_DEPTH`].
    TooDeep,
    /// The paths match or visit too many values.
    TooMany,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::PathNotFound { path, field, input } => write!(
                f,
                "The JSONPath '{path}' specified for the field '{field}' could not be found in the \
                 input '{input}'"
            ),
            Fault::Function { expression, reason } => {
                write!(
                    f,
                    "The function '{expression}' had the following error: {reason}"
                )
            }
            Fault::TooMany => write!(f, "{}", Miss::TooMany),
            Fault::TooDeep => write!(
                f,
                "The result is nested deeper than the maximum allowed ({})",
                crate::json::MAX_DEPTH
            ),
        }
    }
}

impl std::error::Error for Fault {}

impl Template {
    /// Compiles a template; all its faulty fields are reported.
    pub fn compile(template: &Value) -> Result<Template, Vec<TemplateError>> {
        let mut compiler = Compiler {
            at: Vec::new(),
            errors: Vec::new(),
        };
        let node = compiler.node(template);
        if compiler.errors.is_empty() {
            Ok(Template { node })
        } else {
            Err(compiler.errors)
        }
    }

    /// The value of the template.
    pub fn eval(&self, roots: &dyn Roots, entropy: &mut dyn Entropy) -> Result<Value, Fault> {
        let mut budget = Budget::of(roots);
        let result = self.node.eval(&mut Evaluation {
            roots,
            entropy,
            budget: &mut budget,
        });
        budget.settle(roots);
        bounded(result?, roots)
    }

    /// Calls `visit` with every path in the template, those in function arguments too.
    pub fn visit_paths(&self, visit: &mut dyn FnMut(&Path)) {
        self.node.visit_paths(visit);
    }
}

/// Keeps the invariant of [`Value::is_within_depth`], at bounded cost: a value that shares its parts
/// may have more of them than fit in memory.
fn bounded(value: Value, roots: &dyn Roots) -> Result<Value, Fault> {
    let mut parts = Budget::VISITS;
    let fits = value.fits(crate::json::MAX_DEPTH, &mut parts);
    if let Some(allowance) = roots.allowance() {
        allowance.spend(Budget::VISITS - parts);
    }
    match fits {
        true => Ok(value),
        false if parts == 0 => Err(Fault::TooMany),
        false => Err(Fault::TooDeep),
    }
}

struct Compiler {
    at: Vec<Step>,
    errors: Vec<TemplateError>,
}

impl Compiler {
    fn node(&mut self, template: &Value) -> Node {
        match template {
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let nodes: Vec<Node> = items
                    .map(|(index, item)| self.inside(Step::Index(index), item))
                    .collect();
                if nodes.iter().all(Node::is_constant) {
                    Node::Constant(template.clone())
                } else {
                    Node::Array(nodes)
                }
            }
            Value::Object(members) => self.object(template, members),
            _ => Node::Constant(template.clone()),
        }
    }

    fn object(&mut self, template: &Value, members: &Object) -> Node {
        let mut compiled: Vec<Member> = members
            .iter()
            .map(|(key, value)| self.member(members, key, value))
            .collect();
        let constant =
            |member: &Member| matches!(member, Member::Node { node, .. } if node.is_constant());
        if compiled.iter().all(constant) {
            return Node::Constant(template.clone());
        }
        order_members(&mut compiled);
        Node::Object(compiled)
    }

    fn member(&mut self, siblings: &Object, field: &Arc<str>, value: &Value) -> Member {
        let Some(key) = field.strip_suffix(SUFFIX) else {
            let node = self.inside(Step::Key(field.clone()), value);
            return Member::Node {
                key: field.clone(),
                node,
            };
        };
        if siblings.contains_key(key) {
            self.refuse(field, TemplateErrorKind::Duplicate);
        }
        match value
            .as_str()
            .and_then(|source| Expression::parse(source).ok())
        {
            Some(expression) => Member::Expression {
                key: key.into(),
                field: field.clone(),
                expression,
            },
            None => {
                self.refuse(field, TemplateErrorKind::NotAnExpression);
                Member::Node {
                    key: field.clone(),
                    node: Node::Constant(Value::Null),
                }
            }
        }
    }

    fn inside(&mut self, step: Step, template: &Value) -> Node {
        self.at.push(step);
        let node = self.node(template);
        self.at.pop();
        node
    }

    fn refuse(&mut self, field: &str, kind: TemplateErrorKind) {
        self.errors.push(TemplateError {
            at: self.at.clone(),
            field: field.to_owned(),
            kind,
        });
    }
}

/// Puts the members into the order in which the service gives them: first those that are written
/// without `.$`, as they are written, then the computed ones in the order of a Java `HashMap` of
/// their names (recorded: `MAP_STATE_ITEM_SELECTOR`, `test_query_runtime_memory`, ...).
fn order_members(members: &mut [Member]) {
    let computed = |member: &Member| matches!(member, Member::Expression { .. });
    members.sort_by_key(computed);
    let first = members.partition_point(|member| !computed(member));
    let computed = &mut members[first..];
    let buckets = java::buckets_grown(computed.len());
    java::hash_order(computed, buckets, |member| java::string_hash(member.key()));
}

impl Node {
    fn is_constant(&self) -> bool {
        matches!(self, Node::Constant(_))
    }

    fn eval(&self, evaluation: &mut Evaluation<'_>) -> Result<Value, Fault> {
        match self {
            Node::Constant(value) => Ok(value.clone()),
            Node::Array(nodes) => {
                let items: Result<_, _> = nodes.iter().map(|node| node.eval(evaluation)).collect();
                Ok(Value::array(items?))
            }
            Node::Object(members) => {
                let members: Result<Vec<_>, _> = members
                    .iter()
                    .map(|member| member.eval(evaluation))
                    .collect();
                Ok(Value::object(members?))
            }
        }
    }

    fn visit_paths(&self, visit: &mut dyn FnMut(&Path)) {
        match self {
            Node::Constant(_) => {}
            Node::Array(nodes) => nodes.iter().for_each(|node| node.visit_paths(visit)),
            Node::Object(members) => members.iter().for_each(|member| match member {
                Member::Node { node, .. } => node.visit_paths(visit),
                Member::Expression { expression, .. } => expression.visit_paths(visit),
            }),
        }
    }
}

impl Member {
    fn key(&self) -> &str {
        match self {
            Member::Node { key, .. } | Member::Expression { key, .. } => key,
        }
    }

    fn eval(&self, evaluation: &mut Evaluation<'_>) -> Result<(Arc<str>, Value), Fault> {
        match self {
            Member::Node { key, node } => Ok((key.clone(), node.eval(evaluation)?)),
            Member::Expression {
                key,
                field,
                expression,
            } => Ok((key.clone(), expression.value(field, evaluation)?)),
        }
    }
}

impl Expression {
    /// Compiles a path or a function call.
    pub fn parse(source: &str) -> Result<Expression, ExpressionError> {
        if source.starts_with('$') {
            return Path::parse(source)
                .map(Expression::Path)
                .map_err(ExpressionError::Path);
        }
        Intrinsic::parse(source)
            .map(Expression::Intrinsic)
            .map_err(ExpressionError::Intrinsic)
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &Arc<str> {
        match self {
            Expression::Path(path) => path.source(),
            Expression::Intrinsic(intrinsic) => intrinsic.source(),
        }
    }

    /// The value; `field` is the name of the field, as it is to stand in a [`Fault`].
    pub fn eval(
        &self,
        field: &str,
        roots: &dyn Roots,
        entropy: &mut dyn Entropy,
    ) -> Result<Value, Fault> {
        let mut budget = Budget::of(roots);
        let evaluation = &mut Evaluation {
            roots,
            entropy,
            budget: &mut budget,
        };
        let result = self.value(field, evaluation);
        budget.settle(roots);
        bounded(result?, roots)
    }

    /// Calls `visit` with every path in the expression.
    pub fn visit_paths(&self, visit: &mut dyn FnMut(&Path)) {
        match self {
            Expression::Path(path) => visit(path),
            Expression::Intrinsic(intrinsic) => intrinsic.visit_paths(visit),
        }
    }

    fn value(&self, field: &str, evaluation: &mut Evaluation<'_>) -> Result<Value, Fault> {
        match self {
            Expression::Path(path) => path
                .eval_within(evaluation.roots, evaluation.budget)
                .or_else(|miss| self.missed(miss, field, evaluation.roots)),
            Expression::Intrinsic(intrinsic) => {
                intrinsic
                    .eval_within(evaluation)
                    .map_err(|reason| Fault::Function {
                        expression: intrinsic.source().clone(),
                        reason,
                    })
            }
        }
    }

    /// An index outside of its array gives null here (measured, spec: asl.md 3.3).
    fn missed(&self, miss: Miss, field: &str, roots: &dyn Roots) -> Result<Value, Fault> {
        match miss {
            Miss::Index { .. } => Ok(Value::Null),
            Miss::TooMany => Err(Fault::TooMany),
            _ => Err(Fault::PathNotFound {
                path: self.source().clone(),
                field: field.to_owned(),
                input: roots.input().clone(),
            }),
        }
    }
}

/// Why a string is neither a path nor a function call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It begins with `$` and is not a path.
    #[error(transparent)]
    Path(crate::path::PathSyntaxError),
    /// It is not a call.
    #[error(transparent)]
    Intrinsic(crate::intrinsics::SyntaxError),
}
