//! The store on a local disk: a write-ahead log of our own is the truth, a sorted index is kept behind it.
//!
//! Owns: putting the parts together when the store is opened, and taking them apart when it is closed.
//! Must never know: what keys and values mean. What is on the disk is documented in `FORMAT.md`.
//!
//! - `queue`: what waits for the committer
//! - `committer`: the thread that makes it durable, visible and answered
//! - `log`, `segment`, `record`: the truth; `preparer` makes segments ahead of need, `replay` reads them again
//! - `index`, `readers`, `upkeep`: the sorted tree, who reads it, and what it needs done
//! - `directory`: the lock and the format of the whole
//! - `inspect`: looking at all of it without opening it; `backup`: a copy while it is open elsewhere; `compact`

mod backup;
mod committer;
mod compact;
mod directory;
mod index;
mod inspect;
mod log;
mod options;
mod preparer;
mod queue;
mod readers;
mod record;
mod replay;
mod segment;
mod upkeep;
mod window;

pub use backup::{BackupFacts, backup};
pub use compact::Footprint;
pub use inspect::{Damage, IndexFacts, Inspection, LogFacts, Lost, View};
pub use options::Options;

use crate::completion::run;
use crate::disk::{Disk, RealDisk};
use crate::{Completion, KeyRange, Order, Stats, Store, StoreError, Transaction, limits};
use bytes::Bytes;
use committer::{Committer, Scratch};
use directory::Directory;
use index::{Index, OpenFailure};
use log::{Log, SegmentSizes};
use queue::{Pending, Queue};
use replay::Survey;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use upkeep::Upkeep;

/// A durable [`Store`] in a directory of the local disk. Closed when dropped; the directory is free for the next
/// process after that.
pub struct EmbeddedStore {
    queue: Arc<Queue>,
    index: Arc<Index>,
    stats: Arc<Mutex<Stats>>,
    committer: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
    thread: ThreadId,
    /// Keeps the lock. The last field: files of the index are removed when the index is dropped.
    _directory: Arc<Directory>,
}

impl EmbeddedStore {
    /// Opens the store in a directory, or creates one. Everything acknowledged before is there when this returns.
    ///
    /// Fails with [`StoreError::Locked`] if another process has it open, [`StoreError::NewerFormat`] if a newer program
    /// wrote it, and [`StoreError::Corrupt`], changing nothing, if acknowledged data is missing or damaged.
    pub fn open(directory: impl AsRef<Path>, options: Options) -> Result<Self, StoreError> {
        let directory = directory.as_ref();
        let disk = Arc::new(RealDisk::new(directory));
        Self::open_with(disk, directory, options)
    }

    /// Opens a store whose log is on a disk of the caller's; the lock and the index are in `directory`.
    pub fn open_with(
        disk: Arc<dyn Disk>,
        directory: impl AsRef<Path>,
        options: Options,
    ) -> Result<Self, StoreError> {
        let directory = Arc::new(Directory::lock(directory.as_ref())?);
        let opened = Opened::open(disk, &directory, &options)?;
        let stats = Stats {
            sequence: opened.sequence,
            log_bytes: opened.log.footprint().0,
            segments: opened.log.footprint().1,
            ..Stats::default()
        };
        let queue = Arc::new(Queue::new(&options));
        let stats = Arc::new(Mutex::new(stats));
        let committer = Committer {
            queue: queue.clone(),
            log: opened.log,
            index: opened.index.clone(),
            upkeep: opened.upkeep,
            stats: stats.clone(),
            sequence: opened.sequence,
            options,
            scratch: Scratch::default(),
            directory: directory.clone(),
        };
        let thread = thread::Builder::new()
            .name("store-commit".to_owned())
            .spawn(move || committer.run())
            .map_err(|e| StoreError::io("starting the committer of", directory.path(), e))?;
        Ok(Self {
            queue,
            index: opened.index,
            stats,
            thread: thread.thread().id(),
            committer: Mutex::new(Some(thread)),
            _directory: directory,
        })
    }
}

/// The parts of a store whose log was replayed.
struct Opened {
    log: Log,
    index: Arc<Index>,
    upkeep: Upkeep,
    sequence: u64,
}

impl Opened {
    fn open(
        disk: Arc<dyn Disk>,
        directory: &Directory,
        options: &Options,
    ) -> Result<Self, StoreError> {
        let list = disk.list();
        let names = list.map_err(|e| StoreError::io("listing", directory.path(), e))?;
        let complete = directory::check_format(disk.as_ref(), &names)?;
        let survey = replay::survey(disk.as_ref(), &names)?;
        match (complete, survey.is_empty()) {
            (true, false) => Self::resume(disk, directory, options, survey),
            (true, true) => Err(missing(directory, "the log is missing")),
            (false, _) if survey.is_blank() => Self::create(disk, directory, options),
            (false, _) => Err(missing(directory, "there is a log, but no format file")),
        }
    }

