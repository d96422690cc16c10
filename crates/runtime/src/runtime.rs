//! The handle that the server holds: start, stop, and a look at what is stored.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::event::Failure;
use engine::{Facts, Limits, TaskOutcome, Timestamp};
use expr::Entropy;
use store::Store;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::activities::{Activities, ActivityTask};
use crate::admission::Admission;
use crate::definitions::Definitions;
use crate::driver::{Common, Driver, Failed, Inbox, Open, Shared};
use crate::ends::Ends;
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::Namespace;
use crate::map_runs::{MapRuns, RunId, RunList, RunView, TolerancePatch};
use crate::ports::{Ports, TaskKey};
use crate::query;
use crate::record::{ExecutionRecord, PinnedRevision, Status};
use crate::recovery::{self, RowLoader};
use crate::redrives::{NotRedrivable, redrivable};
use crate::relist;
use crate::shard::{Promise, Reply, Request, Room, Shard, StartRow, Surroundings};
use crate::shards::Shards;
use crate::tokens::{self, TokenKey};

/// How the runtime is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Shards; 1 to 1,024. Any number serves the executions of any other.
    pub shards: u16,
    /// The limits of executions.
    pub limits: Limits,
    /// Starts and stops that may wait for a shard; an eighth of the places is kept for stops.
    pub waiting_calls: usize,
    /// Standard executions that may be open at a time; more are refused with [`RuntimeError::TooManyOpen`].
    pub open_executions: usize,
    /// What a shard may have in memory of its open executions.
    pub room: Room,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            shards: 2,
            limits: Limits::default(),
            waiting_calls: 1_024,
            open_executions: 1_000_000,
            room: Room::default(),
        }
    }
}

/// What to start.
#[derive(Clone, Debug)]
pub struct StartRequest {
    /// Account and region.
    pub namespace: Namespace,
    /// Everything about it but the time.
    pub facts: Facts,
    /// The definition revision, by the name of its row, and what led to it.
    pub revision: PinnedRevision,
    /// The trace header.
    pub trace_header: Option<Arc<str>>,
    /// When its machine was created: an execution of this name that was started before belongs to an earlier machine of
    /// the same name, and gives the name up.
    pub machine_created: Timestamp,
}

/// An execution that is started, durably.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// When. The first time, if the same start was made before.
    pub at: Timestamp,
}

/// An execution that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Stopped {
    /// When it ended.
    pub at: Timestamp,
}

/// What to redrive.
#[derive(Clone, Debug)]
pub struct RedriveRequest {
    /// Account and region.
    pub namespace: Namespace,
    /// The machine's name.
    pub machine: Arc<str>,
    /// The execution's name.
    pub name: Arc<str>,
    /// The caller's name for this redrive: given again, it is the same redrive.
    pub token: Option<Arc<str>>,
    /// Whether the execution's machine is there no more.
    pub machine_is_deleted: bool,
}

/// An execution that is redriven, durably.
#[derive(Clone, Copy, Debug)]
pub struct Redriven {
    /// When. The first time, if the same redrive was made before.
    pub at: Timestamp,
}

/// How often a start or redrive looks again because somebody else was at work on the execution.
const TRIES: usize = 16;

/// The key of a row that never is.
const NEVER: &[u8] = b"\0never";

/// All shards over one store.
pub struct Runtime {
    store: Arc<dyn Store>,
    ports: Ports,
    definitions: Arc<Definitions>,
    limits: Limits,
    inboxes: Vec<Inbox>,
    open: Vec<Arc<Open>>,
    map_runs: MapRuns,
    next_shard: AtomicU16,
    admission: Admission,
    /// See [`Options::open_executions`].
    most_open: usize,
    /// Places of an inbox that starts leave to stops.
    kept_for_stops: usize,
    ids: Mutex<Box<dyn Entropy + Send>>,
    failed: Arc<Failed>,
    common: Common,
    tokens: TokenKey,
    stop: watch::Sender<bool>,
    drivers: Mutex<Vec<JoinHandle<()>>>,
}

