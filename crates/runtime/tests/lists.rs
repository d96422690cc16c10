//! Pages of lists while executions start, end and are redriven: none that was there is missed, none is seen twice.

#![allow(clippy::unwrap_used)]

mod world;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use engine::Timestamp;
use runtime::lists::List;
use runtime::{ExecutionId, Runtime, RuntimeError, Status, query};
use store::{MemoryStore, Store};
use world::{MACHINE, Outside, define_as, find, namespace, open, redrive, request, start, stop};

const WAIT: &str = r#"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":86400,"End":true}}}"#;

struct Pages<'a> {
    store: &'a dyn Store,
    status: Option<Status>,
    after: Option<ExecutionId>,
    over: bool,
}

impl<'a> Pages<'a> {
    fn of(store: &'a dyn Store, status: Option<Status>) -> Pages<'a> {
        Pages {
            store,
            status,
            after: None,
            over: false,
        }
    }

    fn next(&mut self) -> Vec<String> {
        let list = List {
            machine: MACHINE,
            through: None,
            status: self.status,
        };
        let since = Timestamp(0);
        let page = query::list(self.store, &namespace(), list, since, self.after, 3).unwrap();
        (self.after, self.over) = (page.next, page.next.is_none());
        let names = page.executions.iter();
        names.map(|(_, listed)| listed.name.to_string()).collect()
    }

    fn rest(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while !self.over {
            names.extend(self.next());
        }
        names
    }
}

async fn begun(names: impl Iterator<Item = String>) -> (Arc<dyn Store>, Runtime) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define_as(store.as_ref(), WAIT));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    for name in names {
        start(&runtime, &name).await.unwrap();
        tokio::time::advance(Duration::from_millis(5)).await;
    }
    (store, runtime)
}

#[tokio::test(start_paused = true)]
async fn pages_stay_whole_while_everything_changes() {
    let names = || (0..20).map(|number| format!("e{number:02}"));
    let (store, runtime) = begun(names()).await;
    let mut pages = Pages::of(store.as_ref(), None);
    let mut seen = pages.next();
    assert_eq!(seen, ["e19", "e18", "e17"], "newest first");
    for (round, name) in names().enumerate() {
        if round % 2 == 0 {
            stop(&runtime, &name).await;
        }
        if round % 4 == 0 {
            redrive(&runtime, &name, None).await.unwrap();
        }
        if round % 5 == 0 {
            start(&runtime, &format!("new{round}")).await.unwrap();
        }
        if round % 3 == 0 && !pages.over {
            seen.extend(pages.next());
        }
    }
    seen.extend(pages.rest());
    let unique: BTreeSet<_> = seen.iter().cloned().collect();
    assert_eq!(unique.len(), seen.len(), "seen twice: {seen:?}");
    assert_eq!(unique, names().collect(), "all and only those of before");

    let mut by_status = BTreeSet::new();
    for status in Status::ALL {
        for name in Pages::of(store.as_ref(), Some(status)).rest() {
            assert_eq!(find(store.as_ref(), &name).unwrap().status, status);
            assert!(by_status.insert(name), "in two lists");
        }
    }
    let all = Pages::of(store.as_ref(), None).rest();
    assert_eq!(by_status, all.into_iter().collect());
}

#[tokio::test(start_paused = true)]
async fn a_later_machine_of_the_name_has_lists_and_names_of_its_own() {
    let (store, runtime) = begun(["a", "b"].into_iter().map(str::to_owned)).await;
    stop(&runtime, "a").await;
    let created = find(store.as_ref(), "b").unwrap().facts.started.0 + 1;
    let again = |name: &str| {
        let mut request = request(name, "{}");
        request.machine_created = Timestamp(created);
        request
    };
    // One of the earlier ones has ended, one is open.
    let first = runtime.start(again("a")).await.unwrap();
    assert!(first.at.0 >= created);
    runtime.start(again("b")).await.unwrap();
    assert_eq!(runtime.start(again("a")).await.unwrap().at, first.at);
    let list = List {
        machine: MACHINE,
        through: None,
        status: None,
    };
    let since = Timestamp(created);
    let page = query::list(store.as_ref(), &namespace(), list, since, None, 10).unwrap();
    let names: Vec<_> = page.executions.iter().map(|(_, one)| &*one.name).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(Pages::of(store.as_ref(), None).rest().len(), 4);
    assert_eq!(runtime.open_executions(), 2, "the earlier b was stopped");
    stop(&runtime, "a").await;
    assert!(matches!(
        runtime.start(again("a")).await,
        Err(RuntimeError::AlreadyExists)
    ));
}
