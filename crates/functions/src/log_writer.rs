//! The functions' log files, `<folder>/<function>.log`: bounded in size (one older file is kept) and in memory.
//!
//! One thread writes, so that a slow disk delays no invocation; when it cannot keep up, lines are dropped and the file says how many.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// A file that has reached this many bytes becomes `<function>.log.1`.
const MAX_FILE_BYTES: u64 = 10 << 20;
/// Lines that wait to be written.
const MAX_QUEUED_LINES: usize = 4096;
/// Files held open.
const MAX_OPEN_FILES: usize = 64;

struct Line {
    function: Arc<str>,
    text: Vec<u8>,
    time: jiff::Timestamp,
}

/// The way to the log files.
pub(crate) struct LogWriter {
    lines: SyncSender<Line>,
    dropped: Arc<AtomicU64>,
}

impl LogWriter {
    /// Starts the writing thread; it ends when the last handle is gone.
    pub(crate) fn start(folder: PathBuf) -> io::Result<LogWriter> {
        let (lines, queue) = sync_channel(MAX_QUEUED_LINES);
        let dropped = Arc::new(AtomicU64::new(0));
        let files = LogFiles {
            folder,
            open: HashMap::new(),
            dropped: Arc::clone(&dropped),
        };
        std::thread::Builder::new()
            .name("function-logs".to_owned())
            .spawn(move || files.run(&queue))?;
        Ok(LogWriter { lines, dropped })
    }

    /// Queues one line, its line feed included.
    pub(crate) fn write(&self, function: &Arc<str>, text: Vec<u8>) {
        let line = Line {
            function: Arc::clone(function),
            text,
            time: jiff::Timestamp::now(),
        };
        if self.lines.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct OpenFile {
    file: File,
    size: u64,
}

struct LogFiles {
    folder: PathBuf,
    open: HashMap<Arc<str>, OpenFile>,
    dropped: Arc<AtomicU64>,
}

impl LogFiles {
    fn run(mut self, queue: &Receiver<Line>) {
        let mut failing = false;
        while let Ok(line) = queue.recv() {
            let result = self.write(&line);
            if let (Err(error), false) = (&result, failing) {
                tracing::warn!(folder = %self.folder.display(), %error, "function logs cannot be written");
            }
            failing = result.is_err();
        }
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        let mut text = format!("{:.3} ", line.time).into_bytes();
        if dropped > 0 {
            text.extend(format!("[{dropped} log lines were dropped here]\n").bytes());
        }
        text.extend(&line.text);
        let open = self.file(&line.function)?;
        open.file.write_all(&text)?;
        open.size += text.len() as u64;
        if open.size > MAX_FILE_BYTES {
            self.open.remove(&line.function);
            let current = self.path(&line.function);
            std::fs::rename(&current, current.with_extension("log.1"))?;
        }
        Ok(())
    }

    fn file(&mut self, function: &Arc<str>) -> io::Result<&mut OpenFile> {
        if !self.open.contains_key(function) {
            if self.open.len() >= MAX_OPEN_FILES {
                self.open.clear();
            }
            std::fs::create_dir_all(&self.folder)?;
            let path = self.path(function);
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            let size = file.metadata()?.len();
            self.open
                .insert(Arc::clone(function), OpenFile { file, size });
        }
        Ok(self
            .open
            .get_mut(function)
            .expect("the file has just been opened"))
    }

    fn path(&self, function: &str) -> PathBuf {
        self.folder.join(format!("{}.log", file_name_of(function)))
    }
}

/// A function's name as a file's name: what is neither letter, digit, `-` nor `_` becomes `_`.
pub(crate) fn file_name_of(function: &str) -> String {
    let safe = |c: char| match c.is_ascii_alphanumeric() || c == '-' || c == '_' {
        true => c,
        false => '_',
    };
    function.chars().take(140).map(safe).collect()
}
