//! Looking at a store: what is whole, what is damaged, where, and what is affected; nothing is changed by it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{directory, small};
use std::fs;
use std::path::{Path, PathBuf};
use store::{
    Damage, EmbeddedStore, Inspection, KeyRange, Lost, Options, Order, Store, StoreError,
    Transaction, commit,
};

fn inspect(path: &Path) -> Inspection {
    Inspection::open(path, &small()).unwrap()
}

fn fill(path: &Path, options: Options, keys: std::ops::Range<usize>) {
    let store = EmbeddedStore::open(path, options).unwrap();
    for key in keys {
        let value = vec![b'v'; 100];
        commit(&store, Transaction::new().put(format!("k{key:05}"), value)).unwrap();
    }
}

/// Every file with its bytes.
fn files(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    found.sort();
    found
}

fn keys(found: &Inspection) -> Vec<String> {
    let mut keys = Vec::new();
    let view = found.view.as_ref().unwrap();
    view.for_each(KeyRange::all(), &mut |key, _| {
        keys.push(String::from_utf8(key.to_vec()).unwrap());
        true
    })
    .unwrap();
    keys
}

fn flip(path: &Path, at: usize) {
    let mut content = fs::read(path).unwrap();
    content[at] ^= 1;
    fs::write(path, content).unwrap();
}

fn only(found: &Inspection) -> &Damage {
    assert_eq!(found.damages.len(), 1, "{:?}", found.damages);
    &found.damages[0]
}

#[test]
fn a_whole_store_is_whole_and_stays_as_it_is() {
    let directory = directory();
    fill(directory.path(), small(), 0..2000);
    let before = files(directory.path());
    let found = inspect(directory.path());
    assert!(found.damages.is_empty(), "{:?}", found.damages);
    assert_eq!((found.log.last, found.index.applied), (2000, 2000));
    assert!(
        found.index.tables > 0 && found.index.blocks > 50,
        "{:?}",
        found.index
    );
    assert_eq!(keys(&found).len(), 2000);
    let view = found.view.as_ref().unwrap();
    assert_eq!(view.get(b"k00007").unwrap().unwrap().len(), 100);
    let refused = commit(view, Transaction::new().put("a", "b"));
    assert!(matches!(refused, Err(StoreError::Stopped { .. })));
    drop(found);
    assert!(
        files(directory.path()) == before,
        "looking changed something"
    );
}

