//! Looking at a store without opening it: is every byte what was once written, and what is affected where it is not.
//!
//! Owns: what is looked at in which order, and the report. Nothing in the directory is changed: the index is opened
//! through links in a folder for temporary files, and what is only in the log is applied there.
//! Must never know: what keys and values mean.
//!
//! - `segments`: the log, all of it, also what an opening would not need
//! - `table`: the files of the index, block by block
//! - `scratch`: the links
//! - `view`: the rows, as an opening would find them

mod scratch;
mod segments;
mod table;
mod view;

pub use view::View;

use super::directory::{self, Directory};
use super::index::{Index, OpenFailure};
use super::options::Options;
use super::replay;
use crate::disk::{Disk, RealDisk};
use crate::{Bytes, StoreError};
use scratch::Scratch;
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Bytes that are not what was once written.
#[derive(Clone, Debug)]
pub struct Damage {
    /// The file, or the directory if no single file is damaged.
    pub file: PathBuf,
    /// Where in it the damage begins, in bytes.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
    /// What cannot be read because of it.
    pub lost: Lost,
}

/// What cannot be read because of some damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nothing, and why not.
    Nothing(&'static str),
    /// Transactions, first and last, `None` if that cannot be told; later ones cannot take effect without them.
    Transactions(u64, Option<u64>),
    /// Versions of rows with keys after the one and before the other; `None` where there is no such bound.
    Keys(Option<Bytes>, Option<Bytes>),
    /// Everything that was in the index.
    Index,
}

/// The log in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogFacts {
    /// Files, prepared ones included.
    pub segments: u64,
    /// Their length in bytes.
    pub bytes: u64,
    /// Bytes of it that hold records.
    pub record_bytes: u64,
    /// Valid records.
    pub records: u64,
    /// The first transaction that is still there, if any is.
    pub first: Option<u64>,
    /// The last transaction, or the one before the first.
    pub last: u64,
}

/// The index in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexFacts {
    /// Files with rows.
    pub tables: u64,
    /// Their length in bytes.
    pub bytes: u64,
    /// Blocks in them.
    pub blocks: u64,
    /// The last transaction that was applied.
    pub applied: u64,
}

/// A store as it was found. While this lives no other process can open the store for writing.
pub struct Inspection {
    /// Everything that is wrong, in the order of the files.
    pub damages: Vec<Damage>,
    /// The log.
    pub log: LogFacts,
    /// The index.
    pub index: IndexFacts,
    /// The rows, if there is any way to read them.
    pub view: Option<View>,
    /// The names of the tables that belong to the index.
    pub(super) tables: HashSet<OsString>,
    directory: Directory,
}

impl Inspection {
    /// Looks at the store in `directory` and changes nothing there. Memory is bounded by `options.index_memory_bytes`,
    /// the size of a table and that of a record. Temporary files go where the system keeps them: as many bytes as the
    /// log holds beyond the index.
    ///
    /// Fails where it cannot look: [`StoreError::Locked`] if a process has the store open, [`StoreError::NewerFormat`]
    /// if a newer program wrote it, [`StoreError::Io`] if there is none or the system refuses. Damage is no failure.
    pub fn open(directory: impl AsRef<Path>, options: &Options) -> Result<Inspection, StoreError> {
        let directory = Directory::lock_for_reading(directory.as_ref())?;
        let disk = RealDisk::read_only(directory.path());
        let names = disk
            .list()
            .map_err(|e| StoreError::io("listing", directory.path(), e))?;
        let mut found = Inspection {
            damages: Vec::new(),
            log: LogFacts::default(),
            index: IndexFacts::default(),
            view: None,
            tables: HashSet::new(),
            directory,
        };
        found.check_format(&disk, &names)?;
        let index = found.check_index(options)?;
        found.check_log(&disk, &names)?;
        found.build_view(&disk, &names, index, options)?;
        Ok(found)
    }

    fn check_format(&mut self, disk: &RealDisk, names: &[String]) -> Result<(), StoreError> {
        match directory::check_format(disk, names) {
            Ok(true) => Ok(()),
            Ok(false) if !names.iter().any(|name| name.starts_with("log-")) => Err(StoreError::io(
                "looking for a store in",
                self.directory.path(),
                std::io::ErrorKind::NotFound.into(),
            )),
            Ok(false) => {
                let what = "there is a log, but no format file".to_owned();
                let lost = Lost::Nothing("the file can be written again");
                self.damaged(disk.path("format"), 0, what, lost);
                Ok(())
            }
            Err(error) => self.note(error, Lost::Nothing("the file can be written again")),
        }
    }

