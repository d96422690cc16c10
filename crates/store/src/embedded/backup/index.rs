//! Copying the index while it is changed: its files never change once they are there, only which of them count.

use crate::StoreError;
use crate::disk::sync_directory;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind::NotFound};
use std::path::Path;

/// The file that says which version of the index counts: 8 bytes, little endian, and a checksum.
const CURRENT: &str = "current";
const TABLES: &str = "tables";
/// How often the files are opened again because the index was changed.
const ATTEMPTS: usize = 1_000;

/// The open files of one version of the index, and maybe some that do not belong to it.
pub(super) struct IndexFiles {
    current: Vec<u8>,
    version: Option<(String, File)>,
    tables: Vec<(OsString, File)>,
}

impl IndexFiles {
    /// Opens the files of the index in `path`, again until it was not changed meanwhile.
    pub(super) fn open(path: &Path) -> Result<IndexFiles, StoreError> {
        for _ in 0..ATTEMPTS {
            match Self::try_open(path) {
                Ok(Some(files)) => return Ok(files),
                Ok(None) => {}
                Err(error) if error.kind() == NotFound => {}
                Err(error) => return Err(StoreError::io("opening the files of", path, error)),
            }
        }
        Err(super::too_fast())
    }

    fn try_open(path: &Path) -> io::Result<Option<IndexFiles>> {
        let current = match std::fs::read(path.join(CURRENT)) {
            Err(error) if error.kind() == NotFound => return Ok(Some(Self::of_none())),
            read => read?,
        };
        let number = current.first_chunk().map(|id| u64::from_le_bytes(*id));
        let name = format!("v{}", number.unwrap_or(0));
        let version = File::open(path.join(&name))?;
        let mut tables = Vec::new();
        for entry in std::fs::read_dir(path.join(TABLES))? {
            let name = entry?.file_name();
            match File::open(path.join(TABLES).join(&name)) {
                Ok(file) => tables.push((name, file)),
                // If it belonged to this version, another one counts now.
                Err(error) if error.kind() == NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let is_same = std::fs::read(path.join(CURRENT))? == current;
        Ok(is_same.then_some(IndexFiles {
            current,
            version: Some((name, version)),
            tables,
        }))
    }

    /// There is no index: the log has everything, or the check of the copy says that it has not.
    fn of_none() -> IndexFiles {
        IndexFiles {
            current: Vec::new(),
            version: None,
            tables: Vec::new(),
        }
    }

    /// Copies them, durably.
    pub(super) fn copy(self, to: &Path) -> Result<(), StoreError> {
        self.try_copy(to)
            .map_err(|e| StoreError::io("copying the index to", to, e))
    }

    fn try_copy(mut self, to: &Path) -> io::Result<()> {
        let Some((name, mut version)) = self.version.take() else {
            return Ok(());
        };
        let tables = to.join(TABLES);
        std::fs::create_dir_all(&tables)?;
        for (name, mut file) in self.tables {
            copy(&mut file, &tables.join(name))?;
        }
        copy(&mut version, &to.join(name))?;
        copy(&mut self.current.as_slice(), &to.join(CURRENT))?;
        sync_directory(&tables)?;
        sync_directory(to)
    }
}

fn copy(from: &mut impl io::Read, to: &Path) -> io::Result<()> {
    let mut file = File::create(to)?;
    io::copy(from, &mut file)?;
    file.sync_all()
}

/// Removes the tables of a copy that do not belong to it: they were being written, or given up, when it was made.
pub(super) fn remove_strangers(index: &Path, known: &HashSet<OsString>) -> Result<(), StoreError> {
    let tables = index.join(TABLES);
    let remove = || -> io::Result<()> {
        if !tables.is_dir() {
            return Ok(());
        }
        for entry in std::fs::read_dir(&tables)? {
            let entry = entry?;
            if !known.contains(&entry.file_name()) {
                std::fs::remove_file(entry.path())?;
            }
        }
        sync_directory(&tables)
    };
    remove().map_err(|e| StoreError::io("tidying", &tables, e))
}
