//! `stepwell store restore`: a data folder from a backup.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use store::BackupFacts;

use super::backup::{BACKUP_FILE, BackupFile, CODE, VERSION};
use super::files::{copy_tree, make_empty, remove_made};
use super::{CommandError, DataDir, STORE, options, say};

/// What `store restore` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct RestoreArgs {
    /// What `stepwell store backup` made
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    #[command(flatten)]
    data_dir: DataDir,
}

/// Copies, checks the copy, and says what is in it.
pub(super) fn run(args: &RestoreArgs) -> Result<ExitCode, CommandError> {
    let (from, to) = (&args.from, &args.data_dir.path);
    let about = read(from)?;
    let was_made = make_empty(to)?;
    let copied = copy(from, to);
    if copied.is_err() {
        remove_made(to, was_made);
    }
    let facts = copied?;
    say(&format!(
        "{}: everything up to transaction {}, as of {}\n",
        to.display(),
        facts.sequence,
        about.begun
    ));
    Ok(ExitCode::SUCCESS)
}

fn read(from: &Path) -> Result<BackupFile, CommandError> {
    let none = |reason: String| CommandError::NoBackup(from.to_owned(), reason);
    let text = std::fs::read_to_string(from.join(BACKUP_FILE))
        .map_err(|error| none(format!("{BACKUP_FILE} cannot be read: {error}")))?;
    let about: BackupFile =
        serde_json::from_str(&text).map_err(|error| none(format!("{BACKUP_FILE}: {error}")))?;
    match about.version > VERSION {
        true => Err(none(format!(
            "its version is {}, this program reads up to {VERSION}: use a newer program",
            about.version
        ))),
        false => Ok(about),
    }
}

/// The store is copied and checked like one in use; its format file makes it whole at the end.
fn copy(from: &Path, to: &Path) -> Result<BackupFacts, CommandError> {
    copy_tree(&from.join(CODE), &to.join(CODE))?;
    let store = to.join(STORE);
    make_empty(&store)?;
    store::backup(&from.join(STORE), &store, &options()).map_err(CommandError::Damaged)
}
