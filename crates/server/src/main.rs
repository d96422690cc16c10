//! The `stepwell` binary.

mod api;
mod front;
mod records;

fn main() {}
