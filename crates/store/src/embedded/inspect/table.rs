//! The files of the index: every block is read and its checksum compared.
//!
//! Owns: where a bad block is, and between which keys rows may be missing because of it. The layout of a table is the
//! tree's; only its blocks are known here.

use super::{Damage, Lost};
use crate::StoreError;
use crate::embedded::index::user_key;
use lsm_tree::table::Block;
use lsm_tree::{CompressionType, Table};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// What a block begins with.
const BLOCK: &[u8; 4] = b"LSM\x03";
/// The version of the table stands alone before the last block.
const VERSION: u8 = 3;
/// What follows the last block: the table of contents.
const CONTENTS: &[u8; 4] = b"TOC!";

/// A table in numbers.
pub(super) struct Facts {
    pub bytes: u64,
    pub blocks: u64,
}

/// Checks a table of an index that could be opened; `index` is where its files really are.
pub(super) fn check(
    table: &Table,
    index: &Path,
    damages: &mut Vec<Damage>,
) -> Result<Facts, StoreError> {
    let name = table.path.file_name().unwrap_or_default();
    let path = index.join("tables").join(name);
    let bytes = std::fs::read(&path).map_err(|e| StoreError::io("reading", &path, e))?;
    let blocks = walk(&bytes);
    if !blocks.bad.is_empty() {
        let lost = lost_keys(table);
        damages.extend(blocks.bad.iter().map(|bad| bad.damage(&path, lost.clone())));
    }
    Ok(Facts {
        bytes: bytes.len() as u64,
        blocks: blocks.good,
    })
}

/// Checks the tables of an index that could not be opened, as far as that goes without knowing which of them count.
pub(super) fn check_unopened(index: &Path, damages: &mut Vec<Damage>) -> Result<(), StoreError> {
    let folder = index.join("tables");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return Ok(());
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let bytes = std::fs::read(&path).map_err(|e| StoreError::io("reading", &path, e))?;
        let bad = walk(&bytes).bad;
        damages.extend(bad.iter().map(|bad| bad.damage(&path, Lost::Index)));
    }
    Ok(())
}

struct Blocks {
    good: u64,
    bad: Vec<Bad>,
}

struct Bad {
    offset: usize,
    what: String,
}

impl Bad {
    fn damage(&self, path: &Path, lost: Lost) -> Damage {
        Damage {
            file: path.to_owned(),
            offset: self.offset as u64,
            what: self.what.clone(),
            lost,
        }
    }
}

/// Goes from block to block; after a bad one to the next good one.
fn walk(bytes: &[u8]) -> Blocks {
    let mut blocks = Blocks {
        good: 0,
        bad: Vec::new(),
    };
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(CONTENTS) {
            return blocks;
        }
        if rest[0] == VERSION && rest[1..].starts_with(BLOCK) {
            at += 1;
            continue;
        }
        match block_length(rest) {
            Ok(length) => {
                blocks.good += 1;
                at += length;
            }
            Err(what) => {
                blocks.bad.push(Bad { offset: at, what });
                match next_good(bytes, at + 1) {
                    Some(next) => at = next,
                    None => return blocks,
                }
            }
        }
    }
    let what = "the table of contents is missing".to_owned();
    blocks.bad.push(Bad { offset: at, what });
    blocks
}

/// The bytes of the block that begins here, or what is wrong with it.
fn block_length(bytes: &[u8]) -> Result<usize, String> {
    let mut rest = bytes;
    match catch_unwind(AssertUnwindSafe(|| {
        Block::from_reader(&mut rest, CompressionType::None).map(drop)
    })) {
        Ok(Ok(())) => Ok(bytes.len() - rest.len()),
        Ok(Err(lsm_tree::Error::ChecksumMismatch { .. })) => {
            Err("the checksum of a block does not match".to_owned())
        }
        Ok(Err(_)) | Err(_) => Err("there is no valid block here".to_owned()),
    }
}

/// The next block that is whole, or the end of the blocks.
fn next_good(bytes: &[u8], from: usize) -> Option<usize> {
    let starts = |at: &usize| {
        let rest = &bytes[*at..];
        rest.starts_with(CONTENTS) || (rest.starts_with(BLOCK) && block_length(rest).is_ok())
    };
    (from..bytes.len()).find(starts)
}

/// Between which keys rows of a damaged table cannot be read: from the last before the damage to the first behind it.
fn lost_keys(table: &Table) -> Lost {
    let read = AssertUnwindSafe(|| {
        let (mut after, mut before) = (None, None);
        let mut whole = true;
        for item in table.range(..) {
            match item {
                Ok(item) => after = Some(item.key.user_key),
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        if whole {
            // Rows can be walked through, but not looked up.
            return Lost::Keys(None, None);
        }
        for item in table.range(..).rev() {
            match item {
                Ok(item) => before = Some(item.key.user_key),
                Err(_) => break,
            }
        }
        let user = |key: Option<lsm_tree::UserKey>| key.and_then(|key| user_key(&key));
        Lost::Keys(user(after), user(before))
    });
    catch_unwind(read).unwrap_or(Lost::Keys(None, None))
}
