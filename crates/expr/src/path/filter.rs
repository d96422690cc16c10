//! Filters: which items of an array stay.
//!
//! Comparisons follow Jayway: a missing value equals nothing (so `!=` is true for it), numbers and
//! strings are compared across types by the right side's reading, and `<` orders only two numbers or two strings.

use std::cmp::Ordering;
use std::sync::Arc;

use super::eval::{self, Walk};
use super::segment::Segment;
use crate::Value;
use crate::budget::{Budget, Spent};
use crate::json::Number;

/// A condition on one value, `@`.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    /// `a || b`
    Any(Vec<Filter>),
    /// `a && b`
    All(Vec<Filter>),
    /// `!a`
    Not(Box<Filter>),
    /// `@.a`: the path leads somewhere, be it to false or null (measured, spec: asl.md 3.4).
    Exists(Operand),
    /// `a < b`
    Compare(Comparison),
}

#[derive(Clone, Debug)]
pub(super) struct Comparison {
    pub(super) left: Operand,
    pub(super) operator: Operator,
    pub(super) right: Operand,
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// `@...`, or `$...` from the document's root.
    Path {
        from_root: bool,
        segments: Arc<[Segment]>,
    },
    Literal(Value),
    Pattern(Pattern),
}

/// A compiled regular expression. Matching takes linear time.
#[derive(Clone, Debug)]
pub(super) struct Pattern(pub(super) Arc<regex_lite::Regex>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    SubsetOf,
    Size,
    Empty,
}

/// What a filter is evaluated in.
pub(super) struct Scope<'b, 'v> {
    pub(super) root: &'v Value,
    pub(super) budget: &'b mut Budget,
}

impl Filter {
    /// Whether `item` passes. Fails only when the budget is spent.
    pub(super) fn accepts(&self, item: &Value, mut scope: Scope<'_, '_>) -> Result<bool, Spent> {
        self.holds(item, &mut scope)
    }

    fn holds(&self, item: &Value, scope: &mut Scope<'_, '_>) -> Result<bool, Spent> {
        match self {
            Filter::Any(filters) => {
                for filter in filters {
                    if filter.holds(item, scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Filter::All(filters) => {
                for filter in filters {
                    if !filter.holds(item, scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Filter::Not(filter) => Ok(!filter.holds(item, scope)?),
            Filter::Exists(operand) => operand.exists(item, scope),
            Filter::Compare(comparison) => comparison.holds(item, scope),
        }
    }
}

impl Operand {
    /// The value, `None` when there is none.
    fn value(&self, item: &Value, scope: &mut Scope<'_, '_>) -> Result<Option<Value>, Spent> {
        scope.budget.visit(1)?;
        let (from_root, segments) = match self {
            Operand::Literal(value) => return Ok(Some(value.clone())),
            Operand::Pattern(_) => return Ok(None),
            Operand::Path {
                from_root,
                segments,
            } => (*from_root, segments),
        };
        let start = if from_root { scope.root } else { item };
        if segments.iter().all(Segment::is_definite) {
            return Ok(eval::definite(segments, start).ok().cloned());
        }
        let mut walk = Walk {
            root: scope.root,
            budget: scope.budget,
            found: Vec::new(),
        };
        walk.from(start, segments)?;
        Ok(Some(Value::array(walk.found)))
    }

    fn exists(&self, item: &Value, scope: &mut Scope<'_, '_>) -> Result<bool, Spent> {
        let definite = match self {
            Operand::Path { segments, .. } => segments.iter().all(Segment::is_definite),
            _ => true,
        };
        Ok(match self.value(item, scope)? {
            Some(found) if !definite => found.as_array().is_some_and(|all| !all.is_empty()),
            found => found.is_some(),
        })
    }
}

impl Comparison {
    fn holds(&self, item: &Value, scope: &mut Scope<'_, '_>) -> Result<bool, Spent> {
        let left = self.left.value(item, scope)?;
        if let (Operator::Matches, Operand::Pattern(pattern)) = (self.operator, &self.right) {
            return left.map_or(Ok(false), |value| pattern.matches(&value, scope.budget));
        }
        let right = self.right.value(item, scope)?;
        let (Some(left), Some(right)) = (left, right) else {
            return Ok(matches!(
                self.operator,
                Operator::NotEqual | Operator::NotIn
            ));
        };
        self.charge(&left, &right, scope)?;
        Ok(self.operator.holds(&left, &right))
    }

    /// Comparing lists with each other looks at every pair.
    fn charge(&self, left: &Value, right: &Value, scope: &mut Scope<'_, '_>) -> Result<(), Spent> {
        let length = |value: &Value| value.as_array().map_or(1, <[Value]>::len);
        let pairs = match self.operator {
            Operator::In | Operator::NotIn => length(right),
            Operator::SubsetOf => length(left).saturating_mul(length(right)),
            _ => 1,
        };
        scope.budget.visit(pairs)
    }
}

impl Pattern {
    fn matches(&self, value: &Value, budget: &mut Budget) -> Result<bool, Spent> {
        let printed;
        let text = match value {
            Value::String(text) => &**text,
            Value::Number(_) | Value::Bool(_) => {
                printed = value.to_text();
                &printed
            }
            _ => return Ok(false),
        };
        budget.visit(text.len())?;
        Ok(self.0.is_match(text))
    }
}

impl Operator {
    fn holds(self, left: &Value, right: &Value) -> bool {
        match self {
            Operator::Equal => equal(left, right),
            Operator::NotEqual => !equal(left, right),
            Operator::Less => order(left, right).is_some_and(Ordering::is_lt),
            Operator::LessOrEqual => order(left, right).is_some_and(Ordering::is_le),
            Operator::Greater => order(left, right).is_some_and(Ordering::is_gt),
            Operator::GreaterOrEqual => order(left, right).is_some_and(Ordering::is_ge),
            Operator::Matches => false,
            Operator::In => contains(right, left),
            Operator::NotIn => !contains(right, left),
            Operator::SubsetOf => left
                .as_array()
                .is_some_and(|items| items.iter().all(|item| contains(right, item))),
            Operator::Size => right
                .as_i64()
                .is_some_and(|size| length(left) == Some(size)),
            Operator::Empty => right
                .as_bool()
                .is_some_and(|empty| length(left).map(|n| n == 0) == Some(empty)),
        }
    }
}

/// Deep equality; a string and a number are compared as the left one's type.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(number), Value::String(text)) => {
            Number::parse(text).as_ref() == Some(number)
        }
        (Value::String(text), Value::Number(number)) => **text == *number.literal(),
        _ => left == right,
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.encode_utf16().cmp(b.encode_utf16())),
        _ => None,
    }
}

fn contains(list: &Value, item: &Value) -> bool {
    list.as_array()
        .is_some_and(|items| items.iter().any(|candidate| equal(candidate, item)))
}

/// The number of characters, items or members.
fn length(value: &Value) -> Option<i64> {
    let length = match value {
        Value::String(text) => text.encode_utf16().count(),
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => return None,
    };
    i64::try_from(length).ok()
}
