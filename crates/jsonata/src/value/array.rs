//! Arrays and sequences.
//!
//! A sequence is an array that an expression made by walking over values: one with no items is
//! nothing, and one with a single item is that item. An array of a document or of an array
//! constructor stays what it is.

use std::rc::Rc;
use std::sync::Arc;

use expr::Value;

use super::Item;

/// An array.
#[derive(Clone, Debug)]
pub(crate) struct Array {
    body: Body,
    flags: u8,
}

#[derive(Clone, Debug)]
enum Body {
    /// An array of a document, as it is.
    Document(Arc<Vec<Value>>),
    /// Made by the evaluation.
    Own(Rc<Own>),
    /// Integers in a row, not made until they are looked at.
    Range { first: f64, length: u32 },
}

#[derive(Debug)]
struct Own {
    items: Vec<Item>,
    nesting: u16,
    holds_function: bool,
}

const SEQUENCE: u8 = 1;
const KEEP_SINGLETON: u8 = 2;
const WHOLE: u8 = 4;
const WRAPPER: u8 = 8;

impl Array {
    /// An array of a document.
    pub(crate) fn document(items: Arc<Vec<Value>>) -> Array {
        Array {
            body: Body::Document(items),
            flags: 0,
        }
    }

    /// An array of these items. Who calls it outside of [`crate::eval::Machine`] keeps it small.
    pub(crate) fn own(items: Vec<Item>) -> Array {
        let nesting = items.iter().map(Item::nesting).max().unwrap_or(0);
        let holds_function = items.iter().any(Item::holds_function);
        Array {
            body: Body::Own(Rc::new(Own {
                nesting: nesting.saturating_add(1),
                holds_function,
                items,
            })),
            flags: 0,
        }
    }

    /// A sequence of these items.
    pub(crate) fn sequence(items: Vec<Item>) -> Array {
        Array::own(items).into_sequence()
    }

    /// The integers from `first` on.
    pub(crate) fn range(first: f64, length: u32) -> Array {
        Array {
            body: Body::Range { first, length },
            flags: 0,
        }
    }

    /// A document that is an array, wrapped so that it is one context and not many.
    pub(crate) fn wrapper(document: Item) -> Array {
        Array::own(vec![document]).with(SEQUENCE | WRAPPER)
    }

    fn with(mut self, flag: u8) -> Array {
        self.flags |= flag;
        self
    }

    pub(crate) fn into_sequence(self) -> Array {
        self.with(SEQUENCE)
    }

    /// The same items as an array that is no sequence.
    pub(crate) fn into_plain(mut self) -> Array {
        self.flags = 0;
        self
    }

    /// A sequence that stays one with a single item.
    pub(crate) fn keeping_singleton(self) -> Array {
        self.with(KEEP_SINGLETON)
    }

    /// An array that is not flattened into the path around it.
    pub(crate) fn into_whole(self) -> Array {
        self.with(WHOLE)
    }

    pub(crate) fn is_sequence(&self) -> bool {
        self.flags & SEQUENCE != 0
    }

    pub(crate) fn keeps_singleton(&self) -> bool {
        self.flags & KEEP_SINGLETON != 0
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.flags & WHOLE != 0
    }

    pub(crate) fn is_wrapper(&self) -> bool {
        self.flags & WRAPPER != 0
    }

    pub(crate) fn len(&self) -> usize {
        match &self.body {
            Body::Document(items) => items.len(),
            Body::Own(own) => own.items.len(),
            Body::Range { length, .. } => *length as usize,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn get(&self, index: usize) -> Option<Item> {
        match &self.body {
            Body::Document(items) => items.get(index).map(Item::from),
            Body::Own(own) => own.items.get(index).cloned(),
            Body::Range { first, length } => {
                (index < *length as usize).then(|| Item::Number(first + index as f64))
            }
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Item> + ExactSizeIterator + '_ {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// A document's array as it is.
    pub(crate) fn as_document(&self) -> Option<&Arc<Vec<Value>>> {
        match &self.body {
            Body::Document(items) => Some(items),
            _ => None,
        }
    }

    /// Whether all items are numbers without looking at them.
    pub(crate) fn is_range(&self) -> bool {
        matches!(self.body, Body::Range { .. })
    }

    /// Whether both share their items.
    pub(crate) fn is_same(&self, other: &Array) -> bool {
        match (&self.body, &other.body) {
            (Body::Document(a), Body::Document(b)) => Arc::ptr_eq(a, b),
            (Body::Own(a), Body::Own(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Whether nobody else holds the items, which the evaluation made.
    pub(crate) fn is_unique(&self) -> bool {
        match &self.body {
            Body::Own(own) => Rc::strong_count(own) == 1,
            _ => false,
        }
    }

    pub(crate) fn nesting(&self) -> u16 {
        match &self.body {
            Body::Own(own) => own.nesting,
            _ => 0,
        }
    }

    pub(crate) fn holds_function(&self) -> bool {
        match &self.body {
            Body::Own(own) => own.holds_function,
            _ => false,
        }
    }
}
