//! A folder of functions: which file or folder holds the code of a function, how it is started, and its package.
//!
//! Owns the conventions (README.md says them). Knows no execution and no Lambda API.

use std::fs;
use std::io::{self, Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Lambda's names of the languages; any version that the machine has serves them.
const PYTHON: &str = "python3.12";
const NODE: &str = "nodejs22.x";
const EXECUTABLE: &str = "provided.al2023";

/// File names within a function's folder, the first that is there counts.
const ENTRIES: [&str; 5] = ["lambda_function", "handler", "index", "app", "main"];
const ENDINGS: [&str; 4] = ["py", "mjs", "js", "cjs"];

/// The most files and bytes that are packed: Lambda takes no more.
const MAX_FILES: usize = 50_000;
const MAX_BYTES: u64 = 262_144_000;
/// The deepest folder; links may lead in circles.
const MAX_DEPTH: usize = 64;

/// The code of a function, found but not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Lambda's name of the language.
    pub runtime: &'static str,
    /// File and function within it.
    pub handler: String,
    path: PathBuf,
}

/// Why a function's code cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// There is none.
    #[error("there is no {path}.py, .mjs, .js or .cjs, and no folder {path}", path = .0.display())]
    Missing(PathBuf),
    /// A folder in which no entry is recognised.
    #[error(
        "none of the files in {path} can be the function: name it handler.py, lambda_function.py, index.mjs, index.js, \
         app.py, ... or, for an executable, bootstrap",
        path = .0.display()
    )]
    NoEntry(PathBuf),
    /// The system refuses.
    #[error("{path}: {1}", path = .0.display())]
    Unreadable(PathBuf, io::Error),
    /// More than Lambda takes.
    #[error("{path} has more than {MAX_FILES} files or {MAX_BYTES} bytes", path = .0.display())]
    TooLarge(PathBuf),
    /// The package cannot be made.
    #[error("cannot be packed: {0}")]
    Package(#[from] zip::result::ZipError),
}

/// The code of the function `name` in a folder of functions. The name is one that Lambda allows: it leads nowhere else.
///
/// # Errors
///
/// [`CodeError::Missing`], [`CodeError::NoEntry`], [`CodeError::Unreadable`]
pub fn find(folder: &Path, name: &str) -> Result<Code, CodeError> {
    let own = folder.join(name);
    if own.is_dir() {
        return in_folder(own);
    }
    let files = ENDINGS.map(|ending| (ending, folder.join(format!("{name}.{ending}"))));
    match files.into_iter().find(|(_, path)| path.is_file()) {
        Some((ending, path)) => script(path.clone(), &path, name, ending),
        None => Err(CodeError::Missing(own)),
    }
}

fn in_folder(folder: PathBuf) -> Result<Code, CodeError> {
    if folder.join("bootstrap").is_file() {
        return Ok(Code {
            runtime: EXECUTABLE,
            handler: "bootstrap".to_owned(),
            path: folder,
        });
    }
    for name in ENTRIES {
        for ending in ENDINGS {
            let file = folder.join(format!("{name}.{ending}"));
            if file.is_file() {
                return script(folder, &file, name, ending);
            }
        }
    }
    only_script(folder)
}

/// A folder with one script of any name.
fn only_script(folder: PathBuf) -> Result<Code, CodeError> {
    let unreadable = |error| CodeError::Unreadable(folder.clone(), error);
    let entries = fs::read_dir(&folder).map_err(unreadable)?;
    let scripts = entries
        .flatten()
        .map(|entry| entry.path())
        .filter_map(|path| {
            let ending = path.extension()?.to_str()?;
            let ending = ENDINGS.into_iter().find(|known| *known == ending)?;
            let stem = path.file_stem()?.to_str()?.to_owned();
            path.is_file().then_some((path, stem, ending))
        });
    let scripts: Vec<(PathBuf, String, &str)> = scripts.take(2).collect();
    match scripts.as_slice() {
        [(file, stem, ending)] => script(folder.clone(), file, stem, ending),
        _ => Err(CodeError::NoEntry(folder)),
    }
}

