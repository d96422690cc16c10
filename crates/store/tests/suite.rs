//! What every store must do, run against each of them.
#![allow(clippy::unwrap_used)]

mod common;

use common::{all, bytes, directory, get, small, submit, text};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use store::{
    EmbeddedStore, KeyRange, MAX_KEY_BYTES, MAX_TRANSACTION_BYTES, MemoryStore, Order, Outcome,
    Store, StoreError, Transaction, commit,
};

type Test = (&'static str, fn(&Arc<dyn Store>));

/// Runs the whole suite; `make` gives a new, empty store and whatever must live as long.
fn conforms<K>(make: &dyn Fn() -> (Arc<dyn Store>, K)) {
    let tests: &[Test] = &[
        ("writes are visible when they are acknowledged", visible),
        ("the later write to a key stands", later_write),
        ("preconditions decide", preconditions),
        ("a conflict fails nobody else", conflict_alone),
        ("earlier transactions of a batch count", chained),
        ("scans are ordered and bounded", scans),
        ("empty ranges are empty", empty_ranges),
        ("keys are any bytes", any_bytes),
        ("completions run in order", order),
        ("a completion may read and submit", reentrant),
        ("a completion that panics harms nobody", panicking),
        ("counters never lose an increment", contended),
        ("readers see whole transactions", isolation),
        ("limits are kept", limits),
        ("an empty transaction commits", empty_transaction),
        ("a closed store refuses", closed),
        ("stats count", stats),
    ];
    for (name, test) in tests {
        println!("{name}");
        let (store, keep) = make();
        test(&store);
        drop(store);
        drop(keep);
    }
}

#[test]
fn memory() {
    conforms(&|| (Arc::new(MemoryStore::new()) as Arc<dyn Store>, ()));
}

#[test]
fn embedded() {
    conforms(&|| {
        let directory = directory();
        let store = EmbeddedStore::open(directory.path(), small()).unwrap();
        (Arc::new(store) as Arc<dyn Store>, directory)
    });
}

fn put(key: &str, value: &str) -> Transaction {
    Transaction::new().put(bytes(key), bytes(value))
}

fn sequence(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Committed { sequence } => sequence,
        Outcome::Conflict { precondition } => panic!("conflict at {precondition}"),
    }
}

fn visible(store: &Arc<dyn Store>) {
    assert_eq!(get(store.as_ref(), "a"), None);
    let first = commit(store.as_ref(), put("a", "1").put("b", "")).unwrap();
    assert_eq!(get(store.as_ref(), "a").as_deref(), Some("1"));
    assert_eq!(get(store.as_ref(), "b").as_deref(), Some(""));
    let second = commit(
        store.as_ref(),
        Transaction::new().delete("a").delete("never"),
    )
    .unwrap();
    assert_eq!(get(store.as_ref(), "a"), None);
    assert_eq!((sequence(first), sequence(second)), (1, 2));
}

fn later_write(store: &Arc<dyn Store>) {
    let tx = put("a", "1")
        .delete("a")
        .put("a", "2")
        .put("b", "1")
        .delete("b");
    commit(store.as_ref(), tx).unwrap();
    assert_eq!(
        text(store.as_ref(), KeyRange::all(), Order::Ascending, 9),
        "a=2"
    );
}

fn preconditions(store: &Arc<dyn Store>) {
    let s = store.as_ref();
    let create = |value: &str| put("a", value).require_absent("a");
    assert_eq!(
        commit(s, create("1")).unwrap(),
        Outcome::Committed { sequence: 1 }
    );
    assert_eq!(
        commit(s, create("2")).unwrap(),
        Outcome::Conflict { precondition: 0 }
    );
    let swap = |from: &'static str| put("a", "3").require_absent("b").require_equals("a", from);
    assert_eq!(
        commit(s, swap("2")).unwrap(),
        Outcome::Conflict { precondition: 1 }
    );
    assert_eq!(
        commit(s, swap("1")).unwrap(),
        Outcome::Committed { sequence: 2 }
    );
    assert_eq!(get(s, "a").as_deref(), Some("3"));
    let missing = put("c", "1").require_equals("b", "");
    assert_eq!(
        commit(s, missing).unwrap(),
        Outcome::Conflict { precondition: 0 }
    );
    assert_eq!(get(s, "c"), None);
}

fn conflict_alone(store: &Arc<dyn Store>) {
    let s = store.as_ref();
    let waiting: Vec<_> = (0..20)
        .map(|i| {
            let tx = put(&format!("k{}", i / 2), &i.to_string());
            submit(s, tx.require_absent(format!("k{}", i / 2)))
        })
        .collect();
    let outcomes: Vec<_> = waiting.iter().map(|w| w.recv().unwrap().unwrap()).collect();
    for pair in outcomes.chunks(2) {
        assert!(matches!(pair[0], Outcome::Committed { .. }), "{outcomes:?}");
        assert_eq!(pair[1], Outcome::Conflict { precondition: 0 });
    }
    assert_eq!(all(s).len(), 10);
}

