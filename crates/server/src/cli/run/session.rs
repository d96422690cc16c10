//! What a run needs while it lasts: threads, a temporary folder, an ear for Ctrl-C; and taking all that away again.

use std::io;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::RunError;
use super::driver::{Ended, Plan, drive};
use super::logs::{self, Log};
use super::progress::Progress;
use super::world::{Source, World};

/// How long threads may take to end.
const SHUTDOWN: Duration = Duration::from_millis(500);

/// An execution that has ended, and what else there is to say about it.
pub struct Done {
    /// The execution.
    pub ended: Ended,
    /// What a person should know about calls that could not be made.
    pub hints: Vec<String>,
    /// What functions wrote.
    pub logs: Vec<Log>,
}

/// Runs an execution to its end; SIGINT and SIGTERM stop it. `place` is its account and region.
///
/// # Errors
///
/// [`RunError`], when it could not begin.
pub fn run(
    plan: Plan,
    source: &Source,
    place: (&str, &str),
    progress: Progress,
) -> Result<Done, RunError> {
    let tokio = Builder::new_multi_thread().enable_all().build()?;
    // Before there is anything that an early Ctrl-C could leave behind.
    let stopped = tokio.block_on(async { stop_signal() })?;
    let temporary = tempfile::Builder::new().prefix("stepwell-run-").tempdir()?;
    let executed = tokio.block_on(execute(plan, source, place, &temporary, stopped, progress));
    // Ends what still runs, before the folder goes.
    tokio.shutdown_timeout(SHUTDOWN);
    let logs = logs::read(temporary.path());
    remove(temporary);
    let (ended, hints) = executed?;
    Ok(Done { ended, hints, logs })
}

async fn execute(
    plan: Plan,
    source: &Source,
    place: (&str, &str),
    temporary: &TempDir,
    stopped: watch::Receiver<bool>,
    mut progress: Progress,
) -> Result<(Ended, Vec<String>), RunError> {
    let world = World::new(source, place, plan.facts.clone(), temporary)?;
    let ended = drive(plan, &world, stopped, &mut progress).await;
    progress.finish();
    world.close().await;
    Ok((ended, world.hints()))
}

/// Becomes true at the first signal.
fn stop_signal() -> io::Result<watch::Receiver<bool>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        let _ = stop.send(true);
    });
    Ok(stopped)
}

/// A process that is just being killed may still write: then the folder is removed at the second try.
fn remove(temporary: TempDir) {
    let path = temporary.path().to_owned();
    if temporary.close().is_err() || path.exists() {
        let _ = std::fs::remove_dir_all(path);
    }
}
