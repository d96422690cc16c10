//! An execution that ended without success goes on where it stood, whatever happens in between, and nothing is left of
//! what was kept for that once it is of no use.

#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use std::time::Duration;

use engine::{EventKind, Timestamp};
use runtime::expiry::Expiry;
use runtime::keys::Table;
use runtime::retention::Sweep;
use runtime::{NotRedrivable, RuntimeError, Status};
use store::{MemoryStore, Store};
use world::{
    Outside, define, define_as, ended, events, find, open, redrive, rows, start, start_with, stop,
};

const DAY: Duration = Duration::from_secs(86_400);
/// What time the world begins at.
const BEGAN: i64 = 1_700_000_000_000;

fn reason<T: std::fmt::Debug>(refused: Result<T, RuntimeError>) -> NotRedrivable {
    match refused {
        Err(RuntimeError::NotRedrivable(reason)) => reason,
        other => panic!("not refused as not redrivable, but {other:?}"),
    }
}

fn redrives(store: &dyn Store, name: &str) -> usize {
    let all = events(store, name);
    let redriven = all
        .iter()
        .filter(|event| matches!(event.kind, EventKind::ExecutionRedriven { .. }));
    redriven.count()
}

/// The execution of [`world::DEFINITION`] has come to the output that it has without any trouble.
fn check_output(store: &dyn Store, name: &str) {
    let record = find(store, name).unwrap();
    assert_eq!(record.status, Status::Succeeded, "{:?}", record.failure);
    let item = |mine: u32| format!(r#"{{"mine":{mine},"list":[1,2]}}"#);
    let branch = r#"{"items":[1,2,3],"first":{"ok":true},"base":true}"#;
    let expected = format!("[{branch},[{},{},{}]]", item(1), item(2), item(3));
    assert_eq!(record.output.unwrap().text(), expected);
    assert_eq!(rows(store, Table::Frame), 0);
    assert_eq!(rows(store, Table::Remains), 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_stopped_goes_on_wherever_it_stood() {
    for (number, millis) in [0, 1, 1_999, 2_001, 3_001, 4_000, 6_999, 7_001]
        .into_iter()
        .enumerate()
    {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let outside = Outside::default();
        assert!(define(store.as_ref()));
        let mut runtime = open(store.clone(), &outside).unwrap();
        start(&runtime, "e").await.unwrap();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        stop(&runtime, "e").await;
        if find(store.as_ref(), "e").unwrap().status == Status::Succeeded {
            continue;
        }
        assert_eq!(rows(store.as_ref(), Table::Frame), 0);
        assert!(rows(store.as_ref(), Table::Remains) > 1);
        if number % 2 == 0 {
            runtime.shutdown().await;
            runtime = open(store.clone(), &outside).unwrap();
            assert_eq!(runtime.open_executions(), 0);
        }
        redrive(&runtime, "e", None).await.unwrap();
        if number % 3 == 0 {
            runtime.shutdown().await;
            runtime = open(store.clone(), &outside).unwrap();
        }
        assert!(ended(&runtime, &store, "e").await);
        check_output(store.as_ref(), "e");
        assert_eq!(redrives(store.as_ref(), "e"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn it_may_be_stopped_and_redriven_many_times() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define(store.as_ref()));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    start(&runtime, "e").await.unwrap();
    for count in 1..=5 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        stop(&runtime, "e").await;
        let redriven = redrive(&runtime, "e", None).await.unwrap();
        let record = find(store.as_ref(), "e").unwrap();
        assert_eq!(record.redrives.count, count);
        assert_eq!(record.redrives.date, Some(redriven.at));
        assert_eq!((record.status, record.stopped), (Status::Running, None));
        assert!(record.failure.error.is_none());
    }
    assert!(ended(&runtime, &store, "e").await);
    check_output(store.as_ref(), "e");
    assert_eq!(redrives(store.as_ref(), "e"), 5);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_one_redrive_whatever_became_of_it() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define(store.as_ref()));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    start(&runtime, "e").await.unwrap();
    let running = NotRedrivable::Status(Status::Running);
    assert_eq!(reason(redrive(&runtime, "e", Some("a")).await), running);
    stop(&runtime, "e").await;
    let first = redrive(&runtime, "e", Some("a")).await.unwrap().at;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(redrive(&runtime, "e", Some("a")).await.unwrap().at, first);
    assert_eq!(reason(redrive(&runtime, "e", Some("b")).await), running);
    stop(&runtime, "e").await;
    assert_eq!(redrive(&runtime, "e", Some("a")).await.unwrap().at, first);
    assert_eq!(find(store.as_ref(), "e").unwrap().status, Status::Aborted);
    let second = redrive(&runtime, "e", Some("b")).await.unwrap().at;
    assert!(second > first);
    assert!(ended(&runtime, &store, "e").await);
    assert_eq!(redrive(&runtime, "e", Some("b")).await.unwrap().at, second);
    let succeeded = NotRedrivable::Status(Status::Succeeded);
    assert_eq!(reason(redrive(&runtime, "e", Some("c")).await), succeeded);
    assert_eq!(redrives(store.as_ref(), "e"), 2);
}

#[tokio::test(start_paused = true)]
async fn of_many_at_a_time_one_takes_place() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define(store.as_ref()));
    let runtime = Arc::new(open(store.clone(), &Outside::default()).unwrap());
    start(&runtime, "e").await.unwrap();
    stop(&runtime, "e").await;
    let same: Vec<_> = (0..10).map(|_| spawn(&runtime, Some("same"))).collect();
    let other: Vec<_> = (0..10).map(|_| spawn(&runtime, None)).collect();
    let mut told = Vec::new();
    for redrive in same.into_iter().chain(other) {
        told.push(redrive.await.unwrap());
    }
    let dates: Vec<Timestamp> = told.iter().flatten().map(|redriven| redriven.at).collect();
    assert!(!dates.is_empty() && dates.iter().all(|date| *date == dates[0]));
    for refused in told.into_iter().filter(Result::is_err) {
        let running = NotRedrivable::Status(Status::Running);
        assert_eq!(reason(refused), running);
    }
    assert!(ended(&runtime, &store, "e").await);
    assert_eq!(redrives(store.as_ref(), "e"), 1);
    check_output(store.as_ref(), "e");
}

fn spawn(
    runtime: &Arc<runtime::Runtime>,
    token: Option<&'static str>,
) -> tokio::task::JoinHandle<Result<runtime::Redriven, RuntimeError>> {
    let runtime = runtime.clone();
    tokio::spawn(async move { redrive(&runtime, "e", token).await })
}

#[tokio::test(start_paused = true)]
async fn after_two_weeks_it_is_too_late_and_nothing_is_kept() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define(store.as_ref()));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    for name in ["early", "late"] {
        start(&runtime, name).await.unwrap();
        stop(&runtime, name).await;
        tokio::time::advance(DAY * 8).await;
    }
    let now = |days: u32| Timestamp(BEGAN + i64::from(days) * 86_400_000);
    let kept = rows(store.as_ref(), Table::Remains);
    let swept = Expiry::default().go_on(store.as_ref(), now(16)).unwrap();
    assert_eq!((swept.removed, swept.more), (1, false));
    assert_eq!(rows(store.as_ref(), Table::Remains), kept / 2);
    let too_late = reason(redrive(&runtime, "early", None).await);
    assert_eq!(too_late, NotRedrivable::Period);
    assert_eq!(too_late.to_string(), "Execution redrivable period exceeded");
    redrive(&runtime, "late", None).await.unwrap();
    assert!(ended(&runtime, &store, "late").await);
    assert_eq!(rows(store.as_ref(), Table::Remains), 0);
    assert!(find(store.as_ref(), "early").is_some());
}

