//! Array and object constructors, and grouping.

use std::sync::Arc;

use indexmap::IndexMap;

use super::frame::Env;
use super::{Machine, Outcome};
use crate::error::Error;
use crate::program::{Group, Kind, Node};
use crate::value::{Array, Item, Members, Tuple, shown};

/// The items of one key, and the pair whose key it is.
struct Entry<T> {
    pair: usize,
    items: Vec<T>,
}

/// What an item takes that was entered, counted in items: its part of the entry, which may be its own.
const ENTERED: usize = 6;

type Entries<T> = IndexMap<Arc<str>, Entry<T>>;

impl Machine<'_> {
    pub(super) fn array_constructor(
        &mut self,
        node: &Node,
        items: &[Node],
        input: &Item,
        env: &Env,
    ) -> Outcome {
        let mut made = Vec::with_capacity(items.len());
        for item in items {
            let value = self.eval(item, input, env)?;
            match value {
                Item::Undefined => {}
                value if matches!(item.kind, Kind::Array(_)) => self.push(&mut made, value)?,
                Item::Array(array) if items.len() == 1 && array.is_range() => {
                    return Ok(flagged(node, array.into_plain()));
                }
                value => self.append(&mut made, value)?,
            }
        }
        Ok(flagged(node, self.gathered(made)?))
    }

    /// An object from items: each pair gives a key and, of the items with that key, a value.
    pub(super) fn group(&mut self, group: &Group, input: &Item, env: &Env) -> Outcome {
        let items: Vec<Item> = match input {
            Item::Tuples(tuples) => return self.group_tuples(group, tuples, env),
            Item::Array(array) if array.is_empty() => vec![Item::Undefined],
            Item::Array(array) => self.items_of(array)?,
            single => vec![single.clone()],
        };
        let mut entries: Entries<Item> = IndexMap::new();
        let copied = input.as_array().map_or(0, |array| array.len());
        for item in items {
            for (pair, (key, _)) in group.pairs.iter().enumerate() {
                let key = self.eval(key, &item, env)?;
                self.enter_key(&mut entries, key, pair, item.clone())?;
            }
        }
        self.refund_items(copied);
        let mut members = Members::with_capacity(entries.len());
        for (key, entry) in entries {
            self.refund_items(entry.items.len() * ENTERED);
            let context = self.joined(entry.items)?;
            let value = self.eval(&group.pairs[entry.pair].1, &context, env)?;
            if !value.is_undefined() {
                members.insert(key, value);
            }
        }
        self.object(members)
    }

    pub(super) fn group_tuples(&mut self, group: &Group, tuples: &[Tuple], env: &Env) -> Outcome {
        let mut entries: Entries<Tuple> = IndexMap::new();
        for tuple in tuples {
            let inside = self.frame(env, tuple.bindings.clone())?;
            for (pair, (key, _)) in group.pairs.iter().enumerate() {
                let key = self.eval(key, &tuple.item, &inside)?;
                self.make_items(tuple.bindings.len() * 2 + 2)?;
                self.enter_key(&mut entries, key, pair, tuple.clone())?;
            }
        }
        let mut members = Members::with_capacity(entries.len());
        for (key, entry) in entries {
            let tuple = self.joined_tuple(entry.items)?;
            let inside = self.frame(env, tuple.bindings)?;
            let value = self.eval(&group.pairs[entry.pair].1, &tuple.item, &inside)?;
            if !value.is_undefined() {
                members.insert(key, value);
            }
        }
        self.object(members)
    }

    fn enter_key<T>(
        &mut self,
        entries: &mut Entries<T>,
        key: Item,
        pair: usize,
        item: T,
    ) -> Outcome<()> {
        let key = match key {
            Item::Undefined => return Ok(()),
            Item::String(key) => key,
            other => return Err(Error::with("T1003", &[("value", &shown(&other))])),
        };
        self.hash_key(&key)?;
        self.make_items(ENTERED)?;
        let entry = entries.entry(key);
        let key = entry.key().clone();
        let entry = entry.or_insert_with(|| Entry {
            pair,
            items: Vec::new(),
        });
        if entry.pair != pair {
            return Err(Error::with(
                "D1009",
                &[("value", &crate::message::quoted(&key))],
            ));
        }
        entry.items.push(item);
        Ok(())
    }

    /// A single item as it is, several as an array.
    fn joined(&mut self, mut items: Vec<Item>) -> Outcome {
        if items.len() == 1 {
            return Ok(items.remove(0));
        }
        let mut joined = Vec::new();
        for item in items {
            self.append(&mut joined, item)?;
        }
        Ok(Item::Array(self.gathered(joined)?))
    }

    /// Several tuples as one, whose variables have the values of all.
    fn joined_tuple(&mut self, mut tuples: Vec<Tuple>) -> Outcome<Tuple> {
        if tuples.len() == 1 {
            return Ok(tuples.remove(0));
        }
        let mut items = Vec::with_capacity(tuples.len());
        let mut variables: IndexMap<Arc<str>, Vec<Item>> = IndexMap::new();
        for tuple in tuples {
            items.push(tuple.item);
            for (name, item) in tuple.bindings {
                variables.entry(name).or_default().push(item);
            }
        }
        let item = self.joined(items)?;
        let mut bindings = Vec::with_capacity(variables.len());
        for (name, items) in variables {
            bindings.push((name, self.joined(items)?));
        }
        Ok(Tuple { item, bindings })
    }
}

fn flagged(node: &Node, array: Array) -> Item {
    Item::Array(if node.whole_array {
        array.into_whole()
    } else {
        array
    })
}
