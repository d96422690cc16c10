//! Paths: each step is evaluated for every item that the step before it gave.

use std::sync::Arc;

use super::frame::Env;
use super::{Machine, Outcome, collapse};
use crate::program::{Kind, Node, Path, Stage};
use crate::value::{Array, Item, Object, grow};

/// What a step is evaluated for.
pub(super) enum Source {
    One(Item),
    Many(Array),
}

impl Source {
    /// Of what a step gave.
    fn of(result: Item) -> Source {
        match result {
            Item::Array(array) => Source::Many(array),
            other => Source::One(other),
        }
    }

    /// As an array.
    fn as_array(&self) -> Array {
        match self {
            Source::One(item) => Array::sequence(vec![item.clone()]),
            Source::Many(array) => array.clone(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Source::One(_) => 1,
            Source::Many(array) => array.len(),
        }
    }

    pub(super) fn items(&self) -> Box<dyn Iterator<Item = Item> + '_> {
        match self {
            Source::One(item) => Box::new(std::iter::once(item.clone())),
            Source::Many(array) => Box::new(array.iter()),
        }
    }
}

impl Machine<'_> {
    pub(super) fn path(&mut self, node: &Node, path: &Path, input: &Item, env: &Env) -> Outcome {
        let is_absolute = matches!(path.steps[0].kind, Kind::Variable(_));
        let mut source = match input {
            Item::Array(array) if !is_absolute => Source::Many(array.clone()),
            other => Source::One(other.clone()),
        };
        let mut result = Item::Undefined;
        for (place, step) in path.steps.iter().enumerate() {
            if step.tuple {
                return self.tuple_path(node, path, place, source, env);
            }
            let is_last = place + 1 == path.steps.len();
            result = if place == 0 && step.whole_array {
                self.eval(step, &Item::Array(source.as_array()), env)?
            } else {
                self.step(step, &source, env, is_last)?
            };
            if is_nothing(&result) {
                break;
            }
            if !is_last {
                source = Source::of(result);
                result = Item::Undefined;
            }
        }
        self.finish_path(node, path, result, env)
    }

    /// What is written behind the whole path.
    fn finish_path(&mut self, node: &Node, path: &Path, mut result: Item, env: &Env) -> Outcome {
        if path.keep_singleton {
            result = match result {
                Item::Array(array) if array.is_whole() && !array.is_sequence() => {
                    let one = self.array(vec![Item::Array(array)])?;
                    Item::Array(one.into_sequence().keeping_singleton())
                }
                Item::Array(array) => Item::Array(array.keeping_singleton()),
                other => other,
            };
        }
        if (path.keep_singleton || node.keep_array)
            && !matches!(result, Item::Undefined | Item::Array(_))
        {
            result = Item::Array(Array::sequence(vec![result]).keeping_singleton());
        }
        match &node.group {
            Some(group) => self.group(group, &result, env),
            None => Ok(result),
        }
    }

    fn step(&mut self, step: &Node, source: &Source, env: &Env, is_last: bool) -> Outcome {
        if let Kind::Sort(terms) = &step.kind {
            let sorted = self.sort_items(terms, Item::Array(source.as_array()), env)?;
            return self.filters(step, sorted, env);
        }
        let array = match source {
            Source::One(item) => {
                let result = self.step_result(step, item, env)?;
                return self.flatten_one(result, is_last);
            }
            Source::Many(array) => array,
        };
        let mut results = Vec::new();
        for item in array.iter() {
            let result = self.step_result(step, &item, env)?;
            if !result.is_undefined() {
                results.push(result);
            }
        }
        self.visit(results.len())?;
        if results.len() == 1 {
            return self.flatten_one(results.remove(0), is_last);
        }
        let mut flat = Vec::new();
        for result in results {
            self.flatten_into(result, &mut flat)?;
        }
        let flat = self.gathered(flat)?;
        Ok(Item::Array(flat.into_sequence()))
    }

    /// What a step gives for one item. Names and variables with nothing behind them are most steps,
    /// and take a short way.
    fn step_result(&mut self, step: &Node, item: &Item, env: &Env) -> Outcome {
        if !step.stages.is_empty() || !step.predicates.is_empty() || step.group.is_some() {
            let result = self.eval(step, item, env)?;
            return self.filters(step, result, env);
        }
        let result = match &step.kind {
            Kind::Name(name) => self.lookup(item, name)?,
            Kind::Variable(name) => self.variable(name, item, env)?,
            _ => return self.eval(step, item, env),
        };
        self.work(1)?;
        Ok(match result {
            Item::Array(array) if array.is_sequence() => collapse(array, step.keep_array),
            other => other,
        })
    }

    fn filters(&mut self, step: &Node, mut result: Item, env: &Env) -> Outcome {
        for stage in &step.stages {
            if let Stage::Filter(predicate) = stage {
                result = self.filter(predicate, result, env)?;
            }
        }
        Ok(result)
    }

    /// The sequence of the single result of a step: that result, unless it is an array that stays
    /// one. An array at the end of a path stays itself.
    fn flatten_one(&mut self, result: Item, is_last: bool) -> Outcome {
        Ok(match result {
            Item::Array(array) if is_last && !array.is_sequence() => Item::Array(array),
            Item::Array(array) if array.is_whole() => {
                Item::Array(Array::sequence(vec![Item::Array(array)]))
            }
            Item::Array(array) => Item::Array(array.into_plain().into_sequence()),
            single => single,
        })
    }

    fn flatten_into(&mut self, result: Item, flat: &mut Vec<Item>) -> Outcome<()> {
        match result {
            Item::Array(array) if !array.is_whole() => {
                self.make_items(array.len())?;
                flat.extend(array.iter());
            }
            other => self.push(flat, other)?,
        }
        Ok(())
    }

    /// The value of a field: of an object, or of all objects in an array.
    pub(crate) fn lookup(&mut self, input: &Item, name: &Arc<str>) -> Outcome {
        match input {
            Item::Object(object) => {
                self.hash_key(name)?;
                Ok(object.get(name).unwrap_or_default())
            }
            Item::Array(array) => {
                let mut found = Vec::new();
                self.lookup_all(array, name, &mut found)?;
                Ok(Item::Array(self.gathered(found)?.into_sequence()))
            }
            _ => Ok(Item::Undefined),
        }
    }

    fn lookup_all(&mut self, array: &Array, name: &Arc<str>, found: &mut Vec<Item>) -> Outcome<()> {
        self.work(array.len() as u64 + 1)?;
        for item in array.iter() {
            match item {
                Item::Array(inner) => grow(|| self.lookup_all(&inner, name, found))?,
                other => {
                    let value = self.lookup(&other, name)?;
                    if !value.is_undefined() {
                        self.append(found, value)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The items of an array, paid for before they are made: a range has none until somebody looks.
    pub(super) fn items_of(&mut self, array: &Array) -> Outcome<Vec<Item>> {
        self.make_items(array.len())?;
        Ok(array.iter().collect())
    }

    /// The values in an object, paid for.
    fn values_of(&mut self, object: &Object) -> Outcome<Vec<Item>> {
        self.make_members(object.len())?;
        let entries = object.entries();
        Ok(entries.into_iter().map(|(_, item)| item).collect())
    }

    /// Appends an item to some that [`Machine::gathered`] will make an array of.
    pub(crate) fn push(&mut self, items: &mut Vec<Item>, item: Item) -> Outcome<()> {
        self.make_items(1)?;
        items.push(item);
        Ok(())
    }

    /// An array of items each of which was paid for when it was appended.
    pub(crate) fn gathered(&mut self, items: Vec<Item>) -> Outcome<Array> {
        self.refund_items(items.len());
        self.array(items)
    }

    /// Appends an item, or the items of an array.
    pub(crate) fn append(&mut self, items: &mut Vec<Item>, item: Item) -> Outcome<()> {
        match item {
            Item::Undefined => {}
            Item::Array(array) => {
                self.make_items(array.len())?;
                items.extend(array.iter());
            }
            other => self.push(items, other)?,
        }
        Ok(())
    }

    pub(super) fn wildcard(&mut self, input: &Item) -> Outcome {
        let values: Vec<Item> = match input.unwrapped() {
            Item::Object(object) => self.values_of(&object)?,
            Item::Array(array) => self.items_of(&array)?,
            _ => return Ok(Item::Undefined),
        };
        let count = values.len();
        let mut flat = Vec::new();
        let mut has_arrays = false;
        for value in values {
            has_arrays |= value.as_array().is_some();
            self.flatten_deep(value, &mut flat)?;
        }
        self.refund_items(count);
        let array = self.gathered(flat)?;
        Ok(Item::Array(if has_arrays {
            array
        } else {
            array.into_sequence()
        }))
    }

    fn flatten_deep(&mut self, item: Item, flat: &mut Vec<Item>) -> Outcome<()> {
        let Item::Array(array) = item else {
            return self.push(flat, item);
        };
        self.visit(array.len())?;
        for item in array.iter() {
            grow(|| self.flatten_deep(item, flat))?;
        }
        Ok(())
    }

    /// The value itself and everything in it, arrays replaced by their items.
    pub(super) fn descendants(&mut self, input: &Item) -> Outcome {
        if input.is_undefined() {
            return Ok(Item::Undefined);
        }
        let mut found = Vec::new();
        let mut open = vec![input.clone()];
        while let Some(item) = open.pop() {
            self.work(1)?;
            let inside: Vec<Item> = match &item {
                Item::Array(array) => self.items_of(array)?,
                Item::Object(object) => self.values_of(object)?,
                _ => Vec::new(),
            };
            open.extend(inside.into_iter().rev());
            if item.as_array().is_none() {
                found.push(item);
            }
        }
        Ok(collapse(self.array(found)?.into_sequence(), false))
    }
}

fn is_nothing(result: &Item) -> bool {
    match result {
        Item::Undefined => true,
        Item::Array(array) => array.is_empty(),
        _ => false,
    }
}
