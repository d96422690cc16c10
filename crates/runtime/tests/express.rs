//! Express executions: what they promise, and which rows they leave.

mod world;

use std::sync::Arc;
use std::time::Duration;

use runtime::keys::Table;
use runtime::{Options, Room, Runtime, RuntimeError, Status};
use store::{KeyRange, MemoryStore, Order, Store};
use world::{INPUT, Outside, define, define_as, namespace, open, open_with, request};

const OUTPUT: &str = r#"[{"items":[1,2,3],"first":{"ok":true},"base":true},[{"mine":1,"list":[1,2]},{"mine":2,"list":[1,2]},{"mine":3,"list":[1,2]}]]"#;
const PASSES: &str =
    r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","End":true}}}"#;
const WAITS: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":100000,"End":true}}}"#;

fn store_of(definition: &str) -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define_as(store.as_ref(), definition));
    store
}

/// All rows but definitions.
fn rows(store: &Arc<dyn Store>) -> usize {
    let all = |table| {
        let range = KeyRange::prefix(namespace().table(table).build());
        let found = store.scan(range, Order::Ascending, usize::MAX);
        found.expect("a store").len()
    };
    [
        Table::Express,
        Table::Execution,
        Table::ExecutionName,
        Table::ExecutionList,
        Table::History,
        Table::Frame,
    ]
    .map(all)
    .iter()
    .sum()
}

