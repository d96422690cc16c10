//! Objects.

use std::cell::{Ref, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Item;

/// The members of an object that an evaluation made, in order.
pub(crate) type Members = IndexMap<Arc<str>, Item>;

/// An object.
#[derive(Clone, Debug)]
pub(crate) enum Object {
    /// An object of a document, as it is.
    Document(Arc<expr::json::Object>),
    /// Made by the evaluation.
    Own(Rc<Own>),
}

/// See [`Object::Own`]. The members change only in the copy that a transform works on.
#[derive(Debug)]
pub(crate) struct Own {
    members: RefCell<Members>,
    nesting: u16,
    holds_function: bool,
}

impl Object {
    /// An object of these members. Who calls it outside of [`crate::eval::Machine`] keeps it small.
    pub(crate) fn own(members: Members) -> Object {
        let nesting = members.values().map(Item::nesting).max().unwrap_or(0);
        let holds_function = members.values().any(Item::holds_function);
        Object::Own(Rc::new(Own {
            members: RefCell::new(members),
            nesting: nesting.saturating_add(1),
            holds_function,
        }))
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Object::Document(members) => members.len(),
            Object::Own(own) => own.members.borrow().len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn get(&self, key: &str) -> Option<Item> {
        match self {
            Object::Document(members) => members.get(key).map(Item::from),
            Object::Own(own) => own.members.borrow().get(key).cloned(),
        }
    }

    /// The members as they are now, in order.
    pub(crate) fn entries(&self) -> Vec<(Arc<str>, Item)> {
        let mut entries = Vec::with_capacity(self.len());
        self.each(&mut |key, item| entries.push((key.clone(), item)));
        entries
    }

    /// Visits the members, in order. The visitor must not evaluate anything.
    pub(crate) fn each(&self, visit: &mut dyn FnMut(&Arc<str>, Item)) {
        match self {
            Object::Document(members) => {
                members
                    .iter()
                    .for_each(|(key, value)| visit(key, Item::from(value)));
            }
            Object::Own(own) => {
                let members = own.members.borrow();
                members
                    .iter()
                    .for_each(|(key, item)| visit(key, item.clone()));
            }
        }
    }

    /// Changes the members; nothing happens to a document.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Members)) {
        if let Object::Own(own) = self {
            change(&mut own.members.borrow_mut());
        }
    }

    /// The members, when the evaluation made them.
    pub(crate) fn members(&self) -> Option<Ref<'_, Members>> {
        match self {
            Object::Document(_) => None,
            Object::Own(own) => Some(own.members.borrow()),
        }
    }

    /// Whether both share their members.
    pub(crate) fn is_same(&self, other: &Object) -> bool {
        match (self, other) {
            (Object::Document(a), Object::Document(b)) => Arc::ptr_eq(a, b),
            (Object::Own(a), Object::Own(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Whether nobody else holds the members, which the evaluation made.
    pub(crate) fn is_unique(&self) -> bool {
        match self {
            Object::Document(_) => false,
            Object::Own(own) => Rc::strong_count(own) == 1,
        }
    }

    /// How long all keys are together.
    pub(crate) fn key_bytes(&self) -> usize {
        match self {
            Object::Document(members) => members.iter().map(|(key, _)| key.len()).sum(),
            Object::Own(own) => own.members.borrow().keys().map(|key| key.len()).sum(),
        }
    }

    pub(crate) fn nesting(&self) -> u16 {
        match self {
            Object::Document(_) => 0,
            Object::Own(own) => own.nesting,
        }
    }

    pub(crate) fn holds_function(&self) -> bool {
        match self {
            Object::Document(_) => false,
            Object::Own(own) => own.holds_function,
        }
    }
}
