//! libFuzzer's door to `checks/path.rs`.
#![no_main]

#[path = "../checks/memory.rs"]
mod memory;
#[path = "../checks/path.rs"]
mod path;
#[path = "../checks/world.rs"]
mod world;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        path::check(text);
    }
});
