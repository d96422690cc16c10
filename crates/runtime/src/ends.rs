//! Who waits for the end of an execution, inside this process: they are woken by the commit that ends it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::SetOnce;

use crate::id::ExecutionId;

/// All of them.
#[derive(Default)]
pub(crate) struct Ends {
    waits: Mutex<HashMap<ExecutionId, Arc<SetOnce<()>>>>,
    /// How many there are: most executions end with nobody waiting.
    count: AtomicUsize,
}

impl Ends {
    fn waits(&self) -> MutexGuard<'_, HashMap<ExecutionId, Arc<SetOnce<()>>>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the end is heard of. Whoever asks looks at the execution's record after this, and only then waits.
    pub(crate) fn watch(self: &Arc<Self>, id: ExecutionId) -> Watch {
        let mut waits = self.waits();
        let end = waits.entry(id).or_default().clone();
        self.count.store(waits.len(), Ordering::SeqCst);
        Watch {
            ends: self.clone(),
            id,
            end,
        }
    }

    /// It has ended, durably.
    pub(crate) fn ended(&self, id: ExecutionId) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let mut waits = self.waits();
        if let Some(end) = waits.remove(&id) {
            // Whoever waits later has seen the record.
            let _ = end.set(());
        }
        self.count.store(waits.len(), Ordering::SeqCst);
    }
}

/// Somebody who waits.
pub(crate) struct Watch {
    ends: Arc<Ends>,
    id: ExecutionId,
    end: Arc<SetOnce<()>>,
}

impl Watch {
    /// Until it has ended.
    pub(crate) async fn wait(&self) {
        self.end.wait().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut waits = self.ends.waits();
        // The map's own and this one.
        if waits
            .get(&self.id)
            .is_some_and(|end| Arc::ptr_eq(end, &self.end) && Arc::strong_count(end) == 2)
        {
            waits.remove(&self.id);
        }
        self.ends.count.store(waits.len(), Ordering::SeqCst);
    }
}