#[tokio::test(start_paused = true)]
async fn with_the_execution_its_remains_go() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define(store.as_ref()));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    start(&runtime, "e").await.unwrap();
    stop(&runtime, "e").await;
    assert!(rows(store.as_ref(), Table::Remains) > 0);
    let swept = Sweep::default()
        .go_on(store.as_ref(), Timestamp(BEGAN + 1_000))
        .unwrap();
    assert_eq!(swept.removed, 1);
    assert_eq!(rows(store.as_ref(), Table::Remains), 0);
    assert!(matches!(
        redrive(&runtime, "e", None).await,
        Err(RuntimeError::NotFound)
    ));
}

#[tokio::test(start_paused = true)]
async fn a_full_history_has_no_room_for_a_redrive() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let endless = r#"{"StartAt":"C","States":{"E":{"Type":"Succeed"},
      "C":{"Type":"Choice","Choices":[{"Variable":"$.end","IsPresent":true,"Next":"E"}],"Default":"C"}}}"#;
    assert!(define_as(store.as_ref(), endless));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    start_with(&runtime, "e", "{}").await.unwrap();
    assert!(ended(&runtime, &store, "e").await);
    let refused = reason(redrive(&runtime, "e", None).await);
    assert_eq!(refused, NotRedrivable::History);
    assert_eq!(
        refused.to_string(),
        "Execution history event limit exceeded"
    );
}

/// `items` iterations with an output of 200 kB each, then one that fails.
async fn fail_after(items: usize) -> (Arc<dyn Store>, runtime::Runtime) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let definition = r#"{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":1,"ResultPath":null,
      "ItemsPath":"$.items","ItemSelector":{"item.$":"$$.Map.Item.Value","large.$":"$.large"},"ItemProcessor":{
      "StartAt":"C","States":{"C":{"Type":"Choice","Choices":[
        {"Variable":"$.item","StringEquals":"last","Next":"F"}],"Default":"P"},
        "F":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"once"},"End":true},
        "P":{"Type":"Pass","Parameters":{"l.$":"States.Format('{}{}', $.large, $.item)"},"End":true}}},"End":true}}}"#;
    assert!(define_as(store.as_ref(), definition));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    let list: Vec<String> = (0..items).map(|item| format!("\"{item}\"")).collect();
    let large = "x".repeat(200_000);
    let input = format!(
        r#"{{"items":[{},"last"],"large":"{large}"}}"#,
        list.join(",")
    );
    start_with(&runtime, "e", &input).await.unwrap();
    assert!(ended(&runtime, &store, "e").await);
    assert_eq!(find(store.as_ref(), "e").unwrap().status, Status::Failed);
    (store, runtime)
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_not_kept_and_says_so() {
    let (store, runtime) = fail_after(50).await;
    assert_eq!(rows(store.as_ref(), Table::Remains), 0);
    let refused = reason(redrive(&runtime, "e", None).await);
    assert_eq!(refused, NotRedrivable::TooLarge);
}

#[tokio::test(start_paused = true)]
async fn what_is_large_is_kept() {
    let (store, runtime) = fail_after(30).await;
    redrive(&runtime, "e", None).await.unwrap();
    assert!(ended(&runtime, &store, "e").await);
    let record = find(store.as_ref(), "e").unwrap();
    assert_eq!(record.status, Status::Succeeded, "{:?}", record.failure);
}
