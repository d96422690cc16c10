//! A world for runtimes: virtual time, counted randomness, tasks that answer from a script, and a check of what is
//! found at the end that knows nothing of how the runtime works.
#![allow(dead_code, missing_docs, clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{EventKind, Facts, TaskOutcome, Timestamp};
use expr::Entropy;
use expr::json::Document;
use runtime::{
    Clock, ExecutionRecord, Namespace, Options, Ports, RedriveRequest, Redriven, Room, Runtime,
    RuntimeError, StartRequest, Started, Status, TaskCall, TaskKey, TaskRunner, query,
};
use store::{Store, Transaction, commit};
use tokio::time::Instant;

pub const MACHINE: &str = "machine";

/// A task that fails once, then a Parallel of a Wait and a Map of tasks: everything that can be open. Variables are
/// assigned before, and read after, each of them.
pub const DEFINITION: &str = r#"{"StartAt":"First","States":{
  "First":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"once"},
    "Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":2}],"ResultPath":"$.first",
    "Assign":{"base.$":"$.ok","list":[1,2]},"Next":"Both"},
  "Both":{"Type":"Parallel","End":true,"Branches":[
    {"StartAt":"Wait","States":{"Wait":{"Type":"Wait","Seconds":5,"Next":"Waited"},
      "Waited":{"Type":"Pass","InputPath":"$base","ResultPath":"$.base","End":true}}},
    {"StartAt":"Each","States":{"Each":{"Type":"Map","ItemsPath":"$.items","ItemProcessor":{"StartAt":"Item","States":{
      "Item":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:item","TimeoutSeconds":99999999,
        "Assign":{"mine.$":"$$.Map.Item.Value"},"Next":"Rest"},
      "Rest":{"Type":"Wait","Seconds":1,"Next":"Done"},
      "Done":{"Type":"Pass","Parameters":{"mine.$":"$mine","list.$":"$list"},"End":true}}},"End":true}}}]}}}"#;

pub const INPUT: &str = r#"{"items": [1, 2, 3]}"#;

/// What must survive a process: the outside.
#[derive(Clone)]
pub struct Outside {
    calls: Arc<Mutex<HashMap<String, usize>>>,
    /// How often each attempt was called.
    attempts: Arc<Mutex<HashMap<TaskKey, usize>>>,
    epoch: Instant,
}

impl Default for Outside {
    fn default() -> Outside {
        Outside {
            calls: Arc::default(),
            attempts: Arc::default(),
            epoch: Instant::now(),
        }
    }
}

impl Outside {
    /// How often the attempts were called, the most called one first.
    pub fn attempts(&self) -> Vec<usize> {
        let mut counts: Vec<usize> = self.attempts.lock().unwrap().values().copied().collect();
        counts.sort_by(|a, b| b.cmp(a));
        counts
    }

    /// The first call of `once` for an execution fails, everything else succeeds; `never` is not answered.
    fn answer(&self, call: &TaskCall) -> TaskOutcome {
        let once = call.request.input.text().contains("once");
        let mut calls = self.calls.lock().unwrap();
        let count = calls.entry(call.facts.arn.to_string()).or_default();
        *count += usize::from(once);
        match once && *count == 1 {
            true => TaskOutcome::Failed {
                error: Some("Once".into()),
                cause: Some("the first call".into()),
            },
            false => TaskOutcome::Succeeded(Document::parse(r#"{"ok": true}"#).unwrap()),
        }
    }
}

impl TaskRunner for Outside {
    fn run(&self, call: TaskCall) {
        *self.attempts.lock().unwrap().entry(call.key).or_default() += 1;
        if call.request.input.text().contains("never") {
            return;
        }
        let outcome = self.answer(&call);
        call.answer.send(outcome);
    }

    fn cancel(&self, _key: TaskKey) {}
}

/// Tokio's time, which tests stop and turn.
struct Virtual(Instant);

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.0.elapsed().as_millis()).unwrap();
        Timestamp(1_700_000_000_000 + passed)
    }
}

/// splitmix64.
struct Random(u64);

