//! Groups, streams and events over a store in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use engine::Timestamp;
use runtime::Clock;
use runtime::keys::{Namespace, Table};
use store::{KeyRange, MemoryStore, Order, Store};

use super::*;

const DAY: i64 = 86_400_000;
const ALWAYS: Window = Window {
    from: i64::MIN,
    until: i64::MAX,
};

struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

struct World {
    logs: Logs,
    store: Arc<dyn Store>,
    hands: Arc<Hands>,
    place: GroupPlace,
}

async fn world() -> World {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let hands = Arc::new(Hands(AtomicI64::new(1_700_000_000_000)));
    let records = Records::new(store.clone());
    let logs = Logs::new(store.clone(), records, hands.clone());
    let place = GroupPlace {
        account: "123456789012".into(),
        region: "eu-west-1".into(),
        name: "/a/group".into(),
    };
    let made = logs.create_group(&place, BTreeMap::new()).await;
    made.expect("a new group");
    World {
        logs,
        store,
        hands,
        place,
    }
}

fn events(from: i64, messages: &[&str]) -> Vec<LogEvent> {
    let times = from..;
    let pairs = times.zip(messages);
    pairs
        .map(|(timestamp, message)| LogEvent {
            timestamp,
            message: (*message).to_owned(),
        })
        .collect()
}

fn said(page: &Page) -> Vec<&str> {
    page.events.iter().map(|e| e.message.as_str()).collect()
}

fn rows(world: &World) -> usize {
    let table = Namespace::new("123456789012", "eu-west-1").table(Table::Log);
    let range = KeyRange::prefix(table.build());
    let rows = world.store.scan(range, Order::Ascending, usize::MAX);
    rows.expect("a store").len()
}

#[tokio::test]
async fn a_stream_is_read_page_by_page_in_both_directions() {
    let world = world().await;
    let logs = &world.logs;
    for (stream, from, messages) in [
        ("s", 1, &["a", "b", "c"][..]),
        ("other", 1, &["x"]),
        ("s", 4, &["d"]),
    ] {
        let written = logs
            .deliver(&world.place, stream, &events(from, messages))
            .await;
        written.expect("a group");
    }
    let group = logs.group(&world.place).expect("a group");
    let read = |window, place, direction, limit| {
        let page = logs.read(&group, "s", window, place, direction, limit);
        page.expect("a page")
    };
    let first = read(ALWAYS, Place::START, Direction::Forward, 2);
    assert_eq!(said(&first), ["a", "b"]);
    let second = read(ALWAYS, first.end, Direction::Forward, 2);
    assert_eq!(said(&second), ["c", "d"]);
    let none = read(ALWAYS, second.end, Direction::Forward, 2);
    assert_eq!((said(&none), none.end), (vec![], second.end));
    let last = read(ALWAYS, Place::END, Direction::Backward, 3);
    assert_eq!(said(&last), ["b", "c", "d"]);
    let before = read(ALWAYS, last.begin, Direction::Backward, 3);
    assert_eq!(said(&before), ["a"]);
    let window = Window { from: 2, until: 4 };
    let some = read(window, Place::START, Direction::Forward, 9);
    assert_eq!(said(&some), ["b", "c"]);
}

#[tokio::test]
async fn a_group_is_searched_page_by_page() {
    let world = world().await;
    let logs = &world.logs;
    for number in 0..300 {
        let stream = ["even", "odd"][number % 2];
        let message = format!("{number}");
        let written = logs
            .deliver(&world.place, stream, &events(number as i64, &[&message]))
            .await;
        written.expect("a group");
    }
    let group = logs.group(&world.place).expect("a group");
    let search = Search {
        window: Window {
            from: 10,
            until: 290,
        },
        streams: &|stream| stream == "even",
        messages: &|message| message.ends_with('4'),
        limit: 5,
    };
    let (mut found, mut next) = (Vec::new(), Some(Place::START));
    while let Some(place) = next {
        let (events, after) = logs.search(&group, &search, place).expect("a page");
        assert!(events.len() <= 5);
        found.extend(events.into_iter().map(|event| event.message));
        next = after;
    }
    let wanted: Vec<String> = (10..290)
        .filter(|n| n % 10 == 4)
        .map(|n| n.to_string())
        .collect();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn a_group_keeps_so_many_bytes_and_so_many_days() {
    let world = world().await;
    let logs = &world.logs;
    let large = "x".repeat(1024 * 1024);
    for number in 0..70 {
        let message = format!("{number} {large}");
        let written = logs
            .deliver(&world.place, "s", &events(number, &[&message]))
            .await;
        written.expect("a group");
    }
    let group = logs.group(&world.place).expect("a group");
    let bytes = logs.stored_bytes(&group).expect("a number");
    assert!(
        bytes <= GROUP_BYTES && bytes > GROUP_BYTES - 2 * 1024 * 1024,
        "{bytes}"
    );
    let oldest = logs
        .read(&group, "s", ALWAYS, Place::START, Direction::Forward, 1)
        .expect("a page");
    assert!(oldest.events[0].timestamp >= 6, "the oldest went first");
    let newest = logs
        .read(&group, "s", ALWAYS, Place::END, Direction::Backward, 1)
        .expect("a page");
    assert_eq!(newest.events[0].timestamp, 69);

    logs.set_retention(&world.place, Some(1))
        .await
        .expect("a group");
    logs.expire("123456789012").await.expect("no error");
    assert_eq!(logs.stored_bytes(&group).expect("a number"), bytes);
    world.hands.0.fetch_add(2 * DAY, Ordering::Relaxed);
    logs.expire("123456789012").await.expect("no error");
    assert_eq!(logs.stored_bytes(&group).expect("a number"), 0);
    assert_eq!(rows(&world), 2, "the stream and the usage");
}

#[tokio::test]
async fn nothing_is_left_of_what_was_removed() {
    let world = world().await;
    let logs = &world.logs;
    let group = logs.group(&world.place).expect("a group");
    for number in 0..100 {
        for stream in ["s", "t"] {
            let written = logs
                .deliver(&world.place, stream, &events(number, &["m"]))
                .await;
            written.expect("a group");
        }
    }
    logs.delete_stream(&group, "s").await.expect("a stream");
    assert!(logs.stream(&group, "s").expect("a row").is_none());
    assert_eq!(rows(&world), 2 * 100 + 2);
    assert!(matches!(
        logs.delete_stream(&group, "s").await,
        Err(LogsError::NoStream)
    ));
    logs.delete_group(&world.place).await.expect("a group");
    assert_eq!(rows(&world), 0);
    let written = logs.deliver(&world.place, "s", &events(1, &["m"])).await;
    assert!(matches!(written, Err(LogsError::NoGroup)));
    assert!(matches!(
        logs.delete_group(&world.place).await,
        Err(LogsError::NoGroup)
    ));
}

#[tokio::test]
async fn a_name_that_is_no_group_is_a_mistake_once_there_have_been_groups() {
    let world = world().await;
    let may_be_named = |region: &str, name: &str| {
        let place = GroupPlace {
            account: "123456789012".into(),
            region: region.into(),
            name: name.into(),
        };
        world.logs.may_be_named(&place).expect("an answer")
    };
    assert!(may_be_named("eu-west-1", "/a/group"));
    assert!(!may_be_named("eu-west-1", "/a/grop"));
    assert!(may_be_named("us-east-1", "/a/grop"));
}
