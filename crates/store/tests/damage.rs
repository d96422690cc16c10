//! Damaged, missing and foreign files: the store says what is wrong and where, and drops nothing that was acknowledged.
#![allow(clippy::unwrap_used)]

mod common;

use common::{bytes, directory, get, small};
use std::fs;
use std::path::{Path, PathBuf};
use store::{EmbeddedStore, Options, Store, StoreError, Transaction, commit};
use tempfile::TempDir;

const COMMITS: usize = 5;

fn open(path: &Path) -> Result<EmbeddedStore, StoreError> {
    EmbeddedStore::open(path, small())
}

fn error(path: &Path) -> StoreError {
    match open(path) {
        Ok(_) => panic!("it opened"),
        Err(error) => error,
    }
}

fn put(store: &EmbeddedStore, key: usize) {
    commit(
        store,
        Transaction::new().put(format!("k{key}"), vec![b'v'; 100]),
    )
    .unwrap();
}

/// A closed store with a few commits, each of which is a record; the index is removed if `forget` is set.
fn sample(forget: bool) -> TempDir {
    let directory = directory();
    let store = open(directory.path()).unwrap();
    (0..COMMITS).for_each(|key| put(&store, key));
    drop(store);
    if forget {
        fs::remove_dir_all(directory.path().join("index")).unwrap();
    }
    directory
}

/// As many commits as fill more than half of the first segment, so that the next one is prepared, but no more.
const HALF: usize = 15;

/// A store whose log was cut, because the index was made durable and its segments were used again.
fn cut() -> TempDir {
    let directory = directory();
    let store = open(directory.path()).unwrap();
    (0..2000).for_each(|key| put(&store, key));
    drop(store);
    assert!(!segment(directory.path(), 0).exists());
    directory
}

fn segment(directory: &Path, id: u64) -> PathBuf {
    directory.join(format!("log-{id:016x}"))
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut content = fs::read(path).unwrap();
    change(&mut content);
    fs::write(path, content).unwrap();
}

/// Where record `index` of the sample begins: all are equally long.
fn record(index: usize) -> usize {
    let length: usize = 32 + 4 + 1 + 2 + 4 + 2 + 100;
    4096 + index * length.next_multiple_of(8)
}

#[test]
fn the_index_is_rebuilt_from_a_whole_log() {
    let directory = sample(true);
    let store = open(directory.path()).unwrap();
    (0..COMMITS).for_each(|key| assert!(get(&store, &format!("k{key}")).is_some()));
    assert_eq!(store.stats().sequence, COMMITS as u64);
}

#[test]
fn a_damaged_index_is_rebuilt_from_a_whole_log() {
    let directory = sample(false);
    fs::write(directory.path().join("index/current"), "garbage").unwrap();
    let store = open(directory.path()).unwrap();
    (0..COMMITS).for_each(|key| assert!(get(&store, &format!("k{key}")).is_some()));
}

#[test]
fn a_missing_index_behind_a_cut_log_is_reported() {
    let directory = cut();
    fs::remove_dir_all(directory.path().join("index")).unwrap();
    let error = error(directory.path());
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("the index is missing; the log has been cut"),
        "{text}"
    );
    assert!(!directory.path().join("index").exists());
}

/// As when a backup is put back over a part of the directory.
#[test]
fn an_old_index_behind_a_cut_log_is_reported() {
    let directory = sample(false);
    let (index, old) = (directory.path().join("index"), common::directory());
    let kept = old.path().join("index");
    fs::rename(&index, &kept).unwrap();
    let store = open(directory.path()).unwrap();
    (0..2000).for_each(|key| put(&store, key));
    drop(store);
    fs::remove_dir_all(&index).unwrap();
    fs::rename(&kept, &index).unwrap();
    let found = error(directory.path()).to_string();
    assert!(
        found.contains("the index holds transactions up to 5, but the log begins at "),
        "{found}"
    );
}

