//! Regular expressions with JavaScript's syntax and meaning, in bounded steps.
//!
//! Why our own: a backtracking engine from outside either cannot be stopped (`regress`) or counts its
//! backtracking apart from everything else and has another dialect where it does not backtrack
//! (`fancy-regex`: `\d`, `\w` and `\b` are Unicode, captures survive iterations). Here every
//! instruction is paid for from the evaluation's own budget.
//!
//! Characters are code points, where JavaScript without the `u` flag sees UTF-16 code units.

mod class;
mod compile;
mod escape;
mod matcher;
mod parse;

pub(crate) use matcher::{Found, Fuel, Spent};

use class::Class;

/// The letters behind the last slash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// `i`
    pub(crate) ignore_case: bool,
    /// `m`: `^` and `$` match at lines.
    pub(crate) multiline: bool,
}

/// A compiled regular expression.
#[derive(Debug)]
pub(crate) struct Regex {
    program: Vec<Instruction>,
    classes: Vec<Class>,
    flags: Flags,
    /// Captures without the whole match.
    groups: usize,
    /// Registers for the beginnings of iterations.
    registers: usize,
}

impl Regex {
    /// Compiles a pattern. The error says what is wrong with it, in V8's words.
    pub(crate) fn compile(pattern: &str, flags: Flags) -> Result<Regex, &'static str> {
        let parsed = parse::parse(pattern)?;
        compile::compile(parsed, flags)
    }

    /// The first match at or after a byte position. `fuel` is what may be spent.
    pub(crate) fn find(
        &self,
        text: &str,
        from: usize,
        fuel: &mut Fuel,
    ) -> Result<Option<Found>, Spent> {
        matcher::find(self, text, from, fuel)
    }
}

/// What the matcher runs. `back` is set inside a lookbehind, where it goes from right to left.
#[derive(Clone, Debug)]
enum Instruction {
    Char {
        expected: char,
        back: bool,
    },
    Class {
        class: usize,
        back: bool,
    },
    /// As many characters of the class as possible (or as few), within bounds.
    Run {
        class: usize,
        least: u32,
        most: u32,
        greedy: bool,
        back: bool,
    },
    /// Goes on at `first`, and at `second` when that fails.
    Split {
        first: usize,
        second: usize,
    },
    Jump(usize),
    /// Keeps the position as an end of a capture.
    Save(usize),
    /// Forgets captures: those of an earlier iteration do not count.
    Forget {
        from: usize,
        to: usize,
    },
    /// Keeps the position at the beginning of an iteration.
    Mark(usize),
    /// Fails when nothing was consumed since the mark.
    Progress(usize),
    Start,
    End,
    Boundary {
        negated: bool,
    },
    Reference {
        group: usize,
        back: bool,
    },
    /// What follows up to `Accept` matches here (or does not); then goes on at `next`.
    Look {
        negated: bool,
        next: usize,
    },
    Accept,
}
