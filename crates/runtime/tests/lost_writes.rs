//! The disk loses everything that was written since its last sync, at every operation of a run: whatever had been
//! acknowledged is still there, and every execution that is there goes on and ends.

#![allow(clippy::unwrap_used)]

mod world;

use std::path::Path;
use std::sync::Arc;

use runtime::Status;
use store::faults::{Fault, FaultDisk, Survival};
use store::{EmbeddedStore, Options, Store, StoreError};
use tempfile::TempDir;
use world::{Outside, check_finished, define, ended, find, open, start};

const EXECUTIONS: usize = 3;

fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

/// Everything small, so that segments roll over and the index is made durable within the run.
fn open_store(disk: &FaultDisk, directory: &Path) -> Result<Arc<dyn Store>, StoreError> {
    let options = Options {
        segment_bytes: 16 * 1024,
        first_segment_bytes: 8 * 1024,
        checkpoint_bytes: 24 * 1024,
        index_memory_bytes: 32 * 1024,
        ..Options::default()
    };
    Ok(Arc::new(EmbeddedStore::open_with(
        Arc::new(disk.clone()),
        directory,
        options,
    )?))
}

/// What a client was told before the power went.
#[derive(Default, Debug)]
struct Told {
    defined: bool,
    started: Vec<String>,
    finished: Vec<String>,
}

/// Starts the executions and waits for them, until the power goes.
async fn work(disk: &FaultDisk, directory: &Path, outside: &Outside) -> Told {
    let mut told = Told::default();
    let Ok(store) = open_store(disk, directory) else {
        return told;
    };
    told.defined = define(store.as_ref());
    if let Ok(runtime) = open(store.clone(), outside) {
        for number in 0..EXECUTIONS {
            let name = format!("e{number}");
            if start(&runtime, &name).await.is_ok() {
                told.started.push(name);
            }
        }
        for name in &told.started {
            if ended(&runtime, &store, name).await
                && find(store.as_ref(), name).is_some_and(|r| r.status == Status::Succeeded)
            {
                told.finished.push(name.clone());
            }
        }
        runtime.shutdown().await;
    }
    told
}

/// The next process on what is left.
async fn check(disk: &FaultDisk, directory: &Path, outside: &Outside, told: &Told) {
    let store = open_store(disk, directory).unwrap_or_else(|error| panic!("{error}; {told:?}"));
    let runtime = open(store.clone(), outside).unwrap();
    for name in &told.started {
        let record = find(store.as_ref(), name)
            .unwrap_or_else(|| panic!("{name} was acknowledged and is gone; {told:?}"));
        if told.finished.contains(name) {
            assert_eq!(record.status, Status::Succeeded, "{name} was seen finished");
        }
    }
    if told.defined {
        for number in 0..EXECUTIONS {
            let name = format!("e{number}");
            if find(store.as_ref(), &name).is_none() {
                start(&runtime, &name).await.unwrap();
            }
            assert!(ended(&runtime, &store, &name).await);
            check_finished(store.as_ref(), &name);
        }
    }
    runtime.shutdown().await;
}

async fn lose_power_at(operation: u64, survival: Survival) -> bool {
    let (disk, directory, outside) = (FaultDisk::new(), directory(), Outside::default());
    disk.fail_at(operation, Fault::PowerLoss);
    let told = work(&disk, directory.path(), &outside).await;
    let happened = disk.operations() > operation;
    let disk = disk.restart(survival);
    disk.restore_index(&directory.path().join("index")).unwrap();
    check(&disk, directory.path(), &outside, &told).await;
    happened
}

async fn lose_power_everywhere(survival: impl Fn(u64) -> Survival) {
    let mut operation = 0;
    while lose_power_at(operation, survival(operation)).await {
        operation += 1;
    }
    assert!(
        operation > 40,
        "only {operation} operations: the run is too small to show anything"
    );
    println!("power lost at each of {operation} operations");
}

#[tokio::test(start_paused = true)]
async fn unsynced_writes_are_lost() {
    lose_power_everywhere(|_| Survival::Nothing).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_write_is_torn() {
    lose_power_everywhere(|operation| Survival::Prefix(1 + operation as usize * 37 % 700)).await;
}

#[tokio::test(start_paused = true)]
async fn some_sectors_survive() {
    lose_power_everywhere(Survival::Sectors).await;
}
