//! Power loss at every operation of the disk: what was acknowledged is there, nothing is there by halves, and what is
//! there is a prefix of what was submitted.
#![allow(clippy::unwrap_used)]

mod common;

use common::{all, directory, get, open_on, submit};
use std::path::Path;
use store::faults::{Fault, FaultDisk, Survival};
use store::{Bytes, EmbeddedStore, Outcome, Store, StoreError, Transaction, commit};

const COMMITS: u64 = 150;
/// Transactions in flight at once, so that batches have several.
const IN_FLIGHT: u64 = 4;

/// What the power loss does to the index, which is not on the fault disk.
#[derive(Clone, Copy, Debug)]
enum IndexLoss {
    /// Everything since its last sync is gone.
    Unsynced,
    /// It is as it was.
    Nothing,
}

/// Transaction `i`: three keys of its own, a counter, and one key of an earlier transaction removed.
fn transaction(i: u64) -> Transaction {
    let value = Bytes::from(vec![b'a' + (i % 26) as u8; 300]);
    let mut tx = Transaction::new().put("count", (i + 1).to_string());
    for part in ["x", "y", "z"] {
        tx = tx.put(format!("t{i:04}/{part}"), value.clone());
    }
    tx = tx.put(format!("tmp{i:04}"), "");
    match i.checked_sub(1) {
        Some(before) => tx
            .require_equals("count", i.to_string())
            .delete(format!("tmp{before:04}")),
        None => tx.require_absent("count"),
    }
}

/// Submits all transactions, a few at a time; answers how many were acknowledged.
fn work(store: &EmbeddedStore, from: u64) -> u64 {
    let mut acknowledged = from;
    while acknowledged < COMMITS {
        let end = COMMITS.min(acknowledged + IN_FLIGHT);
        let waiting: Vec<_> = (acknowledged..end)
            .map(|i| submit(store, transaction(i)))
            .collect();
        for result in waiting {
            match result.recv().unwrap() {
                Ok(Outcome::Committed { sequence }) => assert_eq!(sequence, acknowledged + 1),
                Ok(conflict) => panic!("{conflict:?}"),
                Err(StoreError::Stopped { .. }) => return acknowledged,
                Err(error) => panic!("{error}"),
            }
            acknowledged += 1;
        }
    }
    acknowledged
}

/// Checks that the store holds exactly the first `n` transactions, for some `n`, and answers it.
fn check(store: &EmbeddedStore) -> u64 {
    let n = get(store, "count").map_or(0, |text| text.parse().unwrap());
    assert_eq!(
        store.stats().sequence,
        n,
        "the sequence and the data differ"
    );
    let mut expected = std::collections::BTreeMap::new();
    for i in 0..n {
        for write in transaction(i).writes {
            match write.value() {
                Some(value) => expected.insert(write.key().clone(), value.clone()),
                None => expected.remove(write.key()),
            };
        }
    }
    let found = all(store);
    assert!(
        found.iter().map(|(k, v)| (k, v)).eq(&expected),
        "not the first {n} transactions"
    );
    n
}

/// Runs the workload with a fault, restarts, and checks.
fn crash(disk: &FaultDisk, root: &Path, survival: Survival, index: IndexLoss) -> FaultDisk {
    let acknowledged = match open_on(disk, root) {
        Ok(store) => work(&store, 0),
        Err(_) => 0,
    };
    let disk = disk.restart(survival);
    if let IndexLoss::Unsynced = index {
        disk.restore_index(&root.join("index")).unwrap();
    }
    let store = open_on(&disk, root).unwrap_or_else(|error| panic!("{error}"));
    let present = check(&store);
    assert!(
        present >= acknowledged,
        "acknowledged {acknowledged}, found {present}"
    );
    assert_eq!(work(&store, present), COMMITS, "the store does not go on");
    assert_eq!(check(&store), COMMITS);
    drop(store);
    disk
}

