//! Map runs: durable things of their own, each with a worker while it is open.
//!
//! A run is born in the commit of its Started event and given up in the commit of the step that gives it up. Its
//! children are ordinary executions on any shard. What the worker knows of them comes from rows that stand in their
//! first and last commits ([`child`]); what it hears meanwhile is only the news of such a commit, so nothing is lost
//! with the process, and news that comes twice or late changes nothing.
//!
//! Owns: reading, starting, counting, tolerated failures, results. Knows no service by name and nothing of what a
//! child does.

pub mod child;
mod export;
mod feed;
mod plan;
mod record;
mod results;
pub(crate) mod rows;
mod source;
mod view;
mod worker;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::Store;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SetOnce, mpsc, watch};

pub use self::record::{Counts, Cursor, RunRecord, RunStatus, Tally};
pub use self::source::{Boxed, Item, ItemSource};
pub use self::view::{RunList, RunView, TolerancePatch};
use self::worker::{News, Worker};
use crate::codec::DecodeError;
use crate::definitions::Definitions;
use crate::driver::Failed;
use crate::error::RuntimeError;
use crate::keys::Namespace;
use crate::ports::Ports;
use crate::record::Status;
use crate::recovery::{for_each, namespaces};
use crate::shard::Request;
use crate::shards::Shards;

/// Open map runs of an account, at each depth of map runs in map runs: more wait. Counted by depth, a run never waits
/// for the place of one that waits for it.
const OPEN_RUNS: usize = 1_000;

/// The internal id of a map run: the UUID at the end of its ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u128);

impl RunId {
    /// Of a UUID in its usual form.
    pub fn parse(uuid: &str) -> Option<RunId> {
        let is_uuid = uuid.len() == 36
            && uuid.char_indices().all(|(at, c)| match at {
                8 | 13 | 18 | 23 => c == '-',
                _ => c.is_ascii_hexdigit(),
            });
        let digits = is_uuid.then(|| uuid.replace('-', ""))?;
        u128::from_str_radix(&digits, 16).ok().map(RunId)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", self.0);
        let parts = [
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..],
        ];
        out.write_str(&parts.join("-"))
    }
}

/// What a durable commit says of map runs.
#[derive(Clone, Debug)]
pub enum RunEffect {
    /// One begins.
    Begin,
    /// Its execution gave it up.
    Abort,
    /// Its execution waits for it, after a restart.
    Await,
    /// A child has ended.
    ChildEnded {
        /// Which.
        index: u64,
        /// How.
        status: Status,
    },
}

/// All open map runs.
#[derive(Clone)]
pub(crate) struct MapRuns(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) ports: Ports,
    pub(crate) definitions: Arc<Definitions>,
    pub(crate) limits: engine::Limits,
    pub(crate) failed: Arc<Failed>,
    pub(crate) stop: watch::Receiver<bool>,
    shards: SetOnce<Arc<Shards>>,
    handle: Handle,
    open: Mutex<HashMap<(Namespace, RunId), Open>>,
    places: Mutex<HashMap<(String, u32), Arc<Semaphore>>>,
}

/// A run with a worker.
struct Open {
    news: mpsc::UnboundedSender<News>,
    counts: Arc<Mutex<Counts>>,
}

