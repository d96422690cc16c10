//! A copy of a store that another process may have open: consistent without its help.
//!
//! Owns: the order in which files are copied. Must never know: what keys and values mean.
//!
//! The log is the truth, and two things hold at every moment: a segment is given up only once the index on the disk
//! holds its transactions, and the index on the disk holds only what is in the log. So:
//!
//! 1. The log is copied, from its oldest segment on. A segment that is given up meanwhile is left out: an index that is
//!    looked at later holds what was in it.
//! 2. The files of the index are opened. If the index has a new version afterwards, they are opened again.
//! 3. The log is followed on from where the first pass ended, so that it reaches at least as far as the index. If its
//!    thread is lost, because that much was written meanwhile, all begins again.
//! 4. The files of the index, which never change, are copied from the open handles, whatever becomes of their names.
//! 5. The copy is read and checked like any store. The format file comes last: without it a copy was never finished.
//!
//! What was acknowledged before the copy began was in the log then, and so is in the copy.

mod index;
mod log;

use super::directory;
use super::inspect::Inspection;
use super::options::Options;
use crate::disk::{Disk, RealDisk, sync_directory};
use crate::{Lost, StoreError};
use index::IndexFiles;
use log::LogCopy;
use std::path::Path;

/// How often copying begins again because the store was changed too fast.
const ATTEMPTS: usize = 50;

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupFacts {
    /// The last transaction in the copy.
    pub sequence: u64,
    /// Bytes of the index and of the log's records.
    pub bytes: u64,
}

/// Copies the store in `from` to `to`, an empty directory that is there, and checks the copy. `from` may be open in
/// another process and is not changed. The copy is durable when this returns; after an error `to` holds no store.
///
/// Keeps a handle open for every table of the index: as many as its size divided by 16 MiB, and some.
///
/// Fails with [`StoreError::Corrupt`] if the copy has damage: then the store has it too.
pub fn backup(from: &Path, to: &Path, options: &Options) -> Result<BackupFacts, StoreError> {
    let source = RealDisk::read_only(from);
    let list = |disk: &RealDisk, path| disk.list().map_err(|e| StoreError::io("listing", path, e));
    if !directory::check_format(&source, &list(&source, from)?)? {
        let missing = std::io::ErrorKind::NotFound.into();
        return Err(StoreError::io("looking for a store in", from, missing));
    }
    for _ in 0..ATTEMPTS {
        let mut log = LogCopy::new(&source, to);
        log.first_pass()?;
        let files = IndexFiles::open(&from.join("index"))?;
        if log.second_pass()? {
            log.finish()?;
            files.copy(&to.join("index"))?;
            return complete(from, to, options);
        }
        log.discard()?;
    }
    Err(too_fast())
}

fn too_fast() -> StoreError {
    StoreError::stopped("it is written so fast that no copy could be made")
}

/// Checks the copy, removes from it what does not belong to the index, and gives it its format file.
fn complete(from: &Path, to: &Path, options: &Options) -> Result<BackupFacts, StoreError> {
    let name = |path: &Path| path.join(directory::FORMAT);
    std::fs::copy(name(from), name(to)).map_err(|e| StoreError::io("copying", &name(from), e))?;
    let checked = check(to, options);
    if checked.is_err() {
        // A copy that is not whole is no store.
        std::fs::remove_file(name(to)).map_err(|e| StoreError::io("removing", &name(to), e))?;
    }
    let facts = checked?;
    let synced = std::fs::File::open(name(to)).and_then(|file| file.sync_all());
    synced
        .and_then(|()| sync_directory(to))
        .map_err(|e| StoreError::io("syncing", to, e))?;
    Ok(facts)
}

fn check(copy: &Path, options: &Options) -> Result<BackupFacts, StoreError> {
    let found = Inspection::open(copy, options)?;
    let serious = |lost: &Lost| !matches!(lost, Lost::Nothing(_));
    let first = found.damages.iter().find(|damage| serious(&damage.lost));
    if let Some(damage) = first.or(found.damages.first()) {
        return Err(StoreError::Corrupt {
            file: damage.file.clone(),
            offset: damage.offset,
            what: damage.what.clone(),
        });
    }
    index::remove_strangers(&copy.join("index"), &found.tables)?;
    Ok(BackupFacts {
        sequence: found.log.last.max(found.index.applied),
        bytes: found.index.bytes + found.log.record_bytes,
    })
}
