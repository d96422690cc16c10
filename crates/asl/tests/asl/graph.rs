//! Transitions: where they lead, what they miss.

use expect_test::expect;

use crate::check::check;

#[test]
fn a_dangling_next() {
    check(
        r#"{"StartAt": "pass1", "States": {
            "pass1": {"Type": "Pass", "Next": "pass3"}, "pass2": {"Type": "Pass", "End": true}}}"#,
        expect![[r#"
            MISSING_TRANSITION_TARGET: Missing 'Next' target: pass3 at /States/pass1/Next
            MISSING_TRANSITION_TARGET: State "pass2" is not reachable. at /States/pass2"#]],
    );
}

#[test]
fn the_word_next_stands_for_every_transition() {
    check(
        r#"{"StartAt": "T", "States": {
            "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Next": "C",
                  "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Ghost"}]},
            "C": {"Type": "Choice", "Default": "Phantom",
                  "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "Spook"}]},
            "Z": {"Type": "Succeed"}}}"#,
        expect![[r#"
            MISSING_TRANSITION_TARGET: Missing 'Next' target: Ghost at /States/T/Catch[0]/Next
            MISSING_TRANSITION_TARGET: Missing 'Next' target: Spook at /States/C/Choices[0]/Next
            MISSING_TRANSITION_TARGET: Missing 'Next' target: Phantom at /States/C/Default
            MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]],
    );
}

#[test]
fn a_dangling_start() {
    check(
        r#"{"StartAt": "Nope", "States": {"A": {"Type": "Pass", "End": true}}}"#,
        expect![[r#"
            MISSING_TRANSITION_TARGET: Missing 'Next' target: Nope at /StartAt
            MISSING_TRANSITION_TARGET: State "A" is not reachable. at /States/A"#]],
    );
}

#[test]
fn a_workflow_that_cannot_end() {
    check(
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}}"#,
        expect!["MISSING_END_STATE: Workflow has no terminal state at null"],
    );
    check(
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "NOPE"}}}"#,
        expect![[r#"
            MISSING_TRANSITION_TARGET: Missing 'Next' target: NOPE at /States/A/Next
            MISSING_END_STATE: Workflow has no terminal state at null"#]],
    );
}

#[test]
fn no_terminal_state_silences_unreachable_ones() {
    check(
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}, "Unused": {"Type": "Pass", "Next": "A"}}}"#,
        expect!["MISSING_END_STATE: Workflow has no terminal state at null"],
    );
    check(
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}, "C": {"Type": "Pass", "End": true}}}"#,
        expect![[r#"MISSING_TRANSITION_TARGET: State "C" is not reachable. at /States/C"#]],
    );
}

#[test]
fn a_cycle_that_nothing_leads_to() {
    check(
        r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"},
            "B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Pass", "Next": "B"}}}"#,
        expect![[r#"
            MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B
            MISSING_TRANSITION_TARGET: State "C" is not reachable. at /States/C"#]],
    );
}

#[test]
fn names_are_not_escaped() {
    check(
        r#"{"StartAt": "Start", "States": {"Start": {"Type": "Pass", "End": true}, "a/b": {"Type": "Pass", "End": true}}}"#,
        expect![[r#"MISSING_TRANSITION_TARGET: State "a/b" is not reachable. at /States/a/b"#]],
    );
}

#[test]
fn a_nested_graph_need_not_end() {
    check(
        r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "A", "States": {
            "A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}}}}}"#,
        expect![],
    );
}

#[test]
fn transitions_stay_in_their_graph() {
    check(
        r#"{"StartAt": "P", "States": {
            "P": {"Type": "Parallel", "Next": "Inner", "Branches": [
                {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "Next": "Done"}, "Ghost": {"Type": "Succeed"}}}]},
            "Done": {"Type": "Succeed"}}}"#,
        expect![[r#"
            MISSING_TRANSITION_TARGET: Missing 'Next' target: Inner at /States/P/Next
            MISSING_TRANSITION_TARGET: Missing 'Next' target: Done at /States/P/Branches[0]/States/Inner/Next
            MISSING_TRANSITION_TARGET: State "Ghost" is not reachable. at /States/P/Branches[0]/States/Ghost
            MISSING_TRANSITION_TARGET: State "Done" is not reachable. at /States/Done"#]],
    );
}

#[test]
fn unknown_transitions_make_no_unreachable_states() {
    check(
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pas", "Next": "B"}, "B": {"Type": "Pass", "Next": "Nowhere"}}}"#,
        expect![[r#"
            The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/A/Type
            MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/B/Next"#]],
    );
}

#[test]
fn names() {
    let long = "n".repeat(81);
    check(
        &format!(r#"{{"StartAt": "{long}", "States": {{"{long}": {{"Type": "Succeed"}}}}}}"#),
        expect![
            "INVALID_STATE_NAME: Invalid State name: State 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn' exceeds the 80-character limit allowed by the service at /States/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
        ],
    );
    check(
        r#"{"StartAt": "A", "States": {
            "A": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}},
                {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}},
                {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}]}}}"#,
        expect![[r#"
            DUPLICATE_STATE_NAME: Duplicate State name: A at /States/A/Branches[0]/States/A
            DUPLICATE_STATE_NAME: Duplicate State name: B at /States/A/Branches[2]/States/B"#]],
    );
    let longest = "é".repeat(80);
    check(
        &format!(r#"{{"StartAt": "{longest}", "States": {{"{longest}": {{"Type": "Succeed"}}}}}}"#),
        expect![],
    );
}
