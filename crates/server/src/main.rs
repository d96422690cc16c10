//! The `stepwell` binary: see [`cli`].

mod api;
mod cli;
mod config;
mod entropy;
mod front;
mod log_delivery;
mod logs;
mod mocks;
mod objects;
mod quotas;
mod rates;
mod records;
mod retention;
mod roles;
mod serve;
mod tasks;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The server refuses huge pages for itself. The functions it starts, by way of this program, have the system's.
    let _ = rustix::thread::disable_transparent_huge_pages(false);
    cli::main()
}
