//! The way from map runs to the shards: which one gets a new child, which one has an execution.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, PoisonError};

use engine::Timestamp;
use expr::Entropy;
use tokio::sync::mpsc::error::TrySendError;

use crate::driver::Inbox;
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::shard::Request;

/// See the module's documentation.
pub(crate) struct Shards {
    inboxes: Vec<Inbox>,
    next: AtomicU16,
    /// Places of an inbox that starts leave to stops.
    kept_for_stops: usize,
    ids: Mutex<Box<dyn Entropy + Send>>,
}

impl Shards {
    /// Of at least one inbox.
    pub(crate) fn new(
        inboxes: Vec<Inbox>,
        kept_for_stops: usize,
        ids: Box<dyn Entropy + Send>,
    ) -> Shards {
        Shards {
            inboxes,
            next: AtomicU16::new(0),
            kept_for_stops,
            ids: Mutex::new(ids),
        }
    }

    /// The id of a new execution, on the shard whose turn it is.
    pub(crate) fn new_id(&self, now: Timestamp) -> ExecutionId {
        let shard = self.next.fetch_add(1, Ordering::Relaxed) % self.inboxes.len() as u16;
        let mut entropy = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ExecutionId::new(now, shard, entropy.as_mut())
    }

    /// A random UUID.
    pub(crate) fn new_uuid(&self) -> String {
        let mut entropy = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        expr::uuid_v4(entropy.as_mut())
    }

    fn inbox(&self, id: ExecutionId) -> &Inbox {
        &self.inboxes[usize::from(id.shard()) % self.inboxes.len()]
    }

    /// Whether the shard of an execution has room for another start.
    pub(crate) fn takes_starts(&self, id: ExecutionId) -> bool {
        self.inbox(id).calls.capacity() > self.kept_for_stops
    }

    /// Asks the shard of an execution for something that it may refuse.
    pub(crate) fn call(&self, id: ExecutionId, request: Request) -> Result<(), RuntimeError> {
        let sent = self.inbox(id).calls.try_send(request);
        sent.map_err(|error| match error {
            TrySendError::Full(_) => RuntimeError::Overloaded,
            TrySendError::Closed(_) => RuntimeError::Stopped,
        })
    }

    /// Tells the shard of an execution what it waits for. The shard is gone when the process is stopping.
    pub(crate) fn answer(&self, id: ExecutionId, request: Request) {
        let _ = self.inbox(id).answers.send(request);
    }
}
