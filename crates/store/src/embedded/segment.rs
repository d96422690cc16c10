//! A segment: one preallocated file of the log. The layout is in `FORMAT.md`.
//!
//! Owns: the header of the file, and bringing a segment into being so that a crash at any point leaves either none or
//! a whole one. Must never know: what is in the records.

use crate::StoreError;
use crate::disk::{Disk, DiskFile};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;

/// Where the first record begins. The header has a page of its own, which is never written again.
pub(super) const FIRST_RECORD: u64 = 4096;
/// The version of the segment header that is written, and the newest that is read.
const VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"STORELOG";
const FIELDS: usize = 44;
/// A segment has this name until it is complete.
pub(super) const UNFINISHED: &str = "log-unfinished";
/// Zeros are synced in steps of this many bytes, so that the syncs of the commits beside it do not wait long.
const ZERO_STEP: u64 = 1024 * 1024;

/// An open, complete segment.
pub(super) struct Segment {
    /// Position in the log; each segment's is one more than its predecessor's.
    pub id: u64,
    /// Makes the headers of this segment's records recognisable. Never leaves the file.
    pub salt: u64,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// The file.
    pub file: Box<dyn DiskFile>,
}

/// The name of the file of a segment.
pub(super) fn name(id: u64) -> String {
    format!("log-{id:016x}")
}

/// The segment a file name stands for.
pub(super) fn parse_name(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("log-")?;
    (digits.len() == 16)
        .then(|| u64::from_str_radix(digits, 16).ok())
        .flatten()
}

/// Makes a segment: from zeros, or from a file whose records are no longer needed. Returns once it is durable.
pub(super) fn prepare(
    disk: &dyn Disk,
    id: u64,
    bytes: u64,
    recycled: Option<u64>,
) -> Result<Segment, StoreError> {
    let (file, bytes) = match recycled {
        Some(old) => reuse(disk, old)?,
        None => (create(disk, bytes)?, bytes),
    };
    let salt = RandomState::new().build_hasher().finish();
    let at = || disk.path(&name(id));
    file.write_at(&encode_header(id, salt, bytes), 0)
        .map_err(|e| StoreError::io("writing the header of", &at(), e))?;
    file.sync_data()
        .map_err(|e| StoreError::io("syncing", &at(), e))?;
    disk.rename(UNFINISHED, &name(id))
        .map_err(|e| StoreError::io("naming", &at(), e))?;
    disk.sync_directory()
        .map_err(|e| StoreError::io("syncing the directory of", &at(), e))?;
    Ok(Segment {
        id,
        salt,
        bytes,
        file,
    })
}

fn create(disk: &dyn Disk, bytes: u64) -> Result<Box<dyn DiskFile>, StoreError> {
    let fail = |error| StoreError::io("preallocating", &disk.path(UNFINISHED), error);
    let file = disk.create(UNFINISHED).map_err(fail)?;
    let mut from = 0;
    while from < bytes {
        let to = bytes.min(from + ZERO_STEP);
        file.preallocate(from, to).map_err(fail)?;
        file.sync_data().map_err(fail)?;
        from = to;
    }
    Ok(file)
}

/// The old name must be durably gone before the header changes: a segment under its name always has its own header.
fn reuse(disk: &dyn Disk, old: u64) -> Result<(Box<dyn DiskFile>, u64), StoreError> {
    let fail = |error| StoreError::io("recycling", &disk.path(&name(old)), error);
    disk.rename(&name(old), UNFINISHED).map_err(fail)?;
    disk.sync_directory().map_err(fail)?;
    let file = disk.open(UNFINISHED).map_err(fail)?;
    let bytes = file.size().map_err(fail)?;
    Ok((file, bytes))
}

/// Opens a segment that is there.
pub(super) fn open(disk: &dyn Disk, id: u64) -> Result<Segment, StoreError> {
    let path = disk.path(&name(id));
    let fail = |error| StoreError::io("opening", &path, error);
    let file = disk.open(&name(id)).map_err(fail)?;
    let size = file.size().map_err(fail)?;
    let mut header = [0; FIELDS];
    let read = file.read_at(&mut header, 0).map_err(fail)?;
    let (salt, bytes) = decode_header(&header[..read], id, &path)?;
    if size < bytes {
        let what = format!("the file should have {bytes} bytes");
        return Err(corrupt(&path, size, what));
    }
    Ok(Segment {
        id,
        salt,
        bytes,
        file,
    })
}

/// The bytes before the first record.
pub(super) fn encode_header(id: u64, salt: u64, bytes: u64) -> Vec<u8> {
    let mut header = Vec::with_capacity(FIRST_RECORD as usize);
    header.extend_from_slice(&MAGIC);
    header.extend_from_slice(&VERSION.to_le_bytes());
    header.extend_from_slice(&[0; 4]);
    for field in [id, salt, bytes] {
        header.extend_from_slice(&field.to_le_bytes());
    }
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    header.resize(FIRST_RECORD as usize, 0);
    header
}

fn decode_header(header: &[u8], id: u64, path: &PathBuf) -> Result<(u64, u64), StoreError> {
    let damaged = |what: &str| Err(corrupt(path, 0, what.to_owned()));
    if header.len() < FIELDS || header[..8] != MAGIC {
        return damaged("this is not a segment of a log");
    }
    let u32_at = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| header[at + i]));
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    if u32_at(8) > VERSION {
        return Err(StoreError::NewerFormat {
            file: path.clone(),
            found: u32_at(8),
            supported: VERSION,
        });
    }
    if crc32fast::hash(&header[..40]) != u32_at(40) {
        return damaged("the checksum of the segment's header does not match");
    }
    if u64_at(16) != id {
        return damaged("the segment has the name of another one");
    }
    Ok((u64_at(24), u64_at(32)))
}

fn corrupt(path: &PathBuf, offset: u64, what: String) -> StoreError {
    StoreError::Corrupt {
        file: path.to_owned(),
        offset,
        what,
    }
}
