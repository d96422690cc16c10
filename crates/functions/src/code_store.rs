//! The code of functions on disk: deployment packages unpacked into folders that are named by what is in them.
//!
//! A folder is complete and durable before its name exists (unpacked beside it, synced, renamed, the parent synced), so a package that
//! was acknowledged survives a crash, and what a crash left half done is recognised and removed.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::Error;

/// The largest package that can be uploaded directly, in bytes: Lambda's 50 MB.
const MAX_ZIP_BYTES: u64 = 50 << 20;
/// The largest package once it is unpacked, in bytes: Lambda's 250 MB.
const MAX_UNPACKED_BYTES: u64 = 262_144_000;
const MAX_ENTRIES: usize = 50_000;
const MAX_LINK_BYTES: u64 = 4096;
/// More files than these are synced with their whole file system at once.
const MAX_SINGLE_SYNCS: usize = 64;
const PARTIAL: &str = "partial-";

/// A folder of unpacked packages.
#[derive(Clone, Debug)]
pub struct CodeStore {
    root: PathBuf,
}

/// A package in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCode {
    /// The package's SHA-256, in hexadecimal; the folder's name.
    pub sha256: String,
    /// The size of the package in bytes, `CodeSize`.
    pub size: u64,
    /// The folder with the unpacked package.
    pub path: PathBuf,
}

impl CodeStore {
    /// Opens (or makes) the store in `root` and removes what a crash left behind.
    ///
    /// # Errors
    /// [`Error::Storage`]
    pub fn open(root: impl Into<PathBuf>) -> Result<CodeStore, Error> {
        let root = std::path::absolute(root.into()).map_err(Error::Launch)?;
        create_durably(&root).map_err(failed(&root))?;
        for entry in fs::read_dir(&root).map_err(failed(&root))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
                fs::remove_dir_all(entry.path()).map_err(failed(&entry.path()))?;
            }
        }
        Ok(CodeStore { root })
    }

    /// A store of its own below this one, e.g. for an account; `name` is a folder's name.
    pub fn within(&self, name: &str) -> CodeStore {
        let root = self.root.join(name);
        CodeStore { root }
    }

    /// The folder of a package that was stored before.
    pub fn path_of(&self, sha256: &str) -> PathBuf {
        self.root.join(sha256)
    }

    /// Stores a package; durable when this returns. Blocks on the disk.
    ///
    /// # Errors
    /// [`Error::NotAZip`], [`Error::ForbiddenEntry`], [`Error::ZipTooLarge`], [`Error::UnpackedTooLarge`], [`Error::Storage`].
    pub fn put(&self, package: &[u8]) -> Result<StoredCode, Error> {
        let size = package.len() as u64;
        if size > MAX_ZIP_BYTES {
            let limit = MAX_ZIP_BYTES;
            return Err(Error::ZipTooLarge { size, limit });
        }
        let digest = Sha256::digest(package);
        let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = self.path_of(&sha256);
        if !path.exists() {
            self.unpack_as(package, &path)?;
        }
        Ok(StoredCode { sha256, size, path })
    }

    /// Removes everything that is not in `wanted` (SHA-256 in hexadecimal), packages that are just being stored too. Returns how many
    /// there were.
    ///
    /// # Errors
    /// [`Error::Storage`]
    pub fn retain(&self, wanted: &HashSet<String>) -> Result<usize, Error> {
        let mut removed = 0;
        if !self.root.exists() {
            return Ok(removed);
        }
        for entry in fs::read_dir(&self.root)
            .map_err(failed(&self.root))?
            .flatten()
        {
            if !wanted.contains(&*entry.file_name().to_string_lossy()) {
                fs::remove_dir_all(entry.path()).map_err(failed(&entry.path()))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Removes one package; one that is not there is removed already.
    ///
    /// # Errors
    /// [`Error::Storage`]
    pub fn remove(&self, sha256: &str) -> Result<(), Error> {
        let path = self.path_of(sha256);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path)(error)),
            _ => Ok(()),
        }
    }

    fn unpack_as(&self, package: &[u8], path: &Path) -> Result<(), Error> {
        let name = format!("{PARTIAL}{}", uuid::Uuid::new_v4().simple());
        let partial = self.root.join(name);
        let result = self.unpack_and_move(package, &partial, path);
        if result.is_err() {
            let _ = fs::remove_dir_all(&partial);
        }
        result
    }

    fn unpack_and_move(&self, package: &[u8], partial: &Path, path: &Path) -> Result<(), Error> {
        create_durably(&self.root).map_err(failed(&self.root))?;
        fs::create_dir(partial).map_err(failed(partial))?;
        let files = unpack(package, partial)?;
        sync(partial, files).map_err(failed(partial))?;
        match fs::rename(partial, path) {
            // Somebody else stored the same package meanwhile.
            Err(_) if path.exists() => fs::remove_dir_all(partial).map_err(failed(partial))?,
            renamed => renamed.map_err(failed(path))?,
        }
        File::open(&self.root)
            .and_then(|folder| folder.sync_all())
            .map_err(failed(&self.root))
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    |source| Error::Storage { path, source }
}

