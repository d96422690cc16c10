//! What one process writes: cut into lines, handed to the log file, and the last 4 KB of an invocation kept for its caller.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use tokio::net::unix::pipe;

use crate::log_writer::LogWriter;

/// What Lambda returns of a log (`LogType: Tail`).
const TAIL_BYTES: usize = 4096;
/// A longer line is cut into several.
const MAX_LINE_BYTES: usize = 64 << 10;
/// The most that is read before an answer goes out; a function that writes faster than this is read later.
const MAX_DRAIN_BYTES: usize = 1 << 20;

/// The log of one process.
pub(crate) struct ProcessLog {
    pipe: pipe::Receiver,
    open: bool,
    line: Vec<u8>,
    tail: VecDeque<u8>,
    writer: Arc<LogWriter>,
    function: Arc<str>,
}

impl ProcessLog {
    /// Reads from `pipe`, the end that the process does not hold.
    pub(crate) fn new(pipe: OwnedFd, writer: Arc<LogWriter>, function: &str) -> io::Result<Self> {
        Ok(ProcessLog {
            pipe: pipe::Receiver::from_owned_fd(pipe)?,
            open: true,
            line: Vec::new(),
            tail: VecDeque::new(),
            writer,
            function: function.into(),
        })
    }

    /// Waits for output and takes it in; for ever once the process has closed its end. Cancel-safe.
    pub(crate) async fn fill(&mut self) {
        if !self.open {
            return std::future::pending().await;
        }
        if self.pipe.readable().await.is_err() {
            self.open = false;
            return;
        }
        let mut chunk = [0; 8192];
        match self.pipe.try_read(&mut chunk) {
            Ok(0) => self.open = false,
            Ok(length) => self.take(&chunk[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.open = false,
        }
    }

    /// Takes in what the process has written so far, without waiting.
    pub(crate) fn drain(&mut self) {
        let mut chunk = [0; 8192];
        let mut total = 0;
        // Past tokio's cached readiness: what was written before the answer must be seen with the answer.
        while let Ok(length @ 1..) = rustix::io::read(self.pipe.as_fd(), &mut chunk) {
            self.take(&chunk[..length]);
            total += length;
            if total > MAX_DRAIN_BYTES {
                break;
            }
        }
    }

    /// A line of the platform's own, e.g. `START ...`; ends the function's unfinished line first.
    pub(crate) fn platform_line(&mut self, text: &str) {
        if !self.line.is_empty() {
            self.take(b"\n");
        }
        self.take(text.as_bytes());
        self.take(b"\n");
    }

    /// Forgets the tail: a new invocation begins.
    pub(crate) fn restart_tail(&mut self) {
        self.tail.clear();
    }

    /// The last 4 KB since the invocation began.
    pub(crate) fn tail(&self) -> Vec<u8> {
        self.tail.iter().copied().collect()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.tail.extend(bytes);
        let excess = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..excess);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.line.len() >= MAX_LINE_BYTES {
                let line = std::mem::take(&mut self.line);
                self.writer.write(&self.function, line);
            }
        }
    }
}
