//! `stepwell validate`: what AWS would say about definitions, with the line and column, before anything is deployed.
//!
//! Owns the command: which files, in which format, with which exit status. The rules are `asl`'s.

pub mod definition;
pub mod diagnose;
pub mod file;
pub mod finding;
mod json_place;
pub mod region;
pub mod report;
pub mod substitution;
mod suggest;
mod yaml;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use asl::{MachineType, Options};
use clap::{Args, ValueEnum};

use self::definition::Syntax;
use self::diagnose::{Verdict, diagnose};
use self::file::ReadError;
use self::finding::{Finding, UNREADABLE_FILE};
use self::report::text::Paint;
use self::report::{Checked, github, json, sarif, text};
use self::substitution::{Substitution, Substitutions};
use super::show::complain;

/// A file has errors.
const REFUSED: u8 = 1;
/// A file cannot be read.
const UNREADABLE: u8 = 2;

/// What `validate` takes.
#[derive(Args, Clone, Debug)]
pub struct ValidateArgs {
    /// Definitions in JSON or YAML, e.g. order.asl.json; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The type of the state machine: Express machines have fewer features
    #[arg(long = "type", value_enum, ignore_case = true, default_value_t = Type::Standard)]
    machine_type: Type,
    /// How to report: for people, as JSON, as annotations of GitHub Actions, as SARIF 2.1.0
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Report errors only
    #[arg(long)]
    no_warnings: bool,
    #[command(flatten)]
    filling: Filling,
}

/// How placeholders are filled in.
#[derive(Args, Clone, Debug)]
pub struct Filling {
    /// Fill in ${KEY} in the definition's strings first, as DefinitionSubstitutions do on AWS; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    substitutions: Vec<Substitution>,
}

/// The type of a state machine, in AWS's words.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Type {
    /// Durable, exactly once
    Standard,
    /// Short and many
    Express,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Every problem with the line it is in
    Text,
    /// An array with an object for each file
    Json,
    /// Workflow commands of GitHub Actions
    Github,
    /// For code scanning
    Sarif,
}

impl Filling {
    /// All of them.
    pub fn substitutions(&self) -> Substitutions {
        self.substitutions.iter().cloned().collect()
    }
}

/// Validates all files. The exit status: 0 all are valid, 1 some have errors, 2 some cannot be read.
pub fn run(args: &ValidateArgs) -> ExitCode {
    let options = Options {
        machine_type: match args.machine_type {
            Type::Standard => MachineType::Standard,
            Type::Express => MachineType::Express,
        },
    };
    let substitutions = args.filling.substitutions();
    let check = |path: &PathBuf| check(path, &options, &substitutions, !args.no_warnings);
    let all: Vec<Checked> = args.files.iter().map(check).collect();
    // A reader who went away is no reason to say anything else than what was found.
    let _ = std::io::stdout().write_all(rendered(&all, args.format).as_bytes());
    if all.iter().any(|checked| !checked.readable) {
        return UNREADABLE.into();
    }
    match all.iter().all(|checked| checked.verdict.is_ok()) {
        true => ExitCode::SUCCESS,
        false => REFUSED.into(),
    }
}

/// Looks at one file.
pub fn check(
    path: &Path,
    options: &Options,
    substitutions: &Substitutions,
    warnings: bool,
) -> Checked {
    let name = file::shown(path);
    match file::read(path) {
        Ok(source) => {
            let syntax = Syntax::of(path, &source);
            let verdict = diagnose(&source, syntax, options, substitutions, warnings);
            Checked {
                name,
                source,
                verdict,
                readable: true,
            }
        }
        Err(error) => unread(name, &error),
    }
}

/// A file that is too large to be read is refused like one that is a little too large; the others cannot be read.
fn unread(name: String, error: &ReadError) -> Checked {
    let readable = matches!(error, ReadError::TooLarge(_));
    let finding = match readable {
        true => {
            let code = asl::Code::SchemaValidationFailed.as_str();
            let limit = asl::MAX_DEFINITION_BYTES;
            Finding::error(
                code,
                format!("Definition exceeds the limit of {limit} bytes"),
            )
        }
        false => {
            complain(format_args!("stepwell: {error}\n"));
            Finding::error(UNREADABLE_FILE, error.to_string())
        }
    };
    Checked {
        name,
        source: String::new(),
        verdict: Verdict::of(vec![finding]),
        readable,
    }
}

fn rendered(all: &[Checked], format: Format) -> String {
    match format {
        Format::Text => {
            let paint = Paint::new(has_colours(&std::io::stdout()));
            // What cannot be read was told on standard error.
            let readable = all.iter().filter(|checked| checked.readable);
            let findings: String = readable
                .map(|checked| text::findings(checked, paint))
                .collect();
            findings + &text::summary(all, paint)
        }
        Format::Json => json::report(all),
        Format::Github => github::report(all) + &text::summary(all, Paint::new(false)),
        Format::Sarif => sarif::report(all),
    }
}

/// Whether what is written there is seen on a terminal that shows colours.
pub fn has_colours(stream: &impl IsTerminal) -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !console::is_dumb() && !no_color
}