fn script(path: PathBuf, file: &Path, stem: &str, ending: &str) -> Result<Code, CodeError> {
    let source = fs::read(file).map_err(|error| CodeError::Unreadable(file.to_owned(), error))?;
    let source = String::from_utf8_lossy(&source);
    let (runtime, function) = match ending {
        "py" => (PYTHON, python_handler(&source, stem)),
        _ => (NODE, node_handler(&source)),
    };
    Ok(Code {
        runtime,
        handler: format!("{stem}.{function}"),
        path,
    })
}

/// The function that is defined in the file, else the one that is assigned or imported, else what Lambda's console names.
fn python_handler(source: &str, stem: &str) -> &'static str {
    const NAMES: [&str; 2] = ["handler", "lambda_handler"];
    let top_level = || {
        source
            .lines()
            .filter(|line| !line.starts_with([' ', '\t', '#']))
    };
    let defines = |name: &str| {
        let (plain, asynchronous) = (format!("def {name}("), format!("async def {name}("));
        top_level().any(|line| line.starts_with(&plain) || line.starts_with(&asynchronous))
    };
    let names = |name: &str| top_level().any(|line| has_word(line, name));
    let defined = NAMES.into_iter().find(|name| defines(name));
    let named = || NAMES.into_iter().find(|name| names(name));
    let usual = || match stem {
        "lambda_function" => "lambda_handler",
        _ => "handler",
    };
    defined.or_else(named).unwrap_or_else(usual)
}

/// The function that is exported; `handler` where that cannot be seen.
fn node_handler(source: &str) -> &'static str {
    const NAMES: [&str; 3] = ["handler", "lambdaHandler", "lambda_handler"];
    let exports = |name: &&str| {
        let mut lines = source.lines().filter(|line| line.contains("export"));
        lines.any(|line| has_word(line, name))
    };
    NAMES.into_iter().find(exports).unwrap_or("handler")
}

fn has_word(text: &str, word: &str) -> bool {
    let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
    words.any(|found| found == word)
}

impl Code {
    /// The deployment package. Blocks on the disk.
    ///
    /// # Errors
    ///
    /// [`CodeError::Unreadable`], [`CodeError::TooLarge`], [`CodeError::Package`]
    pub fn package(&self) -> Result<Vec<u8>, CodeError> {
        let mut package = Package {
            zip: ZipWriter::new(Cursor::new(Vec::new())),
            root: self.path.clone(),
            files: 0,
            bytes: 0,
        };
        match self.path.is_dir() {
            true => package.folder(&self.path, "", 0)?,
            false => {
                let name = self
                    .path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                package.file(&self.path, &name)?;
            }
        }
        Ok(package.zip.finish()?.into_inner())
    }
}

/// A package under way.
struct Package {
    zip: ZipWriter<Cursor<Vec<u8>>>,
    root: PathBuf,
    files: usize,
    bytes: u64,
}

impl Package {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), CodeError> {
        let unreadable = |error| CodeError::Unreadable(folder.to_owned(), error);
        if depth > MAX_DEPTH {
            return Err(CodeError::TooLarge(self.root.clone()));
        }
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if matches!(name.as_str(), ".git" | "__pycache__") {
                continue;
            }
            let name = format!("{prefix}{name}");
            match path.is_dir() {
                true => self.folder(&path, &format!("{name}/"), depth + 1)?,
                false => self.file(&path, &name)?,
            }
        }
        Ok(())
    }

    /// Adds a file; pipes and the like are no code.
    fn file(&mut self, path: &Path, name: &str) -> Result<(), CodeError> {
        let unreadable = |error| CodeError::Unreadable(path.to_owned(), error);
        let metadata = fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Ok(());
        }
        (self.files, self.bytes) = (self.files + 1, self.bytes.saturating_add(metadata.len()));
        if self.files > MAX_FILES || self.bytes > MAX_BYTES {
            return Err(CodeError::TooLarge(self.root.clone()));
        }
        let options = SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(metadata.permissions().mode() & 0o777 | 0o444);
        self.zip.start_file(name, options)?;
        self.zip
            .write_all(&fs::read(path).map_err(unreadable)?)
            .map_err(unreadable)
    }
}
