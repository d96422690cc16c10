//! Walking a path through a value.

use super::Miss;
use super::filter::Scope;
use super::segment::{Segment, normal_form};
use crate::Value;
use crate::budget::{Budget, Spent};

/// The one value that a definite path leads to.
pub(super) fn definite<'v>(segments: &[Segment], root: &'v Value) -> Result<&'v Value, Miss> {
    let mut at = root;
    for (place, segment) in segments.iter().enumerate() {
        at = child(at, segment).ok_or_else(|| miss(segments, place, at))?;
    }
    Ok(at)
}

fn child<'v>(value: &'v Value, segment: &Segment) -> Option<&'v Value> {
    match segment {
        Segment::Key(key) => value.get(key),
        Segment::Index(index) => item(value.as_array()?, *index),
        _ => None,
    }
}

fn item(items: &[Value], index: i64) -> Option<&Value> {
    let from_end = if index < 0 { items.len() as i64 } else { 0 };
    usize::try_from(index.checked_add(from_end)?)
        .ok()
        .and_then(|index| items.get(index))
}

/// Why `segments[place]` leads nowhere from `at`.
fn miss(segments: &[Segment], place: usize, at: &Value) -> Miss {
    let last = place + 1 == segments.len();
    match (&segments[place], at) {
        (Segment::Key(_), Value::Object(_)) if last => Miss::Property {
            path: normal_form(segments),
        },
        (Segment::Key(_), Value::Object(_)) => Miss::Parent {
            path: normal_form(&segments[..=place]),
        },
        (Segment::Key(key), _) => Miss::NotAnObject {
            property: key.clone(),
            path: normal_form(&segments[..place]),
        },
        (_, Value::Array(_)) => Miss::Index {
            path: normal_form(segments),
        },
        (segment, _) => Miss::NotAnArray {
            filter: segment.to_string(),
            context: at.to_text(),
        },
    }
}

/// All values that a path leads to, in document order. What is not there is left out.
pub(super) fn all(
    segments: &[Segment],
    root: &Value,
    budget: &mut Budget,
) -> Result<Vec<Value>, Spent> {
    let mut walk = Walk {
        root,
        budget,
        found: Vec::new(),
    };
    walk.from(root, segments)?;
    Ok(walk.found)
}

/// One evaluation of an indefinite path.
pub(super) struct Walk<'v, 'b> {
    /// What `$` means inside filters.
    pub(super) root: &'v Value,
    pub(super) budget: &'b mut Budget,
    pub(super) found: Vec<Value>,
}

type Walked = Result<(), Spent>;

impl<'v> Walk<'v, '_> {
    /// Collects what `segments` lead to from `at`. Recursive: as deep as the path has segments
    /// plus the value has levels, both bounded.
    pub(super) fn from(&mut self, at: &'v Value, segments: &[Segment]) -> Walked {
        self.budget.visit(1)?;
        let Some((segment, rest)) = segments.split_first() else {
            self.budget.items(1)?;
            self.found.push(at.clone());
            return Ok(());
        };
        match segment {
            Segment::Key(_) | Segment::Index(_) => self.maybe(child(at, segment), rest),
            Segment::Keys(keys) => keys
                .iter()
                .try_for_each(|key| self.maybe(at.get(key), rest)),
            Segment::Indexes(indexes) => {
                let items = at.as_array().unwrap_or_default();
                indexes
                    .iter()
                    .try_for_each(|index| self.maybe(item(items, *index), rest))
            }
            Segment::Slice { from, to } => slice(at.as_array().unwrap_or_default(), *from, *to)
                .iter()
                .try_for_each(|item| self.from(item, rest)),
            Segment::Wildcard => at.children().try_for_each(|child| self.from(child, rest)),
            Segment::Descend => self.descend(at, rest),
            Segment::Filter(filter) => match at {
                Value::Array(items) => items.iter().try_for_each(|item| {
                    if filter.accepts(item, self.scope())? {
                        self.from(item, rest)
                    } else {
                        Ok(())
                    }
                }),
                Value::Object(_) if filter.accepts(at, self.scope())? => self.from(at, rest),
                _ => Ok(()),
            },
        }
    }

    fn maybe(&mut self, found: Option<&'v Value>, rest: &[Segment]) -> Walked {
        found.map_or(Ok(()), |found| self.from(found, rest))
    }

    /// Tries `rest` on `at` and on everything below it, from the top down. A filter is tried on
    /// objects only: the items of an array have their own turn.
    fn descend(&mut self, at: &'v Value, rest: &[Segment]) -> Walked {
        let filtered = matches!(rest.first(), Some(Segment::Filter(_)));
        if !(filtered && matches!(at, Value::Array(_))) {
            self.from(at, rest)?;
        }
        at.children().try_for_each(|child| {
            self.budget.visit(1)?;
            self.descend(child, rest)
        })
    }

    fn scope(&mut self) -> Scope<'_, 'v> {
        Scope {
            root: self.root,
            budget: self.budget,
        }
    }
}

/// Jayway's slices: a negative start counts from the end only when there is no end, and the other
/// way round; `[1:-1]` is empty.
fn slice(items: &[Value], from: Option<i64>, to: Option<i64>) -> &[Value] {
    let length = items.len() as i64;
    let wrap = |index: i64| {
        if index < 0 {
            length.saturating_add(index)
        } else {
            index
        }
    };
    let (from, to) = match (from, to) {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (wrap(from), length),
        (None, Some(to)) => (0, wrap(to)),
        (None, None) => (0, length),
    };
    let (from, to) = (from.clamp(0, length), to.clamp(0, length));
    if from < to {
        &items[from as usize..to as usize]
    } else {
        &[]
    }
}
