//! Removes executions that ended longer ago than they are kept, a few at a time, as long as the server runs.

use std::sync::Arc;
use std::time::Duration;

use engine::Timestamp;
use runtime::retention::{Sweep, Swept};
use runtime::{Clock, RuntimeError};
use store::Store;

/// Between two sweeps.
const PAUSE: Duration = Duration::from_secs(600);
/// Between two pieces of one: requests come first.
const BREATH: Duration = Duration::from_millis(50);
const DAY_MILLIS: i64 = 86_400_000;

/// Sweeps until the task is dropped. Nothing is removed when `days` is 0.
pub async fn run(store: Arc<dyn Store>, clock: Arc<dyn Clock>, days: u32) {
    if days == 0 {
        return;
    }
    loop {
        tokio::time::sleep(PAUSE).await;
        if let Err(error) = sweep(&store, clock.as_ref(), days).await {
            tracing::warn!(%error, "old executions could not be removed; the next try is in ten minutes");
        }
    }
}

async fn sweep(store: &Arc<dyn Store>, clock: &dyn Clock, days: u32) -> Result<(), RuntimeError> {
    let before = Timestamp(clock.now().0 - i64::from(days) * DAY_MILLIS);
    let mut sweep = Sweep::default();
    let mut removed = 0;
    loop {
        let store = store.clone();
        let piece = tokio::task::spawn_blocking(move || {
            let swept = sweep.go_on(store.as_ref(), before);
            (sweep, swept)
        });
        let Ok((next, swept)) = piece.await else {
            return Err(RuntimeError::Stopped);
        };
        sweep = next;
        let Swept {
            removed: some,
            more,
        } = swept?;
        removed += some;
        if !more {
            break;
        }
        tokio::time::sleep(BREATH).await;
    }
    if removed > 0 {
        tracing::info!(removed, "executions that ended long ago were removed");
    }
    Ok(())
}
