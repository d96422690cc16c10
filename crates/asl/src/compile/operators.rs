//! The comparison operators of Choice rules: a table.

use crate::definition::Operator;
use crate::definition::Relation::{
    self, Equals, GreaterThan, GreaterThanEquals, LessThan, LessThanEquals,
};

/// What an operator is compared with when it is written in the definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperandType {
    Text,
    Number,
    Boolean,
    Timestamp,
}

/// A row of the table: `name` and, where there is one, `name` + `Path`.
struct Row {
    name: &'static str,
    operator: Operator,
    operand: OperandType,
    has_path: bool,
}

const fn pathable(name: &'static str, operator: Operator, operand: OperandType) -> Row {
    Row {
        name,
        operator,
        operand,
        has_path: true,
    }
}

const fn fixed(name: &'static str, operator: Operator, operand: OperandType) -> Row {
    Row {
        name,
        operator,
        operand,
        has_path: false,
    }
}

const fn text(name: &'static str, relation: Relation) -> Row {
    pathable(name, Operator::String(relation), OperandType::Text)
}

const fn number(name: &'static str, relation: Relation) -> Row {
    pathable(name, Operator::Numeric(relation), OperandType::Number)
}

const fn time(name: &'static str, relation: Relation) -> Row {
    pathable(name, Operator::Timestamp(relation), OperandType::Timestamp)
}

const fn type_test(name: &'static str, operator: Operator) -> Row {
    fixed(name, operator, OperandType::Boolean)
}

/// Spec asl.md section 6, Choice.
const OPERATORS: &[Row] = &[
    text("StringEquals", Equals),
    text("StringLessThan", LessThan),
    text("StringGreaterThan", GreaterThan),
    text("StringLessThanEquals", LessThanEquals),
    text("StringGreaterThanEquals", GreaterThanEquals),
    fixed("StringMatches", Operator::StringMatches, OperandType::Text),
    number("NumericEquals", Equals),
    number("NumericLessThan", LessThan),
    number("NumericGreaterThan", GreaterThan),
    number("NumericLessThanEquals", LessThanEquals),
    number("NumericGreaterThanEquals", GreaterThanEquals),
    pathable(
        "BooleanEquals",
        Operator::BooleanEquals,
        OperandType::Boolean,
    ),
    time("TimestampEquals", Equals),
    time("TimestampLessThan", LessThan),
    time("TimestampGreaterThan", GreaterThan),
    time("TimestampLessThanEquals", LessThanEquals),
    time("TimestampGreaterThanEquals", GreaterThanEquals),
    type_test("IsNull", Operator::IsNull),
    type_test("IsPresent", Operator::IsPresent),
    type_test("IsNumeric", Operator::IsNumeric),
    type_test("IsString", Operator::IsString),
    type_test("IsBoolean", Operator::IsBoolean),
    type_test("IsTimestamp", Operator::IsTimestamp),
];

/// An operator field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OperatorField {
    /// What it does.
    pub(crate) operator: Operator,
    /// What a written operand must be.
    pub(crate) operand: OperandType,
    /// Whether this is the `...Path` form.
    pub(crate) is_path: bool,
    /// Whether there is a `...Path` form.
    pub(crate) has_path: bool,
}

/// The operator that a field of a rule stands for.
pub(crate) fn find(field: &str) -> Option<OperatorField> {
    let (name, is_path) = match field.strip_suffix("Path") {
        Some(name) => (name, true),
        None => (field, false),
    };
    let row = OPERATORS
        .iter()
        .find(|row| row.name == name && (row.has_path || !is_path))?;
    Some(OperatorField {
        operator: row.operator,
        operand: row.operand,
        is_path,
        has_path: row.has_path,
    })
}

/// All operator fields, for the message that asks for exactly one.
pub(crate) fn names() -> Vec<String> {
    let with_path = |row: &Row| {
        let path = row.has_path.then(|| format!("{}Path", row.name));
        [Some(row.name.to_owned()), path]
    };
    OPERATORS.iter().flat_map(with_path).flatten().collect()
}
