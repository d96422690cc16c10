//! libFuzzer's door to `checks/definition.rs`.
#![no_main]

#[path = "../checks/definition.rs"]
mod definition;
#[path = "../checks/memory.rs"]
mod memory;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        definition::check(text);
    }
});