fn chained(store: &Arc<dyn Store>) {
    let s = store.as_ref();
    let mut waiting = vec![submit(s, put("n", "0"))];
    for i in 0..50 {
        let tx = put("n", &(i + 1).to_string()).require_equals("n", i.to_string());
        waiting.push(submit(s, tx));
    }
    waiting.push(submit(
        s,
        Transaction::new().delete("n").require_equals("n", "50"),
    ));
    waiting.push(submit(s, put("n", "again").require_absent("n")));
    let sequences: Vec<_> = waiting
        .iter()
        .map(|w| sequence(w.recv().unwrap().unwrap()))
        .collect();
    assert_eq!(sequences, (1..=53).collect::<Vec<_>>());
    assert_eq!(get(s, "n").as_deref(), Some("again"));
}

fn scans(store: &Arc<dyn Store>) {
    let s = store.as_ref();
    let mut tx = Transaction::new();
    for key in ["a", "b/1", "b/2", "b/3", "b0", "c"] {
        tx = tx.put(key, key.to_uppercase());
    }
    commit(s, tx).unwrap();
    let page = KeyRange::prefix("b/");
    assert_eq!(
        text(s, page.clone(), Order::Ascending, 9),
        "b/1=B/1 b/2=B/2 b/3=B/3"
    );
    assert_eq!(
        text(s, page.clone(), Order::Descending, 2),
        "b/3=B/3 b/2=B/2"
    );
    assert_eq!(
        text(s, page.clone().after("b/1"), Order::Ascending, 1),
        "b/2=B/2"
    );
    assert_eq!(text(s, page.before("b/3"), Order::Descending, 1), "b/2=B/2");
    assert_eq!(
        text(s, KeyRange::from_start("b/3"), Order::Ascending, 2),
        "b/3=B/3 b0=B0"
    );
    assert_eq!(text(s, KeyRange::until("b/1"), Order::Ascending, 9), "a=A");
    assert_eq!(
        text(s, KeyRange::between("b", "b/2"), Order::Ascending, 9),
        "b/1=B/1"
    );
    assert_eq!(text(s, KeyRange::all(), Order::Descending, 1), "c=C");
    assert_eq!(text(s, KeyRange::all(), Order::Ascending, 0), "");
}

fn empty_ranges(store: &Arc<dyn Store>) {
    let s = store.as_ref();
    commit(s, put("b", "1")).unwrap();
    for order in [Order::Ascending, Order::Descending] {
        assert_eq!(text(s, KeyRange::between("c", "a"), order, 9), "");
        assert_eq!(text(s, KeyRange::between("b", "b"), order, 9), "");
        assert_eq!(text(s, KeyRange::prefix("bb"), order, 9), "");
    }
}

fn any_bytes(store: &Arc<dyn Store>) {
    let s = store.as_ref();
    let keys: Vec<Vec<u8>> = vec![
        vec![0],
        vec![0, 0],
        vec![1],
        vec![127, 0, 255],
        vec![255],
        vec![255, 255],
        vec![255; MAX_KEY_BYTES],
    ];
    let tx = keys.iter().fold(Transaction::new(), |tx, key| {
        tx.put(key.clone(), key.clone())
    });
    commit(s, tx).unwrap();
    let found: Vec<_> = all(s).into_iter().map(|(key, _)| key.to_vec()).collect();
    assert_eq!(found, keys);
    let prefixed = s
        .scan(KeyRange::prefix(vec![255]), Order::Descending, 9)
        .unwrap();
    assert_eq!(prefixed.len(), 3);
    assert_eq!(s.get(&[]).unwrap(), None);
}

fn order(store: &Arc<dyn Store>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    for i in 0..200 {
        let (seen, mut tx) = (seen.clone(), put(&format!("k{i}"), ""));
        if i % 3 == 0 {
            tx = tx.require_equals("never", "");
        }
        store.submit(tx, Box::new(move |_| seen.lock().unwrap().push(i)));
    }
    commit(store.as_ref(), put("last", "")).unwrap();
    assert_eq!(*seen.lock().unwrap(), (0..200).collect::<Vec<_>>());
}

fn reentrant(store: &Arc<dyn Store>) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let inner = store.clone();
    let outer = move |result: Result<Outcome, StoreError>| {
        let seen = inner.get(b"a").unwrap();
        let first = sequence(result.unwrap());
        let done = move |result: Result<Outcome, StoreError>| {
            sender
                .send((seen, first, sequence(result.unwrap())))
                .unwrap();
        };
        inner.submit(put("b", "2"), Box::new(done));
    };
    store.submit(put("a", "1"), Box::new(outer));
    let (seen, first, second) = receiver.recv().unwrap();
    assert_eq!((seen, first, second), (Some(bytes("1")), 1, 2));
    assert_eq!(get(store.as_ref(), "b").as_deref(), Some("2"));
}

