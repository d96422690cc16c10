//! Removes executions that ended longer ago than they are kept, and what is kept for redrives that nobody may ask for any
//! more, a few at a time, as long as the server runs.

use std::sync::Arc;
use std::time::Duration;

use engine::Timestamp;
use runtime::expiry::Expiry;
use runtime::retention::{Sweep, Swept};
use runtime::{Clock, RuntimeError};
use store::Store;

/// Between two sweeps.
const PAUSE: Duration = Duration::from_secs(600);
/// Between two pieces of one: requests come first.
const BREATH: Duration = Duration::from_millis(50);
const DAY_MILLIS: i64 = 86_400_000;

/// Sweeps until the task is dropped. No execution is removed when `days` is 0.
pub async fn run(store: Arc<dyn Store>, clock: Arc<dyn Clock>, days: u32) {
    loop {
        tokio::time::sleep(PAUSE).await;
        if let Err(error) = sweep(&store, clock.now(), days).await {
            tracing::warn!(%error, "old executions could not be removed; the next try is in ten minutes");
        }
    }
}

async fn sweep(store: &Arc<dyn Store>, now: Timestamp, days: u32) -> Result<(), RuntimeError> {
    let mut expiry = Expiry::default();
    in_pieces(store, move |store| expiry.go_on(store, now)).await?;
    if days == 0 {
        return Ok(());
    }
    let before = Timestamp(now.0 - i64::from(days) * DAY_MILLIS);
    let mut sweep = Sweep::default();
    let removed = in_pieces(store, move |store| sweep.go_on(store, before)).await?;
    if removed > 0 {
        tracing::info!(removed, "executions that ended long ago were removed");
    }
    Ok(())
}

/// All pieces of a sweep; how many executions it was good for.
async fn in_pieces<F>(store: &Arc<dyn Store>, mut piece: F) -> Result<usize, RuntimeError>
where
    F: FnMut(&dyn Store) -> Result<Swept, RuntimeError> + Send + 'static,
{
    let mut removed = 0;
    loop {
        let store = store.clone();
        let work = move || {
            let swept = piece(store.as_ref());
            (piece, swept)
        };
        let Ok((next, swept)) = tokio::task::spawn_blocking(work).await else {
            return Err(RuntimeError::Stopped);
        };
        piece = next;
        let swept = swept?;
        removed += swept.removed;
        if !swept.more {
            return Ok(removed);
        }
        tokio::time::sleep(BREATH).await;
    }
}