/// Two entries of a package cannot be there together (a file and a folder of one name), or a name is none on this system.
fn not_created(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    use io::ErrorKind::{
        AlreadyExists, InvalidFilename, InvalidInput, IsADirectory, NotADirectory,
    };
    let path = path.to_owned();
    move |error| match error.kind() {
        AlreadyExists | InvalidFilename | InvalidInput | IsADirectory | NotADirectory => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Error::ForbiddenEntry(format!(
                "The package's entry '{name}' cannot be unpacked: {error}."
            ))
        }
        _ => failed(&path)(error),
    }
}

/// Unpacks into an empty folder; returns how many files there are.
fn unpack(package: &[u8], folder: &Path) -> Result<usize, Error> {
    let mut archive = ZipArchive::new(Cursor::new(package)).map_err(Error::NotAZip)?;
    if archive.is_empty() || archive.len() > MAX_ENTRIES {
        let message = format!(
            "The package has {} files; 1 to {MAX_ENTRIES} can be deployed.",
            archive.len()
        );
        return Err(Error::ForbiddenEntry(message));
    }
    let mut left = MAX_UNPACKED_BYTES;
    let mut links = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(Error::NotAZip)?;
        let Some(relative) = entry.enclosed_name() else {
            let name = entry.name().unwrap_or_default();
            let message = format!("The package's entry '{name}' leads out of it.");
            return Err(Error::ForbiddenEntry(message));
        };
        let path = folder.join(relative);
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(not_created(&path))?;
        } else if entry.is_symlink() {
            let mut target = String::new();
            entry
                .take(MAX_LINK_BYTES)
                .read_to_string(&mut target)
                .map_err(failed(&path))?;
            links.push((path, target));
        } else {
            let executable = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
            left -= write_file(entry, &path, executable, left)?;
        }
    }
    make_links(folder, &links)?;
    Ok(archive.len())
}

/// Writes one file and returns its size; the archive's own idea of the size is not relied on.
fn write_file(entry: impl Read, path: &Path, executable: bool, left: u64) -> Result<u64, Error> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(not_created(parent))?;
    }
    let mut file = File::create_new(path).map_err(not_created(path))?;
    let mut entry = entry.take(left + 1);
    let size = io::copy(&mut entry, &mut file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            Error::NotAZip(error.into())
        }
        _ => failed(path)(error),
    })?;
    if size > left {
        let limit = MAX_UNPACKED_BYTES;
        return Err(Error::UnpackedTooLarge { limit });
    }
    let mode = if executable { 0o555 } else { 0o444 };
    let permissions = fs::Permissions::from_mode(mode);
    file.set_permissions(permissions).map_err(failed(path))?;
    Ok(size)
}

/// Links come last, so that no file is written through one, and each must lead to something within the folder.
fn make_links(folder: &Path, links: &[(PathBuf, String)]) -> Result<(), Error> {
    for (path, target) in links {
        let absolute = Path::new(target)
            .components()
            .any(|part| part == Component::RootDir);
        if absolute || is_below_link(folder, path) {
            return Err(forbidden_link(folder, path, target));
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(not_created(parent))?;
        }
        symlink(target, path).map_err(not_created(path))?;
    }
    let root = fs::canonicalize(folder).map_err(failed(folder))?;
    for (path, target) in links {
        match fs::canonicalize(path) {
            Ok(real) if real.starts_with(&root) => {}
            _ => return Err(forbidden_link(folder, path, target)),
        }
    }
    Ok(())
}

/// A folder on the way to `path` is itself a link, maybe one that leads out.
fn is_below_link(folder: &Path, path: &Path) -> bool {
    let ancestors = path
        .ancestors()
        .skip(1)
        .take_while(|ancestor| *ancestor != folder);
    ancestors.into_iter().any(Path::is_symlink)
}

fn forbidden_link(folder: &Path, path: &Path, target: &str) -> Error {
    let name = path.strip_prefix(folder).unwrap_or(path).display();
    Error::ForbiddenEntry(format!(
        "The package's link '{name}' -> '{target}' does not lead to a file of the package."
    ))
}

/// Makes a folder, and its parents, so that their names survive a crash.
fn create_durably(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    let Some(parent) = folder.parent() else {
        return Ok(());
    };
    create_durably(parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => File::open(parent)?.sync_all(),
    }
}

/// Makes a folder and all below it durable.
fn sync(folder: &Path, files: usize) -> io::Result<()> {
    if files > MAX_SINGLE_SYNCS {
        rustix::fs::syncfs(File::open(folder)?)?;
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()? {
            kind if kind.is_dir() => sync(&entry.path(), files)?,
            kind if kind.is_file() => File::open(entry.path())?.sync_all()?,
            _ => {}
        }
    }
    File::open(folder)?.sync_all()
}
