//! Keys, bytes and transactions, made durable.
//!
//! Owns: what a transaction is, the order in which transactions take effect, and the promise that an acknowledged one
//! is never lost. Must never know: AWS, states, events, or anything about what the bytes mean.
//!
//! Two implementations of [`Store`]: [`EmbeddedStore`] (a write-ahead log of our own, with an index behind it) and
//! [`MemoryStore`] (for tests and for runs in process). [`Inspection`] looks at an embedded store that is closed, and
//! [`backup`] copies one that may be open. [`faults`] has a disk that fails on command, for tests.
//!
//! ```
//! use store::{MemoryStore, Outcome, Store, Transaction, commit};
//! let store = MemoryStore::new();
//! let create = Transaction::new().require_absent("name").put("name", "value");
//! assert_eq!(commit(&store, create.clone())?, Outcome::Committed { sequence: 1 });
//! assert_eq!(commit(&store, create)?, Outcome::Conflict { precondition: 0 });
//! assert_eq!(store.get(b"name")?.as_deref(), Some(&b"value"[..]));
//! # Ok::<(), store::StoreError>(())
//! ```

mod completion;
mod disk;
mod embedded;
mod error;
mod limits;
mod memory;
mod range;
mod stats;
mod store;
mod transaction;

pub use bytes::Bytes;
pub use disk::{Disk, DiskFile, RealDisk, SlowDisk, faults};
pub use embedded::{
    BackupFacts, Damage, EmbeddedStore, Footprint, IndexFacts, Inspection, LogFacts, Lost, Options,
    View, backup,
};
pub use error::StoreError;
pub use limits::{MAX_KEY_BYTES, MAX_TRANSACTION_BYTES};
pub use memory::MemoryStore;
pub use range::{KeyRange, Order};
pub use stats::Stats;
pub use store::{Completion, Store, commit};
pub use transaction::{Key, Outcome, Precondition, Transaction, Write};
