//! A connection's bytes: how long a client may take to read an answer, and how much of a request's head may wait.
//!
//! Owns the pace. hyper has no bound of its own on how long a write may take, nor on how many answers wait for a client
//! that sends requests and reads nothing.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

use super::roster::{Held, Place};

/// How long a client may read nothing of its answer.
const STALLED: Duration = Duration::from_secs(20);
/// After that, what it must read per second on the whole.
const SLOWEST: usize = 16 * 1024;
/// Whoever sends or reads so much has not been idle: at this pace, per second, nobody is closed for others or for the end.
const PACE: usize = 64 * 1024;
/// What a head may take without being counted; most need less.
const FREE_HEAD: usize = 8 * 1024;

/// What the requests of a connection know of its bytes.
pub(super) struct Flow {
    blocked: AtomicBool,
    unblocked: Notify,
    /// Bytes of a head that is not complete yet.
    head: AtomicUsize,
    held: Mutex<Held>,
    in_head: AtomicBool,
    /// Bytes sent and read since it was last said that they are.
    moved: AtomicUsize,
}

impl Flow {
    pub(super) fn new(place: &Place) -> Arc<Flow> {
        Arc::new(Flow {
            blocked: AtomicBool::new(false),
            unblocked: Notify::new(),
            head: AtomicUsize::new(0),
            held: Mutex::new(place.hold()),
            in_head: AtomicBool::new(true),
            moved: AtomicUsize::new(0),
        })
    }

    /// Waits until the client has taken the answers of its earlier requests.
    pub(super) async fn taken(&self) {
        loop {
            let unblocked = self.unblocked.notified();
            if !self.blocked.load(Ordering::SeqCst) {
                return;
            }
            unblocked.await;
        }
    }

    /// A head is complete: what follows is its body.
    pub(super) fn head_read(&self, nothing: Held) {
        self.in_head.store(false, Ordering::Relaxed);
        self.head.store(0, Ordering::Relaxed);
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = nothing;
    }

    /// The answer is on its way: what follows is the next head. Holds the answer until that one is complete.
    pub(super) fn answered(&self, answer: Held) {
        self.in_head.store(true, Ordering::Relaxed);
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    fn moved(&self, bytes: usize) {
        if self.moved.fetch_add(bytes, Ordering::Relaxed) + bytes >= PACE {
            self.moved.store(0, Ordering::Relaxed);
            let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.progress();
        }
    }

    fn received(&self, bytes: usize) -> io::Result<()> {
        self.moved(bytes);
        if !self.in_head.load(Ordering::Relaxed) {
            return Ok(());
        }
        let before = self.head.fetch_add(bytes, Ordering::Relaxed);
        let more = (before + bytes).saturating_sub(before.max(FREE_HEAD));
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let full = more > 0 && held.grow(more).is_err();
        match full {
            true => Err(io::Error::other("no room for a request's head")),
            false => Ok(()),
        }
    }

    fn set_blocked(&self, blocked: bool) {
        if self.blocked.swap(blocked, Ordering::SeqCst) && !blocked {
            self.unblocked.notify_waiters();
        }
    }
}

/// See the module's documentation.
pub(super) struct Socket {
    stream: TcpStream,
    flow: Arc<Flow>,
    /// Set while the client does not read.
    late: Option<Late>,
}

struct Late {
    began: Instant,
    written: usize,
    deadline: Pin<Box<Sleep>>,
}

impl Late {
    fn new() -> Late {
        let began = Instant::now();
        Late {
            began,
            written: 0,
            deadline: Box::pin(sleep_until(began + STALLED)),
        }
    }

    fn wrote(&mut self, bytes: usize) {
        self.written += bytes;
        let granted = Duration::from_secs((self.written / SLOWEST) as u64);
        self.deadline.as_mut().reset(self.began + STALLED + granted);
    }
}

impl Socket {
    pub(super) fn new(stream: TcpStream, flow: Arc<Flow>) -> Socket {
        Socket {
            stream,
            flow,
            late: None,
        }
    }

    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
        offered: usize,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.flow.moved(bytes);
                if bytes >= offered {
                    self.late = None;
                    self.flow.set_blocked(false);
                } else if let Some(late) = &mut self.late {
                    late.wrote(bytes);
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Pending => {
                self.flow.set_blocked(true);
                let late = self.late.get_or_insert_with(Late::new);
                ready!(late.deadline.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            failed => failed,
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        Poll::Ready(self.flow.received(buffer.filled().len() - before))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(cx, written, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered = slices.iter().map(|slice| slice.len()).sum();
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.wrote(cx, written, offered)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
