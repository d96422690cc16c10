//! Mocked tasks: the file of Step Functions Local, and the runner that answers from it.
//!
//! `StartExecution` on `<machine>#<test case>` begins an execution that keeps the test case's name; its mocked states are
//! answered from the file, the others call for real. Nothing below the server knows of the file.

mod calls;
mod file;
mod runner;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

pub use file::MockFile;
pub use runner::MockedTasks;

/// The largest file that is read, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// Why the file cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the mock configuration file {path} {reason}", path = path.display())]
pub struct MockFileError {
    path: PathBuf,
    reason: String,
}

/// The file, read again when it has changed.
#[derive(Debug, Default)]
pub struct Mocks {
    path: Option<PathBuf>,
    loaded: Mutex<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    /// Of the text that was read last, good or not.
    stamp: Option<(SystemTime, u64)>,
    /// The last that was good.
    file: Arc<MockFile>,
    /// What is wrong with the one that was read last.
    error: Option<MockFileError>,
}

impl Mocks {
    /// The file at a path; without one nothing is mocked.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is none.
    pub fn open(path: Option<PathBuf>) -> Result<Mocks, MockFileError> {
        let mocks = Mocks {
            path,
            loaded: Mutex::default(),
        };
        mocks.refresh()?;
        Ok(mocks)
    }

    /// A machine's ARN without the test case that follows it; without a file there are no test cases.
    pub fn split<'a>(&self, arn: &'a str) -> (&'a str, Option<&'a str>) {
        match (&self.path, arn.split_once('#')) {
            (Some(_), Some((arn, test_case))) => (arn, Some(test_case)),
            _ => (arn, None),
        }
    }

    /// The file as it is now.
    ///
    /// # Errors
    ///
    /// What is wrong with it; executions that are open go on with the last that was good.
    pub fn refresh(&self) -> Result<Arc<MockFile>, MockFileError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.path else {
            return Ok(loaded.file.clone());
        };
        let failed = |reason: String| MockFileError {
            path: path.clone(),
            reason,
        };
        let stamp = stamp(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
        if loaded.stamp != Some(stamp) {
            let read = read(path, stamp.1).map_err(failed);
            loaded.stamp = Some(stamp);
            loaded.error = read.as_ref().err().cloned();
            if let Ok(file) = read {
                loaded.file = Arc::new(file);
            }
        }
        match &loaded.error {
            None => Ok(loaded.file.clone()),
            Some(error) => Err(error.clone()),
        }
    }

    /// The last file that was good, for what runs already.
    pub fn current(&self) -> Arc<MockFile> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.file.clone()
    }
}

fn stamp(path: &Path) -> std::io::Result<(SystemTime, u64)> {
    let found = std::fs::metadata(path)?;
    Ok((found.modified()?, found.len()))
}

fn read(path: &Path, bytes: u64) -> Result<MockFile, String> {
    if bytes > MOST_BYTES {
        return Err(format!("is larger than {MOST_BYTES} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    MockFile::parse(&text).map_err(|wrong| format!("is not right: {wrong}"))
}
