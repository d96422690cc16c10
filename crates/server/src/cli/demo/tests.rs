//! What the demo makes of a history, and what it packs.

use std::io::{Cursor, Read};

use expect_test::expect;
use serde_json::{Value, json};

use super::example::FUNCTIONS;
use super::functions::pack;
use super::history::{plain_cause, understand};
use super::screen::wrap;

fn event(id: u64, previous: u64, kind: &str, name: &str) -> Value {
    json!({ "id": id, "previousEventId": previous, "type": kind, "timestamp": 0.0, "someEventDetails": { "name": name } })
}

fn states_of(shown: &[Value]) -> String {
    let line = |event: super::history::Event| {
        let state = event.state.as_deref().unwrap_or("-");
        format!("{} {} {state} {}\n", event.id, event.kind, event.attempt)
    };
    understand(shown).into_iter().map(line).collect()
}

#[test]
fn events_of_branches_that_take_turns_belong_to_their_states() {
    let shown = [
        event(1, 0, "ExecutionStarted", ""),
        event(2, 0, "ParallelStateEntered", "Both"),
        event(3, 2, "ParallelStateStarted", ""),
        event(4, 3, "TaskStateEntered", "Pay"),
        event(5, 4, "TaskScheduled", ""),
        event(6, 3, "TaskStateEntered", "Reserve"),
        event(7, 6, "TaskScheduled", ""),
        event(8, 5, "TaskFailed", ""),
        event(9, 7, "TaskSucceeded", ""),
        event(10, 9, "TaskStateExited", "Reserve"),
        event(11, 8, "TaskScheduled", ""),
        event(12, 11, "TaskSucceeded", ""),
        event(13, 12, "TaskStateExited", "Pay"),
        event(14, 13, "ParallelStateSucceeded", ""),
        event(15, 13, "ParallelStateExited", "Both"),
        event(16, 15, "ExecutionSucceeded", ""),
    ];
    expect![[r#"
        1 ExecutionStarted - 0
        2 ParallelStateEntered Both 0
        3 ParallelStateStarted Both 0
        4 TaskStateEntered Pay 0
        5 TaskScheduled Pay 1
        6 TaskStateEntered Reserve 0
        7 TaskScheduled Reserve 1
        8 TaskFailed Pay 1
        9 TaskSucceeded Reserve 1
        10 TaskStateExited Reserve 0
        11 TaskScheduled Pay 2
        12 TaskSucceeded Pay 2
        13 TaskStateExited Pay 0
        14 ParallelStateSucceeded Both 0
        15 ParallelStateExited Both 0
        16 ExecutionSucceeded - 0
    "#]]
    .assert_eq(&states_of(&shown));
}

#[test]
fn a_map_that_fails_has_its_events_back_from_the_state_within() {
    let shown = [
        event(1, 0, "MapStateEntered", "Lines"),
        event(2, 1, "MapStateStarted", ""),
        event(3, 2, "MapIterationStarted", "Lines"),
        event(4, 3, "TaskStateEntered", "Pack"),
        event(5, 4, "TaskScheduled", ""),
        event(6, 5, "TaskFailed", ""),
        event(7, 6, "MapIterationFailed", "Lines"),
        event(8, 7, "MapStateFailed", ""),
        event(9, 8, "MapStateExited", "Lines"),
        event(10, 9, "FailStateEntered", "Over"),
        event(11, 10, "ExecutionFailed", ""),
    ];
    expect![[r#"
        1 MapStateEntered Lines 0
        2 MapStateStarted Lines 0
        3 MapIterationStarted Lines 0
        4 TaskStateEntered Pack 0
        5 TaskScheduled Pack 1
        6 TaskFailed Pack 1
        7 MapIterationFailed Lines 0
        8 MapStateFailed Lines 0
        9 MapStateExited Lines 0
        10 FailStateEntered Over 0
        11 ExecutionFailed - 0
    "#]]
    .assert_eq(&states_of(&shown));
}

#[test]
fn a_cause_is_shown_in_the_functions_own_words() {
    assert_eq!(
        plain_cause(r#"{"errorMessage":"no tea","errorType":"OutOfTea"}"#),
        "no tea"
    );
    assert_eq!(plain_cause("no tea"), "no tea");
    assert_eq!(plain_cause(r#"{"other":1}"#), r#"{"other":1}"#);
}

#[test]
fn long_texts_are_broken_between_words() {
    assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    assert_eq!(wrap("extraordinary tea", 5), ["extraordinary", "tea"]);
}

#[test]
fn a_package_holds_the_sources_and_is_the_same_every_time() {
    for function in &FUNCTIONS {
        let package = pack(function).expect("sources can be packed");
        assert_eq!(
            package,
            pack(function).expect("sources can be packed"),
            "{}",
            function.name
        );
        let mut zip = zip::ZipArchive::new(Cursor::new(package)).expect("it is a zip");
        for (name, content) in function.files {
            let mut read = String::new();
            zip.by_name(name)
                .expect(name)
                .read_to_string(&mut read)
                .expect("it is text");
            assert_eq!(read, *content);
        }
    }
}
