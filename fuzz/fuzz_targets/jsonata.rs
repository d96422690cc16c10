//! libFuzzer's door to `checks/jsonata.rs`.
#![no_main]

#[path = "../checks/jsonata.rs"]
mod jsonata;
#[path = "../checks/memory.rs"]
mod memory;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        jsonata::check(text);
    }
});
