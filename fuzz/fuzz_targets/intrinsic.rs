//! libFuzzer's door to `checks/intrinsic.rs`.
#![no_main]

#[path = "../checks/intrinsic.rs"]
mod intrinsic;
#[path = "../checks/memory.rs"]
mod memory;
#[path = "../checks/world.rs"]
mod world;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        intrinsic::check(text);
    }
});
