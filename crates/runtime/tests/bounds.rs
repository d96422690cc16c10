//! What a restart does in which order, and that no execution makes a commit that the store does not take.

#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use std::time::Duration;

use runtime::Status;
use store::{MemoryStore, Store};
use world::{Outside, define_as, ended, find, open, start, start_with};

fn store_with(definition: &str) -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define_as(store.as_ref(), definition));
    store
}

fn task(function: &str) -> String {
    format!(
        r#"{{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{{"FunctionName":"{function}"}},"End":true}}"#
    )
}

/// A Parallel of a task that is never answered and a Wait of five seconds that goes on to `then`.
fn two_branches(rest: &str, then: &str) -> String {
    format!(
        r#"{{"StartAt":"P",{rest}"States":{{"P":{{"Type":"Parallel","End":true,"Branches":[
            {{"StartAt":"A","States":{{"A":{}}}}},
            {{"StartAt":"W","States":{{"W":{{"Type":"Wait","Seconds":5,"Next":"B"}},"B":{then}}}}}]}}}}}}"#,
        task("never")
    )
}

/// Starts an execution, and lets ten seconds pass in which nothing runs.
async fn start_and_restart(store: &Arc<dyn Store>, outside: &Outside) -> runtime::Runtime {
    let runtime = open(store.clone(), outside).unwrap();
    start_with(&runtime, "e", "{}").await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    runtime.shutdown().await;
    drop(runtime);
    tokio::time::advance(Duration::from_secs(10)).await;
    open(store.clone(), outside).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_task_that_a_due_timer_starts_is_called_once() {
    let store = store_with(&two_branches("", &task("never again")));
    let outside = Outside::default();
    let runtime = start_and_restart(&store, &outside).await;
    while outside.attempts().len() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        outside.attempts(),
        [2, 1],
        "the one in flight again, the new one once"
    );
    runtime.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_due_first_happens_first() {
    let fail = r#"{"Type":"Fail","Error":"X"}"#;
    let store = store_with(&two_branches(r#""TimeoutSeconds":3,"#, fail));
    let outside = Outside::default();
    let runtime = start_and_restart(&store, &outside).await;
    assert!(ended(&runtime, &store, "e").await);
    assert_eq!(find(store.as_ref(), "e").unwrap().status, Status::TimedOut);
    runtime.shutdown().await;
}

/// A Wait, then a Parallel of eighty such states.
fn wide(state: impl Fn(usize) -> String) -> String {
    let branches: Vec<String> = (0..80)
        .map(|n| format!(r#"{{"StartAt":"P{n}","States":{{"P{n}":{}}}}}"#, state(n)))
        .collect();
    format!(
        r#"{{"StartAt":"W","States":{{"W":{{"Type":"Wait","Seconds":1,"Next":"A"}},
            "A":{{"Type":"Parallel","Branches":[{}],"End":true}}}}}}"#,
        branches.join(",")
    )
}

async fn ends(definition: &str, input: &str) -> Status {
    let store = store_with(definition);
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    start_with(&runtime, "e", input).await.unwrap();
    assert!(
        ended(&runtime, &store, "e").await,
        "the store took every commit"
    );
    runtime.shutdown().await;
    find(store.as_ref(), "e").unwrap().status
}

#[tokio::test(start_paused = true)]
async fn many_large_outputs_are_several_commits() {
    let input = format!(r#"{{"text":"{}"}}"#, "x".repeat(250_000));
    let large = wide(|n| {
        format!(r#"{{"Type":"Pass","Parameters":{{"n":{n},"text.$":"$.text"}},"End":true}}"#)
    });
    assert_eq!(
        ends(&large, &input).await,
        Status::Failed,
        "too much in all"
    );
    let assigning = wide(|n| {
        format!(
            r#"{{"Type":"Pass","QueryLanguage":"JSONata","Output":{n},"Assign":{{"x":"{{% $states.input.text & '{n}' %}}"}},"End":true}}"#
        )
    });
    assert_eq!(
        ends(&assigning, &input).await,
        Status::Failed,
        "too many variables in all"
    );
}

#[tokio::test(start_paused = true)]
async fn many_variables_are_refused_before_their_rows_are_too_many() {
    let assign = |count: usize| {
        let variables: Vec<String> = (0..count).map(|n| format!(r#""v{n:x}":1"#)).collect();
        format!(
            r#"{{"StartAt":"W","States":{{"W":{{"Type":"Wait","Seconds":1,"Next":"A"}},
                "A":{{"Type":"Pass","Assign":{{{}}},"Next":"V"}},"V":{{"Type":"Wait","Seconds":1,"End":true}}}}}}"#,
            variables.join(",")
        )
    };
    assert_eq!(ends(&assign(10_000), "{}").await, Status::Succeeded);
    assert_eq!(ends(&assign(20_000), "{}").await, Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn one_that_computes_much_lets_others_go_on() {
    let loop_forever = r#"{"QueryLanguage":"JSONata","StartAt":"P","States":{
        "P":{"Type":"Pass","Output":"{% $sum($map([1..50000], function($v) { $v * 2 })) %}","Next":"C"},
        "C":{"Type":"Choice","Choices":[{"Condition":"{% $states.input = 0 %}","Next":"E"}],"Default":"P"},
        "E":{"Type":"Succeed"}}}"#;
    let store = store_with(loop_forever);
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    start(&runtime, "busy").await.unwrap();
    // Stopped long before its history is full: the shard takes requests between its steps.
    let stopped = runtime
        .stop_execution(
            &world::namespace(),
            world::MACHINE,
            "busy",
            Default::default(),
        )
        .await;
    assert!(stopped.is_ok());
    let record = find(store.as_ref(), "busy").unwrap();
    assert_eq!(record.status, Status::Aborted);
    runtime.shutdown().await;
}
