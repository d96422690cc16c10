//! A directory written by the first version is read by every later one.
#![allow(clippy::unwrap_used)]

mod common;

use common::{directory, get, small};
use std::path::{Path, PathBuf};
use store::{EmbeddedStore, KeyRange, Order, Store, Transaction, commit};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/format-1")
        .join(name)
}

const FILES: [&str; 2] = ["format", "log-0000000000000000"];

#[test]
fn version_1_is_read() {
    let directory = directory();
    for name in FILES {
        std::fs::copy(fixture(name), directory.path().join(name)).unwrap();
    }
    let store = EmbeddedStore::open(directory.path(), small()).unwrap();
    let found = common::text(&store, KeyRange::all(), Order::Ascending, 99);
    assert_eq!(found, "account/a=2 account/b= account/c=three");
    assert_eq!(store.stats().sequence, 4);
    commit(&store, Transaction::new().put("d", "4")).unwrap();
    assert_eq!(get(&store, "d").as_deref(), Some("4"));
}

/// Writes the fixture anew. To be run by hand, and only with a program that writes version 1:
/// `cargo test -p store --test format -- --ignored`
#[test]
#[ignore = "writes the fixture"]
fn write_version_1() {
    let directory = directory();
    let store = EmbeddedStore::open(directory.path(), small()).unwrap();
    let steps = [
        Transaction::new()
            .put("account/a", "1")
            .put("account/b", ""),
        Transaction::new().put("account/gone", "x"),
        Transaction::new()
            .put("account/a", "2")
            .put("account/c", "three")
            .require_absent("account/c"),
        Transaction::new()
            .delete("account/gone")
            .require_equals("account/gone", "x"),
    ];
    for step in steps {
        commit(&store, step).unwrap();
    }
    drop(store);
    for name in FILES {
        std::fs::create_dir_all(fixture("")).unwrap();
        std::fs::copy(directory.path().join(name), fixture(name)).unwrap();
    }
}