#[test]
fn a_damaged_index_behind_a_cut_log_is_reported() {
    let directory = cut();
    fs::write(directory.path().join("index/current"), "garbage").unwrap();
    let text = error(directory.path()).to_string();
    assert!(text.contains("index is damaged at byte 0"), "{text}");
    assert!(text.contains("cannot be rebuilt"), "{text}");
    assert_eq!(
        fs::read(directory.path().join("index/current")).unwrap(),
        b"garbage"
    );
}

#[test]
fn a_bad_last_record_is_cut() {
    let directory = sample(true);
    let last = record(COMMITS - 1);
    change(&segment(directory.path(), 0), |log| log[last + 60] ^= 1);
    let store = open(directory.path()).unwrap();
    assert_eq!(store.stats().sequence, COMMITS as u64 - 1);
    put(&store, 9);
    drop(store);
    assert!(get(&open(directory.path()).unwrap(), "k9").is_some());
}

#[test]
fn a_bad_record_in_the_middle_is_reported_wherever_the_damage_is() {
    for index in 0..COMMITS - 1 {
        for byte in [0, 5, 9, 17, 24, 31, 32, 60, 142] {
            let directory = sample(true);
            let path = segment(directory.path(), 0);
            change(&path, |log| log[record(index) + byte] ^= 0x40);
            let found = error(directory.path());
            let StoreError::Corrupt { file, offset, what } = &found else {
                panic!("record {index}, byte {byte}: {found}");
            };
            assert_eq!(
                (file, *offset),
                (&path, record(index) as u64),
                "byte {byte}: {what}"
            );
            assert!(what.contains(" follows in "), "{what}");
        }
    }
}

#[test]
fn a_zeroed_record_in_the_middle_is_reported() {
    let directory = sample(true);
    let path = segment(directory.path(), 0);
    change(&path, |log| log[record(1)..record(3)].fill(0));
    assert!(
        matches!(error(directory.path()), StoreError::Corrupt { offset, .. } if offset == record(1) as u64)
    );
}

/// The last record of a segment and the first of one are in the middle of the log too.
#[test]
fn damage_is_found_across_segments() {
    let big = |directory: &Path| {
        let options = Options {
            index_memory_bytes: 1 << 20,
            checkpoint_bytes: 1 << 20,
            ..small()
        };
        let store = EmbeddedStore::open(directory, options).unwrap();
        (0..300).for_each(|key| put(&store, key));
        drop(store);
        fs::remove_dir_all(directory.join("index")).unwrap();
    };
    let first = directory();
    big(first.path());
    change(&segment(first.path(), 1), |log| log[4096 + 40] ^= 1);
    let found = error(first.path()).to_string();
    let expected = format!(
        "{} is damaged at byte 4096",
        segment(first.path(), 1).display()
    );
    assert!(found.starts_with(&expected), "{found}");

    let last = directory();
    big(last.path());
    let path = segment(last.path(), 0);
    let used = fs::read(&path)
        .unwrap()
        .iter()
        .rposition(|byte| *byte != 0)
        .unwrap();
    change(&path, |log| log[used] ^= 1);
    let found = error(last.path()).to_string();
    assert!(
        found.starts_with(&format!("{} is damaged", path.display())),
        "{found}"
    );

    let gap = directory();
    big(gap.path());
    fs::remove_file(segment(gap.path(), 1)).unwrap();
    let found = error(gap.path()).to_string();
    assert!(
        found.contains("the index is missing; the log has been cut"),
        "{found}"
    );
}

/// A value that looks like a record of this log is not taken for one.
#[test]
fn values_cannot_pose_as_records() {
    let directory = sample(true);
    let copy = fs::read(segment(directory.path(), 0)).unwrap()[4096..record(COMMITS)].to_vec();
    let other = common::directory();
    let store = open(other.path()).unwrap();
    commit(&store, Transaction::new().put("a", copy)).unwrap();
    drop(store);
    fs::remove_dir_all(other.path().join("index")).unwrap();
    change(&segment(other.path(), 0), |log| log[4096 + 33] ^= 1);
    let store = open(other.path()).expect("a torn record with a look-alike inside is cut");
    assert_eq!(store.stats().sequence, 0);
}

