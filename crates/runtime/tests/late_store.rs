//! Redrives and stops that meet while the disk is late: of an execution with several lives every one is told apart, and
//! whoever asked is answered.

#![allow(clippy::unwrap_used)]

mod world;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use engine::EventKind;
use engine::event::Failure;
use runtime::keys::Table;
use runtime::{NotRedrivable, Options, Runtime, RuntimeError, Status};
use store::{Completion, KeyRange, MemoryStore, Order, Stats, Store, StoreError, Transaction};
use world::{
    MACHINE, Outside, define_as, ended, events, find, namespace, open, open_as, redrive, rows,
    start, stop,
};

const FAILS: &str = r#"{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"X"}}}"#;
const WAITS: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":100000,"End":true}}}"#;

/// A store that takes transactions in order, one at a time, each some turns of the scheduler after the one before.
#[derive(Default)]
struct Late {
    inner: MemoryStore,
    waiting: Mutex<VecDeque<(Transaction, Completion)>>,
    more: tokio::sync::Notify,
}

impl Late {
    fn of(definition: &str) -> Arc<Late> {
        let late = Arc::new(Late::default());
        assert!(define_as(&late.inner, definition));
        let pump = late.clone();
        tokio::spawn(async move {
            loop {
                for _ in 0..7 {
                    tokio::task::yield_now().await;
                }
                let next = pump.waiting.lock().unwrap().pop_front();
                match next {
                    Some((transaction, done)) => pump.inner.submit(transaction, done),
                    None => pump.more.notified().await,
                }
            }
        });
        late
    }
}

impl Store for Late {
    fn submit(&self, transaction: Transaction, done: Completion) {
        self.waiting.lock().unwrap().push_back((transaction, done));
        self.more.notify_one();
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.inner.get(key)
    }

    fn scan(
        &self,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.inner.scan(range, order, limit)
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }

    fn close(&self) -> Result<(), StoreError> {
        self.inner.close()
    }
}

/// Opened over what is on time; served by what is late.
fn serve(late: &Arc<Late>) -> Arc<Runtime> {
    // Draws the key of tokens, which a runtime waits for while it opens.
    drop(open(Arc::new(Handle(late.clone())), &Outside::default()).unwrap());
    Arc::new(open(late.clone(), &Outside::default()).unwrap())
}

/// The same store on time.
struct Handle(Arc<Late>);

impl Store for Handle {
    fn submit(&self, transaction: Transaction, done: Completion) {
        self.0.inner.submit(transaction, done);
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.0.inner.get(key)
    }

    fn scan(
        &self,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.0.inner.scan(range, order, limit)
    }

    fn stats(&self) -> Stats {
        self.0.inner.stats()
    }

    fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Ends without success at its start and at its first redrive; waits once it is redriven again.
const WAITS_LATER: &str = r#"{"QueryLanguage":"JSONata","StartAt":"P","States":{
    "P":{"Type":"Pass","Output":"{% $states.context.Execution.RedriveCount < 2 ? $error('x') : 1 %}","Next":"W"},
    "W":{"Type":"Wait","Seconds":100000,"End":true}}}"#;

/// So many redrives, each some turns of the scheduler after the one before; how many took place.
async fn redrive_together(runtime: &Arc<Runtime>, name: &str, apart: usize) -> usize {
    let redrives: Vec<_> = (0..8)
        .map(|number| {
            let (runtime, name) = (runtime.clone(), name.to_owned());
            tokio::spawn(async move {
                for _ in 0..apart * number {
                    tokio::task::yield_now().await;
                }
                redrive(&runtime, &name, None).await
            })
        })
        .collect();
    let mut told = 0;
    for redrive in redrives {
        match redrive.await.unwrap() {
            Ok(_) => told += 1,
            Err(RuntimeError::Overloaded) => {}
            Err(RuntimeError::NotRedrivable(NotRedrivable::Status(Status::Running))) => {}
            Err(other) => panic!("{other}"),
        }
    }
    told
}

#[tokio::test(start_paused = true)]
async fn redrives_at_a_time_leave_nothing_without_an_owner() {
    for definition in [FAILS, WAITS_LATER] {
        let late = Late::of(definition);
        let runtime = serve(&late);
        let store: Arc<dyn Store> = late.clone();
        for apart in 0..12 {
            let name = format!("e{apart}");
            start(&runtime, &name).await.unwrap();
            assert!(ended(&runtime, &store, &name).await);
            let told = redrive_together(&runtime, &name, apart).await;
            // Whatever is open has an owner, which ends it.
            stop(&runtime, &name).await;
            assert!(ended(&runtime, &store, &name).await);
            let all = events(late.as_ref(), &name);
            let is_redrive =
                |event: &&engine::Event| matches!(event.kind, EventKind::ExecutionRedriven { .. });
            assert_eq!(all.iter().filter(is_redrive).count(), told, "{name}");
            let record = find(late.as_ref(), &name).unwrap();
            assert_eq!(record.redrives.count, told as u32, "{name}");
        }
        assert_eq!(runtime.open_executions(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_a_redrive_that_never_was_is_answered() {
    let late = Late::of(WAITS);
    let runtime = serve(&late);
    start(&runtime, "e").await.unwrap();
    stop(&runtime, "e").await;
    let redriven = tokio::spawn({
        let runtime = runtime.clone();
        async move { redrive(&runtime, "e", None).await }
    });
    // Until the shard has the redrive, whose commit waits: then somebody removes the execution before it.
    while late.waiting.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let prefix = namespace().table(Table::Remains).build();
    let left = late.scan(KeyRange::prefix(prefix), Order::Ascending, 100);
    let mut transaction = Transaction::new();
    for (key, _) in left.unwrap() {
        transaction = transaction.delete(key);
    }
    late.inner.submit(transaction, Box::new(|_| {}));
    let place = namespace();
    let stopped = runtime.stop_execution(&place, MACHINE, "e", Failure::default());
    assert!(stopped.await.is_ok(), "it had ended");
    let refused = redriven.await.unwrap();
    let gone = Err(RuntimeError::NotRedrivable(NotRedrivable::Period));
    assert_eq!(
        format!("{refused:?}"),
        format!("{:?}", gone as Result<(), _>)
    );
    assert_eq!(runtime.open_executions(), 0);
    assert_eq!(rows(late.as_ref(), Table::Frame), 0);
}

#[tokio::test(start_paused = true)]
async fn a_redrive_takes_a_place_like_a_start() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define_as(store.as_ref(), WAITS));
    let options = Options {
        open_executions: 1,
        waiting_calls: 8,
        ..Options::default()
    };
    let runtime = Arc::new(open_as(store.clone(), &Outside::default(), options).unwrap());
    for name in ["a", "b"] {
        start(&runtime, name).await.unwrap();
        stop(&runtime, name).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    redrive(&runtime, "a", Some("t")).await.unwrap();
    let refused = redrive(&runtime, "b", None).await;
    assert!(
        matches!(refused, Err(RuntimeError::TooManyOpen)),
        "{refused:?}"
    );
    assert!(
        redrive(&runtime, "a", Some("t")).await.is_ok(),
        "it was made"
    );
    stop(&runtime, "a").await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    redrive(&runtime, "b", None).await.unwrap();
}
