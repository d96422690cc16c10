//! Choice: the first rule that holds decides. A value of another type than the operator's makes a comparison false,
//! never an error (recorded choice_operators tables).

use asl::definition::{Choice, Comparison, Condition, Operand, Operator, Relation, State};
use expr::json::{Document, Kind, Value};
use expr::path::{Miss, Path};

use crate::context::Scope;
use crate::enter::WayOut;
use crate::execution::FrameId;
use crate::failure::Fault;
use crate::flow::View;
use crate::query::Place;
use crate::step::Run;

impl Run<'_> {
    pub(crate) fn choice(
        &mut self,
        frame: FrameId,
        state: &State,
        choice: &Choice,
    ) -> Result<(), Fault> {
        let effective = self.effective_input(frame, state)?;
        let chosen = self.chosen(frame, state, choice, &effective)?;
        let (exit, inside, next) = match chosen {
            Some(index) => {
                let rule = &choice.rules[index];
                (&rule.exit, format!("Choices[{index}]/"), Some(rule.next))
            }
            None => (&state.exit, String::new(), choice.default),
        };
        let next = next.ok_or_else(|| {
            Fault::runtime(
                "Failed to transition out of the state. The state does not point to a next state.",
            )
        })?;
        let way = WayOut {
            exit,
            inside,
            next: Some(next),
            ..WayOut::of(state, &effective)
        };
        self.leave_by(frame, state, way)
    }

    /// The rule that holds.
    fn chosen(
        &mut self,
        frame: FrameId,
        state: &State,
        choice: &Choice,
        effective: &Document,
    ) -> Result<Option<usize>, Fault> {
        let facts = self.execution.facts.clone();
        let context = self.context_of(&facts, frame, state);
        let scope = context.over(effective);
        for (index, rule) in choice.rules.iter().enumerate() {
            let holds = match &rule.condition {
                Condition::Query(query) => {
                    let mut tools = self.tools();
                    let mut view = View::before(effective, &context, &mut tools);
                    let choices = Place::Field("Choices");
                    let place = Place::Item(&choices, index);
                    let place = Place::Key(&place, "Condition");
                    let value = view.queries().of_kind(query, Kind::Boolean, place)?;
                    value.as_bool() == Some(true)
                }
                condition => holds(condition, &scope)?,
            };
            if holds {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}

fn holds(condition: &Condition, scope: &Scope<'_>) -> Result<bool, Fault> {
    match condition {
        // A JSONata condition stands alone, at the top of its rule.
        Condition::Query(_) => Ok(false),
        Condition::And(all) => every(all, scope, false),
        Condition::Or(any) => every(any, scope, true),
        Condition::Not(inner) => Ok(!holds(inner, scope)?),
        Condition::Test(comparison) => test(comparison, scope),
    }
}

/// Looks at the conditions in order until one is `decisive`; that is the answer, else its opposite.
fn every(conditions: &[Condition], scope: &Scope<'_>, decisive: bool) -> Result<bool, Fault> {
    for condition in conditions {
        if holds(condition, scope)? == decisive {
            return Ok(decisive);
        }
    }
    Ok(!decisive)
}

fn test(comparison: &Comparison, scope: &Scope<'_>) -> Result<bool, Fault> {
    let wanted = match &comparison.operand {
        Operand::Literal(value) => value.clone(),
        Operand::Path(path) => value_at(path, scope)?,
    };
    if comparison.operator == Operator::IsPresent {
        let is_present = match comparison.variable.eval(scope) {
            Ok(_) => true,
            // Nobody has looked far enough to know.
            Err(Miss::TooMany) => return Err(invalid(&comparison.variable)),
            Err(_) => false,
        };
        return Ok(is_present == (wanted.as_bool() == Some(true)));
    }
    let value = value_at(&comparison.variable, scope)?;
    Ok(compare(comparison.operator, &value, &wanted))
}

fn value_at(path: &Path, scope: &Scope<'_>) -> Result<Value, Fault> {
    path.eval(scope).map_err(|_| invalid(path))
}

fn invalid(path: &Path) -> Fault {
    Fault::runtime(format!(
        "Invalid path '{}': The choice state's condition path references an invalid value.",
        path.source()
    ))
}

fn compare(operator: Operator, value: &Value, wanted: &Value) -> bool {
    let is = |actual: bool| actual == (wanted.as_bool() == Some(true));
    match operator {
        Operator::String(relation) => ordered(relation, utf16(value), utf16(wanted)),
        Operator::StringMatches => match (value.as_str(), wanted.as_str()) {
            (Some(text), Some(pattern)) => matches_pattern(text, pattern),
            _ => false,
        },
        Operator::Numeric(relation) => numeric(relation, value, wanted),
        Operator::BooleanEquals => value.as_bool().is_some() && value.as_bool() == wanted.as_bool(),
        Operator::Timestamp(relation) => ordered(relation, instant(value), instant(wanted)),
        Operator::IsNull => is(matches!(value, Value::Null)),
        Operator::IsPresent => is(true),
        Operator::IsNumeric => is(value.as_number().is_some()),
        Operator::IsString => is(value.as_str().is_some()),
        Operator::IsBoolean => is(value.as_bool().is_some()),
        Operator::IsTimestamp => is(instant(value).is_some()),
    }
}

fn ordered<T: PartialOrd>(relation: Relation, left: Option<T>, right: Option<T>) -> bool {
    let (Some(left), Some(right)) = (left, right) else {
        return false;
    };
    match relation {
        Relation::Equals => left == right,
        Relation::LessThan => left < right,
        Relation::GreaterThan => left > right,
        Relation::LessThanEquals => left <= right,
        Relation::GreaterThanEquals => left >= right,
    }
}

fn numeric(relation: Relation, left: &Value, right: &Value) -> bool {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => ordered(relation, Some(left), Some(right)),
        _ => ordered(relation, left.as_f64(), right.as_f64()),
    }
}

/// Strings compare by UTF-16 code unit, as Java's do.
fn utf16(value: &Value) -> Option<Vec<u16>> {
    value.as_str().map(|text| text.encode_utf16().collect())
}

fn instant(value: &Value) -> Option<jiff::Timestamp> {
    value.as_str().and_then(asl::timestamp::parse)
}

/// `*` is any run of characters, `\*` a star, `\\` a backslash. Linear in time: only the last star is retried.
fn matches_pattern(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern = pattern_parts(pattern);
    let (mut t, mut p) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(None) => {
                star = Some((p, t));
                p += 1;
            }
            Some(Some(c)) if *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star_p, star_t)) = star else {
                    return false;
                };
                star = Some((star_p, star_t + 1));
                p = star_p + 1;
                t = star_t + 1;
            }
        }
    }
    pattern[p..].iter().all(Option::is_none)
}

/// Characters, with `None` for a star.
fn pattern_parts(pattern: &str) -> Vec<Option<char>> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '*' => None,
            '\\' => Some(chars.next().unwrap_or('\\')),
            c => Some(c),
        });
    }
    parts
}
