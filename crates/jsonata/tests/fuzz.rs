//! Whatever the expression: nothing panics, hangs or takes more than its limits. See `../../../fuzz`.

#[path = "../../../fuzz/harness/mod.rs"]
mod harness;
#[path = "../../../fuzz/checks/jsonata.rs"]
mod jsonata;
#[path = "../../../fuzz/checks/memory.rs"]
mod memory;

#[test]
fn expressions() {
    harness::run("jsonata", 4_000, jsonata::check);
}
