//! Variables.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use crate::value::Item;

/// Variables and the frame around them. A clone shares it. The default has none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Env(Option<Rc<Frame>>);

#[derive(Debug)]
struct Frame {
    bindings: RefCell<Vec<(Arc<str>, Item)>>,
    outer: Env,
    /// It may be part of a cycle, and is noted for [`WeakEnv::clear`].
    noted: Cell<bool>,
}

/// A frame that does not keep itself alive.
#[derive(Debug)]
pub(super) struct WeakEnv(Weak<Frame>);

impl Env {
    /// A frame inside another.
    pub(super) fn inside(&self, bindings: Vec<(Arc<str>, Item)>) -> Env {
        Env(Some(Rc::new(Frame {
            bindings: RefCell::new(bindings),
            outer: self.clone(),
            noted: Cell::new(false),
        })))
    }

    /// The value of a variable, and how many names were compared.
    pub(super) fn find(&self, name: &Arc<str>) -> (Option<Item>, u64) {
        let mut compared = 0;
        let mut frame = self;
        while let Env(Some(this)) = frame {
            let bindings = this.bindings.borrow();
            for (known, item) in bindings.iter().rev() {
                compared += 1;
                if known == name {
                    return (Some(item.clone()), compared);
                }
            }
            compared += 1;
            frame = &this.outer;
        }
        (None, compared)
    }

    /// Sets a variable in this frame; tells how many names were compared.
    pub(super) fn bind(&self, name: &Arc<str>, item: Item) -> u64 {
        let Env(Some(frame)) = self else { return 0 };
        let mut bindings = frame.bindings.borrow_mut();
        let compared = bindings.len() as u64;
        let replaced = match bindings.iter_mut().find(|(known, _)| known == name) {
            Some((_, place)) => Some(std::mem::replace(place, item)),
            None => {
                bindings.push((name.clone(), item));
                None
            }
        };
        // What goes may hold this very frame.
        drop(bindings);
        drop(replaced);
        compared
    }

    /// Marks the frame as one that may hold itself; `None` when it was marked before.
    pub(super) fn note(&self) -> Option<WeakEnv> {
        let frame = self.0.as_ref()?;
        (!frame.noted.replace(true)).then(|| WeakEnv(Rc::downgrade(frame)))
    }
}

impl WeakEnv {
    /// Forgets the variables, so that functions bound in it no longer keep it alive.
    pub(super) fn clear(&self) {
        if let Some(frame) = self.0.upgrade() {
            let bindings = frame.bindings.take();
            drop(bindings);
        }
    }
}