impl Entropy for Random {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

pub fn namespace() -> Namespace {
    Namespace::new("123456789012", "us-east-1")
}

pub fn open(store: Arc<dyn Store>, outside: &Outside) -> Result<Runtime, RuntimeError> {
    open_with(store, outside, Room::default())
}

/// The same with room for so many Express executions; others leave memory as soon as they can.
pub fn open_with(
    store: Arc<dyn Store>,
    outside: &Outside,
    room: Room,
) -> Result<Runtime, RuntimeError> {
    let options = Options {
        room: Room {
            executions: 0,
            ..room
        },
        ..Options::default()
    };
    open_as(store, outside, options)
}

/// The same with these options.
pub fn open_as(
    store: Arc<dyn Store>,
    outside: &Outside,
    options: Options,
) -> Result<Runtime, RuntimeError> {
    let seeds = Arc::new(Mutex::new(Random(42)));
    let ports = Ports {
        clock: Arc::new(Virtual(outside.epoch)),
        entropy: Arc::new(move || Box::new(Random(seeds.lock().unwrap().next_u64()))),
        runner: Arc::new(outside.clone()),
        objects: Arc::new(runtime::NoObjects),
        listener: None,
    };
    Runtime::open(store, ports, options)
}

/// Writes the definition's row.
pub fn define(store: &dyn Store) -> bool {
    define_as(store, DEFINITION)
}

/// The same for another definition.
pub fn define_as(store: &dyn Store, definition: &str) -> bool {
    let rows = runtime::definition_rows(&namespace(), "revision-1", definition);
    commit(
        store,
        Transaction {
            preconditions: Vec::new(),
            writes: rows.into(),
        },
    )
    .is_ok()
}

pub async fn start(runtime: &Runtime, name: &str) -> Result<Started, RuntimeError> {
    start_with(runtime, name, INPUT).await
}

pub async fn start_with(
    runtime: &Runtime,
    name: &str,
    input: &str,
) -> Result<Started, RuntimeError> {
    runtime.start(request(name, input)).await
}

pub fn request(name: &str, input: &str) -> StartRequest {
    let facts = Facts {
        arn: format!("arn:aws:states:us-east-1:123456789012:execution:{MACHINE}:{name}").into(),
        name: name.into(),
        machine_arn: format!("arn:aws:states:us-east-1:123456789012:stateMachine:{MACHINE}").into(),
        machine_name: MACHINE.into(),
        role_arn: "arn:aws:iam::123456789012:role/r".into(),
        region: "us-east-1".into(),
        started: Timestamp(0),
        input: Document::parse(input).unwrap(),
        test_case: None,
    };
    StartRequest {
        namespace: namespace(),
        facts,
        revision: "revision-1".into(),
        trace_header: None,
        machine_created: Timestamp(0),
    }
}

pub async fn redrive(
    runtime: &Runtime,
    name: &str,
    token: Option<&str>,
) -> Result<Redriven, RuntimeError> {
    let request = RedriveRequest {
        namespace: namespace(),
        machine: MACHINE.into(),
        name: name.into(),
        token: token.map(Arc::from),
        machine_is_deleted: false,
    };
    runtime.redrive(request).await
}

pub async fn stop(runtime: &Runtime, name: &str) {
    let failure = engine::event::Failure::named("Stopped");
    runtime
        .stop_execution(&namespace(), MACHINE, name, failure)
        .await
        .unwrap();
}

/// Its events, which must have ids without a gap.
pub fn events(store: &dyn Store, name: &str) -> Vec<engine::Event> {
    let (id, record) = query::find(store, &namespace(), MACHINE, name)
        .unwrap()
        .expect("it is there");
    let events = query::events_from(store, &namespace(), id, &record, 1, usize::MAX)
        .unwrap()
        .events;
    for (position, event) in events.iter().enumerate() {
        assert_eq!(event.id, position as u64 + 1, "{name}: a gap");
        assert!(event.previous < event.id, "{name}: {event:?}");
    }
    events
}

/// How many rows a table has.
pub fn rows(store: &dyn Store, table: runtime::keys::Table) -> usize {
    let prefix = namespace().table(table).build();
    let range = store::KeyRange::prefix(prefix);
    store
        .scan(range, store::Order::Ascending, usize::MAX)
        .unwrap()
        .len()
}

pub fn find(store: &dyn Store, name: &str) -> Option<ExecutionRecord> {
    query::find(store, &namespace(), MACHINE, name)
        .unwrap()
        .map(|(_, record)| record)
}

/// Lets virtual time pass until the execution has ended; false when the store failed first.
///
/// Time is turned by hand and only when the store has nothing left to do: it must not run ahead of the disk.
pub async fn ended(runtime: &Runtime, store: &Arc<dyn Store>, name: &str) -> bool {
    for _ in 0..1_000 {
        match query::find(store.as_ref(), &namespace(), MACHINE, name) {
            Ok(Some((_, record))) if record.status != Status::Running => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
        if !settle(store).await || runtime.failed().now_or_never() {
            return false;
        }
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    let (id, record) = query::find(store.as_ref(), &namespace(), MACHINE, name)
        .unwrap()
        .expect("it is there");
    let events = query::events_from(store.as_ref(), &namespace(), id, &record, 1, usize::MAX)
        .unwrap()
        .events;
    panic!("{name} never ends; its history: {events:#?}");
}

/// Waits until everything submitted so far, and what follows from it at once, is durable; false when it cannot be.
async fn settle(store: &Arc<dyn Store>) -> bool {
    for _ in 0..2 {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let store = store.clone();
        let durable =
            tokio::task::spawn_blocking(move || commit(store.as_ref(), Transaction::new()).is_ok())
                .await;
        if !durable.unwrap_or(false) {
            return false;
        }
    }
    true
}

/// Looks whether something has happened without waiting for it.
trait NowOrNever: Future<Output = ()> + Sized {
    fn now_or_never(self) -> bool {
        let mut future = Box::pin(self);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        future.as_mut().poll(&mut context).is_ready()
    }
}

impl<F: Future<Output = ()>> NowOrNever for F {}

/// The execution has succeeded, and its history is whole: ids without a gap, one end, and every task's outcome once.
pub fn check_finished(store: &dyn Store, name: &str) {
    let (id, record) = query::find(store, &namespace(), MACHINE, name)
        .unwrap()
        .expect("it is there");
    assert_eq!(
        record.status,
        Status::Succeeded,
        "{name}: {:?}",
        record.failure
    );
    let events = query::events_from(store, &namespace(), id, &record, 1, usize::MAX)
        .unwrap()
        .events;
    let mut outcomes = HashMap::new();
    for (position, event) in events.iter().enumerate() {
        assert_eq!(event.id, position as u64 + 1, "{name}: a gap");
        assert!(event.previous < event.id, "{name}: {event:?}");
        let last = position + 1 == events.len();
        assert_eq!(
            last,
            matches!(event.kind, EventKind::ExecutionSucceeded { .. }),
            "{name}: {event:?}"
        );
        *outcomes.entry(kind_name(&event.kind)).or_insert(0) += 1;
    }
    let count = |kind: &str| outcomes.get(kind).copied().unwrap_or(0);
    // The answer that failed may have been lost with the process that asked.
    assert!(count("TaskFailed") <= 1, "{name}: {outcomes:?}");
    assert_eq!(count("TaskSucceeded"), 1, "{name}: {outcomes:?}");
    assert_eq!(count("LambdaFunctionSucceeded"), 3, "{name}: {outcomes:?}");
    assert_eq!(count("MapIterationSucceeded"), 3, "{name}: {outcomes:?}");
    let output = record.output.expect("an output").text().to_owned();
    let branch = r#"{"items":[1,2,3],"first":{"ok":true},"base":true}"#;
    let item = |mine: u32| format!(r#"{{"mine":{mine},"list":[1,2]}}"#);
    assert_eq!(
        output,
        format!("[{branch},[{},{},{}]]", item(1), item(2), item(3))
    );
}

fn kind_name(kind: &EventKind) -> String {
    let text = format!("{kind:?}");
    text.split([' ', '(', '{'])
        .next()
        .unwrap_or_default()
        .to_owned()
}
