//! A disk in memory that fails on command: what a store does when the power goes, a sync fails or the disk is full.
//!
//! Every operation that changes something has a number, counted from 0. A [`Fault`] is armed for a number; after a
//! power loss [`FaultDisk::restart`] gives the disk as the next process would find it.
//!
//! The index of an embedded store is not reached through a [`Disk`], but lies in a real directory. What a power loss
//! may do to it is bracketed by two states, and a test should try both: everything is there
//! ([`FaultDisk::restart`] alone; the index only ever gets what the log has synced), and everything since its last sync
//! is gone ([`FaultDisk::restore_index`] puts back the copy that was taken when the store last said that the index was
//! synced, or removes the index if it never was).

use super::{Disk, DiskFile};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that reach the disk together or not at all.
const SECTOR: usize = 512;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The operation and all later ones fail; unsynced changes are lost as far as [`Survival`] says.
    PowerLoss,
    /// The operation fails with this kind of error; a sync that fails so makes nothing durable, then or later.
    Error(ErrorKind),
    /// From this operation on, nothing gets new space, until [`FaultDisk::free_space`].
    Full,
}

/// What of the unsynced changes is on the disk after a power loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// Nothing.
    Nothing,
    /// Everything, as when only the process died: what is unsynced can still be lost by a power loss later.
    Everything,
    /// The first so many bytes that were written, in order: a torn write.
    Prefix(usize),
    /// A random choice of sectors and of changes to the directory, drawn from this seed.
    Sectors(u64),
}

/// See the module's description. Clones are handles of the same disk.
#[derive(Clone, Default)]
pub struct FaultDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    files: Vec<File>,
    /// The directory as programs see it, and as it is on the disk: names and indexes into `files`.
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    operations: u64,
    armed: Vec<(u64, Fault)>,
    lost_power: bool,
    full: bool,
    index: Option<Vec<(PathBuf, Vec<u8>)>>,
    log: Vec<String>,
}

#[derive(Clone, Default)]
struct File {
    current: Vec<u8>,
    durable: Vec<u8>,
    /// Writes since the last sync that worked.
    unsynced: Vec<(usize, Vec<u8>)>,
}

impl FaultDisk {
    /// An empty disk without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Arms a fault for the operation with this number.
    pub fn fail_at(&self, operation: u64, fault: Fault) {
        self.lock().armed.push((operation, fault));
    }

    /// Operations so far: the number of the next one.
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// What the operations were, for messages.
    pub fn history(&self) -> Vec<String> {
        self.lock().log.clone()
    }

    /// Ends a [`Fault::Full`].
    pub fn free_space(&self) {
        self.lock().full = false;
    }

    /// The disk as the next process finds it. This handle, and the files opened through it, work no more.
    pub fn restart(&self, survival: Survival) -> Self {
        let mut state = self.lock();
        state.lost_power = true;
        let next = State {
            files: state.files.clone(),
            names: state.names.clone(),
            durable_names: state.durable_names.clone(),
            index: state.index.clone(),
            ..State::default()
        };
        let next = Self {
            state: Arc::new(Mutex::new(next)),
        };
        next.lock().lose_power(survival);
        next
    }

    /// Puts the index back as it was when it was last synced; removes it if it never was.
    pub fn restore_index(&self, index: &Path) -> io::Result<()> {
        if index.exists() {
            std::fs::remove_dir_all(index)?;
        }
        for (name, bytes) in self.lock().index.iter().flatten() {
            let path = index.join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, bytes)?;
        }
        Ok(())
    }

    /// The bytes of a file.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.lock();
        let file = state.names.get(name)?;
        Some(state.files[*file].current.clone())
    }

    /// Changes the bytes of a file behind the back of the program, durably.
    pub fn damage(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.lock();
        if let Some(file) = state.names.get(name).copied() {
            let file = &mut state.files[file];
            change(&mut file.current);
            file.durable = file.current.clone();
            file.unsynced.clear();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_file(&self, file: usize) -> Box<dyn DiskFile> {
        Box::new(FaultFile {
            disk: self.clone(),
            file,
        })
    }
}

impl State {
    /// Counts an operation; an error if a fault is armed for it.
    fn operation(&mut self, what: String, needs_space: bool) -> io::Result<()> {
        self.powered()?;
        let number = self.operations;
        self.operations += 1;
        self.log.push(what);
        let due: Vec<Fault> = self
            .armed
            .iter()
            .filter(|(at, _)| *at == number)
            .map(|(_, f)| *f)
            .collect();
        for fault in due {
            match fault {
                Fault::PowerLoss => self.lost_power = true,
                Fault::Error(kind) => return Err(io::Error::new(kind, "an injected fault")),
                Fault::Full => self.full = true,
            }
        }
        if self.full && needs_space {
            return Err(io::Error::new(ErrorKind::StorageFull, "the disk is full"));
        }
        Ok(())
    }

    /// An operation under which the power goes has half happened.
    fn powered(&self) -> io::Result<()> {
        if self.lost_power {
            return Err(io::Error::other("the power is gone"));
        }
        Ok(())
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        let missing = || io::Error::new(ErrorKind::NotFound, "no such file");
        self.names.get(name).copied().ok_or_else(missing)
    }

    fn lose_power(&mut self, survival: Survival) {
        let (mut budget, mut dice) = match survival {
            Survival::Everything => return,
            Survival::Nothing => (0, None),
            Survival::Prefix(bytes) => (bytes, None),
            Survival::Sectors(seed) => (0, Some(Dice(seed))),
        };
        for file in &mut self.files {
            file.lose_power(&mut budget, dice.as_mut());
        }
        if !dice.is_some_and(|mut dice| dice.toss()) {
            self.names = self.durable_names.clone();
        }
        self.durable_names = self.names.clone();
    }
}

impl File {
    fn write(&mut self, at: usize, bytes: &[u8]) {
        write_into(&mut self.current, at, bytes);
        self.unsynced.push((at, bytes.to_vec()));
    }

    /// Only what is durable is left, and of the unsynced writes what the dice say, or what the budget of bytes allows.
    fn lose_power(&mut self, budget: &mut usize, mut dice: Option<&mut Dice>) {
        self.current = self.durable.clone();
        for (at, bytes) in std::mem::take(&mut self.unsynced) {
            if let Some(dice) = &mut dice {
                for (start, end) in sectors(at, bytes.len()) {
                    if dice.toss() {
                        write_into(&mut self.current, at + start, &bytes[start..end]);
                    }
                }
            } else {
                let count = bytes.len().min(*budget);
                *budget -= count;
                write_into(&mut self.current, at, &bytes[..count]);
            }
        }
        self.durable = self.current.clone();
    }
}

/// The parts of a write that lie in different sectors, relative to its start.
fn sectors(at: usize, length: usize) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let mut start = 0;
    while start < length {
        let end = ((at + start) / SECTOR + 1) * SECTOR - at;
        parts.push((start, end.min(length)));
        start = end;
    }
    parts
}

