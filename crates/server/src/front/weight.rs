//! What a request counts of the bytes that all may hold: its body, and what is kept of it when that has been read.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::body;
use super::roster::Held;

/// See the module's documentation. By default it is nothing, for requests that the server makes to itself.
#[derive(Clone, Default)]
pub struct Weight(Option<Arc<Mutex<Held>>>);

impl Weight {
    /// Of what was read.
    pub(super) fn of(held: Held) -> Weight {
        Weight(Some(Arc::new(Mutex::new(held))))
    }

    /// So many bytes are held from now on.
    pub fn set(&self, bytes: usize) {
        if let Some(held) = &self.0 {
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            held.set(body::counted(bytes));
        }
    }
}

impl fmt::Debug for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Weight")
    }
}
