//! What an execution may hold at a time.

#[allow(dead_code)]
mod harness;

use engine::{Limits, Outcome};
use harness::{run_redriven, show};

/// A Map of `items` whose iterations put a text of 100 kB into their outputs, which the Map drops.
fn outputs(items: usize, held_bytes: usize) -> (String, Option<Outcome>) {
    let definition = r#"{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":1,"ResultPath":null,"End":true,
        "ItemsPath":"$.items","ItemSelector":{"n.$":"$$.Map.Item.Value","large.$":"$.large"},"ItemProcessor":{
        "StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}}"#;
    let list: Vec<String> = (0..items).map(|item| item.to_string()).collect();
    let large = "x".repeat(100_000);
    let input = format!(r#"{{"items":[{}],"large":"{large}"}}"#, list.join(","));
    let limits = Limits {
        held_bytes,
        ..Limits::default()
    };
    let (events, outcome) = run_redriven(definition, &input, &mut |_, _| None, &limits, 0);
    (show(&events), outcome)
}

#[test]
fn what_finished_iterations_hold_is_counted() {
    let (shown, outcome) = outputs(30, 2_000_000);
    let Some(Outcome::Failed(failure)) = outcome else {
        panic!("it did not fail: {outcome:?}");
    };
    assert_eq!(failure.error.as_deref(), Some("States.DataLimitExceeded"));
    let done = shown.matches("MapIterationSucceeded").count();
    assert!(done < 30, "{done} iterations came to their end");
}

#[test]
fn what_is_let_go_of_is_not() {
    for items in [1, 10] {
        let (shown, outcome) = outputs(items, 4_000_000);
        assert!(
            matches!(outcome, Some(Outcome::Succeeded { .. })),
            "{shown}"
        );
    }
    // The same document again and again, for longer than any limit.
    let text = "x".repeat(200_000);
    let definition = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","ResultPath":"$.b","Next":"C"},
        "C":{"Type":"Choice","Choices":[{"Variable":"$$.State.Name","StringEquals":"C","Next":"D"}]},"D":{"Type":"Succeed"}}}"#;
    let limits = Limits {
        held_bytes: 1_000_000,
        payload_bytes: 1_000_000,
        ..Limits::default()
    };
    let input = format!(r#"{{"t":"{text}"}}"#);
    let (events, outcome) = run_redriven(definition, &input, &mut |_, _| None, &limits, 0);
    assert!(
        matches!(outcome, Some(Outcome::Succeeded { .. })),
        "{}",
        show(&events)
    );
}