#[test]
fn the_end_of_the_log_may_not_be_behind_the_index() {
    let directory = sample(false);
    let path = segment(directory.path(), 0);
    change(&path, |log| {
        log[record(COMMITS - 1)..record(COMMITS)].fill(0)
    });
    let found = error(directory.path());
    assert!(
        matches!(&found, StoreError::Corrupt { offset, .. } if *offset == record(COMMITS - 1) as u64)
    );
    let text = found.to_string();
    assert!(
        text.contains("ends at transaction 4, but the index holds transactions up to 5"),
        "{text}"
    );
}

#[test]
fn a_missing_log_and_a_missing_format_are_reported() {
    let directory = sample(false);
    fs::rename(
        segment(directory.path(), 0),
        directory.path().join("elsewhere"),
    )
    .unwrap();
    assert!(
        error(directory.path())
            .to_string()
            .ends_with("the log is missing")
    );
    let directory = sample(false);
    fs::remove_file(directory.path().join("format")).unwrap();
    assert!(
        error(directory.path())
            .to_string()
            .ends_with("there is a log, but no format file")
    );
    let directory = common::directory();
    let store = open(directory.path()).unwrap();
    (0..HALF).for_each(|key| put(&store, key));
    drop(store);
    assert!(segment(directory.path(), 1).exists());
    fs::remove_file(segment(directory.path(), 0)).unwrap();
    let found = error(directory.path()).to_string();
    assert!(
        found.ends_with("but the log has no records left"),
        "{found}"
    );
}

#[test]
fn a_damaged_or_short_segment_is_reported() {
    let directory = sample(true);
    let path = segment(directory.path(), 0);
    change(&path, |log| log[20] ^= 1);
    assert!(
        error(directory.path())
            .to_string()
            .contains("checksum of the segment's header")
    );
    let directory = sample(true);
    let path = segment(directory.path(), 0);
    change(&path, |log| log.truncate(6000));
    assert!(
        error(directory.path())
            .to_string()
            .contains("the file should have 8192 bytes")
    );
}

#[test]
fn newer_formats_are_refused() {
    let directory = sample(false);
    fs::write(directory.path().join("format"), "store 2\n").unwrap();
    let found = error(directory.path());
    assert!(
        matches!(
            found,
            StoreError::NewerFormat {
                found: 2,
                supported: 1,
                ..
            }
        ),
        "{found}"
    );
    fs::write(directory.path().join("format"), "something else").unwrap();
    assert!(matches!(
        error(directory.path()),
        StoreError::Corrupt { .. }
    ));
    let directory = sample(false);
    change(&segment(directory.path(), 0), |log| log[8] = 9);
    assert!(matches!(
        error(directory.path()),
        StoreError::NewerFormat { found: 9, .. }
    ));
}

#[test]
fn a_second_opener_is_kept_out() {
    let directory = directory();
    let first = open(directory.path()).unwrap();
    let found = error(directory.path());
    assert!(matches!(found, StoreError::Locked { .. }), "{found}");
    assert!(
        found.to_string().ends_with("is in use by another process"),
        "{found}"
    );
    drop(first);
    open(directory.path()).unwrap();
}

#[test]
fn records_larger_than_a_segment_get_one_of_their_own() {
    let directory = directory();
    let large = vec![b'x'; 100_000];
    let store = open(directory.path()).unwrap();
    for i in 0..5 {
        commit(
            &store,
            Transaction::new().put(format!("large{i}"), large.clone()),
        )
        .unwrap();
        put(&store, i);
    }
    drop(store);
    let store = open(directory.path()).unwrap();
    assert_eq!(store.get(&bytes("large4")).unwrap().unwrap(), large);
    assert_eq!(store.stats().sequence, 10);
}

#[test]
fn the_log_does_not_grow() {
    let directory = cut();
    let store = open(directory.path()).unwrap();
    (0..3000).for_each(|key| put(&store, key % 7));
    let stats = store.stats();
    assert!(stats.segments <= 12, "{stats:?}");
}
