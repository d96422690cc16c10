//! Copies of a store that is being written: each is whole, and has everything that was acknowledged before it began.
#![allow(clippy::unwrap_used)]

mod common;

use common::{directory, small};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use store::{
    EmbeddedStore, Inspection, KeyRange, Order, Store, StoreError, Transaction, backup, commit,
};

const WRITERS: usize = 3;

/// The numbers that a writer's rows hold: consecutive, or something was lost.
fn written(store: &dyn Store, writer: usize) -> usize {
    let range = KeyRange::prefix(format!("w{writer}/"));
    let rows = store.scan(range, Order::Ascending, usize::MAX).unwrap();
    let keys = rows.iter().enumerate();
    for (number, (key, _)) in keys {
        assert_eq!(
            key,
            format!("w{writer}/{number:08}").as_bytes(),
            "a row is missing"
        );
    }
    rows.len()
}

fn write(store: &EmbeddedStore, writer: usize, acknowledged: &AtomicUsize, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        let number = acknowledged.load(Ordering::SeqCst);
        let row = Transaction::new()
            .put(
                format!("w{writer}/{number:08}"),
                vec![b'x'; 60 + number % 400],
            )
            .put(format!("hot/{}", number % 5), number.to_string());
        commit(store, row).unwrap();
        acknowledged.store(number + 1, Ordering::SeqCst);
    }
}

#[test]
fn copies_under_load_have_everything_acknowledged_before() {
    let source = directory();
    let store = EmbeddedStore::open(source.path(), small()).unwrap();
    let acknowledged: Vec<AtomicUsize> = (0..WRITERS).map(|_| AtomicUsize::new(0)).collect();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for (writer, acknowledged) in acknowledged.iter().enumerate() {
            let (store, stop) = (&store, &stop);
            scope.spawn(move || write(store, writer, acknowledged, stop));
        }
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..25 {
                one_copy(source.path(), &acknowledged);
            }
        }));
        stop.store(true, Ordering::SeqCst);
        result.unwrap();
    });
    assert!(
        store.stats().checkpoints > 10,
        "the index was hardly ever changed: {:?}",
        store.stats()
    );
}

fn one_copy(source: &Path, acknowledged: &[AtomicUsize]) {
    let before: Vec<usize> = acknowledged
        .iter()
        .map(|a| a.load(Ordering::SeqCst))
        .collect();
    let copy = directory();
    let facts = backup(source, copy.path(), &small()).unwrap();
    let found = Inspection::open(copy.path(), &small()).unwrap();
    assert!(found.damages.is_empty(), "{:?}", found.damages);
    drop(found);
    let opened = EmbeddedStore::open(copy.path(), small()).unwrap();
    assert_eq!(opened.stats().sequence, facts.sequence);
    for (writer, before) in before.iter().enumerate() {
        let there = written(&opened, writer);
        assert!(
            there >= *before,
            "writer {writer}: {there} rows of {before}"
        );
    }
    commit(&opened, Transaction::new().put("after", "1")).unwrap();
}

#[test]
fn a_closed_store_and_an_empty_one_are_copied() {
    let source = directory();
    drop(EmbeddedStore::open(source.path(), small()).unwrap());
    let copy = directory();
    assert_eq!(
        backup(source.path(), copy.path(), &small())
            .unwrap()
            .sequence,
        0
    );
    let store = EmbeddedStore::open(copy.path(), small()).unwrap();
    commit(&store, Transaction::new().put("a", "1")).unwrap();
    drop(store);
    let again = directory();
    assert_eq!(
        backup(copy.path(), again.path(), &small())
            .unwrap()
            .sequence,
        1
    );
    let store = EmbeddedStore::open(again.path(), small()).unwrap();
    assert_eq!(common::get(&store, "a").as_deref(), Some("1"));
}

#[test]
fn damage_is_not_copied_silently() {
    let source = directory();
    let store = EmbeddedStore::open(source.path(), small()).unwrap();
    for key in 0..5 {
        commit(&store, Transaction::new().put(format!("k{key}"), "value")).unwrap();
    }
    drop(store);
    let log = source.path().join("log-0000000000000000");
    let mut content = std::fs::read(&log).unwrap();
    content[4096 + 40] ^= 1;
    std::fs::write(&log, content).unwrap();
    let copy = directory();
    let refused = backup(source.path(), copy.path(), &small());
    assert!(
        matches!(refused, Err(StoreError::Corrupt { offset: 4096, .. })),
        "{refused:?}"
    );
    assert!(!copy.path().join("format").exists());
    let none = backup(copy.path(), directory().path(), &small());
    assert!(matches!(none, Err(StoreError::Io { .. })), "{none:?}");
}
