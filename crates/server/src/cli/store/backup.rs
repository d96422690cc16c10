//! `stepwell store backup`: a copy of a data folder that a server may be using.
//!
//! A backup is a folder that looks like a data folder, so that every command that looks at one looks at a backup too:
//! `store/`, `functions/code/`, and `backup.json`, which is written last. What functions log, and what is installed
//! on first use, is not in it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::{Deserialize, Serialize};
use store::{BackupFacts, StoreError};

use super::files::{copy_tree, make_empty, remove_made, write_file};
use super::{CommandError, DataDir, STORE, options, say, size};

/// The file that says that a backup is complete.
pub(super) const BACKUP_FILE: &str = "backup.json";
/// Where the code of the functions is in a data folder.
pub(super) const CODE: &str = "functions/code";
/// The version of a backup's layout that is written, and the newest that is read.
pub(super) const VERSION: u32 = 1;

/// What `store backup` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct BackupArgs {
    #[command(flatten)]
    data_dir: DataDir,
    /// A folder that is not there or empty
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// What is kept about a backup.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct BackupFile {
    /// Of the layout.
    pub(super) version: u32,
    /// The program that made it.
    pub(super) stepwell: String,
    /// When it was begun: everything acknowledged before is in it.
    pub(super) begun: String,
    /// The last transaction in it.
    pub(super) transaction: u64,
}

/// Copies and says what.
pub(super) fn run(args: &BackupArgs) -> Result<ExitCode, CommandError> {
    let (from, to) = (&args.data_dir.path, &args.to);
    let begun = jiff::Timestamp::now().to_string();
    more_open_files();
    let was_made = make_empty(to)?;
    let copied = copy(from, to, begun);
    if copied.is_err() {
        remove_made(to, was_made);
    }
    let (facts, code) = copied?;
    say(&format!(
        "{}: everything up to transaction {}, {} of state and {} of code; read again and found whole\n",
        to.display(),
        facts.sequence,
        size(facts.bytes),
        size(code),
    ));
    Ok(ExitCode::SUCCESS)
}

/// The code is copied before and after the store: it is there before a record names it, and goes after.
fn copy(from: &Path, to: &Path, begun: String) -> Result<(BackupFacts, u64), CommandError> {
    let code = || copy_tree(&from.join(CODE), &to.join(CODE));
    let before = code()?;
    let store = to.join(STORE);
    make_empty(&store)?;
    let facts = store::backup(&from.join(STORE), &store, &options()).map_err(|error| {
        let error_in_copy =
            matches!(&error, StoreError::Corrupt { file, .. } if file.starts_with(&store));
        match error_in_copy {
            true => CommandError::Damaged(error),
            false => CommandError::of_opening(from, error),
        }
    })?;
    let after = code()?;
    let about = BackupFile {
        version: VERSION,
        stepwell: env!("CARGO_PKG_VERSION").to_owned(),
        begun,
        transaction: facts.sequence,
    };
    let text = serde_json::to_string_pretty(&about).expect("it has string keys and plain values");
    write_file(&to.join(BACKUP_FILE), &(text + "\n"))?;
    Ok((facts, before + after))
}

/// A handle is held for every file of the index while it is copied.
fn more_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If it cannot be had, the copy says so when it runs out of them.
    let _ = setrlimit(Resource::Nofile, limit);
}
