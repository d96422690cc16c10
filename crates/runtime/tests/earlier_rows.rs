//! Rows that were written before there were versions, aliases and lists by status: their executions go on, and are listed.

#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use std::time::Duration;

use engine::Timestamp;
use runtime::codec::{Writer, records};
use runtime::keys::{LISTS, Table};
use runtime::lists::List;
use runtime::{ExecutionRecord, PinnedRevision, Status, query};
use store::{KeyRange, MemoryStore, Order, Store, Transaction, commit};
use world::{
    MACHINE, Outside, check_finished, define, define_as, ended, find, namespace, open, start,
};

/// A record of an open execution, in the first version of the format.
fn first_version(record: &ExecutionRecord) -> Vec<u8> {
    let facts = &record.facts;
    let mut out = Writer::versioned(1);
    out.byte(record.status.number());
    for text in [
        &facts.arn,
        &facts.name,
        &facts.machine_arn,
        &facts.machine_name,
        &facts.role_arn,
        &facts.region,
        &record.revision.key,
    ] {
        out.text(text);
    }
    out.option(record.trace_header.as_deref(), Writer::text);
    out.int(facts.started.0);
    out.option(record.stopped, |out, at| out.int(at.0));
    out.text(facts.input.text());
    // No output, and neither error nor cause.
    for _ in 0..3 {
        out.byte(0);
    }
    out.finish()
}

/// Writes all rows of a table anew.
fn rewrite(store: &dyn Store, table: Table, new: impl Fn(&[u8]) -> Vec<u8>) -> usize {
    let prefix = namespace().table(table).build();
    let rows = store
        .scan(KeyRange::prefix(prefix), Order::Ascending, usize::MAX)
        .unwrap();
    let tx = rows.iter().fold(Transaction::new(), |tx, (key, value)| {
        tx.put(key.clone(), new(value))
    });
    commit(store, tx).unwrap();
    rows.len()
}

#[tokio::test(start_paused = true)]
async fn an_execution_of_before_goes_on() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define(store.as_ref()));
    let outside = Outside::default();
    let runtime = open(store.clone(), &outside).unwrap();
    start(&runtime, "e").await.unwrap();
    runtime.shutdown().await;
    drop(runtime);
    let before = |row: &[u8]| first_version(&records::decode(row).unwrap());
    assert_eq!(rewrite(store.as_ref(), Table::Execution, before), 1);
    assert_eq!(
        rewrite(store.as_ref(), Table::ExecutionList, |row| row[..1].into()),
        1
    );

    let no_lists = Transaction::new().delete(LISTS);
    commit(store.as_ref(), no_lists).unwrap();

    let record = find(store.as_ref(), "e").unwrap();
    assert_eq!(record.status, Status::Running);
    assert_eq!(record.revision, PinnedRevision::unqualified("revision-1"));
    let runtime = open(store.clone(), &outside).unwrap();
    assert_eq!(listed(store.as_ref(), None, None), ["e"]);
    assert_eq!(listed(store.as_ref(), Some(Status::Running), None), ["e"]);
    assert!(ended(&runtime, &store, "e").await);
    check_finished(store.as_ref(), "e");
    assert_eq!(listed(store.as_ref(), Some(Status::Succeeded), None), ["e"]);
    assert!(listed(store.as_ref(), Some(Status::Running), None).is_empty());
    assert!(listed(store.as_ref(), None, Some("e")).is_empty());
}

#[tokio::test(start_paused = true)]
async fn lists_are_made_once() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let pass = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;
    assert!(define_as(store.as_ref(), pass));
    let outside = Outside::default();
    let runtime = open(store.clone(), &outside).unwrap();
    for number in 0..200 {
        start(&runtime, &format!("e{number}")).await.unwrap();
        tokio::time::advance(Duration::from_millis(2)).await;
    }
    runtime.shutdown().await;
    let expected = listed(store.as_ref(), None, None);
    assert_eq!(expected.len(), 200);
    let old = |store: &dyn Store| {
        assert_eq!(rewrite(store, Table::ExecutionList, |_| vec![1]), 200);
        clear(store, Table::ExecutionIndex);
    };
    old(store.as_ref());
    commit(store.as_ref(), Transaction::new().delete(LISTS)).unwrap();
    drop(open(store.clone(), &outside).unwrap());
    assert_eq!(listed(store.as_ref(), None, None), expected);
    let succeeded = Some(Status::Succeeded);
    assert_eq!(listed(store.as_ref(), succeeded, None), expected);

    // It is not done again: a row that is damaged now stays so.
    assert_eq!(clear(store.as_ref(), Table::ExecutionIndex), 200);
    drop(open(store.clone(), &outside).unwrap());
    assert!(listed(store.as_ref(), succeeded, None).is_empty());
}

fn clear(store: &dyn Store, table: Table) -> usize {
    let prefix = namespace().table(table).build();
    let rows = store
        .scan(KeyRange::prefix(prefix), Order::Ascending, usize::MAX)
        .unwrap();
    let tx = rows
        .iter()
        .fold(Transaction::new(), |tx, (key, _)| tx.delete(key.clone()));
    commit(store, tx).unwrap();
    rows.len()
}

fn listed(store: &dyn Store, status: Option<Status>, through: Option<&str>) -> Vec<String> {
    let list = List {
        machine: MACHINE,
        through,
        status,
    };
    let page = query::list(store, &namespace(), list, Timestamp(0), None, 1_000).unwrap();
    let names = page.executions.iter();
    names.map(|(_, listed)| listed.name.to_string()).collect()
}
