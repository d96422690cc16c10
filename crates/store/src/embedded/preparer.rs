//! Makes the log's next segment beside the commits.
//!
//! Owns: the thread that does it. Must never know: which segment is needed next, or what becomes of it.
//!
//! The thread lives as long as its owner: one for every segment would leave memory behind in the allocator each time.

use super::segment::{self, Segment};
use crate::StoreError;
use crate::disk::Disk;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

/// A segment that is wanted: its id, its length, and which old one may be written again for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub id: u64,
    /// Length of the file in bytes, if it is a new one.
    pub bytes: u64,
    /// The id of a segment whose file is used again.
    pub recycled: Option<u64>,
}

impl Order {
    /// Makes the segment, durably.
    pub(super) fn carry_out(self, disk: &dyn Disk) -> Result<Segment, StoreError> {
        segment::prepare(disk, self.id, self.bytes, self.recycled)
    }
}

/// The thread that makes segments, and the way to it.
pub(super) struct Preparer {
    /// `None` only while this is dropped.
    orders: Option<Sender<Order>>,
    made: Receiver<Result<Segment, StoreError>>,
    thread: Option<JoinHandle<()>>,
}

impl Preparer {
    /// Starts the thread; it waits for orders.
    pub(super) fn start(disk: Arc<dyn Disk>) -> io::Result<Self> {
        let (orders, ordered) = mpsc::channel::<Order>();
        let (answers, made) = mpsc::channel();
        let body = move || {
            for order in ordered {
                if answers.send(order.carry_out(disk.as_ref())).is_err() {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("store-segment".to_owned());
        Ok(Self {
            orders: Some(orders),
            made,
            thread: Some(thread.spawn(body)?),
        })
    }

    /// Has a segment made; [`Preparer::take`] answers it.
    pub(super) fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // A thread that has panicked takes no more; that is told when the segment is taken.
            let _ = orders.send(order);
        }
    }

    /// Waits for the segment that was ordered, or why it could not be made; `None` if making it panicked.
    pub(super) fn take(&self) -> Option<Result<Segment, StoreError>> {
        self.made.recv().ok()
    }
}

impl Drop for Preparer {
    /// The thread touches nothing once this is gone. What it made, or why it could not, is found out when the log is
    /// opened again.
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
