//! Making a closed store as small as it can be: one sorted run without what was overwritten or removed, and no more of
//! the log than the next start needs.

use super::directory::Directory;
use super::index::Index;
use super::options::Options;
use super::{EmbeddedStore, Opened};
use crate::StoreError;
use crate::disk::RealDisk;
use std::path::Path;
use std::sync::Arc;

/// A store's files in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Bytes of the log's segments.
    pub log_bytes: u64,
    /// Number of the log's segments.
    pub segments: u64,
    /// Bytes of the index's tables.
    pub index_bytes: u64,
    /// Number of the index's tables.
    pub tables: u64,
}

impl EmbeddedStore {
    /// Opens the store in a directory that holds one, makes it as small as it can be, and closes it; answers its files
    /// before and after. Opens it like [`EmbeddedStore::open`], with the same errors. A crash at any time leaves a whole
    /// store. For a while both the old and the new tables are there.
    pub fn compact(
        directory: impl AsRef<Path>,
        options: Options,
    ) -> Result<(Footprint, Footprint), StoreError> {
        let directory = directory.as_ref();
        let exists = std::fs::metadata(directory.join(super::directory::FORMAT));
        exists.map_err(|e| StoreError::io("looking for a store in", directory, e))?;
        let locked = Directory::lock(directory)?;
        let mut opened = Opened::open(Arc::new(RealDisk::new(directory)), &locked, &options)?;
        let before = opened.footprint();
        opened.upkeep.seal(opened.sequence)?;
        opened.upkeep.finish()?;
        opened.index.merge_all()?;
        opened.log.trim(opened.sequence)?;
        let after = opened.footprint();
        Ok((before, after))
    }
}

impl Opened {
    fn footprint(&self) -> Footprint {
        let (log_bytes, segments) = self.log.footprint();
        let (index_bytes, tables) = bytes_of(&self.index);
        Footprint {
            log_bytes,
            segments,
            index_bytes,
            tables,
        }
    }
}

fn bytes_of(index: &Index) -> (u64, u64) {
    let tables = index.tables();
    let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let total = tables.iter().map(|table| bytes(&table.path)).sum();
    (total, tables.len() as u64)
}
