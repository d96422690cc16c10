//! The `stepwell` binary: see [`cli`].

mod api;
mod cli;
mod config;
mod entropy;
mod front;
mod records;
mod roles;
mod serve;
mod tasks;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
