//! `stepwell store`: what an operator does with a data folder: check it, measure it, make it smaller, back it up, put it
//! back.
//!
//! Owns the commands: their arguments, their words, their exit status. Each is a file; `rows` and `part` know how the rows of
//! an execution hang together, `census` counts them, `key` says what a key is about. The files of the store are the `store`
//! crate's business.

mod backup;
mod census;
mod check;
mod compact;
mod files;
mod finding;
mod key;
mod part;
mod restore;
mod rows;
mod stats;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use store::{Options, StoreError};

use super::show::complain;

/// What was asked for cannot be done.
const UNUSABLE: u8 = 2;
/// The folder of the durable store in a data folder.
const STORE: &str = "store";

/// What `store` takes.
#[derive(Args, Clone, Debug)]
pub struct StoreArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Read everything and say what is damaged and what is affected; changes nothing
    #[command(after_long_help = check::EXIT_STATUS)]
    Check(LookArgs),
    /// Say how large everything is and how many of everything there are; changes nothing
    Stats(LookArgs),
    /// Make a folder that no server uses as small as it can be
    Compact(compact::CompactArgs),
    /// Copy a folder, also while a server uses it; what was acknowledged before is in the copy
    Backup(backup::BackupArgs),
    /// Make a data folder of a backup
    Restore(restore::RestoreArgs),
}

/// The data folder.
#[derive(Args, Clone, Debug)]
struct DataDir {
    /// Folder of the durable store, the functions and their logs
    #[arg(
        long = "data-dir",
        env = "STEPWELL_DATA_DIR",
        value_name = "DIR",
        default_value = ".stepwell"
    )]
    path: PathBuf,
}

/// What the commands take that only look.
#[derive(Args, Clone, Debug)]
struct LookArgs {
    #[command(flatten)]
    data_dir: DataDir,
    /// How to report: for people, or as JSON
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How a command reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object
    Json,
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    /// The store refused.
    #[error(transparent)]
    Store(StoreError),
    /// Its rows are a later program's.
    #[error("{folder}: {error}", folder = .folder.display())]
    Rows {
        /// Where.
        folder: PathBuf,
        /// Which.
        error: runtime::RuntimeError,
    },
    /// A server has the folder open.
    #[error("{} is in use by another process: stop the server first", .0.display())]
    InUse(PathBuf),
    /// There is no store.
    #[error("{} is no data folder: there is no store in it", .0.display())]
    NoStore(PathBuf),
    /// What would be written over is there.
    #[error("{} is not empty: nothing was written", .0.display())]
    NotEmpty(PathBuf),
    /// A copy that was never finished, or something else.
    #[error("{path} is no backup: {1}", path = .0.display())]
    NoBackup(PathBuf, String),
    /// The copy has damage.
    #[error("the copy is damaged, and so is what was copied (see `stepwell store check`): {0}")]
    Damaged(StoreError),
    /// The system refused.
    #[error("{0} {path}: {2}", path = .1.display())]
    Io(&'static str, PathBuf, std::io::Error),
}

impl CommandError {
    /// An error of looking into the data folder, in the words of an operator.
    fn of_opening(folder: &Path, error: StoreError) -> CommandError {
        match error {
            StoreError::Locked { .. } => CommandError::InUse(folder.to_owned()),
            StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                CommandError::NoStore(folder.to_owned())
            }
            error => CommandError::Store(error),
        }
    }
}

/// Refuses rows that only a later program understands: they would be taken for damage.
fn of_this_generation(folder: &Path, view: Option<&store::View>) -> Result<(), CommandError> {
    match view.map(|view| runtime::generation::check(view)) {
        Some(Err(error @ runtime::RuntimeError::Newer { .. })) => Err(CommandError::Rows {
            folder: folder.to_owned(),
            error,
        }),
        _ => Ok(()),
    }
}

/// Runs what the arguments say.
pub fn run(args: &StoreArgs) -> ExitCode {
    let done = match &args.command {
        Command::Check(args) => check::run(args),
        Command::Stats(args) => stats::run(args),
        Command::Compact(args) => compact::run(args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => restore::run(args),
    };
    done.unwrap_or_else(|error| {
        complain(format_args!("stepwell: {error}\n"));
        ExitCode::from(UNUSABLE)
    })
}

/// Little memory is enough for looking.
fn options() -> Options {
    Options {
        index_memory_bytes: 4 << 20,
        index_cache_bytes: 8 << 20,
        ..Options::default()
    }
}

/// Writes to standard output. A reader who went away is no reason to fail.
fn say(text: &str) {
    use std::io::Write;

    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// `1 table`, `2 tables`
fn count(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// Bytes for people: three digits and a unit.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut amount = bytes as f64;
    let mut unit = None;
    for next in UNITS {
        if amount < 1024.0 {
            break;
        }
        amount /= 1024.0;
        unit = Some(next);
    }
    match unit {
        None => format!("{bytes} B"),
        Some(unit) => format!("{amount:.1} {unit}"),
    }
}