/// Lets time pass until nothing is open, and what was on its way to the store is there.
async fn quiet(runtime: &Runtime, store: &Arc<dyn Store>) {
    for _ in 0..1_000 {
        if runtime.open_executions() == 0 {
            let store = store.clone();
            let flush = move || store::commit(store.as_ref(), store::Transaction::new()).is_ok();
            assert!(
                tokio::task::spawn_blocking(flush)
                    .await
                    .is_ok_and(|done| done)
            );
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("it never ends");
}

#[tokio::test(start_paused = true)]
async fn a_synchronous_execution_ends_with_its_answer_and_leaves_nothing() {
    let store = store_of(world::DEFINITION);
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    let finished = runtime.run_express(request("e", INPUT)).await.unwrap();
    assert_eq!(finished.record.status, Status::Succeeded);
    assert_eq!(finished.record.output.unwrap().text(), OUTPUT);
    assert!(finished.memory_bytes > 0);
    let took = finished.record.stopped.unwrap().0 - finished.record.facts.started.0;
    assert_eq!(took, 7_000);
    assert_eq!((rows(&store), runtime.open_executions()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_execution_may_take_five_minutes() {
    let store = store_of(WAITS);
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    let finished = runtime.run_express(request("e", "{}")).await.unwrap();
    assert_eq!(finished.record.status, Status::TimedOut);
    let took = finished.record.stopped.unwrap().0 - finished.record.facts.started.0;
    assert_eq!(took, 300_000);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_leaves_an_execution_that_ends() {
    let store = store_of(WAITS);
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    let run = runtime.run_express(request("e", "{}"));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), run)
            .await
            .is_err()
    );
    assert_eq!(runtime.open_executions(), 1);
    quiet(&runtime, &store).await;
    assert_eq!(rows(&store), 0);
}

#[tokio::test(start_paused = true)]
async fn one_row_while_it_runs_and_none_afterwards() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    assert!(define(store.as_ref()));
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    for _ in 0..2 {
        // The same name and input again: another execution.
        runtime.start_express(request("e", INPUT)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((rows(&store), runtime.open_executions()), (2, 2));
    quiet(&runtime, &store).await;
    assert_eq!(rows(&store), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_runs_again_from_its_start_after_a_crash() {
    let store = store_of(world::DEFINITION);
    let outside = Outside::default();
    let runtime = open(store.clone(), &outside).unwrap();
    runtime.start_express(request("e", INPUT)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    // The Task failed and was called again; the Map's three items were called.
    let before: usize = outside.attempts().iter().sum();
    assert_eq!(before, 5);
    runtime.shutdown().await;
    drop(runtime);

    let runtime = open(store.clone(), &outside).unwrap();
    assert_eq!(runtime.open_executions(), 1);
    quiet(&runtime, &store).await;
    // The Task, which succeeds at once now, and the three items.
    assert_eq!(outside.attempts().iter().sum::<usize>(), before + 4);
    assert_eq!(rows(&store), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_has_its_five_minutes_however_long_the_process_was_away() {
    let store = store_of(world::DEFINITION);
    let outside = Outside::default();
    let runtime = open(store.clone(), &outside).unwrap();
    runtime.start_express(request("e", INPUT)).await.unwrap();
    runtime.shutdown().await;
    drop(runtime);
    tokio::time::advance(Duration::from_secs(100_000)).await;
    let before: usize = outside.attempts().iter().sum();

    let runtime = open(store.clone(), &outside).unwrap();
    quiet(&runtime, &store).await;
    // The Task, and the three items that come seven seconds later.
    assert!(outside.attempts().iter().sum::<usize>() >= before + 4);
    assert_eq!(rows(&store), 0);
}

#[tokio::test(start_paused = true)]
async fn they_take_no_places_of_standard_executions() {
    let store = store_of(WAITS);
    let options = Options {
        open_executions: 1,
        ..Options::default()
    };
    let runtime = world::open_as(store.clone(), &Outside::default(), options).unwrap();
    for _ in 0..3 {
        runtime.start_express(request("e", "{}")).await.unwrap();
    }
    runtime.start(request("one", "{}")).await.unwrap();
    let refused = runtime.start(request("two", "{}")).await;
    assert!(matches!(refused, Err(RuntimeError::TooManyOpen)));
    assert_eq!(runtime.open_executions(), 4);
}

#[tokio::test(start_paused = true)]
async fn one_that_ends_at_once_is_acknowledged_without_a_row() {
    let store = store_of(PASSES);
    let runtime = open(store.clone(), &Outside::default()).unwrap();
    runtime.start_express(request("e", "{}")).await.unwrap();
    assert_eq!((rows(&store), runtime.open_executions()), (0, 0));
}

/// Makes a text of 100 kB at once, or later, and keeps it for ten seconds.
fn grows(first: &str) -> String {
    let wait = match first {
        "Later" => r#""Later":{"Type":"Wait","Seconds":1,"Next":"Grow"},"#,
        _ => "",
    };
    format!(
        r#"{{"QueryLanguage":"JSONata","StartAt":"{first}","States":{{{wait}
            "Grow":{{"Type":"Pass","Output":"{{% $pad('', 100000, 'x') %}}","Next":"Call"}},
            "Call":{{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:item","Arguments":{{}},
                "Output":"{{% $states.input %}}","Next":"Keep"}},
            "Keep":{{"Type":"Wait","Seconds":10,"End":true}}}}}}"#
    )
}

/// Room for some ten executions that have grown, on two shards together.
fn little_room() -> Room {
    Room {
        express_bytes: 1_000_000,
        ..Room::default()
    }
}

async fn start_many(runtime: &Runtime, many: usize) -> usize {
    let mut begun = 0;
    for _ in 0..many {
        match runtime.start_express(request("e", "{}")).await {
            Ok(_) => begun += 1,
            Err(RuntimeError::Overloaded) => {}
            Err(error) => panic!("{error}"),
        }
    }
    begun
}

#[tokio::test(start_paused = true)]
async fn what_they_make_counts_for_their_room() {
    let store = store_of(&grows("Grow"));
    let runtime = open_with(store.clone(), &Outside::default(), little_room()).unwrap();
    let begun = start_many(&runtime, 100).await;
    assert!((8..=14).contains(&begun), "{begun}");
    quiet(&runtime, &store).await;
    assert!(start_many(&runtime, 2).await == 2, "there is room again");
}

#[tokio::test(start_paused = true)]
async fn those_that_grow_beyond_twice_their_room_fail() {
    let store = store_of(&grows("Later"));
    let outside = Outside::default();
    let runtime = open_with(store.clone(), &outside, little_room()).unwrap();
    assert_eq!(start_many(&runtime, 100).await, 100);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let open = runtime.open_executions();
    assert!((8..=24).contains(&open), "{open}");
    quiet(&runtime, &store).await;
    assert_eq!(rows(&store), 0);
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_they_begin_again_as_there_is_room() {
    let store = store_of(&grows("Grow"));
    let outside = Outside::default();
    let runtime = open(store.clone(), &outside).unwrap();
    assert_eq!(start_many(&runtime, 50).await, 50);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let calls = || outside.attempts().iter().sum::<usize>();
    assert_eq!(calls(), 50);
    runtime.shutdown().await;
    drop(runtime);

    let runtime = open_with(store.clone(), &outside, little_room()).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(runtime.open_executions(), 50);
    let again = calls() - 50;
    assert!((8..=14).contains(&again), "{again}");
    quiet(&runtime, &store).await;
    assert_eq!((calls(), rows(&store)), (100, 0));
}

#[tokio::test(start_paused = true)]
async fn when_there_are_too_many_no_more_begin() {
    let store = store_of(WAITS);
    let room = Room {
        express_executions: 1,
        ..Room::default()
    };
    let runtime = open_with(store.clone(), &Outside::default(), room).unwrap();
    // Two shards, and one each.
    for _ in 0..2 {
        runtime.start_express(request("e", "{}")).await.unwrap();
    }
    for _ in 0..2 {
        let refused = runtime.start_express(request("e", "{}")).await;
        assert!(matches!(refused, Err(RuntimeError::Overloaded)));
        let refused = runtime.run_express(request("e", "{}")).await;
        assert!(matches!(refused, Err(RuntimeError::Overloaded)));
    }
    assert_eq!((rows(&store), runtime.open_executions()), (2, 2));
    quiet(&runtime, &store).await;
    runtime.start_express(request("e", "{}")).await.unwrap();
}