    fn create(
        disk: Arc<dyn Disk>,
        directory: &Directory,
        options: &Options,
    ) -> Result<Self, StoreError> {
        let log = Log::create(disk.clone(), options.segment_sizes())?;
        let index = open_index(directory, options, true)?;
        if index.applied()? > 0 {
            return Err(missing(directory, "there is an index, but no log"));
        }
        directory::write_format(disk.as_ref())?;
        let index = Arc::new(index);
        Ok(Self {
            log,
            upkeep: Upkeep::start(index.clone(), disk, 0)?,
            index,
            sequence: 0,
        })
    }

    fn resume(
        disk: Arc<dyn Disk>,
        directory: &Directory,
        options: &Options,
        survey: Survey,
    ) -> Result<Self, StoreError> {
        let index = Arc::new(open_index(directory, options, survey.is_complete())?);
        let durable = index.applied()?;
        let upkeep = Upkeep::start(index.clone(), disk.clone(), durable)?;
        let (tail, sequence) = survey.replay(disk.as_ref(), durable, &mut |writes, last| {
            // Of two writes to one key the later one stands.
            let writes = writes.iter().map(|write| (write.key, write.value));
            index.apply(writes.collect::<HashMap<_, _>>().into_iter(), last);
            if index.unsealed_bytes() >= options.index_memory_bytes {
                upkeep.seal(last)?;
            }
            Ok(())
        })?;
        let mut log = Log::resume(disk, options.segment_sizes(), tail);
        log.release(durable)?;
        Ok(Self {
            log,
            index,
            upkeep,
            sequence,
        })
    }
}

impl Options {
    fn segment_sizes(&self) -> SegmentSizes {
        SegmentSizes {
            first: self.first_segment_bytes.max(2 * segment::FIRST_RECORD),
            full: self.segment_bytes,
        }
    }
}

/// Opens the index; a damaged one is emptied if the log can fill it again.
fn open_index(
    directory: &Directory,
    options: &Options,
    rebuild: bool,
) -> Result<Index, StoreError> {
    let path = directory.index();
    let damage = if !rebuild && !Index::exists(&path) {
        "the index is missing".to_owned()
    } else {
        match Index::open(&path, options.index_cache_bytes) {
            Ok(index) => return Ok(index),
            Err(OpenFailure::Damaged(damage)) => damage,
            Err(OpenFailure::Refused(reason)) => {
                return Err(StoreError::Index {
                    what: reason.into(),
                });
            }
        }
    };
    if !rebuild {
        return Err(StoreError::Corrupt {
            file: path,
            offset: 0,
            what: format!(
                "{damage}; the log has been cut, so that the index cannot be rebuilt from it"
            ),
        });
    }
    tracing::warn!(%damage, index = %path.display(), "the index is damaged and is rebuilt from the log");
    std::fs::remove_dir_all(&path).map_err(|e| StoreError::io("removing", &path, e))?;
    Index::open(&path, options.index_cache_bytes).map_err(|failure| match failure {
        OpenFailure::Damaged(what) | OpenFailure::Refused(what) => {
            StoreError::Index { what: what.into() }
        }
    })
}

fn missing(directory: &Directory, what: &str) -> StoreError {
    StoreError::Corrupt {
        file: directory.path().to_owned(),
        offset: 0,
        what: what.to_owned(),
    }
}

impl Store for EmbeddedStore {
    fn submit(&self, tx: Transaction, done: Completion) {
        let queued = match limits::measure(&tx) {
            Ok(bytes) => self.queue.push(Pending { tx, bytes, done }),
            Err(error) => Err((done, error)),
        };
        if let Err((done, error)) = queued {
            run(done, Err(error));
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.index.get(key)
    }

    fn scan(
        &self,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.index.scan(&range, order, limit)
    }

    fn stats(&self) -> Stats {
        let depth = self.queue.depth();
        let stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        Stats {
            queue_depth: depth.count,
            queue_bytes: depth.bytes,
            overloads: depth.overloads,
            ..*stats
        }
    }

    fn close(&self) -> Result<(), StoreError> {
        self.queue.stop("it was closed");
        if thread::current().id() == self.thread {
            // The last handle was dropped by a completion: the committer ends by itself.
            return Ok(());
        }
        let mut committer = self
            .committer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match committer.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(StoreError::stopped("the committer panicked")),
        }
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        // A fault was logged by the committer, and told to everybody whom it concerned.
        let _ = self.close();
    }
}
