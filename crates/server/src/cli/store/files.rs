//! Copying folders of files that do not change, durably.

use std::fs::{self, File};
use std::io::{self, ErrorKind::NotFound};
use std::os::unix::fs::symlink;
use std::path::Path;

use super::CommandError;

/// Copies a folder with everything in it; what is there already is kept, what is gone meanwhile is left out. Answers the
/// bytes copied.
pub(super) fn copy_tree(from: &Path, to: &Path) -> Result<u64, CommandError> {
    copy_folder(from, to).map_err(|error| CommandError::Io("cannot copy", from.to_owned(), error))
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<u64> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == NotFound => return Ok(0),
        entries => entries?,
    };
    fs::create_dir_all(to)?;
    let mut bytes = 0;
    for entry in entries {
        let entry = entry?;
        match copy_entry(&entry, &to.join(entry.file_name())) {
            Ok(copied) => bytes += copied,
            Err(error) if error.kind() == NotFound => {}
            Err(error) => return Err(error),
        }
    }
    File::open(to)?.sync_all()?;
    Ok(bytes)
}

fn copy_entry(entry: &fs::DirEntry, to: &Path) -> io::Result<u64> {
    let kind = entry.file_type()?;
    if kind.is_dir() {
        return copy_folder(&entry.path(), to);
    }
    if fs::symlink_metadata(to).is_ok() {
        return Ok(0);
    }
    if kind.is_symlink() {
        symlink(fs::read_link(entry.path())?, to)?;
        return Ok(0);
    }
    let bytes = fs::copy(entry.path(), to)?;
    File::open(to)?.sync_all()?;
    Ok(bytes)
}

/// Makes a folder to write into, which must not be there or be empty. True if it was not there.
pub(super) fn make_empty(path: &Path) -> Result<bool, CommandError> {
    let failed = |error| CommandError::Io("cannot use", path.to_owned(), error);
    match fs::read_dir(path) {
        Ok(mut entries) => match entries.next() {
            None => Ok(false),
            Some(_) => Err(CommandError::NotEmpty(path.to_owned())),
        },
        Err(error) if error.kind() == NotFound => {
            fs::create_dir_all(path).map_err(failed)?;
            Ok(true)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Removes what was written into a folder of [`make_empty`], and the folder if it was made.
pub(super) fn remove_made(path: &Path, was_made: bool) {
    // What cannot be removed has no format file or no backup file, and is refused by what would read it.
    if was_made {
        let _ = fs::remove_dir_all(path);
        return;
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let _ = match entry.path().is_dir() {
            true => fs::remove_dir_all(entry.path()),
            false => fs::remove_file(entry.path()),
        };
    }
}

/// Writes a small file, durably.
pub(super) fn write_file(path: &Path, content: &str) -> Result<(), CommandError> {
    let write = || -> io::Result<()> {
        fs::write(path, content)?;
        File::open(path)?.sync_all()?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(|error| CommandError::Io("cannot write", path.to_owned(), error))
}