    /// Checks the files of the index; answers it opened, if it can be.
    fn check_index(&mut self, options: &Options) -> Result<Option<(Index, Scratch)>, StoreError> {
        let path = self.directory.index();
        if !Index::exists(&path) {
            return Ok(None);
        }
        let scratch = Scratch::linked(&path)?;
        let index = match Index::open(scratch.path(), options.index_cache_bytes) {
            Ok(index) => index,
            Err(OpenFailure::Refused(reason)) => {
                return Err(StoreError::Index {
                    what: reason.into(),
                });
            }
            Err(OpenFailure::Damaged(what)) => {
                self.unopened_index(&path, what)?;
                return Ok(None);
            }
        };
        for table in index.tables() {
            let facts = table::check(&table, &path, &mut self.damages)?;
            self.tables
                .extend(table.path.file_name().map(OsString::from));
            self.index.tables += 1;
            self.index.bytes += facts.bytes;
            self.index.blocks += facts.blocks;
        }
        match index.applied() {
            Ok(applied) => {
                self.index.applied = applied;
                Ok(Some((index, scratch)))
            }
            Err(error) => {
                self.damaged(path, 0, error.to_string(), Lost::Index);
                Ok(None)
            }
        }
    }

    /// Finds out which files keep the index from being opened.
    fn unopened_index(&mut self, path: &Path, what: String) -> Result<(), StoreError> {
        let before = self.damages.len();
        table::check_unopened(path, &mut self.damages)?;
        if self.damages.len() == before {
            self.damaged(path.to_owned(), 0, what, Lost::Index);
        }
        Ok(())
    }

    fn check_log(&mut self, disk: &RealDisk, names: &[String]) -> Result<(), StoreError> {
        let applied = self.index.applied;
        self.log = segments::check(disk, names, applied, &mut self.damages)?;
        Ok(())
    }

    /// Reads the log as an opening would, on top of the index or instead of it.
    fn build_view(
        &mut self,
        disk: &RealDisk,
        names: &[String],
        index: Option<(Index, Scratch)>,
        options: &Options,
    ) -> Result<(), StoreError> {
        let survey = match replay::survey(disk, names) {
            Ok(survey) => survey,
            // What is in the index can be read all the same.
            Err(error) => {
                self.view = index.map(|(index, scratch)| self.view_of(index, scratch));
                return self.note_unless_known(error);
            }
        };
        let (index, scratch) = match index {
            // A damaged index is not needed where the log has everything.
            Some(opened) if !(survey.is_complete() && self.index_is_damaged()) => opened,
            _ if survey.is_complete() => {
                self.index_is_spare();
                self.empty_index(options)?
            }
            _ => return self.no_index(disk.path("index")),
        };
        let applied = index.applied()?;
        let replayed = survey.follow(disk, applied, &mut |writes, last| {
            let writes = writes.iter().map(|write| (write.key, write.value));
            index.apply(writes.collect::<HashMap<_, _>>().into_iter(), last);
            if index.unsealed_bytes() >= options.index_memory_bytes && index.seal() {
                index.flush()?;
            }
            Ok(())
        });
        self.view = Some(self.view_of(index, scratch));
        match replayed {
            Ok(_) => Ok(()),
            Err(error) => self.note_unless_known(error),
        }
    }

    fn view_of(&self, index: Index, scratch: Scratch) -> View {
        let index_files = self.directory.index();
        let of_index = |damage: &&Damage| damage.file.starts_with(&index_files);
        let gaps = self.damages.iter().filter(of_index);
        View::new(index, scratch, gaps.map(|damage| damage.lost.clone()))
    }

    fn empty_index(&self, options: &Options) -> Result<(Index, Scratch), StoreError> {
        let scratch = Scratch::empty()?;
        match Index::open(scratch.path(), options.index_cache_bytes) {
            Ok(index) => Ok((index, scratch)),
            Err(OpenFailure::Damaged(what) | OpenFailure::Refused(what)) => {
                Err(StoreError::Index { what: what.into() })
            }
        }
    }

    fn index_is_damaged(&self) -> bool {
        let path = self.directory.index();
        self.damages.iter().any(|d| d.file.starts_with(&path))
    }

    /// The log holds everything, so that damage of the index costs nothing.
    fn index_is_spare(&mut self) {
        let path = self.directory.index();
        for damage in &mut self.damages {
            if damage.file.starts_with(&path) {
                damage.lost = Lost::Nothing(
                    "the log holds everything: without its folder the index is filled again",
                );
            }
        }
    }

    fn no_index(&mut self, path: PathBuf) -> Result<(), StoreError> {
        if !self.index_is_damaged() {
            let what = "the index is missing, and the log has been cut".to_owned();
            self.damaged(path, 0, what, Lost::Index);
        }
        Ok(())
    }

    /// What keeps the store from being opened is damage, unless it was found before.
    fn note_unless_known(&mut self, error: StoreError) -> Result<(), StoreError> {
        let log = |damage: &Damage| !damage.file.starts_with(self.directory.index());
        match self.damages.iter().any(log) {
            true => Ok(()),
            false => self.note(error, Lost::Nothing("everything before it can be read")),
        }
    }

    /// Damage is noted; any other error is one of looking.
    fn note(&mut self, error: StoreError, lost: Lost) -> Result<(), StoreError> {
        match error {
            StoreError::Corrupt { file, offset, what } => {
                self.damaged(file, offset, what, lost);
                Ok(())
            }
            error => Err(error),
        }
    }

    fn damaged(&mut self, file: PathBuf, offset: u64, what: String, lost: Lost) {
        self.damages.push(Damage {
            file,
            offset,
            what,
            lost,
        });
    }
}
