//! The deterministic simulation of runtime, store and engine: one seed is one world of random workflows, tasks that
//! fail, answer late, twice or never, kills, clock jumps and a disk that takes its time; what may be observed in it is
//! checked by a model that knows nothing of how the server works. Test only: without `cfg(test)` this crate is empty.
//!
//! ```text
//! cargo test -p sim                                  some hundred seeds
//! SIM_SEEDS=10000 cargo test --release -p sim        more of them
//! SIM_SEED=7 cargo test -p sim -- --nocapture        one of them again, byte for byte, with all that happened
//! ```
//!
//! The real [`runtime::Runtime`] runs on a single thread whose time is turned by hand, so its driver, its recovery and
//! its shards are all under test; only disk, clock, clients and tasks are simulated. Every choice is drawn from the seed.
//!
//! Where things are: `world` is the loop that draws what happens next, `character` how much trouble there is; `disk` is the store whose queue it empties;
//! `outside` answers calls and tokens; `clients` start and stop executions, work for activities, and remember what they were told; `workflow` draws
//! definitions; `history` is what every history must satisfy, `reference` what the same answers give without a
//! runtime, and `ends` applies both; `tests` runs seeds.
//!
//! Architecture Invariant: nothing in here reads a real clock, a real random source or a hash map's order.

#[cfg(test)]
mod character;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod history;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod random;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trace;
#[cfg(test)]
mod workflow;
#[cfg(test)]
mod world;
