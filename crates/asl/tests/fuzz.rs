//! Whatever the definition: nothing panics, hangs or grows, and all say the same of it. See `../../../fuzz`.

#[path = "../../../fuzz/checks/definition.rs"]
mod definition;
#[path = "../../../fuzz/harness/mod.rs"]
mod harness;
#[path = "../../../fuzz/checks/memory.rs"]
mod memory;

#[test]
fn definitions() {
    harness::run("definition", 4_000, definition::check);
}
