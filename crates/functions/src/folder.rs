//! A function as a folder of source files: found, described by convention or a `function.toml`, and packed as a deployment package.
//!
//! The convention is the file that holds the handler: `handler.py` or `lambda_function.py`, `index.mjs`, `index.js` or `index.cjs`,
//! `bootstrap`. `function.toml` may say otherwise, and more:
//!
//! ```toml
//! runtime = "python3.12"
//! handler = "handler.handler"
//! timeout = 3                 # seconds
//! memory = 128                # MB
//! [environment]
//! TABLE = "orders"
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{Error, Runtime};

const SETTINGS: &str = "function.toml";
/// More files than these are no function of one folder.
const MAX_FILES: usize = 10_000;
/// What a runtime or an editor leaves behind.
const NOT_CODE: &[&str] = &["__pycache__", ".git", ".venv", SETTINGS];

/// The files that make a folder a function, with what they mean.
const CONVENTIONS: &[(&str, &str, &str)] = &[
    ("handler.py", "python3.12", "handler.handler"),
    (
        "lambda_function.py",
        "python3.12",
        "lambda_function.lambda_handler",
    ),
    ("index.mjs", "nodejs22.x", "index.handler"),
    ("index.js", "nodejs22.x", "index.handler"),
    ("index.cjs", "nodejs22.x", "index.handler"),
    ("bootstrap", "provided.al2023", "bootstrap"),
];

/// A function in a folder; its name is the folder's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionFolder {
    /// The function's name.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
    /// What serves it.
    pub runtime: Runtime,
    /// The entry point.
    pub handler: String,
    /// Seconds; Lambda's default is 3.
    pub timeout: u32,
    /// MB; Lambda's default is 128.
    pub memory: u32,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    runtime: Option<String>,
    handler: Option<String>,
    timeout: Option<u32>,
    memory: Option<u32>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

impl FunctionFolder {
    /// The functions in the folders directly below `parent`, by name; folders without a handler are passed over.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::FunctionSettings`], and what [`Runtime`] says of a runtime.
    pub fn read_all(parent: &Path) -> Result<Vec<FunctionFolder>, Error> {
        let mut found = Vec::new();
        for path in entries(parent)? {
            if path.is_dir()
                && let Some(function) = FunctionFolder::read(&path)?
            {
                found.push(function);
            }
        }
        Ok(found)
    }

    /// The function in one folder, if there is one.
    ///
    /// # Errors
    /// As [`FunctionFolder::read_all`].
    pub fn read(path: &Path) -> Result<Option<FunctionFolder>, Error> {
        let settings = Settings::read(&path.join(SETTINGS))?;
        let by_convention = CONVENTIONS
            .iter()
            .find(|(file, ..)| path.join(file).is_file());
        let (runtime, handler) = match (&settings.runtime, &settings.handler, by_convention) {
            (runtime, handler, Some((_, usual, named))) => (
                runtime.as_deref().unwrap_or(usual),
                handler.as_deref().unwrap_or(named),
            ),
            (Some(runtime), Some(handler), None) => (runtime.as_str(), handler.as_str()),
            _ => return Ok(None),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Some(FunctionFolder {
            name: name.into_owned(),
            path: path.to_owned(),
            runtime: runtime.parse()?,
            handler: handler.to_owned(),
            timeout: settings.timeout.unwrap_or(3),
            memory: settings.memory.unwrap_or(128),
            environment: settings.environment,
        }))
    }

    /// The folder's files as a deployment package; the same files give the same bytes.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::ForbiddenEntry`] for too many files.
    pub fn package(&self) -> Result<Vec<u8>, Error> {
        let mut files = Vec::new();
        collect(&self.path, &mut files)?;
        let mut package = ZipWriter::new(Cursor::new(Vec::new()));
        for file in files {
            let failed = |source| Error::Storage {
                path: file.clone(),
                source,
            };
            let name = file
                .strip_prefix(&self.path)
                .unwrap_or(&file)
                .to_string_lossy();
            let mode = fs::metadata(&file).map_err(failed)?.permissions().mode() & 0o777;
            // No time stamps: they would make another package of the same code.
            let options = SimpleFileOptions::default()
                .unix_permissions(mode)
                .last_modified_time(zip::DateTime::default());
            package.start_file(name, options).map_err(Error::NotAZip)?;
            let content = fs::read(&file).map_err(failed)?;
            package.write_all(&content).map_err(failed)?;
        }
        let package = package.finish().map_err(Error::NotAZip)?;
        Ok(package.into_inner())
    }
}

impl Settings {
    fn read(path: &Path) -> Result<Settings, Error> {
        if !path.exists() {
            return Ok(Settings::default());
        }
        let text = fs::read_to_string(path).map_err(|source| Error::Storage {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|error| Error::FunctionSettings {
            path: path.to_owned(),
            reason: error.message().to_owned(),
        })
    }
}

/// What is in a folder, in order of name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Storage {
        path: folder.to_owned(),
        source,
    };
    let listed = fs::read_dir(folder).map_err(failed)?;
    let paths: Result<Vec<PathBuf>, _> = listed.map(|entry| entry.map(|e| e.path())).collect();
    let mut paths = paths.map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default();
        if NOT_CODE.iter().any(|not_code| name == *not_code) {
            continue;
        }
        if files.len() >= MAX_FILES {
            let message = format!("{} has more than {MAX_FILES} files.", folder.display());
            return Err(Error::ForbiddenEntry(message));
        }
        match path.is_dir() {
            // A link to a folder may lead in a circle.
            true if path.is_symlink() => {}
            true => collect(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}
