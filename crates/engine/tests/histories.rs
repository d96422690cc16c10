//! Definition and input in, history out. The histories are byte-exact: key order, white space and numbers included,
//! which the recorded cases cannot show.

mod harness;

use expect_test::expect;
use harness::check;

#[test]
fn pass_states_hand_the_text_on_untouched() {
    check(
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","End":true}}}"#,
        r#"{"a" : [1, 1.0, 1e2]}"#,
        expect![[r#"
             1 <- 0  ExecutionStarted {"a" : [1, 1.0, 1e2]}
             2 <- 0  PassStateEntered A {"a" : [1, 1.0, 1e2]}
             3 <- 2  PassStateExited A {"a" : [1, 1.0, 1e2]}
             4 <- 3  PassStateEntered B {"a" : [1, 1.0, 1e2]}
             5 <- 4  PassStateExited B {"a" : [1, 1.0, 1e2]}
             6 <- 5  ExecutionSucceeded {"a" : [1, 1.0, 1e2]}
        "#]],
    );
}

#[test]
fn parallel_branches_take_turns() {
    check(
        r#"{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
            {"StartAt":"A","States":{"A":{"Type":"Pass","Result":1,"End":true}}},
            {"StartAt":"B","States":{"B":{"Type":"Pass","Next":"C"},"C":{"Type":"Succeed"}}}]}}}"#,
        "{}",
        expect![[r#"
             1 <- 0  ExecutionStarted {}
             2 <- 0  ParallelStateEntered P {}
             3 <- 2  ParallelStateStarted
             4 <- 3  PassStateEntered A {}
             5 <- 3  PassStateEntered B {}
             6 <- 4  PassStateExited A 1
             7 <- 5  PassStateExited B {}
             8 <- 7  SucceedStateEntered C {}
             9 <- 8  SucceedStateExited C {}
            10 <- 9  ParallelStateSucceeded
            11 <- 9  ParallelStateExited P [1,{}]
            12 <- 11 ExecutionSucceeded [1,{}]
        "#]],
    );
}

#[test]
fn map_with_concurrency_one_hands_the_slot_on() {
    check(
        r#"{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":1,"ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value"},
            "ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"End":true}}}"#,
        "[10, 20]",
        expect![[r#"
             1 <- 0  ExecutionStarted [10, 20]
             2 <- 0  MapStateEntered M [10, 20]
             3 <- 2  MapStateStarted 2
             4 <- 3  MapIterationStarted M 0
             5 <- 4  PassStateEntered A {"v":10,"i":0}
             6 <- 5  PassStateExited A {"v":10,"i":0}
             7 <- 6  MapIterationSucceeded M 0
             8 <- 6  MapIterationStarted M 1
             9 <- 8  PassStateEntered A {"v":20,"i":1}
            10 <- 9  PassStateExited A {"v":20,"i":1}
            11 <- 10 MapIterationSucceeded M 1
            12 <- 11 MapStateSucceeded
            13 <- 11 MapStateExited M [{"v":10,"i":0},{"v":20,"i":1}]
            14 <- 13 ExecutionSucceeded [{"v":10,"i":0},{"v":20,"i":1}]
        "#]],
    );
}