impl MapRuns {
    /// None is open yet. Must be called on a tokio runtime.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        ports: Ports,
        definitions: Arc<Definitions>,
        limits: engine::Limits,
        failed: Arc<Failed>,
        stop: watch::Receiver<bool>,
    ) -> MapRuns {
        MapRuns(Arc::new(Inner {
            store,
            ports,
            definitions,
            limits,
            failed,
            stop,
            shards: SetOnce::new(),
            handle: Handle::current(),
            open: Mutex::default(),
            places: Mutex::default(),
        }))
    }

    /// Goes on with the runs that were open when the process ended; from now on children can be started.
    pub(crate) fn resume(&self, shards: Arc<Shards>) -> Result<(), RuntimeError> {
        let _ = self.0.shards.set(shards);
        for namespace in namespaces(self.0.store.as_ref())? {
            let prefix = rows::open_prefix(&namespace).build();
            for_each(self.0.store.as_ref(), prefix, |key, _| {
                if let Some(run) = rows::run_at_end(key) {
                    self.begin(&namespace, run);
                }
            })?;
        }
        Ok(())
    }

    /// Carries out what a commit that is durable says of a run. Returns at once: it runs on the committer's thread.
    pub(crate) fn carry_out(&self, namespace: &Namespace, run: RunId, effect: RunEffect) {
        match effect {
            RunEffect::Begin => self.begin(namespace, run),
            RunEffect::Abort => self.tell(namespace, run, News::Abort),
            RunEffect::ChildEnded { index, status } => {
                self.tell(namespace, run, News::Ended { index, status })
            }
            RunEffect::Await => self.remind(namespace, run),
        }
    }

    fn tell(&self, namespace: &Namespace, run: RunId, news: News) {
        if let Some(open) = self.open().get(&(namespace.clone(), run)) {
            // The worker is gone when the run has ended meanwhile.
            let _ = open.news.send(news);
        }
    }

    fn begin(&self, namespace: &Namespace, run: RunId) {
        let (sender, news) = mpsc::unbounded_channel();
        let counts = Arc::new(Mutex::new(Counts::default()));
        let open = Open {
            news: sender.clone(),
            counts: counts.clone(),
        };
        let key = (namespace.clone(), run);
        // At a start, an open run may be found in its rows and begun by its execution's commit: the first one minds it.
        match self.open().entry(key.clone()) {
            Entry::Occupied(_) => return,
            Entry::Vacant(place) => place.insert(open),
        };
        let (runs, name) = (self.clone(), key.clone());
        self.0.handle.spawn(async move {
            let worker = Worker::new(runs.clone(), name.0, name.1, sender, news, counts);
            if let Err(error) = worker.work().await {
                runs.report(key.1, &error);
            }
            runs.open().remove(&key);
        });
    }

    /// A row that cannot be read stays as it is; a store that cannot be written is the end of the process.
    fn report(&self, run: RunId, error: &RuntimeError) {
        match error {
            RuntimeError::Stopped => {}
            RuntimeError::Unreadable { .. } => {
                tracing::error!(%run, %error, "a map run cannot be gone on with");
            }
            error => self.0.failed.set(error),
        }
    }

    /// Tells the execution of a run that has ended how; one that is open tells by itself.
    fn remind(&self, namespace: &Namespace, run: RunId) {
        if self.open().contains_key(&(namespace.clone(), run)) {
            return;
        }
        match self.load(namespace, run) {
            Ok(Some((plan, record))) => self.deliver(&plan, &record),
            Ok(None) => tracing::error!(%run, "an execution waits for a map run that is not there"),
            Err(error) => self.report(run, &error),
        }
    }

    /// Hands the outcome of a run to the execution that waits for it.
    fn deliver(&self, plan: &plan::Plan, record: &RunRecord) {
        if let (Some(outcome), Some(shards)) = (&record.outcome, self.0.shards.get()) {
            let request = Request::MapRunEnded {
                execution: plan.execution,
                run: plan.id,
                outcome: outcome.clone(),
            };
            shards.answer(plan.execution, request);
        }
    }

    fn load(
        &self,
        namespace: &Namespace,
        run: RunId,
    ) -> Result<Option<(plan::Plan, RunRecord)>, RuntimeError> {
        let store = self.0.store.as_ref();
        let plan = store.get(&rows::plan_key(namespace, run))?;
        let record = store.get(&rows::record_key(namespace, run))?;
        match (plan, record) {
            (Some(plan), Some(record)) => Ok(Some((
                plan::Plan::decode(&plan).map_err(unreadable)?,
                RunRecord::decode(&record).map_err(unreadable)?,
            ))),
            _ => Ok(None),
        }
    }

    /// The place that an open run takes.
    fn places(&self, account: &str, depth: u32) -> Arc<Semaphore> {
        let mut places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry((account.to_owned(), depth));
        place
            .or_insert_with(|| Arc::new(Semaphore::new(OPEN_RUNS)))
            .clone()
    }

    fn shards(&self) -> Result<&Arc<Shards>, RuntimeError> {
        self.0.shards.get().ok_or(RuntimeError::Stopped)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<(Namespace, RunId), Open>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unreadable(error: DecodeError) -> RuntimeError {
    RuntimeError::Unreadable {
        what: "map run",
        reason: error.to_string(),
    }
}
