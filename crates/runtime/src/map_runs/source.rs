//! Where items come from, one after the other, each with the place behind it: a reader that is opened there goes on with
//! the next one.

use std::future::Future;
use std::pin::Pin;

use engine::event::Failure;
use expr::json::{Document, Value};

/// A future in a box.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An item, and the place behind it.
#[derive(Clone, Debug)]
pub struct Item {
    /// The item.
    pub value: Value,
    /// Where a source that is opened again goes on after it. Not empty.
    pub place: Vec<u8>,
}

/// A sequence of items.
pub trait ItemSource: Send {
    /// The next item; none at the end.
    fn next(&mut self) -> Boxed<'_, Result<Option<Item>, Failure>>;
}

/// The items of a state's input.
pub(super) struct Given {
    items: Document,
    next: usize,
}

impl Given {
    /// From a place on.
    pub(super) fn new(items: Document, place: &[u8]) -> Given {
        let next = place.try_into().map_or(0, u64::from_be_bytes);
        Given {
            items,
            next: usize::try_from(next).unwrap_or(usize::MAX),
        }
    }
}

impl ItemSource for Given {
    fn next(&mut self) -> Boxed<'_, Result<Option<Item>, Failure>> {
        let items = self.items.value().as_array().unwrap_or_default();
        let value = items.get(self.next).cloned();
        let item = value.map(|value| {
            self.next += 1;
            let place = (self.next as u64).to_be_bytes().to_vec();
            Item { value, place }
        });
        Box::pin(std::future::ready(Ok(item)))
    }
}
