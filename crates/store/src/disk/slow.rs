//! A disk whose syncs take their time: what a server does then is tested with it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Disk, DiskFile, RealDisk};

/// The operating system's disk, with a pause before every sync of a file.
pub struct SlowDisk {
    disk: RealDisk,
    pause: Duration,
}

impl SlowDisk {
    /// The files directly in `root`; a sync takes `pause` longer.
    pub fn new(root: impl Into<PathBuf>, pause: Duration) -> SlowDisk {
        SlowDisk {
            disk: RealDisk::new(root),
            pause,
        }
    }

    fn slow(&self, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(SlowFile {
            file,
            pause: self.pause,
        })
    }
}

impl Disk for SlowDisk {
    fn path(&self, name: &str) -> PathBuf {
        self.disk.path(name)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.slow(self.disk.create(name)?))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.slow(self.disk.open(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.disk.sync_directory()
    }

    fn index_synced(&self, index: &Path) -> io::Result<()> {
        self.disk.index_synced(index)
    }
}

struct SlowFile {
    file: Box<dyn DiskFile>,
    pause: Duration,
}

impl DiskFile for SlowFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }

    fn preallocate(&self, from: u64, to: u64) -> io::Result<()> {
        self.file.preallocate(from, to)
    }

    fn sync_data(&self) -> io::Result<()> {
        std::thread::sleep(self.pause);
        self.file.sync_data()
    }
}
