//! Activity tasks that wait for a worker, and workers that wait for a task.
//!
//! A worker that waits is an entry in a queue; it is woken by the commit that offers a task. The first worker gets the
//! oldest task. Every task that is offered is a row, written with its Scheduled event and removed with its Started
//! event; in memory are only the oldest ones of activities that workers ask for.
//!
//! Architecture Invariant: a task is taken by a step of its execution, so that one worker gets it, whatever happens here.

mod queue;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use expr::json::Document;
use store::Store;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use self::queue::Queue;
pub(crate) use self::queue::{Offered, Place, offered_key};
use crate::error::RuntimeError;
use crate::keys::Namespace;
use crate::ports::TaskKey;
use crate::shard::Request;

/// Workers that may poll for one activity at a time (spec quotas.md).
const WORKERS: usize = 1_000;
/// Activities that are kept in mind although nobody polls for them.
const IDLE: usize = 2_000;

/// A task as its worker gets it.
#[derive(Clone, Debug)]
pub struct ActivityTask {
    /// Which.
    pub key: TaskKey,
    /// By which it is answered.
    pub token: String,
    /// Its input.
    pub input: Document,
}

/// The right of one worker to one task. Used up when the task is handed over; dropped, the worker asks again.
pub struct Claim {
    activity: Arc<str>,
    offered: Offered,
    worker: Option<Arc<str>>,
    give: oneshot::Sender<Option<ActivityTask>>,
}

impl Claim {
    /// The task.
    pub fn key(&self) -> TaskKey {
        self.offered.key()
    }

    /// What the worker calls itself.
    pub fn worker(&self) -> Option<Arc<str>> {
        self.worker.clone()
    }

    /// Whether the worker has gone away meanwhile.
    pub fn is_void(&self) -> bool {
        self.give.is_closed()
    }
}

/// See the module's documentation.
pub(crate) struct Activities {
    store: Arc<dyn Store>,
    /// Of all shards.
    shards: OnceLock<Vec<mpsc::UnboundedSender<Request>>>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    queues: HashMap<Arc<str>, Queue>,
    next_ticket: u64,
}

impl Activities {
    pub(crate) fn new(store: Arc<dyn Store>) -> Activities {
        Activities {
            store,
            shards: OnceLock::new(),
            inner: Mutex::default(),
        }
    }