fn write_into(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

/// A small generator of random numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn toss(&mut self) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) & 1 == 1
    }
}

impl Disk for FaultDisk {
    fn path(&self, name: &str) -> PathBuf {
        Path::new("(fault disk)").join(name)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.lock();
        state.powered()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.lock();
        state.operation(format!("create {name}"), true)?;
        let file = state.files.len();
        state.files.push(File::default());
        state.names.insert(name.to_owned(), file);
        state.powered()?;
        Ok(self.open_file(file))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let state = self.lock();
        state.powered()?;
        Ok(self.open_file(state.find(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.operation(format!("rename {from} {to}"), false)?;
        let file = state.find(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), file);
        state.powered()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.operation(format!("remove {name}"), false)?;
        state.find(name)?;
        state.names.remove(name);
        state.powered()
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.operation("sync directory".to_owned(), false)?;
        state.powered()?;
        state.durable_names = state.names.clone();
        Ok(())
    }

    fn index_synced(&self, index: &Path) -> io::Result<()> {
        self.lock().operation("index synced".to_owned(), false)?;
        let copy = copy_index(index)?;
        let mut state = self.lock();
        state.powered()?;
        state.index = Some(copy);
        Ok(())
    }
}

/// The files of an index that may be compacted meanwhile: taken again until the file that names the current version
/// stayed the same. The files of a version never change.
fn copy_index(index: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    loop {
        let before = std::fs::read(index.join("current"))?;
        let mut files = Vec::new();
        let copied = copy_files(index, index, &mut files);
        if copied.is_ok() && std::fs::read(index.join("current"))? == before {
            return Ok(files);
        }
    }
}

fn copy_files(root: &Path, at: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> io::Result<()> {
    for entry in std::fs::read_dir(at)? {
        let path = entry?.path();
        if path.is_dir() {
            copy_files(root, &path, files)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            files.push((name.to_owned(), std::fs::read(&path)?));
        }
    }
    Ok(())
}

struct FaultFile {
    disk: FaultDisk,
    file: usize,
}

impl DiskFile for FaultFile {
    fn size(&self) -> io::Result<u64> {
        let state = self.disk.lock();
        state.powered()?;
        Ok(state.files[self.file].current.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.lock();
        state.powered()?;
        let bytes = &state.files[self.file].current;
        let from = bytes.get(offset as usize..).unwrap_or_default();
        let count = from.len().min(buffer.len());
        buffer[..count].copy_from_slice(&from[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.lock();
        let grows = offset as usize + bytes.len() > state.files[self.file].current.len();
        state.operation(
            format!(
                "write {} bytes at {offset} of file {}",
                bytes.len(),
                self.file
            ),
            grows,
        )?;
        state.files[self.file].write(offset as usize, bytes);
        state.powered()
    }

    fn preallocate(&self, from: u64, to: u64) -> io::Result<()> {
        self.write_at(&vec![0; to.saturating_sub(from) as usize], from)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.lock();
        let synced = state.operation(format!("sync file {}", self.file), false);
        state.powered()?;
        let file = &mut state.files[self.file];
        // As on real systems, what a failed sync leaves behind is not written by the next one either.
        for (at, bytes) in std::mem::take(&mut file.unsynced) {
            if synced.is_ok() {
                write_into(&mut file.durable, at, &bytes);
            }
        }
        synced
    }
}