/// How many operations the workload takes; it varies a little with the threads.
fn operations() -> u64 {
    let (disk, directory) = (FaultDisk::new(), directory());
    let store = open_on(&disk, directory.path()).unwrap();
    assert_eq!(work(&store, 0), COMMITS);
    let stats = store.stats();
    assert!(
        stats.checkpoints > 1,
        "the workload must make the index durable: {stats:?}"
    );
    drop(store);
    let history = disk.history();
    let recycled = history
        .iter()
        .any(|what| what.starts_with("rename log-0000"));
    assert!(recycled, "the workload must recycle segments: {history:#?}");
    disk.operations()
}

fn at_every_operation(survival: impl Fn(u64) -> Survival, index: IndexLoss) {
    for operation in 0..operations() + 2 {
        let (disk, directory) = (FaultDisk::new(), directory());
        disk.fail_at(operation, Fault::PowerLoss);
        println!(
            "power loss at operation {operation}, {:?}, index: {index:?}",
            survival(operation)
        );
        crash(&disk, directory.path(), survival(operation), index);
    }
}

#[test]
fn power_loss_drops_what_is_unsynced() {
    at_every_operation(|_| Survival::Nothing, IndexLoss::Unsynced);
}

#[test]
fn power_loss_keeps_the_index() {
    at_every_operation(|_| Survival::Nothing, IndexLoss::Nothing);
}

#[test]
fn power_loss_keeps_random_sectors() {
    at_every_operation(Survival::Sectors, IndexLoss::Unsynced);
}

#[test]
fn the_process_dies() {
    at_every_operation(|_| Survival::Everything, IndexLoss::Nothing);
}

/// The write of the last batch is cut at every byte of it that matters: around its header, and in steps through it.
#[test]
fn torn_writes() {
    let (disk, directory) = (FaultDisk::new(), directory());
    let store = open_on(&disk, directory.path()).unwrap();
    commit(&store, transaction(0)).unwrap();
    // The next operation is the write of the record, then comes its sync.
    let sync = disk.operations() + 1;
    disk.fail_at(sync, Fault::PowerLoss);
    assert!(commit(&store, transaction(1)).is_err());
    drop(store);
    let history = disk.history();
    let write = history
        .iter()
        .rfind(|what| what.starts_with("write "))
        .unwrap();
    let whole: usize = write.split(' ').nth(1).unwrap().parse().unwrap();
    let lengths = (0..48)
        .chain((48..whole).step_by(53))
        .chain([whole - 1, whole]);
    for length in lengths {
        let torn = disk.restart(Survival::Prefix(length));
        torn.restore_index(&directory.path().join("index")).unwrap();
        let store = open_on(&torn, directory.path()).unwrap_or_else(|e| panic!("{length}: {e}"));
        let present = check(&store);
        let expected = if length < whole { 1 } else { 2 };
        assert_eq!(present, expected, "{length} of {whole} bytes");
        commit(&store, transaction(present)).unwrap();
        drop(store);
        std::fs::remove_dir_all(directory.path().join("index")).unwrap();
        let reopened = open_on(&torn, directory.path()).unwrap_or_else(|e| panic!("{length}: {e}"));
        assert_eq!(check(&reopened), present + 1);
    }
}

/// A second power loss while the store is opened after the first.
#[test]
fn power_loss_while_recovering() {
    for operation in 0..12 {
        let (disk, directory) = (FaultDisk::new(), directory());
        let index = directory.path().join("index");
        disk.fail_at(40, Fault::PowerLoss);
        let acknowledged = work(&open_on(&disk, directory.path()).unwrap(), 0);
        let second = disk.restart(Survival::Sectors(operation));
        second.restore_index(&index).unwrap();
        second.fail_at(operation, Fault::PowerLoss);
        let store = open_on(&second, directory.path());
        let acknowledged = store.map_or(acknowledged, |store| work(&store, check(&store)));
        let third = second.restart(Survival::Sectors(operation));
        third.restore_index(&index).unwrap();
        let present = check(&open_on(&third, directory.path()).unwrap());
        assert!(
            present >= acknowledged,
            "{operation}: {acknowledged}, found {present}"
        );
    }
}
