//! Random transactions, restarts and scans against a sorted map.
#![allow(clippy::unwrap_used)]

mod common;

use common::{all, directory, submit};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use store::{
    Bytes, EmbeddedStore, KeyRange, MemoryStore, Options, Order, Outcome, Precondition, Store,
    Transaction, Write,
};

type Model = BTreeMap<Bytes, Bytes>;

#[derive(Clone, Debug)]
enum Step {
    /// Transactions submitted together.
    Batch(Vec<Transaction>),
    Scan(Vec<u8>, Option<Vec<u8>>, bool, usize),
    /// Closed and opened again; the index is thrown away if it can be rebuilt.
    Restart {
        forget: bool,
    },
}

fn key() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(prop::sample::select(vec![0, 1, 7, 255]), 1..4).prop_map(Bytes::from)
}

fn value() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..3).prop_map(Bytes::from),
        1 => (any::<u8>(), 0..3000usize).prop_map(|(byte, length)| Bytes::from(vec![byte; length])),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        3 => (key(), value()).prop_map(|(key, value)| Write::Put { key, value }),
        1 => key().prop_map(|key| Write::Delete { key }),
    ]
}

fn precondition() -> impl Strategy<Value = Precondition> {
    prop_oneof![
        key().prop_map(Precondition::Absent),
        (key(), value()).prop_map(|(key, value)| Precondition::Equals { key, value }),
    ]
}

fn transaction() -> impl Strategy<Value = Transaction> {
    let preconditions = prop::collection::vec(precondition(), 0..2);
    let writes = prop::collection::vec(write(), 0..5);
    (preconditions, writes).prop_map(|(preconditions, writes)| Transaction {
        preconditions,
        writes,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let bound = || prop::collection::vec(prop::sample::select(vec![0, 1, 7, 255]), 0..3);
    prop_oneof![
        8 => prop::collection::vec(transaction(), 1..8).prop_map(Step::Batch),
        3 => (bound(), prop::option::of(bound()), any::<bool>(), 0..20usize)
            .prop_map(|(start, end, descending, limit)| Step::Scan(start, end, descending, limit)),
        1 => any::<bool>().prop_map(|forget| Step::Restart { forget }),
    ]
}

/// What the transaction does to the model.
fn expect(model: &mut Model, sequence: &mut u64, tx: &Transaction) -> Outcome {
    let broken = |p: &Precondition| !p.holds(model.get(p.key()).map(|value| value.as_ref()));
    if let Some(precondition) = tx.preconditions.iter().position(broken) {
        return Outcome::Conflict { precondition };
    }
    for write in &tx.writes {
        match write.value() {
            Some(value) => model.insert(write.key().clone(), value.clone()),
            None => model.remove(write.key()),
        };
    }
    *sequence += 1;
    Outcome::Committed {
        sequence: *sequence,
    }
}

fn scan(model: &Model, range: &KeyRange, descending: bool, limit: usize) -> Vec<(Bytes, Bytes)> {
    let inside = model.iter().filter(|(key, _)| range.contains(key));
    let mut found: Vec<_> = inside.map(|(k, v)| (k.clone(), v.clone())).collect();
    if descending {
        found.reverse();
    }
    found.truncate(limit);
    found
}

/// Runs the steps; `restart` gives the store again as it is after a restart.
fn run<S: Store>(steps: &[Step], mut store: S, restart: impl Fn(S, bool) -> S) {
    let (mut model, mut sequence) = (Model::new(), 0);
    for step in steps {
        match step {
            Step::Batch(batch) => {
                let waiting: Vec<_> = batch.iter().map(|tx| submit(&store, tx.clone())).collect();
                for (tx, outcome) in batch.iter().zip(waiting) {
                    let expected = expect(&mut model, &mut sequence, tx);
                    assert_eq!(outcome.recv().unwrap().unwrap(), expected, "{tx:?}");
                }
            }
            Step::Scan(start, end, descending, limit) => {
                let range = match end {
                    Some(end) => KeyRange::between(start.clone(), end.clone()),
                    None => KeyRange::prefix(start.clone()),
                };
                let order = if *descending {
                    Order::Descending
                } else {
                    Order::Ascending
                };
                let expected = scan(&model, &range, *descending, *limit);
                assert_eq!(store.scan(range, order, *limit).unwrap(), expected);
            }
            Step::Restart { forget } => store = restart(store, *forget),
        }
        assert_eq!(store.stats().sequence, sequence);
    }
    assert!(all(&store).into_iter().eq(model));
}

fn open(path: &Path) -> EmbeddedStore {
    let options = Options {
        index_memory_bytes: 8 * 1024,
        ..common::small()
    };
    EmbeddedStore::open(path, options).unwrap()
}

fn reopen(path: &Path, store: EmbeddedStore, forget: bool) -> EmbeddedStore {
    drop(store);
    if forget && path.join("log-0000000000000000").exists() {
        std::fs::remove_dir_all(path.join("index")).unwrap();
    }
    open(path)
}

proptest! {
    // A failure prints the smallest steps that show it, and the seed.
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_is_like_a_map(steps in prop::collection::vec(step(), 1..30)) {
        run(&steps, MemoryStore::new(), |store, _| store);
    }

    #[test]
    fn embedded_is_like_a_map(steps in prop::collection::vec(step(), 1..60)) {
        let directory = directory();
        run(&steps, open(directory.path()), |store, forget| reopen(directory.path(), store, forget));
    }
}
