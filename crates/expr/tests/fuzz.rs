//! Whatever the path or the function call: nothing panics, hangs or grows. See `../../../fuzz`.

#[path = "../../../fuzz/harness/mod.rs"]
mod harness;
#[path = "../../../fuzz/checks/intrinsic.rs"]
mod intrinsic;
#[path = "../../../fuzz/checks/memory.rs"]
mod memory;
#[path = "../../../fuzz/checks/path.rs"]
mod path;
#[path = "../../../fuzz/checks/world.rs"]
mod world;

/// One test, because memory is counted for the whole process.
#[test]
fn paths_and_calls() {
    harness::run("path", 40_000, path::check);
    harness::run("intrinsic", 40_000, intrinsic::check);
}
