//! A folder for temporary files in which the index can be opened without touching its files: opening one removes what it
//! takes for left over, and what is written into it goes beside the tables.

use crate::StoreError;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use tempfile::TempDir;

const TABLES: &str = "tables";

/// Removed when it is dropped.
pub(super) struct Scratch(TempDir);

impl Scratch {
    /// A folder with nothing in it.
    pub(super) fn empty() -> Result<Scratch, StoreError> {
        let made = tempfile::Builder::new().prefix("store-view-").tempdir();
        made.map(Scratch)
            .map_err(|e| StoreError::io("making a folder in", &std::env::temp_dir(), e))
    }

    /// A folder in which the index in `path` seems to be.
    pub(super) fn linked(path: &Path) -> Result<Scratch, StoreError> {
        let scratch = Scratch::empty()?;
        let link = || -> io::Result<()> {
            let from = std::fs::canonicalize(path)?;
            for entry in std::fs::read_dir(&from)? {
                let entry = entry?;
                // The small files that say which tables there are: new ones are written in their place.
                if entry.file_type()?.is_file() {
                    std::fs::copy(entry.path(), scratch.path().join(entry.file_name()))?;
                }
            }
            let tables = scratch.path().join(TABLES);
            std::fs::create_dir(&tables)?;
            if !from.join(TABLES).is_dir() {
                return Ok(());
            }
            for entry in std::fs::read_dir(from.join(TABLES))? {
                let entry = entry?;
                symlink(entry.path(), tables.join(entry.file_name()))?;
            }
            Ok(())
        };
        link().map_err(|e| StoreError::io("looking into", path, e))?;
        Ok(scratch)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}
