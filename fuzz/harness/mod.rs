//! Fuzzing without a fuzzer, for stable Rust and for the build service: replays the corpus of a target, then tries random
//! mutations of it. Knows files and texts, and nothing of what is checked.
//!
//! A run is repeated by its seed. `STEPWELL_FUZZ_SEED` sets it, `STEPWELL_FUZZ_ROUNDS` how many mutations are tried. What
//! is being tried is always in a file, so that it is known after an overflow of the stack or an endless loop too.

mod mutate;
mod random;
mod tokens;

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::{env, process};

use mutate::Mutator;
use random::Random;

/// The seed of a run that is not given one: the build service always does the same.
const SEED: u64 = 20_240_229;

/// Replays the corpus of `target` and tries mutations of it, `rounds` unless the environment says how many.
pub fn run(target: &str, rounds: u64, check: fn(&str)) {
    let seed = number("STEPWELL_FUZZ_SEED").unwrap_or(SEED);
    let rounds = number("STEPWELL_FUZZ_ROUNDS").unwrap_or(rounds);
    let corpus = corpus(target);
    assert!(!corpus.is_empty(), "the corpus of {target} is not there");
    let mut trial = Trial::new(target, check);
    for (name, text) in &corpus {
        trial.run(&format!("corpus/{target}/{name}"), text);
    }
    println!(
        "{target}: {} texts replayed; STEPWELL_FUZZ_SEED={seed} STEPWELL_FUZZ_ROUNDS={rounds}",
        corpus.len()
    );
    let texts = corpus.iter().map(|(_, text)| text.as_str()).collect();
    let mutator = Mutator::new(
        texts,
        tokens::read(&folder().join(format!("dictionaries/{target}.dict"))),
    );
    for round in 0..rounds {
        let text = mutator.text(&mut Random::new(seed, round));
        trial.run(
            &format!("round {round} of STEPWELL_FUZZ_SEED={seed}"),
            &text,
        );
    }
}

/// Checks one text after the other and says which one failed.
struct Trial {
    path: PathBuf,
    /// Stays open: to make it anew for every text waits for the disk.
    file: File,
    check: fn(&str),
}

impl Trial {
    fn new(target: &str, check: fn(&str)) -> Trial {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("fuzz-{target}-{}", process::id()));
        let file =
            File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Trial { path, file, check }
    }

    fn run(&mut self, name: &str, text: &str) {
        self.keep(text)
            .expect("the target folder can be written to");
        let report = Report {
            name,
            text,
            path: &self.path,
        };
        (self.check)(text);
        drop(report);
    }

    fn keep(&mut self, text: &str) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())?;
        self.file.set_len(text.len() as u64)
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Says while a panic passes what was tried.
struct Report<'t> {
    name: &'t str,
    text: &'t str,
    path: &'t Path,
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "{}, kept in {}:\n{}",
                self.name,
                self.path.display(),
                self.text
            );
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number, not {text}")),
    )
}

/// `fuzz/`, from a crate's folder.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The texts of a corpus by name, always in the same order. What is not UTF-8 is no text.
fn corpus(target: &str) -> Vec<(String, String)> {
    let folder = folder().join("corpus").join(target);
    let files =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut texts: Vec<(String, String)> = files
        .flatten()
        .filter_map(|file| {
            let text = fs::read_to_string(file.path()).ok()?;
            Some((file.file_name().to_string_lossy().into_owned(), text))
        })
        .collect();
    texts.sort();
    texts
}