impl Runtime {
    /// Takes over what is open in the store and begins to serve. Must be called on a tokio runtime.
    pub fn open(
        store: Arc<dyn Store>,
        ports: Ports,
        options: Options,
    ) -> Result<Runtime, RuntimeError> {
        let shards = options.shards.clamp(1, 1_024);
        relist::bring_up_to_date(store.as_ref())?;
        let definitions = Arc::new(Definitions::new(store.clone()));
        let failed: Arc<Failed> = Arc::default();
        let lost = failed.clone();
        let tokens =
            tokens::load_or_draw(store.as_ref(), (ports.entropy)().as_mut(), move |error| {
                lost.set(&error);
            })?;
        let surroundings = Surroundings {
            tokens: tokens.clone(),
            runner: ports.runner.clone(),
            opened: ports.clock.now(),
            listener: ports.listener.clone(),
        };
        let mut recovered: Vec<(Shard, VecDeque<ExecutionId>)> = (0..shards)
            .map(|_| {
                let loader = Box::new(RowLoader::new(store.clone(), definitions.clone()));
                let (limits, room) = (options.limits.clone(), options.room.clone());
                let around = surroundings.clone();
                let shard = Shard::new(limits, room, around, (ports.entropy)(), loader);
                (shard, VecDeque::new())
            })
            .collect();
        recovery::open_executions(&store, surroundings.opened, |open| {
            let (shard, wake) = &mut recovered[usize::from(open.id.shard() % shards)];
            shard.adopt(open.id, open.namespace, &open.timers);
            if open.is_busy {
                wake.push_back(open.id);
            }
        })?;
        recovery::express_executions(store.as_ref(), &definitions, |row| {
            let (shard, wake) = &mut recovered[usize::from(row.id.shard() % shards)];
            wake.push_back(row.id);
            shard.adopt_express(row);
        })?;
        let common = Common {
            activities: Arc::new(Activities::new(store.clone())),
            ends: Arc::new(Ends::default()),
        };
        let stop = watch::channel(false).0;
        let map_runs = MapRuns::new(
            store.clone(),
            ports.clone(),
            definitions.clone(),
            options.limits.clone(),
            failed.clone(),
            stop.subscribe(),
        );
        let mut runtime = Runtime {
            map_runs,
            ids: Mutex::new((ports.entropy)()),
            common,
            tokens,
            store,
            ports,
            definitions,
            limits: options.limits.clone(),
            inboxes: Vec::new(),
            open: Vec::new(),
            next_shard: AtomicU16::new(0),
            admission: Admission::default(),
            most_open: options.open_executions,
            kept_for_stops: options.waiting_calls / 8,
            failed,
            stop,
            drivers: Mutex::default(),
        };
        for (shard, wake) in recovered {
            runtime.add_shard(&options, shard, wake);
        }
        let shards = Shards::new(
            runtime.inboxes.clone(),
            runtime.kept_for_stops,
            (runtime.ports.entropy)(),
        );
        runtime.map_runs.resume(Arc::new(shards))?;
        let answers = runtime.inboxes.iter().map(|inbox| inbox.answers.clone());
        runtime.common.activities.serve(answers.collect());
        Ok(runtime)
    }

    fn add_shard(&mut self, options: &Options, shard: Shard, wake: VecDeque<ExecutionId>) {
        let (calls, calls_in) = mpsc::channel(options.waiting_calls.max(1));
        let (answers, answers_in) = mpsc::unbounded_channel();
        let inbox = Inbox { calls, answers };
        let open = Arc::new(Open::of(&shard));
        let shared = Arc::new(Shared::new(
            self.store.clone(),
            self.ports.clone(),
            inbox.clone(),
            open.clone(),
            self.failed.clone(),
            self.common.clone(),
            self.map_runs.clone(),
        ));
        let driver = Driver {
            shard,
            calls: calls_in,
            answers: answers_in,
            shared,
            stop: self.stop.subscribe(),
            wake,
            commits: Vec::new(),
        };
        self.drivers
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(tokio::spawn(driver.run()));
        self.inboxes.push(inbox);
        self.open.push(open);
    }

    /// Starts an execution; answers when it is durable, and, if it needs nothing outside the process, finished.
    ///
    /// The same name and input while the first one is open is the same start (spec api.md, StartExecution);
    /// otherwise a taken name is [`RuntimeError::AlreadyExists`]. That a name is taken is learnt from the store's refusal:
    /// a look before would cost every start what only a repeated one needs.
    pub async fn start(&self, request: StartRequest) -> Result<Started, RuntimeError> {
        self.admitted(self.start_admitted(request)).await
    }

    /// What is refused while too many are under way.
    pub(crate) async fn admitted<T>(
        &self,
        start: impl Future<Output = Result<T, RuntimeError>>,
    ) -> Result<T, RuntimeError> {
        let now = || self.ports.clock.now();
        let admitted = self.admission.enter(now());
        let admitted = admitted.ok_or(RuntimeError::Overloaded)?;
        let started = start.await;
        admitted.end(now());
        started
    }