    /// Says where claims go. Once, before anything is polled.
    pub(crate) fn serve(&self, shards: Vec<mpsc::UnboundedSender<Request>>) {
        let _ = self.shards.set(shards);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a task, at most so long. Dropped, it gives its place up.
    pub(crate) async fn poll(
        self: &Arc<Self>,
        namespace: &Namespace,
        activity: &str,
        worker: Option<Arc<str>>,
        within: Duration,
    ) -> Result<Option<ActivityTask>, RuntimeError> {
        let deadline = Instant::now() + within;
        let asking = self.enter(namespace, activity)?;
        loop {
            let mut given = asking.wait(worker.clone())?;
            let answer = match timeout_at(deadline, &mut given).await {
                Ok(answer) => answer,
                // Nothing was on its way.
                Err(_) if asking.leave() => return Ok(None),
                Err(_) => given.await,
            };
            match answer {
                Ok(Some(task)) => return Ok(Some(task)),
                // The task was gone before it could be taken: back to the place that it had.
                Ok(None) if Instant::now() < deadline => {}
                Ok(None) => return Ok(None),
                Err(_) => return Err(RuntimeError::Stopped),
            }
        }
    }

    fn enter(self: &Arc<Self>, namespace: &Namespace, arn: &str) -> Result<Asking, RuntimeError> {
        let mut inner = self.inner();
        if inner.queues.len() > IDLE {
            inner.queues.retain(|_, queue| !queue.is_idle());
        }
        let ticket = inner.next_ticket;
        inner.next_ticket += 1;
        let activity: Arc<str> = arn.into();
        let queue = inner
            .queues
            .entry(activity.clone())
            .or_insert_with(|| Queue::new(namespace, &activity));
        if queue.polling == WORKERS {
            return Err(RuntimeError::TooManyWorkers);
        }
        queue.polling += 1;
        Ok(Asking {
            activities: self.clone(),
            activity,
            ticket,
        })
    }

    /// Brings tasks and workers of an activity together, and lets the claims go to their shards.
    fn change(
        &self,
        activity: &Arc<str>,
        change: impl FnOnce(&mut Queue),
    ) -> Result<(), RuntimeError> {
        let mut inner = self.inner();
        let Some(queue) = inner.queues.get_mut(activity) else {
            return Ok(());
        };
        change(queue);
        let mut claims = Vec::new();
        let matched = queue.pair(self.store.as_ref(), |offered, worker, give| {
            claims.push(Claim {
                activity: activity.clone(),
                offered,
                worker,
                give,
            });
        });
        drop(inner);
        claims.into_iter().for_each(|claim| self.send(claim));
        matched
    }

    fn send(&self, claim: Claim) {
        if let Some(shards) = self.shards.get().filter(|shards| !shards.is_empty()) {
            let shard = usize::from(claim.key().execution.shard()) % shards.len();
            // The shard is gone when the process is stopping; its workers are told by the claim's end.
            let _ = shards[shard].send(Request::Take(Box::new(claim)));
        }
    }

    /// For completions, which have nobody to tell: a store that cannot be read is told to the next worker that asks.
    fn note(&self, activity: &Arc<str>, change: impl FnOnce(&mut Queue)) {
        if let Err(error) = self.change(activity, change) {
            tracing::error!(%activity, %error, "offered tasks cannot be read");
        }
    }

    /// A task's offer is durable.
    pub(crate) fn offered(&self, activity: &Arc<str>, offered: Offered) {
        self.note(activity, |queue| queue.offer(offered));
    }

    /// A task's offer is gone, durably: it was taken, or is over.
    pub(crate) fn withdrawn(&self, activity: &Arc<str>, place: Place) {
        self.note(activity, |queue| queue.withdraw(place));
    }

    /// The worker of a claim has taken the task, durably.
    pub(crate) fn taken(&self, claim: Claim, task: ActivityTask) {
        let place = claim.offered.place;
        // A worker that went away in this moment has the task nevertheless: its timeouts decide.
        let _ = claim.give.send(Some(task));
        self.note(&claim.activity, |queue| queue.handed(place));
    }

    /// The task of a claim was not there any more.
    pub(crate) fn missed(&self, claim: Claim) {
        let place = claim.offered.place;
        self.note(&claim.activity, |queue| queue.handed(place));
        let _ = claim.give.send(None);
    }

    /// The worker of a claim was not there any more: the task is the next one's.
    pub(crate) fn refused(&self, claim: Claim) {
        self.note(&claim.activity, |queue| queue.put_back(claim.offered));
    }
}

/// A worker that is asking; its place is given up when it is dropped.
struct Asking {
    activities: Arc<Activities>,
    activity: Arc<str>,
    ticket: u64,
}

impl Asking {
    fn wait(
        &self,
        worker: Option<Arc<str>>,
    ) -> Result<oneshot::Receiver<Option<ActivityTask>>, RuntimeError> {
        let (give, given) = oneshot::channel();
        self.activities.change(&self.activity, |queue| {
            queue.wait(self.ticket, worker, give);
        })?;
        Ok(given)
    }

    /// Gives up waiting; false if a task is on its way.
    fn leave(&self) -> bool {
        let mut inner = self.activities.inner();
        let queue = inner.queues.get_mut(&self.activity);
        queue.is_some_and(|queue| queue.leave(self.ticket))
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let mut inner = self.activities.inner();
        if let Some(queue) = inner.queues.get_mut(&self.activity) {
            queue.leave(self.ticket);
            queue.polling -= 1;
        }
    }
}
