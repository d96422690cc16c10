//! The little of a disk that the log needs, so that every fault of a disk can be injected beneath it.
//!
//! Owns: named files in one directory, and what it takes to make them durable. Must never know: what is in the files.

pub mod faults;
mod real;
mod slow;

pub use real::RealDisk;
pub(crate) use real::sync_directory;
pub use slow::SlowDisk;

use std::io;
use std::path::{Path, PathBuf};

/// One directory of files. A change of the directory (create, rename, remove) is durable after
/// [`Disk::sync_directory`], a change of a file's bytes after [`DiskFile::sync_data`].
pub trait Disk: Send + Sync {
    /// Where a file is, for messages.
    fn path(&self, name: &str) -> PathBuf;

    /// The names of all files, in no particular order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Creates an empty file, or empties the one that is there.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file for reading and writing.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Renames a file, over the target if there is one.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the creations, renames and removals so far durable.
    fn sync_directory(&self) -> io::Result<()>;

    /// Told when everything below `index`, a directory that is not reached through this trait, was synced; before
    /// anything that relies on it is done. A disk that injects faults takes its copy here.
    fn index_synced(&self, index: &Path) -> io::Result<()> {
        let _ = index;
        Ok(())
    }
}

/// One open file.
pub trait DiskFile: Send + Sync {
    /// The length in bytes.
    fn size(&self) -> io::Result<u64>;

    /// Reads up to `buffer.len()` bytes at `offset`; answers how many, fewer only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes` at `offset`, extending the file if need be. Not durable before [`DiskFile::sync_data`].
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Fills the file with zeros from `from` to `to`, so that later writes there change no metadata.
    fn preallocate(&self, from: u64, to: u64) -> io::Result<()>;

    /// Makes the bytes of the file, and the length that is needed to read them, durable.
    fn sync_data(&self) -> io::Result<()>;
}
