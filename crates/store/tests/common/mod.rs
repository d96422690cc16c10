//! What the tests of the store share.
#![allow(dead_code, missing_docs)]

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use store::faults::FaultDisk;
use store::{
    Bytes, EmbeddedStore, KeyRange, Options, Order, Outcome, Store, StoreError, Transaction,
};
use tempfile::TempDir;

/// Everything small, so that a short test rolls segments over, recycles them and flushes the index.
pub fn small() -> Options {
    Options {
        segment_bytes: 16 * 1024,
        first_segment_bytes: 8 * 1024,
        checkpoint_bytes: 24 * 1024,
        index_memory_bytes: 32 * 1024,
        ..Options::default()
    }
}

/// A directory in memory where there is one: the tests need the calls, not the disk.
pub fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.unwrap()
}

pub fn open_on(disk: &FaultDisk, directory: &Path) -> Result<EmbeddedStore, StoreError> {
    EmbeddedStore::open_with(Arc::new(disk.clone()), directory, small())
}

/// Submits a transaction; the outcome arrives in the receiver.
pub fn submit(store: &dyn Store, tx: Transaction) -> Receiver<Result<Outcome, StoreError>> {
    let (sender, receiver) = channel();
    store.submit(tx, Box::new(move |result| sender.send(result).unwrap()));
    receiver
}

pub fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub fn get(store: &dyn Store, key: &str) -> Option<String> {
    let value = store.get(key.as_bytes()).unwrap()?;
    Some(String::from_utf8(value.to_vec()).unwrap())
}

pub fn all(store: &dyn Store) -> Vec<(Bytes, Bytes)> {
    store
        .scan(KeyRange::all(), Order::Ascending, usize::MAX)
        .unwrap()
}

/// `a=1 b=2` of everything in a range.
pub fn text(store: &dyn Store, range: KeyRange, order: Order, limit: usize) -> String {
    let found = store.scan(range, order, limit).unwrap();
    let pairs = found.iter().map(|(k, v)| {
        format!(
            "{}={}",
            String::from_utf8_lossy(k),
            String::from_utf8_lossy(v)
        )
    });
    pairs.collect::<Vec<_>>().join(" ")
}
