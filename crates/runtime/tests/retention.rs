//! Executions that ended long ago go, with all their rows; the others stay.

#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use std::time::Duration;

use engine::Timestamp;
use runtime::retention::Sweep;
use store::{KeyRange, MemoryStore, Order, Store};
use world::{Outside, check_finished, define, define_as, ended, find, open, start};

const DAY: Duration = Duration::from_secs(86_400);
/// What time the world begins at.
const BEGAN: Timestamp = Timestamp(1_700_000_000_000);

fn after(days: u32) -> Timestamp {
    Timestamp(BEGAN.0 + i64::try_from((DAY * days).as_millis()).unwrap())
}

/// Sweeps to the end; how many were removed.
fn sweep(store: &dyn Store, ended_before: Timestamp) -> usize {
    let mut sweep = Sweep::default();
    let mut removed = 0;
    loop {
        let swept = sweep.go_on(store, ended_before).unwrap();
        removed += swept.removed;
        if !swept.more {
            return removed;
        }
    }
}

/// All rows but those of definitions and of the list of namespaces.
fn rows(store: &dyn Store) -> usize {
    let all = KeyRange::prefix(b"123".to_vec());
    let keys = store.scan(all, Order::Ascending, usize::MAX).unwrap();
    keys.iter()
        .filter(|(key, _)| !key.ends_with(b"revision-1\0"))
        .count()
}

#[tokio::test(start_paused = true)]
async fn the_old_go_and_the_others_stay() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define(store.as_ref()));
    let outside = Outside::default();
    let runtime = open(store.clone(), &outside).unwrap();
    for name in ["a", "b"] {
        start(&runtime, name).await.unwrap();
        assert!(ended(&runtime, &store, name).await);
    }
    tokio::time::advance(DAY * 10).await;
    start(&runtime, "c").await.unwrap();
    assert!(ended(&runtime, &store, "c").await);

    assert_eq!(sweep(store.as_ref(), BEGAN), 0);
    assert_eq!(sweep(store.as_ref(), after(5)), 2);
    assert!(find(store.as_ref(), "a").is_none() && find(store.as_ref(), "b").is_none());
    check_finished(store.as_ref(), "c");

    // The name is free again.
    start(&runtime, "a").await.unwrap();
    assert!(ended(&runtime, &store, "a").await);
    check_finished(store.as_ref(), "a");
    assert_eq!(sweep(store.as_ref(), after(1_000)), 2);
    assert_eq!(rows(store.as_ref()), 0, "nothing is left");
}

#[tokio::test(start_paused = true)]
async fn an_open_execution_stays_however_old() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let wait = r#"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":99999,"End":true}}}"#;
    assert!(define_as(store.as_ref(), wait));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    start(&runtime, "open").await.unwrap();
    assert_eq!(sweep(store.as_ref(), after(1_000)), 0);
    assert!(find(store.as_ref(), "open").is_some());
}

#[tokio::test(start_paused = true)]
async fn many_take_several_pieces() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let pass = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;
    assert!(define_as(store.as_ref(), pass));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    for number in 0..600 {
        start(&runtime, &format!("e{number}")).await.unwrap();
    }
    let mut sweep = Sweep::default();
    let first = sweep.go_on(store.as_ref(), after(1)).unwrap();
    assert!(first.more && first.removed < 600);
    let mut removed = first.removed;
    while removed < 600 {
        let swept = sweep.go_on(store.as_ref(), after(1)).unwrap();
        assert!(swept.removed > 0);
        removed += swept.removed;
    }
    assert_eq!(rows(store.as_ref()), 0);
}
