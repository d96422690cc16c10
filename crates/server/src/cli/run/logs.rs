//! What functions have written: the end of it, for an execution that did not succeed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::cli::show::screen::shorten;
use crate::cli::validate::report::snippet::visible;

/// How many functions' logs are shown, and how many lines of each.
const MAX_FUNCTIONS: usize = 5;
const MAX_LINES: usize = 20;
/// Columns of a line.
const WIDTH: usize = 300;
/// How much of a log is read, from its end, in bytes.
const MAX_BYTES: u64 = 64 << 10;
/// What the host writes around every invocation.
const PLATFORM: [&str; 4] = [
    "START RequestId: ",
    "END RequestId: ",
    "REPORT RequestId: ",
    "INIT_START ",
];

/// A function's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The function.
    pub function: String,
    /// The last lines.
    pub lines: Vec<String>,
}

/// The logs below a function host's folder. Nothing is said of what cannot be read.
pub fn read(data_dir: &Path) -> Vec<Log> {
    let Ok(entries) = std::fs::read_dir(data_dir.join("logs")) else {
        return Vec::new();
    };
    let logs = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        Some(Log {
            function: name.strip_suffix(".log")?.to_owned(),
            lines: last_lines(&entry.path()).unwrap_or_default(),
        })
    });
    let mut logs: Vec<Log> = logs.filter(|log| !log.lines.is_empty()).collect();
    logs.sort_by(|a, b| a.function.cmp(&b.function));
    logs.truncate(MAX_FUNCTIONS);
    logs
}

fn last_lines(path: &Path) -> std::io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MAX_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // Stack traces come as one line with carriage returns in it.
    let own = text
        .lines()
        .filter_map(own_words)
        .flat_map(|line| line.split('\r'));
    let own = own.filter(|line| !line.is_empty());
    let lines: Vec<String> = own.map(|line| shorten(&visible(line), WIDTH)).collect();
    Ok(lines[lines.len().saturating_sub(MAX_LINES)..].to_vec())
}

/// A line without the time in front of it, unless it is the host's.
fn own_words(line: &str) -> Option<&str> {
    let (_, words) = line.split_once(' ')?;
    (!PLATFORM.iter().any(|platform| words.starts_with(platform))).then_some(words)
}