    async fn start_admitted(&self, request: StartRequest) -> Result<Started, RuntimeError> {
        if self.open_standard_executions() >= self.most_open {
            return match self.existing(&request)? {
                Some((_, existing)) if existing.facts.started >= request.machine_created => {
                    same_start(&existing, &request)
                }
                _ => Err(RuntimeError::TooManyOpen),
            };
        }
        let mut replaces = None;
        for _ in 0..TRIES {
            let (reply, answer) = reply();
            let at = self.begin(&request, Promise::EveryStep(reply), replaces)?;
            if heard(answer.await)? {
                return Ok(Started { at });
            }
            let Some((id, existing)) = self.existing(&request)? else {
                return Err(RuntimeError::AlreadyExists);
            };
            if existing.facts.started >= request.machine_created {
                return same_start(&existing, &request);
            }
            if existing.status == Status::Running {
                let facts = &existing.facts;
                let (machine, name) = (&facts.machine_name, &facts.name);
                self.stop_execution(&request.namespace, machine, name, Failure::default())
                    .await?;
            }
            replaces = Some(id);
        }
        Err(RuntimeError::Overloaded)
    }

    /// Gives a new execution to a shard, which keeps the promise. Its start.
    pub(crate) fn begin(
        &self,
        request: &StartRequest,
        promise: Promise,
        replaces: Option<ExecutionId>,
    ) -> Result<Timestamp, RuntimeError> {
        // Should the clock have been set back: no execution is older than its machine.
        let now = self.ports.clock.now().max(request.machine_created);
        let machine = self
            .definitions
            .machine(&request.namespace, &request.revision.key)?;
        let (shard, id) = self.new_id(now);
        if !self.takes_starts(shard) || self.ports.runner.is_overloaded() {
            return Err(RuntimeError::Overloaded);
        }
        let row = StartRow {
            id,
            replaces,
            namespace: request.namespace.clone(),
            facts: Arc::new(Facts {
                started: now,
                ..request.facts.clone()
            }),
            machine,
            revision: request.revision.clone(),
            trace_header: request.trace_header.clone(),
            child: None,
            promise,
        };
        self.call(shard, Request::Start(Box::new(row)))?;
        Ok(now)
    }

    fn existing(
        &self,
        request: &StartRequest,
    ) -> Result<Option<(ExecutionId, ExecutionRecord)>, RuntimeError> {
        let (store, facts) = (self.store.as_ref(), &request.facts);
        query::find(store, &request.namespace, &facts.machine_name, &facts.name)
    }

    fn new_id(&self, now: Timestamp) -> (usize, ExecutionId) {
        let shard = self.next_shard.fetch_add(1, Ordering::Relaxed) % self.inboxes.len() as u16;
        let mut entropy = self
            .ids
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        (
            usize::from(shard),
            ExecutionId::new(now, shard, entropy.as_mut()),
        )
    }

    /// Whether a start would be refused for what waits already: cheap enough to ask before a request is looked at.
    pub fn is_overloaded(&self) -> bool {
        self.admission.is_full()
            || self.ports.runner.is_overloaded()
            || !(0..self.inboxes.len()).any(|shard| self.takes_starts(shard))
    }

    /// How long to wait before a start is refused that came while the runtime [is overloaded](Runtime::is_overloaded):
    /// refusing must not become most of the work.
    pub fn refusal_pause(&self) -> Duration {
        self.admission.pause()
    }

    fn takes_starts(&self, shard: usize) -> bool {
        self.inboxes[shard].calls.capacity() > self.kept_for_stops
    }

