//! The members of a JSON object.

use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::Arc;

use super::Value;

/// Up to this many members a scan over the keys beats a hash.
const SCAN_LIMIT: usize = 12;

/// A map from keys to values that keeps the order in which keys were first inserted.
///
/// Most objects have a handful of members: these are one vector. Larger ones carry an index, so
/// that `get` is O(1) and keys chosen by an adversary cost no more than others.
#[derive(Clone, Debug, Default)]
pub struct Object {
    members: Vec<(Arc<str>, Value)>,
    /// Key to place in `members`; present exactly when there are more than `SCAN_LIMIT`.
    index: Option<HashMap<Arc<str>, usize, RandomState>>,
}

impl Object {
    /// An empty object.
    pub fn new() -> Object {
        Object::default()
    }

    /// An empty object with room for that many members.
    pub fn with_capacity(members: usize) -> Object {
        Object {
            members: Vec::with_capacity(members),
            index: None,
        }
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.place(key).map(|place| &self.members[place].1)
    }

    /// Whether the key is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.place(key).is_some()
    }

    /// Sets a key and returns the value it replaces; a new key comes last, a known one keeps its
    /// place.
    pub fn insert(&mut self, key: Arc<str>, value: Value) -> Option<Value> {
        if let Some(place) = self.place(&key) {
            return Some(std::mem::replace(&mut self.members[place].1, value));
        }
        if let Some(index) = &mut self.index {
            index.insert(key.clone(), self.members.len());
        }
        self.members.push((key, value));
        if self.index.is_none() {
            self.rebuild_index();
        }
        None
    }

    /// Removes a key and returns its value; the order of the others stays. O(n).
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let place = self.place(key)?;
        let (_, value) = self.members.remove(place);
        self.rebuild_index();
        Some(value)
    }

    /// The members in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.members.iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn values(&self) -> Values<'_> {
        Values(self.members.iter())
    }

    fn place(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.members.iter().position(|(name, _)| &**name == key),
        }
    }

    fn rebuild_index(&mut self) {
        self.index = (self.members.len() > SCAN_LIMIT).then(|| {
            let places = self.members.iter().enumerate();
            places
                .map(|(place, (key, _))| (key.clone(), place))
                .collect()
        });
    }
}

/// The values of an object, in order.
pub(crate) struct Values<'o>(std::slice::Iter<'o, (Arc<str>, Value)>);

impl<'o> Iterator for Values<'o> {
    type Item = &'o Value;

    fn next(&mut self) -> Option<&'o Value> {
        self.0.next().map(|(_, value)| value)
    }
}

impl PartialEq for Object {
    /// Regardless of order.
    fn eq(&self, other: &Object) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .all(|(key, value)| other.get(key).is_some_and(|found| found == value))
    }
}

impl Eq for Object {}

impl FromIterator<(Arc<str>, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Value)>>(members: I) -> Object {
        let mut object = Object::new();
        object.extend(members);
        object
    }
}

impl Extend<(Arc<str>, Value)> for Object {
    fn extend<I: IntoIterator<Item = (Arc<str>, Value)>>(&mut self, members: I) {
        for (key, value) in members {
            self.insert(key, value);
        }
    }
}
