//! Operators between values.

use std::cmp::Ordering;
use std::sync::Arc;

use super::frame::Env;
use super::{Machine, Outcome};
use crate::error::Error;
use crate::format::number_text;
use crate::program::{Node, Operator};
use crate::value::{Array, Item, Layout, grow, shown, text_bytes};

impl Machine<'_> {
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &Node,
        right: &Node,
        input: &Item,
        env: &Env,
    ) -> Outcome {
        let left = self.eval(left, input, env)?;
        match operator {
            Operator::And => {
                let both = self.truth(&left)? && {
                    let right = self.eval(right, input, env)?;
                    self.truth(&right)?
                };
                return Ok(Item::Bool(both));
            }
            Operator::Or => {
                let any = self.truth(&left)? || {
                    let right = self.eval(right, input, env)?;
                    self.truth(&right)?
                };
                return Ok(Item::Bool(any));
            }
            _ => {}
        }
        let right = self.eval(right, input, env)?;
        match operator {
            Operator::Equal | Operator::NotEqual => {
                if left.is_undefined() || right.is_undefined() {
                    return Ok(Item::Bool(false));
                }
                let equal = self.equal(&left, &right)?;
                Ok(Item::Bool(equal == (operator == Operator::Equal)))
            }
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => self.compare(operator, &left, &right),
            Operator::Concat => self.concat(&left, &right),
            Operator::In => self.is_in(&left, &right),
            Operator::Range => self.range(&left, &right),
            _ => self.arithmetic(operator, &left, &right),
        }
    }

    pub(super) fn negate(&mut self, inside: &Node, input: &Item, env: &Env) -> Outcome {
        let value = self.eval(inside, input, env)?;
        if value.is_undefined() {
            return Ok(value);
        }
        match self.number(&value)? {
            Some(number) => Ok(Item::Number(-number)),
            None => Err(Error::with("D1002", &[("value", &shown(&value))])),
        }
    }

    fn arithmetic(&mut self, operator: Operator, left: &Item, right: &Item) -> Outcome {
        let operand = |item: &Item, code| {
            let number = self.number(item)?;
            if number.is_none() && !item.is_undefined() {
                let token = crate::message::quoted(operator.symbol());
                return Err(Error::with(code, &[("token", &token)]));
            }
            Ok(number)
        };
        let (left, right) = (operand(left, "T2001")?, operand(right, "T2002")?);
        let (Some(left), Some(right)) = (left, right) else {
            return Ok(Item::Undefined);
        };
        Ok(Item::Number(match operator {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide => left / right,
            _ => left % right,
        }))
    }

    fn compare(&mut self, operator: Operator, left: &Item, right: &Item) -> Outcome {
        let token = || crate::message::quoted(operator.symbol());
        if !is_comparable(left) || !is_comparable(right) {
            return Err(Error::with("T2010", &[("token", &token())]));
        }
        let ordering = match (left, right) {
            (Item::Undefined, _) | (_, Item::Undefined) => return Ok(Item::Undefined),
            (Item::String(a), Item::String(b)) => {
                self.read(a.len().min(b.len()))?;
                Some(compare_text(a, b))
            }
            _ => match (left.as_f64(), right.as_f64()) {
                (Some(a), Some(b)) => a.partial_cmp(&b),
                _ => {
                    let details = [
                        ("value", &*shown(left)),
                        ("value2", &shown(right)),
                        ("token", &token()),
                    ];
                    return Err(Error::with("T2009", &details));
                }
            },
        };
        Ok(Item::Bool(match operator {
            Operator::Less => ordering == Some(Ordering::Less),
            Operator::LessOrEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
            Operator::Greater => ordering == Some(Ordering::Greater),
            _ => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        }))
    }

    fn concat(&mut self, left: &Item, right: &Item) -> Outcome {
        let left = self.text_of(left)?;
        let right = self.text_of(right)?;
        self.make_text(left.len() + right.len())?;
        self.paid_text([&*left, &*right].concat())
    }

    fn text_of(&mut self, item: &Item) -> Outcome<Arc<str>> {
        match item {
            Item::Undefined => Ok("".into()),
            other => self.print(other, Layout::Compact),
        }
    }

    /// Whether an array holds a string, number, boolean or null. Containers are in none.
    fn is_in(&mut self, left: &Item, right: &Item) -> Outcome {
        if left.is_undefined() || right.is_undefined() {
            return Ok(Item::Bool(false));
        }
        let Item::Array(array) = right else {
            self.read(text_bytes(left, right))?;
            return Ok(Item::Bool(is_identical(left, right)));
        };
        self.visit(array.len())?;
        for item in array.iter() {
            self.work((text_bytes(left, &item) / 64) as u64)?;
            if is_identical(left, &item) {
                return Ok(Item::Bool(true));
            }
        }
        Ok(Item::Bool(false))
    }

    fn range(&mut self, left: &Item, right: &Item) -> Outcome {
        let bound = |item: &Item, code| match item.as_f64() {
            Some(number) if number.is_finite() && number.fract() == 0.0 => Ok(Some(number)),
            None if item.is_undefined() => Ok(None),
            _ => Err(Error::of(code)),
        };
        let (Some(first), Some(last)) = (bound(left, "T2003")?, bound(right, "T2004")?) else {
            return Ok(Item::Undefined);
        };
        if first > last {
            return Ok(Item::Undefined);
        }
        let size = last - first + 1.0;
        if size > self.limits.sequence.min(u32::MAX as usize) as f64 {
            return Err(Error::with("D2014", &[("value", &number_text(size))]));
        }
        Ok(Item::Array(
            Array::range(first, size as u32).into_sequence(),
        ))
    }

    /// What a value counts as where a boolean is expected.
    pub(crate) fn truth(&mut self, item: &Item) -> Outcome<bool> {
        Ok(match item {
            Item::Bool(value) => *value,
            Item::String(text) => !text.is_empty(),
            Item::Number(_) | Item::Exact(_) => {
                self.number(item)?.is_some_and(|number| number != 0.0)
            }
            Item::Object(object) => !object.is_empty(),
            Item::Array(array) => {
                for item in array.iter() {
                    self.work(1)?;
                    if grow(|| self.truth(&item))? {
                        return Ok(true);
                    }
                }
                false
            }
            Item::Tuples(tuples) => !tuples.is_empty(),
            Item::Undefined | Item::Null | Item::Function(_) => false,
        })
    }
}

fn is_comparable(item: &Item) -> bool {
    item.is_undefined() || item.as_str().is_some() || item.as_f64().is_some()
}

/// JavaScript's `===`.
fn is_identical(a: &Item, b: &Item) -> bool {
    match (a, b) {
        (Item::Null, Item::Null) => true,
        (Item::Bool(a), Item::Bool(b)) => a == b,
        (Item::String(a), Item::String(b)) => a == b,
        (Item::Array(a), Item::Array(b)) => a.is_same(b),
        (Item::Object(a), Item::Object(b)) => a.is_same(b),
        (Item::Function(a), Item::Function(b)) => std::rc::Rc::ptr_eq(a, b),
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
    }
}

/// The order of strings: by UTF-16 code units, as in JavaScript and Java.
pub(crate) fn compare_text(a: &str, b: &str) -> Ordering {
    if a.is_ascii() || b.is_ascii() {
        return a.cmp(b);
    }
    a.encode_utf16().cmp(b.encode_utf16())
}
