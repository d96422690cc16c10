//! Predicates: `[...]` behind a value.

use std::rc::Rc;

use super::frame::Env;
use super::{Machine, Outcome};
use crate::program::{Kind, Node};
use crate::value::{Array, Item, Tuple};

impl Machine<'_> {
    /// The items that a predicate selects: by index, by several indexes, or by being true.
    pub(super) fn filter(&mut self, predicate: &Node, input: Item, env: &Env) -> Outcome {
        let array = match input {
            Item::Undefined => return self.filter_nothing(predicate, env),
            Item::Tuples(tuples) => {
                let kept = self.filter_tuples(predicate, tuples.to_vec(), env)?;
                return Ok(Item::Tuples(Rc::new(kept)));
            }
            Item::Array(array) => array,
            single => Array::sequence(vec![single]),
        };
        if let Kind::Number(number) = predicate.kind {
            self.work(1)?;
            let found = place(number, array.len()).and_then(|place| array.get(place));
            return Ok(match found {
                None => Item::Array(Array::sequence(Vec::new())),
                Some(Item::Array(inner)) => Item::Array(inner),
                Some(item) => Item::Array(Array::sequence(vec![item])),
            });
        }
        let mut kept = Vec::new();
        for (index, item) in array.iter().enumerate() {
            let answer = self.eval(predicate, &item, env)?;
            for _ in 0..self.times(&answer, index, array.len())? {
                kept.push(item.clone());
            }
        }
        self.sequence(kept)
    }

    /// Nothing can be selected, but the predicate may still fail.
    fn filter_nothing(&mut self, predicate: &Node, env: &Env) -> Outcome {
        if !matches!(predicate.kind, Kind::Number(_)) {
            let answer = self.eval(predicate, &Item::Undefined, env)?;
            self.times(&answer, 0, 1)?;
        }
        Ok(Item::Array(Array::sequence(Vec::new())))
    }

    pub(super) fn filter_tuples(
        &mut self,
        predicate: &Node,
        tuples: Vec<Tuple>,
        env: &Env,
    ) -> Outcome<Vec<Tuple>> {
        let count = tuples.len();
        if let Kind::Number(number) = predicate.kind {
            let place = place(number, count);
            return Ok(tuples
                .into_iter()
                .enumerate()
                .filter(|(index, _)| Some(*index) == place)
                .map(|(_, tuple)| tuple)
                .collect());
        }
        let mut kept = Vec::new();
        for (index, tuple) in tuples.into_iter().enumerate() {
            let inside = self.frame(env, tuple.bindings.clone())?;
            let answer = self.eval(predicate, &tuple.item, &inside)?;
            for _ in 0..self.times(&answer, index, count)? {
                self.make_items(tuple.bindings.len() * 2 + 2)?;
                kept.push(tuple.clone());
            }
        }
        Ok(kept)
    }

    /// How often an item is selected by what the predicate came to.
    fn times(&mut self, answer: &Item, index: usize, count: usize) -> Outcome<usize> {
        if let Some(number) = self.number(answer)? {
            return Ok(usize::from(place(number, count) == Some(index)));
        }
        let Item::Array(array) = answer else {
            return self.truth(answer).map(usize::from);
        };
        self.visit(array.len())?;
        let mut times = 0;
        for item in array.iter() {
            let Some(number) = self.number(&item)? else {
                return self.truth(answer).map(usize::from);
            };
            times += usize::from(place(number, count) == Some(index));
        }
        Ok(times)
    }
}

/// The place that an index means; negative ones count from the end.
fn place(number: f64, count: usize) -> Option<usize> {
    let number = number.floor();
    let number = if number < 0.0 {
        number + count as f64
    } else {
        number
    };
    (number >= 0.0 && number < count as f64).then_some(number as usize)
}
