//! Sorting: the order-by operator, and the merge sort it shares with `$sort`.

use std::cmp::Ordering;

use super::frame::Env;
use super::operators::compare_text;
use super::path::Source;
use super::{Machine, Outcome};
use crate::error::Error;
use crate::program::SortTerm;
use crate::value::{Item, Tuple, shown};

impl Machine<'_> {
    /// Sorts what a step is given. One item or none needs no order, and its keys are not looked at.
    pub(super) fn sort_items(&mut self, terms: &[SortTerm], input: Item, env: &Env) -> Outcome {
        let Item::Array(array) = &input else {
            return Ok(input);
        };
        if array.len() <= 1 {
            return Ok(input);
        }
        self.make_items(array.len())?;
        let tuples = array
            .iter()
            .map(|item| Tuple {
                item,
                bindings: Vec::new(),
            })
            .collect();
        let sorted = self.sort_tuples(terms, tuples, env)?;
        let items = sorted.into_iter().map(|tuple| tuple.item).collect();
        Ok(Item::Array(self.gathered(items)?))
    }

    pub(super) fn sort_source(
        &mut self,
        terms: &[SortTerm],
        source: &Source,
        env: &Env,
    ) -> Outcome<Vec<Item>> {
        self.make_items(source.len())?;
        let tuples: Vec<Tuple> = source
            .items()
            .map(|item| Tuple {
                item,
                bindings: Vec::new(),
            })
            .collect();
        let sorted = self.sort_tuples(terms, tuples, env)?;
        Ok(sorted.into_iter().map(|tuple| tuple.item).collect())
    }

    /// Sorts tuples. A key is evaluated once for each tuple, when it is first needed.
    pub(super) fn sort_tuples(
        &mut self,
        terms: &[SortTerm],
        tuples: Vec<Tuple>,
        env: &Env,
    ) -> Outcome<Vec<Tuple>> {
        if tuples.len() <= 1 {
            return Ok(tuples);
        }
        // The tuples, their keys, their places, and a copy of the halves for a moment.
        let taken = tuples.len().saturating_mul(4 + terms.len());
        self.make_items(taken)?;
        let mut keys: Vec<Vec<Item>> = vec![Vec::new(); tuples.len()];
        let places: Vec<usize> = (0..tuples.len()).collect();
        let order = self.merge_sort(places, &mut |machine, a, b| {
            for (number, term) in terms.iter().enumerate() {
                for place in [*a, *b] {
                    if keys[place].len() == number {
                        let tuple = &tuples[place];
                        let inside = match tuple.bindings.is_empty() {
                            true => env.clone(),
                            false => machine.frame(env, tuple.bindings.clone())?,
                        };
                        keys[place].push(machine.eval(&term.key, &tuple.item, &inside)?);
                    }
                }
                let (first, second) = (&keys[*a][number], &keys[*b][number]);
                if let (Some(first), Some(second)) = (first.as_str(), second.as_str()) {
                    machine.work((first.len().min(second.len()) / 64) as u64)?;
                }
                let order = key_order(first, second, term.descending)?;
                if order != Ordering::Equal {
                    return Ok(order == Ordering::Greater);
                }
            }
            Ok(false)
        })?;
        self.refund_items(taken);
        let mut tuples: Vec<Option<Tuple>> = tuples.into_iter().map(Some).collect();
        Ok(order
            .into_iter()
            .filter_map(|place| tuples[place].take())
            .collect())
    }

    /// A stable merge sort whose comparison, "is the first to come after the second", may fail.
    pub(crate) fn merge_sort<T: Clone>(
        &mut self,
        items: Vec<T>,
        after: &mut dyn FnMut(&mut Self, &T, &T) -> Outcome<bool>,
    ) -> Outcome<Vec<T>> {
        if items.len() <= 1 {
            return Ok(items);
        }
        self.visit(items.len())?;
        let middle = items.len() / 2;
        let left = self.merge_sort(items[..middle].to_vec(), after)?;
        let right = self.merge_sort(items[middle..].to_vec(), after)?;
        let mut merged = Vec::with_capacity(items.len());
        let mut left = left.into_iter().peekable();
        let mut right = right.into_iter().peekable();
        while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
            self.work(1)?;
            let from_right = after(self, first, second)?;
            merged.extend(if from_right {
                right.next()
            } else {
                left.next()
            });
        }
        merged.extend(left);
        merged.extend(right);
        Ok(merged)
    }
}

/// The order of two keys. What has no key comes last, in both directions.
fn key_order(a: &Item, b: &Item, descending: bool) -> Outcome<Ordering> {
    match (a.is_undefined(), b.is_undefined()) {
        (true, true) => return Ok(Ordering::Equal),
        (true, false) => return Ok(Ordering::Greater),
        (false, true) => return Ok(Ordering::Less),
        (false, false) => {}
    }
    let is_key = |item: &Item| item.as_str().is_some() || item.as_f64().is_some();
    if !is_key(a) || !is_key(b) {
        return Err(Error::of("T2008"));
    }
    let order = match (a, b) {
        (Item::String(a), Item::String(b)) => compare_text(a, b),
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            _ => {
                let details = [("value", &*shown(a)), ("value2", &shown(b))];
                return Err(Error::with("T2007", &details));
            }
        },
    };
    Ok(if descending { order.reverse() } else { order })
}