    fn call(&self, shard: usize, request: Request) -> Result<(), RuntimeError> {
        self.inboxes[shard]
            .calls
            .try_send(request)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => RuntimeError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => RuntimeError::Stopped,
            })
    }

    /// Ends an execution; one that has ended already is left as it is, and the time of its end is given.
    pub async fn stop_execution(
        &self,
        namespace: &Namespace,
        machine: &str,
        name: &str,
        failure: Failure,
    ) -> Result<Stopped, RuntimeError> {
        let store = self.store.as_ref();
        let (id, record) =
            query::find(store, namespace, machine, name)?.ok_or(RuntimeError::NotFound)?;
        let mut stopped = record.stopped;
        for _ in 0..TRIES {
            if stopped.is_none() {
                stopped = self.try_stop(id, &failure).await?;
            }
            if let Some(at) = stopped {
                return Ok(Stopped { at });
            }
            // Its shard has let go of it: its last commit may still be on its way to the disk, or it was redriven since.
            self.all_durable().await;
            let record = query::record(store, namespace, id)?;
            stopped = record.ok_or(RuntimeError::NotFound)?.stopped;
        }
        Err(RuntimeError::Overloaded)
    }

    async fn try_stop(
        &self,
        id: ExecutionId,
        failure: &Failure,
    ) -> Result<Option<Timestamp>, RuntimeError> {
        let (reply, answer) = reply();
        let shard = usize::from(id.shard()) % self.inboxes.len();
        self.call(
            shard,
            Request::Stop {
                execution: id,
                failure: failure.clone(),
                reply,
            },
        )?;
        heard(answer.await)
    }

    /// Takes an execution that ended without success up again, from where it stood.
    ///
    /// A token of one of its last redrives is answered with that one's time, whatever the execution does now ([rec]
    /// public recordings of redrives); otherwise it must be redrivable.
    pub async fn redrive(&self, request: RedriveRequest) -> Result<Redriven, RuntimeError> {
        for _ in 0..TRIES {
            let store = self.store.as_ref();
            let found = query::find(store, &request.namespace, &request.machine, &request.name)?;
            let (id, record) = found.ok_or(RuntimeError::NotFound)?;
            let token = request.token.as_deref();
            if let Some(at) = token.and_then(|token| record.redrives.redriven_as(token)) {
                return Ok(Redriven { at });
            }
            self.redrivable(&record)
                .and(match request.machine_is_deleted {
                    true => Err(NotRedrivable::MachineDeleted),
                    false => Ok(()),
                })
                .map_err(RuntimeError::NotRedrivable)?;
            let redriven = self.admitted(self.try_redrive(id, &request));
            if let Some(at) = redriven.await? {
                return Ok(Redriven { at });
            }
            self.all_durable().await;
        }
        Err(RuntimeError::Overloaded)
    }

    async fn try_redrive(
        &self,
        id: ExecutionId,
        request: &RedriveRequest,
    ) -> Result<Option<Timestamp>, RuntimeError> {
        if self.open_standard_executions() >= self.most_open {
            return Err(RuntimeError::TooManyOpen);
        }
        let shard = usize::from(id.shard()) % self.inboxes.len();
        if !self.takes_starts(shard) || self.ports.runner.is_overloaded() {
            return Err(RuntimeError::Overloaded);
        }
        let (reply, answer) = reply();
        let redrive = Request::Redrive {
            execution: id,
            namespace: request.namespace.clone(),
            token: request.token.clone(),
            reply,
        };
        self.call(shard, redrive)?;
        answer.await.unwrap_or(Err(RuntimeError::Stopped))
    }

    /// Whether an execution could be redriven now, but for its machine.
    pub fn redrivable(&self, record: &ExecutionRecord) -> Result<(), NotRedrivable> {
        redrivable(record, &self.limits, self.ports.clock.now())
    }

    /// Waits until everything submitted so far is durable, with a transaction that writes nothing: it is void.
    async fn all_durable(&self) {
        let (sender, durable) = oneshot::channel();
        let void = store::Transaction::new().require_equals(NEVER, NEVER);
        self.store.submit(
            void,
            Box::new(move |_| {
                let _ = sender.send(());
            }),
        );
        let _ = durable.await;
    }

    /// Hands in the outcome of a call by its name, as [`Answer::send`](crate::Answer::send) does: from somebody who has
    /// kept the name only, perhaps since before a restart. One that nobody waits for is dropped.
    pub fn answer(&self, key: TaskKey, outcome: TaskOutcome) {
        let shard = usize::from(key.execution.shard()) % self.inboxes.len();
        // The shard is gone when the process is stopping.
        let _ = self.inboxes[shard]
            .answers
            .send(Request::TaskEnded { key, outcome });
    }

    /// The map run of this id, with its counts as they are now.
    pub fn map_run(
        &self,
        namespace: &Namespace,
        run: RunId,
    ) -> Result<Option<RunView>, RuntimeError> {
        self.map_runs.view(namespace, run)
    }

    /// A page of an execution's map runs, newest first.
    pub fn map_runs(
        &self,
        namespace: &Namespace,
        execution: ExecutionId,
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<RunList, RuntimeError> {
        self.map_runs.list(namespace, execution, before, limit)
    }

    /// Changes a map run that is open, durably; false if it is not.
    pub async fn update_map_run(
        &self,
        namespace: &Namespace,
        run: RunId,
        patch: TolerancePatch,
    ) -> Result<bool, RuntimeError> {
        self.map_runs.update(namespace, run, patch).await
    }

    /// Hands in the outcome of a task by its token; durable when it is answered. A second one, or one that comes too
    /// late, is [`RuntimeError::TaskTimedOut`].
    pub async fn answer_token(
        &self,
        namespace: &Namespace,
        token: &str,
        outcome: TaskOutcome,
    ) -> Result<(), RuntimeError> {
        self.by_token(namespace, token, |key, reply| Request::Answered {
            key,
            outcome,
            reply,
        })
        .await
    }

    /// Whoever has this token works on its task: its heartbeat's time begins again.
    pub async fn heartbeat(&self, namespace: &Namespace, token: &str) -> Result<(), RuntimeError> {
        self.by_token(namespace, token, |key, reply| Request::Heartbeat {
            key,
            reply,
        })
        .await
    }

    async fn by_token(
        &self,
        namespace: &Namespace,
        token: &str,
        request: impl FnOnce(TaskKey, Reply<bool>) -> Request,
    ) -> Result<(), RuntimeError> {
        let key = self
            .tokens
            .open(namespace, token)
            .ok_or(RuntimeError::InvalidToken)?;
        let (reply, answer) = reply();
        let shard = usize::from(key.execution.shard()) % self.inboxes.len();
        self.call(shard, request(key, reply))?;
        match answer.await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(RuntimeError::TaskTimedOut),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(RuntimeError::Stopped),
        }
    }

    /// Waits for a task of an activity, at most so long, and takes it: its Started event is durable when it is given.
    /// Workers get tasks in the order in which they asked, the oldest task first. Dropped, it takes none.
    pub async fn take_activity_task(
        &self,
        namespace: &Namespace,
        activity: &str,
        worker: Option<Arc<str>>,
        within: Duration,
    ) -> Result<Option<ActivityTask>, RuntimeError> {
        let activities = &self.common.activities;
        activities.poll(namespace, activity, worker, within).await
    }

    /// Waits until an execution has ended; what is known of it then.
    pub async fn end_of(
        &self,
        namespace: &Namespace,
        machine: &str,
        name: &str,
    ) -> Result<ExecutionRecord, RuntimeError> {
        let store = self.store.as_ref();
        let (id, _) =
            query::find(store, namespace, machine, name)?.ok_or(RuntimeError::NotFound)?;
        let record = || query::record(store, namespace, id)?.ok_or(RuntimeError::NotFound);
        loop {
            // Anew each time: one that has ended may be redriven before it is looked at.
            let watch = self.common.ends.watch(id);
            let record = record()?;
            if record.status != Status::Running {
                return Ok(record);
            }
            watch.wait().await;
        }
    }

    /// The store, for [`query`].
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// How many executions are open.
    pub fn open_executions(&self) -> usize {
        self.open.iter().map(|open| open.all()).sum()
    }

    /// Those that count for [`Options::open_executions`].
    fn open_standard_executions(&self) -> usize {
        self.open.iter().map(|open| open.standard()).sum()
    }

    /// Waits until the store has failed: from then on nothing is acknowledged and the process should end.
    pub async fn failed(&self) {
        self.failed.wait().await
    }

    /// Stops the shards. Calls in flight are left alone; they are made again after the next start.
    pub async fn shutdown(&self) {
        let _ = self.stop.send(true);
        let drivers = std::mem::take(
            &mut *self
                .drivers
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        for driver in drivers {
            let _ = driver.await;
        }
    }
}

fn same_start(existing: &ExecutionRecord, request: &StartRequest) -> Result<Started, RuntimeError> {
    let same = existing.status == Status::Running
        && existing.facts.input.text() == request.facts.input.text();
    match same {
        true => Ok(Started {
            at: existing.facts.started,
        }),
        false => Err(RuntimeError::AlreadyExists),
    }
}

/// What a shard answers; it is gone when the process is stopping.
pub(crate) fn heard<T>(
    answer: Result<Result<T, RuntimeError>, oneshot::error::RecvError>,
) -> Result<T, RuntimeError> {
    answer.unwrap_or(Err(RuntimeError::Stopped))
}

pub(crate) fn reply<T: Send + 'static>() -> (Reply<T>, oneshot::Receiver<Result<T, RuntimeError>>) {
    let (sender, receiver) = oneshot::channel();
    let reply = move |answer| {
        // Nobody waits any more when the request was dropped.
        let _ = sender.send(answer);
    };
    (Box::new(reply), receiver)
}
