//! Runs seeds. `SIM_SEED` runs one and prints all that happened in it, `SIM_SEEDS` says how many, `SIM_FIRST` from which.

use crate::character::Figures;
use crate::world::{self, Report};

/// Seeds of a run without anything said.
const SEEDS: u64 = 500;
/// Seeds that have found something, as long as they give the same worlds. 246: a heartbeat let frames take a turn whose
/// events nobody wrote.
const FOUND: [u64; 1] = [246];
/// Lines of a failure's trace that are shown.
const SHOWN: usize = 60;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// A seed whose world breaks a rule: what, the last that happened, and how to see all of it.
fn explain(seed: u64, report: &Report, what: &str) -> String {
    let lines: Vec<&str> = report.trace.lines().collect();
    let shown = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
    format!(
        "seed {seed}: {what}\n{shown}\n\nagain, with all that happened: SIM_SEED={seed} cargo test -p sim -- --nocapture no_seed"
    )
}

fn check(seed: u64) -> Report {
    let report = world::run(seed);
    if let Some(what) = &report.violation {
        panic!("{}", explain(seed, &report, what));
    }
    report
}

#[test]
fn no_seed_breaks_a_rule() {
    if let Some(seed) = variable("SIM_SEED") {
        let report = world::run(seed);
        println!("{}", report.trace);
        return drop(check(seed));
    }
    let first = variable("SIM_FIRST").unwrap_or(0);
    let seeds = variable("SIM_SEEDS").unwrap_or(SEEDS);
    let mut sum = Figures::default();
    for seed in FOUND.into_iter().chain(first..first + seeds) {
        sum += check(seed).figures;
    }
    println!("{seeds} seeds from {first}: {sum:?}");
}

#[test]
fn a_seed_is_the_same_world_every_time() {
    for seed in 0..20 {
        let (first, second) = (world::run(seed).trace, world::run(seed).trace);
        let differs = first.lines().zip(second.lines()).find(|(a, b)| a != b);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first, second, "seed {seed}");
    }
}
