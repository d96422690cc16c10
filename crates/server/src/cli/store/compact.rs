//! `stepwell store compact`: gives back what is no longer needed.

use std::process::ExitCode;

use clap::Args;
use store::{EmbeddedStore, Footprint};

use super::{CommandError, DataDir, STORE, count, options, say, size};

/// What `store compact` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct CompactArgs {
    #[command(flatten)]
    data_dir: DataDir,
}

/// Compacts and says what it brought.
pub(super) fn run(args: &CompactArgs) -> Result<ExitCode, CommandError> {
    let folder = &args.data_dir.path;
    let (before, after) = EmbeddedStore::compact(folder.join(STORE), options())
        .map_err(|error| CommandError::of_opening(folder, error))?;
    say(&format!(
        "before: {}\nafter:  {}\n",
        shown(before),
        shown(after)
    ));
    Ok(ExitCode::SUCCESS)
}

fn shown(files: Footprint) -> String {
    let total = files.log_bytes + files.index_bytes;
    format!(
        "{} (log {} in {}, index {} in {})",
        size(total),
        size(files.log_bytes),
        count(files.segments, "segment"),
        size(files.index_bytes),
        count(files.tables, "table"),
    )
}
