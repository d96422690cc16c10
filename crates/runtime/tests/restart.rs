//! Executions go on after a restart, wherever they stood.

mod world;

use std::sync::Arc;
use std::time::Duration;

use engine::event::Failure;
use runtime::{RuntimeError, Status};
use store::{MemoryStore, Store};
use world::{
    Outside, check_finished, define, define_as, ended, find, namespace, open, start, start_with,
};

#[tokio::test(start_paused = true)]
async fn an_execution_goes_on_after_restarts_at_any_time() {
    for stop_after_millis in [0, 1, 1_000, 1_999, 2_001, 4_000, 6_999] {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let outside = Outside::default();
        assert!(define(store.as_ref()));
        let runtime = open(store.clone(), &outside).unwrap();
        start(&runtime, "e").await.unwrap();
        tokio::time::sleep(Duration::from_millis(stop_after_millis)).await;
        runtime.shutdown().await;
        drop(runtime);

        let runtime = open(store.clone(), &outside).unwrap();
        assert!(ended(&runtime, &store, "e").await);
        check_finished(store.as_ref(), "e");
        runtime.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_is_idempotent_while_it_runs_and_refused_afterwards() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define(store.as_ref()));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    let first = start(&runtime, "e").await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    let second = start(&runtime, "e").await.unwrap();
    assert_eq!(first.at, second.at);
    assert!(ended(&runtime, &store, "e").await);
    assert!(matches!(
        start(&runtime, "e").await,
        Err(RuntimeError::AlreadyExists)
    ));
    check_finished(store.as_ref(), "e");
}

#[tokio::test(start_paused = true)]
async fn many_starts_of_one_name_are_one_execution() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define(store.as_ref()));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    let starts = (0..20).map(|_| start(&runtime, "e"));
    let results = futures(starts).await;
    assert!(results.iter().all(|result| {
        result
            .as_ref()
            .is_ok_and(|at| at == results[0].as_ref().unwrap())
    }));
    assert!(ended(&runtime, &store, "e").await);
    check_finished(store.as_ref(), "e");
    assert_eq!(runtime.open_executions(), 0);
}

/// All of them, side by side.
async fn futures<F: Future<Output = Result<runtime::Started, RuntimeError>>>(
    starts: impl Iterator<Item = F>,
) -> Vec<Result<i64, String>> {
    let mut pending: Vec<_> = starts.map(Box::pin).collect();
    let mut done: Vec<Option<Result<i64, String>>> = pending.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, slot) in pending
            .iter_mut()
            .zip(&mut done)
            .filter(|(_, slot)| slot.is_none())
        {
            if let std::task::Poll::Ready(result) = future.as_mut().poll(cx) {
                *slot = Some(
                    result
                        .map(|started| started.at.0)
                        .map_err(|error| error.to_string()),
                );
            }
        }
        match done.iter().all(Option::is_some) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test(start_paused = true)]
async fn a_stopped_execution_stays_stopped() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let outside = Outside::default();
    assert!(define(store.as_ref()));
    let runtime = open(store.clone(), &outside).unwrap();
    start(&runtime, "e").await.unwrap();
    let failure = Failure::new("Enough", "of this");
    let stopped = runtime
        .stop_execution(&namespace(), world::MACHINE, "e", failure)
        .await
        .unwrap();
    let again = runtime
        .stop_execution(&namespace(), world::MACHINE, "e", Failure::default())
        .await
        .unwrap();
    assert_eq!(stopped.at, again.at);
    runtime.shutdown().await;
    let runtime = open(store.clone(), &outside).unwrap();
    assert_eq!(runtime.open_executions(), 0);
    let record = find(store.as_ref(), "e").unwrap();
    assert_eq!(record.status, Status::Aborted);
    assert_eq!(record.stopped, Some(stopped.at));
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_makes_no_event_still_has_its_timer() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let too_large = r#"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
        "Parameters":{"FunctionName":"f","Payload":{"a.$":"$","b.$":"$"}},
        "Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":2}],"End":true}}}"#;
    assert!(define_as(store.as_ref(), too_large));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    let input = format!(r#""{}""#, "x".repeat(200_000));
    start_with(&runtime, "e", &input).await.unwrap();
    assert!(ended(&runtime, &store, "e").await);
    let record = find(store.as_ref(), "e").unwrap();
    assert_eq!(
        record.failure.error.as_deref(),
        Some("States.DataLimitExceeded")
    );
}

#[tokio::test(start_paused = true)]
async fn large_documents_do_not_make_a_commit_too_large() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let changing: Vec<String> = (0..40)
        .map(|n| format!(r#""S{n}":{{"Type":"Pass","Parameters":{{"n":{n},"text.$":"$.text"}},"Next":"S{}"}}"#, n + 1))
        .collect();
    let branches: Vec<String> = (0..100)
        .map(|n| format!(r#"{{"StartAt":"B{n}","States":{{"B{n}":{{"Type":"Wait","Seconds":1,"OutputPath":"$.n","End":true}}}}}}"#))
        .collect();
    let definition = format!(
        r#"{{"StartAt":"S0","States":{{{},"S40":{{"Type":"Parallel","Branches":[{}],"End":true}}}}}}"#,
        changing.join(","),
        branches.join(",")
    );
    assert!(define_as(store.as_ref(), &definition));
    let outside = Outside::default();
    let runtime = open(store.clone(), &outside).unwrap();
    start_with(
        &runtime,
        "e",
        &format!(r#"{{"text":"{}"}}"#, "x".repeat(250_000)),
    )
    .await
    .unwrap();
    runtime.shutdown().await;
    let runtime = open(store.clone(), &outside).unwrap();
    assert!(ended(&runtime, &store, "e").await);
    assert_eq!(find(store.as_ref(), "e").unwrap().status, Status::Succeeded);
}