fn panicking(store: &Arc<dyn Store>) {
    store.submit(
        put("a", "1"),
        Box::new(|_| panic!("a broken completion (expected)")),
    );
    commit(store.as_ref(), put("b", "2")).unwrap();
    assert_eq!(
        text(store.as_ref(), KeyRange::all(), Order::Ascending, 9),
        "a=1 b=2"
    );
}

/// Optimistic increments from several threads: each retries on a conflict.
fn contended(store: &Arc<dyn Store>) {
    const THREADS: u32 = 4;
    const EACH: u32 = 25;
    commit(store.as_ref(), put("n", "0")).unwrap();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..EACH).for_each(|_| increment(store.as_ref())));
        }
    });
    assert_eq!(
        get(store.as_ref(), "n").unwrap(),
        (THREADS * EACH).to_string()
    );
}

fn increment(store: &dyn Store) {
    loop {
        let n = get(store, "n").unwrap();
        let next = n.parse::<u32>().unwrap() + 1;
        let tx = put("n", &next.to_string()).require_equals("n", n);
        if let Outcome::Committed { .. } = commit(store, tx).unwrap() {
            return;
        }
    }
}

/// One thread rewrites many keys at once, others scan: all keys of a scan have the same value.
fn isolation(store: &Arc<dyn Store>) {
    const KEYS: usize = 30;
    let write = |value: usize| {
        (0..KEYS).fold(Transaction::new(), |tx, key| {
            tx.put(format!("k{key:02}"), value.to_string())
        })
    };
    commit(store.as_ref(), write(0)).unwrap();
    let start = Barrier::new(3);
    let finished = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            for value in 1..300 {
                commit(store.as_ref(), write(value)).unwrap();
            }
            finished.store(true, std::sync::atomic::Ordering::Release);
        });
        for order in [Order::Ascending, Order::Descending] {
            let (start, finished) = (&start, &finished);
            scope.spawn(move || {
                start.wait();
                while !finished.load(std::sync::atomic::Ordering::Acquire) {
                    let found = store.scan(KeyRange::all(), order, KEYS).unwrap();
                    assert_eq!(found.len(), KEYS);
                    assert!(found.iter().all(|(_, v)| *v == found[0].1), "{found:?}");
                }
            });
        }
    });
}

fn limits(store: &Arc<dyn Store>) {
    let s = store.as_ref();
    let long = vec![b'k'; MAX_KEY_BYTES + 1];
    let refused = |tx| commit(s, tx).unwrap_err().to_string();
    assert_eq!(
        refused(Transaction::new().put(long.clone(), "")),
        "key of size 4097 is over the limit of 4096"
    );
    assert_eq!(
        refused(Transaction::new().require_absent("")),
        "a key must not be empty"
    );
    let big = vec![0; MAX_TRANSACTION_BYTES];
    let error = commit(s, Transaction::new().put("a", big)).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::TooLarge {
                what: "transaction",
                ..
            }
        ),
        "{error}"
    );
    let largest = vec![7; MAX_TRANSACTION_BYTES - 1];
    commit(s, Transaction::new().put("a", largest.clone())).unwrap();
    assert_eq!(s.get(b"a").unwrap().unwrap(), largest);
    assert_eq!(s.get(&long).unwrap(), None);
}

fn empty_transaction(store: &Arc<dyn Store>) {
    let s = store.as_ref();
    let outcome = commit(s, Transaction::new().require_absent("a")).unwrap();
    assert_eq!(outcome, Outcome::Committed { sequence: 1 });
    assert_eq!(sequence(commit(s, put("a", "1")).unwrap()), 2);
}

fn closed(store: &Arc<dyn Store>) {
    let s = store.as_ref();
    let waiting = submit(s, put("a", "1"));
    s.close().unwrap();
    assert!(waiting.recv().unwrap().is_ok());
    s.close().unwrap();
    let error = commit(s, put("b", "1")).unwrap_err();
    assert!(matches!(error, StoreError::Stopped { .. }), "{error}");
    assert_eq!(get(s, "a").as_deref(), Some("1"));
}

fn stats(store: &Arc<dyn Store>) {
    let s = store.as_ref();
    commit(s, put("a", "1")).unwrap();
    commit(s, put("a", "2").require_absent("a")).unwrap();
    commit(s, put("b", "1")).unwrap();
    let stats = s.stats();
    assert_eq!((stats.sequence, stats.commits, stats.conflicts), (2, 2, 1));
    assert_eq!(
        (stats.batches, stats.queue_depth, stats.queue_bytes),
        (2, 0, 0)
    );
}
