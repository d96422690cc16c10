//! What a transaction is: conditions that must hold, and the writes that then take effect together.

use bytes::Bytes;

/// A key: any bytes, at least one and at most [`crate::MAX_KEY_BYTES`]. Keys are ordered byte by byte.
pub type Key = Bytes;

/// Writes that take effect together or not at all, if every precondition holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// Checked, in this order, against the state left by every transaction submitted before this one.
    pub preconditions: Vec<Precondition>,
    /// Applied in this order: of two writes to one key the later one stands.
    pub writes: Vec<Write>,
}

/// A condition on one key, checked before any write of its transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// The key has no value.
    Absent(Key),
    /// The key has exactly this value.
    Equals {
        /// The key that is looked at.
        key: Key,
        /// The value it must have, byte for byte.
        value: Bytes,
    },
}

/// One change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Sets the value of a key, whether it had one or not.
    Put {
        /// The key to set.
        key: Key,
        /// Its new value; may be empty.
        value: Bytes,
    },
    /// Removes a key; removing an absent key is not an error.
    Delete {
        /// The key to remove.
        key: Key,
    },
}

/// What became of a transaction that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The writes are durable and visible.
    Committed {
        /// Position in the order of committed transactions; grows by one with each, starts at 1, and never repeats.
        sequence: u64,
    },
    /// A precondition did not hold; nothing was written.
    Conflict {
        /// Index of the first precondition that did not hold.
        precondition: usize,
    },
}

impl Transaction {
    /// An empty transaction, to be filled with the methods below.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds: the key must have no value.
    #[must_use]
    pub fn require_absent(mut self, key: impl Into<Key>) -> Self {
        self.preconditions.push(Precondition::Absent(key.into()));
        self
    }

    /// Adds: the key must have exactly this value.
    #[must_use]
    pub fn require_equals(mut self, key: impl Into<Key>, value: impl Into<Bytes>) -> Self {
        self.preconditions.push(Precondition::Equals {
            key: key.into(),
            value: value.into(),
        });
        self
    }

    /// Adds: set the key to the value.
    #[must_use]
    pub fn put(mut self, key: impl Into<Key>, value: impl Into<Bytes>) -> Self {
        self.writes.push(Write::Put {
            key: key.into(),
            value: value.into(),
        });
        self
    }

    /// Adds: remove the key.
    #[must_use]
    pub fn delete(mut self, key: impl Into<Key>) -> Self {
        self.writes.push(Write::Delete { key: key.into() });
        self
    }
}

impl Precondition {
    /// The key this condition is about.
    pub fn key(&self) -> &Key {
        match self {
            Self::Absent(key) | Self::Equals { key, .. } => key,
        }
    }

    /// Whether the condition holds for a key whose value is `current`.
    pub fn holds(&self, current: Option<&[u8]>) -> bool {
        match self {
            Self::Absent(_) => current.is_none(),
            Self::Equals { value, .. } => current == Some(value.as_ref()),
        }
    }
}

impl Write {
    /// The key that is changed.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }

    /// The value the key has afterwards, `None` if it is removed.
    pub fn value(&self) -> Option<&Bytes> {
        match self {
            Self::Put { value, .. } => Some(value),
            Self::Delete { .. } => None,
        }
    }
}
