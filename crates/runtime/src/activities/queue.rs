//! The queue of one activity: the oldest offered tasks, the workers that wait, and where the rest of the rows begins.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use engine::event::EventId;
use engine::execution::FrameId;
use engine::{Offer, TaskId, Timestamp};
use store::{KeyRange, Order, Store};
use tokio::sync::oneshot;

use super::ActivityTask;
use crate::codec::{DecodeError, Reader, Writer};
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::{KeyBuilder, Namespace, Table};
use crate::ports::TaskKey;

/// Tasks of an activity that are in memory.
const WINDOW: usize = 256;
/// The version of an offer's row.
const VERSION: u8 = 1;

/// Where a task stands in its activity's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    since: Timestamp,
    execution: ExecutionId,
    scheduled: EventId,
}

/// A task that waits for a worker.
#[derive(Clone, Copy, Debug)]
pub struct Offered {
    pub(crate) place: Place,
    frame: FrameId,
}

impl Offered {
    pub(crate) fn new(execution: ExecutionId, offer: &Offer) -> Offered {
        Offered {
            place: Place {
                since: offer.since,
                execution,
                scheduled: offer.task.scheduled,
            },
            frame: offer.task.frame,
        }
    }

    pub(crate) fn key(&self) -> TaskKey {
        TaskKey {
            execution: self.place.execution,
            task: TaskId {
                frame: self.frame,
                scheduled: self.place.scheduled,
            },
        }
    }

    /// The bytes of its row.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Writer::versioned(VERSION);
        out.uint(u64::from(self.frame.0));
        out.finish()
    }
}

/// The key of an offer's row.
pub(crate) fn offered_key(namespace: &Namespace, activity: &str, place: Place) -> bytes::Bytes {
    beginning(namespace, activity)
        .u64(place.since.0.max(0).unsigned_abs())
        .u128(place.execution.0)
        .u64(place.scheduled)
        .build()
}

fn beginning(namespace: &Namespace, activity: &str) -> KeyBuilder {
    namespace.table(Table::OfferedTask).text(activity)
}

fn read(place: &[u8], value: &[u8]) -> Result<Offered, DecodeError> {
    let short = DecodeError::Short;
    let (since, rest) = place.split_first_chunk().ok_or(short)?;
    let (execution, rest) = rest.split_first_chunk().ok_or(DecodeError::Short)?;
    let scheduled = rest.try_into().map_err(|_| DecodeError::Short)?;
    Ok(Offered {
        place: Place {
            since: Timestamp(i64::try_from(u64::from_be_bytes(*since)).unwrap_or(i64::MAX)),
            execution: ExecutionId(u128::from_be_bytes(*execution)),
            scheduled: u64::from_be_bytes(scheduled),
        },
        frame: FrameId(Reader::versioned(value, VERSION)?.uint32()?),
    })
}

/// A worker that waits.
struct Worker {
    name: Option<Arc<str>>,
    give: oneshot::Sender<Option<ActivityTask>>,
}

/// See the module's documentation.
pub(super) struct Queue {
    namespace: Namespace,
    activity: Arc<str>,
    /// Workers that ask, waiting or with a task on its way.
    pub(super) polling: usize,
    /// By ticket: the first one is served first.
    waiting: BTreeMap<u64, Worker>,
    ready: BTreeMap<Place, Offered>,
    /// Tasks that are on their way to a worker: their rows may still be there.
    in_hand: HashSet<Place>,
    rows: Rows,
}

/// What is known of the rows that are not in memory.
enum Rows {
    /// There may be some behind this place.
    Behind(Option<Place>),
    /// There are none.
    None,
}

impl Queue {
    pub(super) fn new(namespace: &Namespace, activity: &Arc<str>) -> Queue {
        Queue {
            namespace: namespace.clone(),
            activity: activity.clone(),
            polling: 0,
            waiting: BTreeMap::new(),
            ready: BTreeMap::new(),
            in_hand: HashSet::new(),
            rows: Rows::Behind(None),
        }
    }

    /// Whether nothing is lost when it is forgotten: its rows say all there is to say.
    pub(super) fn is_idle(&self) -> bool {
        self.polling == 0 && self.in_hand.is_empty()
    }

    pub(super) fn wait(
        &mut self,
        ticket: u64,
        name: Option<Arc<str>>,
        give: oneshot::Sender<Option<ActivityTask>>,
    ) {
        self.waiting.insert(ticket, Worker { name, give });
    }

    /// Whether it was waiting.
    pub(super) fn leave(&mut self, ticket: u64) -> bool {
        self.waiting.remove(&ticket).is_some()
    }

    /// A task that is a row now. One that is on its way already was read from its row.
    pub(super) fn offer(&mut self, offered: Offered) {
        let is_known = match self.rows {
            Rows::None => true,
            Rows::Behind(end) => end.is_some_and(|end| offered.place <= end),
        };
        if !is_known || self.in_hand.contains(&offered.place) {
            return;
        }
        self.ready.insert(offered.place, offered);
        if self.ready.len() > WINDOW {
            self.ready.pop_last();
            let last = self.ready.last_key_value().map(|(place, _)| *place);
            self.rows = Rows::Behind(last);
        }
    }

    pub(super) fn withdraw(&mut self, place: Place) {
        self.ready.remove(&place);
    }

    /// A claim was used up.
    pub(super) fn handed(&mut self, place: Place) {
        self.in_hand.remove(&place);
    }

    /// A claim could not be used: the task is ready again.
    pub(super) fn put_back(&mut self, offered: Offered) {
        self.in_hand.remove(&offered.place);
        self.ready.insert(offered.place, offered);
    }

    /// Gives the first workers the oldest tasks. Workers that went away are skipped.
    pub(super) fn pair(
        &mut self,
        store: &dyn Store,
        mut claim: impl FnMut(Offered, Option<Arc<str>>, oneshot::Sender<Option<ActivityTask>>),
    ) -> Result<(), RuntimeError> {
        while !self.waiting.is_empty() {
            if self.ready.is_empty() {
                self.refill(store)?;
            }
            let (Some(next), Some(worker)) = (self.ready.first_entry(), self.waiting.first_entry())
            else {
                // With rows left, all that were read are on their way already.
                match self.rows {
                    Rows::None => return Ok(()),
                    Rows::Behind(_) => continue,
                }
            };
            let worker = worker.remove();
            if !worker.give.is_closed() {
                let offered = next.remove();
                self.in_hand.insert(offered.place);
                claim(offered, worker.name, worker.give);
            }
        }
        Ok(())
    }

    /// Reads the next rows, if there may be some.
    fn refill(&mut self, store: &dyn Store) -> Result<(), RuntimeError> {
        let Rows::Behind(end) = self.rows else {
            return Ok(());
        };
        let prefix = beginning(&self.namespace, &self.activity).build();
        let mut range = KeyRange::prefix(prefix.clone());
        if let Some(end) = end {
            range = range.after(offered_key(&self.namespace, &self.activity, end));
        }
        let rows = store.scan(range, Order::Ascending, WINDOW)?;
        let mut last = end;
        for (key, value) in &rows {
            let offered = match read(&key[prefix.len()..], value) {
                Ok(offered) => offered,
                Err(error) => {
                    tracing::error!(activity = %self.activity, %error, "an offered task cannot be read");
                    continue;
                }
            };
            last = Some(offered.place);
            if !self.in_hand.contains(&offered.place) {
                self.ready.insert(offered.place, offered);
            }
        }
        self.rows = match rows.len() < WINDOW {
            true => Rows::None,
            false => Rows::Behind(last),
        };
        Ok(())
    }
}
