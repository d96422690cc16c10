//! Errors of the disk: the store stops and says why, and what it acknowledged is there when it is opened again.
#![allow(clippy::unwrap_used)]

mod common;

use common::{directory, get, open_on, small, submit};
use std::io::ErrorKind;
use std::sync::mpsc::channel;
use store::faults::{Fault, FaultDisk, Survival};
use store::{EmbeddedStore, Options, Outcome, Store, StoreError, Transaction, commit};

fn put(key: &str, value: &str) -> Transaction {
    Transaction::new().put(key.to_owned(), value.to_owned())
}

fn reason(error: StoreError) -> String {
    match error {
        StoreError::Stopped { reason } => reason.to_string(),
        other => panic!("{other}"),
    }
}

/// Fails the operation `after` operations from now, of a store with one commit.
fn failing(after: u64, fault: Fault) -> (FaultDisk, tempfile::TempDir, EmbeddedStore) {
    let (disk, directory) = (FaultDisk::new(), directory());
    let store = open_on(&disk, directory.path()).unwrap();
    commit(&store, put("a", "1")).unwrap();
    disk.fail_at(disk.operations() + after, fault);
    (disk, directory, store)
}

#[test]
fn a_failed_sync_stops_the_store_and_is_not_tried_again() {
    let (disk, directory, store) = failing(1, Fault::Error(ErrorKind::Other));
    let first = reason(commit(&store, put("b", "1")).unwrap_err());
    assert!(
        first.starts_with("syncing (fault disk)/log-0000000000000000"),
        "{first}"
    );
    let operations = disk.operations();
    assert_eq!(reason(commit(&store, put("c", "1")).unwrap_err()), first);
    assert_eq!(disk.operations(), operations, "the disk was touched again");
    assert_eq!(get(&store, "a").as_deref(), Some("1"));
    assert_eq!(
        get(&store, "b"),
        None,
        "what may not be durable is not visible"
    );
    assert!(store.close().is_err());
    drop(store);
    let disk = disk.restart(Survival::Nothing);
    let store = open_on(&disk, directory.path()).unwrap();
    assert_eq!(get(&store, "a").as_deref(), Some("1"));
    commit(&store, put("d", "1")).unwrap();
}

/// The operating system may show bytes whose sync failed, and lose them later: opening makes them durable first.
#[test]
fn what_is_read_after_a_failed_sync_is_durable() {
    let (disk, directory, store) = failing(1, Fault::Error(ErrorKind::Other));
    commit(&store, put("b", "1")).unwrap_err();
    drop(store);
    let second = disk.restart(Survival::Everything);
    let store = open_on(&second, directory.path()).unwrap();
    let seen = get(&store, "b");
    let third = second.restart(Survival::Nothing);
    drop(store);
    third
        .restore_index(&directory.path().join("index"))
        .unwrap();
    assert_eq!(get(&open_on(&third, directory.path()).unwrap(), "b"), seen);
}

#[test]
fn a_failed_write_stops_the_store() {
    let (_disk, _directory, store) = failing(0, Fault::Error(ErrorKind::Other));
    let waiting: Vec<_> = (0..5)
        .map(|i| submit(&store, put("b", &i.to_string())))
        .collect();
    for result in waiting {
        let reason = reason(result.recv().unwrap().unwrap_err());
        assert!(reason.starts_with("writing (fault disk)"), "{reason}");
    }
}

#[test]
fn a_full_disk_stops_the_store_and_loses_nothing() {
    let (disk, directory, store) = failing(0, Fault::Full);
    let value = "v".repeat(3000);
    let mut acknowledged = 0;
    let stopped = loop {
        match commit(&store, put(&format!("k{acknowledged}"), &value)) {
            Ok(_) => acknowledged += 1,
            Err(error) => break reason(error),
        }
    };
    assert!(stopped.contains("preallocating"), "{stopped}");
    assert!(stopped.contains("the disk is full"), "{stopped}");
    assert!(acknowledged > 0);
    drop(store);
    let disk = disk.restart(Survival::Nothing);
    let store = open_on(&disk, directory.path()).unwrap();
    (0..acknowledged).for_each(|i| assert!(get(&store, &format!("k{i}")).is_some()));
    commit(&store, put("again", &value)).unwrap();
}

#[test]
fn space_that_is_freed_in_time_is_used() {
    let (disk, _directory, store) = failing(0, Fault::Full);
    commit(&store, put("k", &"v".repeat(1500))).unwrap();
    disk.free_space();
    for _ in 0..20 {
        commit(&store, put("k", &"v".repeat(3000))).unwrap();
    }
}

#[test]
fn a_full_queue_refuses_at_once() {
    let directory = directory();
    let options = Options {
        queue_transactions: 3,
        ..small()
    };
    let store = EmbeddedStore::open(directory.path(), options).unwrap();
    let (entered, in_completion) = channel();
    let (go_on, resume) = channel::<()>();
    store.submit(
        put("a", "1"),
        Box::new(move |_| {
            entered.send(()).unwrap();
            resume.recv().unwrap();
        }),
    );
    in_completion.recv().unwrap();
    // The committer is held: three wait, the fourth is refused without waiting.
    let waiting: Vec<_> = (0..3)
        .map(|i| submit(&store, put("b", &i.to_string())))
        .collect();
    let refused = submit(&store, put("c", "1")).try_recv().unwrap();
    assert!(
        matches!(refused, Err(StoreError::Overloaded)),
        "{refused:?}"
    );
    assert_eq!((store.stats().overloads, store.stats().queue_depth), (1, 3));
    go_on.send(()).unwrap();
    for result in waiting {
        assert!(matches!(
            result.recv().unwrap(),
            Ok(Outcome::Committed { .. })
        ));
    }
    assert_eq!(
        (get(&store, "b").as_deref(), get(&store, "c")),
        (Some("2"), None)
    );
}

#[test]
fn a_batch_that_is_too_large_is_split() {
    let directory = directory();
    let options = Options {
        batch_bytes: 1000,
        ..small()
    };
    let store = EmbeddedStore::open(directory.path(), options).unwrap();
    let value = "v".repeat(600);
    let waiting: Vec<_> = (0..20)
        .map(|i| submit(&store, put(&format!("k{i}"), &value)))
        .collect();
    waiting
        .into_iter()
        .for_each(|w| assert!(w.recv().unwrap().is_ok()));
    assert_eq!(store.stats().batches, 20);
}
