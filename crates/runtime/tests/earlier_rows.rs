//! Rows that were written before there were versions and aliases: their executions go on, and are listed.

#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;

use runtime::codec::{Writer, records};
use runtime::keys::Table;
use runtime::query::{self, Filter};
use runtime::{ExecutionRecord, PinnedRevision, Status};
use store::{KeyRange, MemoryStore, Order, Store, Transaction, commit};
use world::{MACHINE, Outside, check_finished, define, ended, find, namespace, open, start};

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

    let record = find(store.as_ref(), "e").unwrap();
    assert_eq!(record.status, Status::Running);
    assert_eq!(record.revision, PinnedRevision::unqualified("revision-1"));
    assert_eq!(listed(store.as_ref(), Filter::default()), ["e"]);
    let runtime = open(store.clone(), &outside).unwrap();
    assert!(ended(&runtime, &store, "e").await);
    check_finished(store.as_ref(), "e");
    let ended = Filter {
        status: Some(Status::Succeeded),
        through: None,
    };
    assert_eq!(listed(store.as_ref(), ended), ["e"]);
    let through = Filter {
        status: None,
        through: Some("e"),
    };
    assert!(listed(store.as_ref(), through).is_empty());
}

fn listed(store: &dyn Store, filter: Filter<'_>) -> Vec<String> {
    let page = query::list_matching(store, &namespace(), MACHINE, filter, None, 10).unwrap();
    let names = page.executions.iter();
    names
        .map(|(_, record)| record.facts.name.to_string())
        .collect()
}
