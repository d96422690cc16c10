//! The directory of a store: the lock that keeps a second process out, and the file that says which format it has.

use crate::disk::Disk;
use crate::{StoreError, disk};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind::NotFound;
use std::path::{Path, PathBuf};

/// The version of the directory's layout that is written, and the newest that is read.
pub(super) const VERSION: u32 = 1;
/// The name of the format file.
pub(super) const FORMAT: &str = "format";
const FORMAT_UNFINISHED: &str = "format-unfinished";
const PREFIX: &str = "store ";

/// An open, locked directory.
pub(super) struct Directory {
    path: PathBuf,
    /// The lock lasts as long as this file is open. None where there is no file to lock: a copy that nobody opened yet.
    _lock: Option<File>,
}

impl Directory {
    /// Opens and locks a directory; creates it if need be.
    pub(super) fn lock(path: &Path) -> Result<Self, StoreError> {
        let existed = path.is_dir();
        let fail = |error| StoreError::io("opening", path, error);
        std::fs::create_dir_all(path).map_err(fail)?;
        if let (false, Some(parent)) = (existed, path.parent().filter(|p| p.is_dir())) {
            disk::sync_directory(parent).map_err(fail)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let lock = options.open(path.join("lock")).map_err(fail)?;
        let locked = lock.try_lock();
        Self::locked(path, Some(lock), locked)
    }

    /// Keeps writers out of a directory that is there, without changing it. Others may look at the same time.
    pub(super) fn lock_for_reading(path: &Path) -> Result<Self, StoreError> {
        let fail = |error| StoreError::io("opening", path, error);
        std::fs::read_dir(path).map_err(fail)?;
        match File::open(path.join("lock")) {
            Ok(lock) => {
                let locked = lock.try_lock_shared();
                Self::locked(path, Some(lock), locked)
            }
            Err(error) if error.kind() == NotFound => Self::locked(path, None, Ok(())),
            Err(error) => Err(fail(error)),
        }
    }

    fn locked(
        path: &Path,
        lock: Option<File>,
        result: Result<(), TryLockError>,
    ) -> Result<Self, StoreError> {
        match result {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
                directory: path.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(StoreError::io("locking", path, error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the index is.
    pub(super) fn index(&self) -> PathBuf {
        self.path.join("index")
    }
}

/// Checks the format file; false if there is none.
pub(super) fn check_format(disk: &dyn Disk, names: &[String]) -> Result<bool, StoreError> {
    if !names.iter().any(|name| name == FORMAT) {
        return Ok(false);
    }
    let path = disk.path(FORMAT);
    let mut text = [0; 32];
    let read = disk
        .open(FORMAT)
        .and_then(|file| file.read_at(&mut text, 0))
        .map_err(|e| StoreError::io("reading", &path, e))?;
    let found = std::str::from_utf8(&text[..read])
        .ok()
        .and_then(|text| text.strip_prefix(PREFIX)?.trim_end().parse().ok());
    match found {
        Some(found) if found > VERSION => Err(StoreError::NewerFormat {
            file: path,
            found,
            supported: VERSION,
        }),
        Some(_) => Ok(true),
        None => Err(StoreError::Corrupt {
            file: path,
            offset: 0,
            what: "this is not the format file of a store".to_owned(),
        }),
    }
}

/// Writes the format file: the last step of creating a store.
pub(super) fn write_format(disk: &dyn Disk) -> Result<(), StoreError> {
    let write = || {
        let file = disk.create(FORMAT_UNFINISHED)?;
        file.write_at(format!("{PREFIX}{VERSION}\n").as_bytes(), 0)?;
        file.sync_data()?;
        disk.rename(FORMAT_UNFINISHED, FORMAT)?;
        disk.sync_directory()
    };
    write().map_err(|e| StoreError::io("writing", &disk.path(FORMAT), e))
}