/// As after a kill: the index is behind, and the log has what is missing.
#[test]
fn what_is_only_in_the_log_is_seen() {
    let directory = directory();
    fill(directory.path(), small(), 0..20);
    let old = common::directory();
    let index = directory.path().join("index");
    copy(&index, &old.path().join("index"));
    fill(directory.path(), small(), 20..40);
    fs::remove_dir_all(&index).unwrap();
    copy(&old.path().join("index"), &index);
    let found = inspect(directory.path());
    assert!(found.damages.is_empty(), "{:?}", found.damages);
    assert_eq!((found.log.last, found.index.applied), (40, 20));
    assert_eq!(keys(&found).len(), 40);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = {
            let entry = entry.unwrap();
            (entry.path(), entry.file_name())
        };
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false => drop(fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

#[test]
fn a_store_in_use_is_refused_and_two_may_look() {
    let directory = directory();
    let store = EmbeddedStore::open(directory.path(), small()).unwrap();
    let refused = Inspection::open(directory.path(), &small());
    assert!(matches!(refused, Err(StoreError::Locked { .. })));
    drop(store);
    let first = inspect(directory.path());
    let _second = inspect(directory.path());
    let refused = EmbeddedStore::open(directory.path(), small());
    assert!(matches!(refused, Err(StoreError::Locked { .. })));
    drop((first, _second));
    EmbeddedStore::open(directory.path(), small()).unwrap();
}

#[test]
fn no_store_and_a_newer_one_are_refused() {
    let directory = directory();
    for path in [directory.path(), &directory.path().join("none")] {
        let refused = Inspection::open(path, &small());
        assert!(matches!(refused, Err(StoreError::Io { .. })));
    }
    assert!(files(directory.path()).is_empty());
    fill(directory.path(), small(), 0..1);
    fs::write(directory.path().join("format"), "store 2\n").unwrap();
    let refused = Inspection::open(directory.path(), &small())
        .err()
        .unwrap()
        .to_string();
    assert!(
        refused.contains("has format 2, this program reads up to 1"),
        "{refused}"
    );
}

/// A flipped bit anywhere in a table is found in the block that has it, and says which keys are affected.
#[test]
fn damage_of_a_table_is_found_wherever_it_is() {
    let directory = directory();
    let big = Options {
        index_memory_bytes: 1 << 30,
        checkpoint_bytes: 1 << 30,
        ..small()
    };
    fill(directory.path(), big, 0..500);
    let tables = directory.path().join("index/tables");
    let table = fs::read_dir(&tables)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let length = fs::read(&table).unwrap().len();
    for at in (0..length).step_by(997) {
        flip(&table, at);
        let found = inspect(directory.path());
        assert!(!found.damages.is_empty(), "byte {at} of {length}");
        let damage = &found.damages[0];
        assert!(
            damage.file.starts_with(directory.path().join("index")),
            "{damage:?}"
        );
        assert!(damage.offset <= at as u64, "{damage:?}");
        // The log has everything.
        assert!(matches!(damage.lost, Lost::Nothing(_)), "{damage:?}");
        drop(found);
        flip(&table, at);
    }
    assert!(inspect(directory.path()).damages.is_empty());
}

#[test]
fn a_damaged_block_behind_a_cut_log_names_the_keys() {
    let directory = directory();
    let options = Options {
        index_memory_bytes: 1 << 20,
        checkpoint_bytes: 40 << 10,
        ..small()
    };
    fill(directory.path(), options, 0..2000);
    EmbeddedStore::compact(directory.path(), options).unwrap();
    assert!(!directory.path().join("log-0000000000000000").exists());
    let tables = directory.path().join("index/tables");
    let table = fs::read_dir(&tables)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let content = fs::read(&table).unwrap();
    let at = content
        .windows(6)
        .position(|bytes| bytes == b"k01000")
        .unwrap_or(content.len() / 3);
    flip(&table, at);
    let found = inspect(directory.path());
    let damage = only(&found);
    assert_eq!(damage.what, "the checksum of a block does not match");
    let Lost::Keys(Some(after), Some(before)) = &damage.lost else {
        panic!("{damage:?}");
    };
    assert!(after < before);
    let whole = keys(&found);
    let number = |key: &[u8]| String::from_utf8_lossy(&key[1..]).parse::<usize>().unwrap();
    let missing = number(before) - number(after) - 1;
    assert!(
        (1..100).contains(&missing),
        "{missing} rows are lost with one block"
    );
    let absent = (0..2000).filter(|key| !whole.contains(&format!("k{key:05}")));
    let absent: Vec<usize> = absent.collect();
    // Reading runs a few rows ahead of what it answers.
    let expected: Vec<usize> = (number(after) + 1..number(before)).collect();
    assert!(absent.ends_with(&expected), "{absent:?} {expected:?}");
    assert!(
        absent.len() <= expected.len() + 4,
        "{absent:?} {expected:?}"
    );
}

#[test]
fn damage_in_the_log_names_the_transactions() {
    let directory = directory();
    fill(directory.path(), small(), 0..10);
    let log = directory.path().join("log-0000000000000000");
    let record = 32 + 4 + 1 + 2 + 4 + 6 + 100_usize;
    let third = 4096 + 2 * record.next_multiple_of(8);
    flip(&log, third + 50);
    let found = inspect(directory.path());
    let damage = only(&found);
    assert_eq!(
        (damage.file.as_path(), damage.offset),
        (log.as_path(), third as u64)
    );
    assert!(
        damage.what.contains("transaction 4 follows"),
        "{}",
        damage.what
    );
    assert!(
        matches!(damage.lost, Lost::Nothing(_)),
        "the index has it: {damage:?}"
    );
    assert_eq!(keys(&found).len(), 10);
    drop(found);
    fs::remove_dir_all(directory.path().join("index")).unwrap();
    let found = inspect(directory.path());
    assert_eq!(only(&found).lost, Lost::Transactions(3, Some(3)));
    assert_eq!(keys(&found), ["k00000", "k00001"]);
}

#[test]
fn a_damaged_segment_header_is_found() {
    let directory = directory();
    fill(directory.path(), small(), 0..10);
    fs::remove_dir_all(directory.path().join("index")).unwrap();
    flip(&directory.path().join("log-0000000000000000"), 20);
    let found = inspect(directory.path());
    assert_eq!(only(&found).lost, Lost::Transactions(1, None));
    assert!(found.view.is_none());
}

/// What is called whole opens, and what does not open is not called whole: a flipped bit anywhere.
#[test]
fn the_check_agrees_with_the_opening() {
    let seed = std::env::var("STEPWELL_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("STEPWELL_SEED={seed}");
    let mut state = seed | 1;
    let mut random = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let original = directory();
    fill(original.path(), small(), 0..600);
    for _ in 0..60 {
        let directory = directory();
        copy(original.path(), directory.path());
        let all = files(directory.path());
        let (path, content) = &all[random(all.len())];
        if content.is_empty() {
            continue;
        }
        let at = random(content.len());
        flip(path, at);
        let is_whole = match Inspection::open(directory.path(), &small()) {
            Ok(found) => found.damages.is_empty(),
            Err(_) => false,
        };
        let opened = EmbeddedStore::open(directory.path(), small());
        let place = format!("byte {at} of {}", path.display());
        if is_whole {
            let store = opened.unwrap_or_else(|error| panic!("{place}: {error}"));
            let rows = store.scan(KeyRange::all(), Order::Ascending, 9999);
            assert!(rows.unwrap_or_default().len() >= 599, "{place}");
        }
    }
}

#[test]
fn compaction_keeps_everything_and_takes_less() {
    let directory = directory();
    fill(directory.path(), small(), 0..2000);
    let store = EmbeddedStore::open(directory.path(), small()).unwrap();
    for key in 0..1900 {
        commit(&store, Transaction::new().delete(format!("k{key:05}"))).unwrap();
    }
    drop(store);
    let (before, after) = EmbeddedStore::compact(directory.path(), small()).unwrap();
    assert!(
        after.index_bytes < before.index_bytes / 3,
        "{before:?} {after:?}"
    );
    assert!(after.segments < before.segments, "{before:?} {after:?}");
    let found = inspect(directory.path());
    assert!(found.damages.is_empty(), "{:?}", found.damages);
    assert_eq!(keys(&found).len(), 100);
    drop(found);
    fill(directory.path(), small(), 0..50);
    assert_eq!(keys(&inspect(directory.path())).len(), 150);
    let refused = EmbeddedStore::compact(directory.path().join("none"), small());
    assert!(refused.is_err() && !directory.path().join("none").exists());
}
