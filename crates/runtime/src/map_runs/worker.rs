//! The worker of an open map run: reads items, starts children while there is room, counts how they end, and ends the
//! run.
//!
//! It alone writes the run's record. What it knows is rebuilt from rows when the process was restarted; whether a run
//! is to be aborted is a row too.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::event::Failure;
use engine::map_run::{MapRunOutcome, RunItems};
use engine::{Facts, Timestamp};
use expr::json::{Document, Value};
use store::{Outcome, Transaction, Write};
use tokio::sync::{mpsc, oneshot};

use super::child::{ChildOf, ChildRow};
use super::feed::{Chunk, Feed, Made, Tools};
use super::plan::Plan;
use super::record::{Counts, RunRecord, RunStatus};
use super::source::{Given, ItemSource};
use super::view::TolerancePatch;
use super::{MapRuns, RunId, export, results, rows};
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::Namespace;
use crate::ports::ReadRequest;
use crate::query;
use crate::record::{ExecutionRecord, PinnedRevision, Status};
use crate::shard::{Promise, Request, StartRow};

/// Children of a run that may run at a time.
const MOST_CHILDREN: u64 = 10_000;
/// Starts of a run that may be on their way to the disk.
const MOST_STARTING: usize = 256;
/// While there are fewer children to start, more are read.
const LOW: usize = 128;
/// Rows that are read in one go.
const PAGE: usize = 256;
/// How long to wait when a shard has no room.
const PAUSE: Duration = Duration::from_millis(5);

/// What a worker hears.
pub(super) enum News {
    /// A start is durable, or was refused.
    Started {
        index: u64,
        result: Result<bool, RuntimeError>,
    },
    /// A child has ended.
    Ended { index: u64, status: Status },
    /// The execution gave the run up.
    Abort,
    /// UpdateMapRun.
    Update {
        patch: TolerancePatch,
        reply: oneshot::Sender<bool>,
    },
}

/// A child that runs.
struct Running {
    execution: ExecutionId,
    items: u32,
    /// Whether it was asked to stop.
    stopping: bool,
}

/// Why a run ends before all is done.
enum Ending {
    Failed(Failure),
    Aborted,
}

/// See the module's documentation.
pub(super) struct Worker {
    runs: MapRuns,
    namespace: Namespace,
    run: RunId,
    sender: mpsc::UnboundedSender<News>,
    news: mpsc::UnboundedReceiver<News>,
    shown: Arc<Mutex<Counts>>,
}

impl Worker {
    pub(super) fn new(
        runs: MapRuns,
        namespace: Namespace,
        run: RunId,
        sender: mpsc::UnboundedSender<News>,
        news: mpsc::UnboundedReceiver<News>,
        shown: Arc<Mutex<Counts>>,
    ) -> Worker {
        Worker {
            runs,
            namespace,
            run,
            sender,
            news,
            shown,
        }
    }

    /// Runs until the run has ended or the process stops.
    pub(super) async fn work(self) -> Result<(), RuntimeError> {
        let Some((plan, record)) = self.runs.load(&self.namespace, self.run)? else {
            return Ok(());
        };
        if record.stopped.is_some() {
            return Ok(());
        }
        let mut stop = self.runs.0.stop.clone();
        // Set when the runtime is put together.
        self.runs.0.shards.wait().await;
        let places = self.runs.places(self.namespace.account(), plan.depth);
        let mut job = Job::new(self, plan, record)?;
        let _place = tokio::select! {
            place = places.acquire() => place.ok(),
            () = job.given_up() => None,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        job.look_at_children().await?;
        tokio::select! {
            ended = job.go_on() => ended,
            _ = stop.wait_for(|stop| *stop) => Ok(()),
        }
    }
}

/// A run with all that is known of it.
struct Job {
    worker: Worker,
    plan: Arc<Plan>,
    record: RunRecord,
    /// The record of the execution that waits.
    parent: ExecutionRecord,
    machine: Arc<asl::Machine>,
    feed: Option<Feed>,
    /// Children with rows that are to be started.
    waiting: VecDeque<(u64, Made)>,
    running: BTreeMap<u64, Running>,
    starting: usize,
    ending: Option<Ending>,
}

impl Job {
    fn new(worker: Worker, plan: Plan, record: RunRecord) -> Result<Job, RuntimeError> {
        let inner = &worker.runs.0;
        let store = inner.store.as_ref();
        let parent = query::record(store, &worker.namespace, plan.execution)?
            .ok_or(RuntimeError::NotFound)?;
        let machine = inner
            .definitions
            .machine(&worker.namespace, &parent.revision.key)?;
        let aborted = store.get(&rows::abort_key(&worker.namespace, worker.run))?;
        let ending = match (aborted, &record.ending) {
            (Some(_), _) => Some(Ending::Aborted),
            (None, Some(failure)) => Some(Ending::Failed(failure.clone())),
            (None, None) => None,
        };
        Ok(Job {
            worker,
            plan: Arc::new(plan),
            record,
            parent,
            machine,
            feed: None,
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
            starting: 0,
            ending,
        })
    }

    /// Returns once the run is to be aborted.
    async fn given_up(&mut self) {
        while !matches!(self.ending, Some(Ending::Aborted)) {
            match self.worker.news.recv().await {
                Some(news) => self.hear(news),
                None => return,
            }
        }
    }

    /// What the rows say of children: of those that were made before this worker began.
    async fn look_at_children(&mut self) -> Result<(), RuntimeError> {
        self.record.counts = Counts {
            executions: self.totals().executions,
            items: self.totals().items,
        };
        let store = self.worker.runs.0.store.clone();
        let mut from = 0;
        loop {
            let (namespace, run) = (&self.worker.namespace, self.worker.run);
            let page = rows::children(store.as_ref(), namespace, run, from, PAGE)?;
            let Some((last, _)) = page.last() else {
                break;
            };
            from = last + 1;
            for (index, row) in page {
                self.know(index, row);
            }
            tokio::task::yield_now().await;
        }
        self.show();
        Ok(())
    }

    /// The totals alone.
    fn totals(&self) -> Counts {
        let mut counts = Counts::default();
        counts.executions.total = self.record.counts.executions.total;
        counts.items.total = self.record.counts.items.total;
        counts
    }

    fn know(&mut self, index: u64, row: ChildRow) {
        match row {
            ChildRow::Pending { input, batch } => {
                let input = Document::trusted(input);
                self.waiting.push_back((index, Made { input, batch }));
            }
            ChildRow::Started {
                execution,
                status,
                items,
            } => {
                self.record.counts.add(status, items);
                if status == Status::Running {
                    let running = Running {
                        execution,
                        items,
                        stopping: false,
                    };
                    self.running.insert(index, running);
                }
            }
        }
    }

    async fn go_on(&mut self) -> Result<(), RuntimeError> {
        loop {
            while let Ok(news) = self.worker.news.try_recv() {
                self.hear(news);
            }
            if self.ending.is_none() {
                self.check_failures().await?;
            }
            let is_short = match self.ending {
                Some(_) => self.stop_children()?,
                None => self.start_children()?,
            };
            self.show();
            if self.is_over() {
                return self.end().await;
            }
            self.wait(is_short).await?;
        }
    }

    fn is_over(&self) -> bool {
        let none_runs = self.running.is_empty() && self.starting == 0;
        let all_done = self.record.cursor.is_at_end && self.waiting.is_empty();
        none_runs && (all_done || self.ending.is_some())
    }

    /// Until there is news or there are more children to start; shortly if a shard has no room.
    async fn wait(&mut self, is_short: bool) -> Result<(), RuntimeError> {
        let wants_more =
            self.ending.is_none() && self.waiting.len() < LOW && !self.record.cursor.is_at_end;
        if wants_more && self.feed.is_none() {
            match self.open() {
                Ok(feed) => self.feed = Some(feed),
                Err(failure) => return self.fail(failure).await,
            }
        }
        let feed = self.feed.as_mut().filter(|_| wants_more);
        let chunk = tokio::select! {
            biased;
            Some(news) = self.worker.news.recv() => {
                self.hear(news);
                return Ok(());
            }
            chunk = next_chunk(feed) => chunk,
            () = tokio::time::sleep(PAUSE), if is_short => return Ok(()),
        };
        match chunk {
            Ok(chunk) => self.take(chunk).await,
            Err(failure) => self.fail(failure).await,
        }
    }

    fn open(&self) -> Result<Feed, Failure> {
        let inner = &self.worker.runs.0;
        let cursor = self.record.cursor.clone();
        let source: Box<dyn ItemSource> = match &self.plan.request.items {
            RunItems::Given(items) => Box::new(Given::new(items.clone(), &cursor.place)),
            RunItems::Read {
                parameters,
                max_items,
            } => {
                let refused = |cause: &str| Failure::new("States.ItemReaderFailed", cause);
                if max_items.is_some_and(|most| most < 0) {
                    return Err(refused("field MaxItems must be positive"));
                }
                let reader = results::reader(&self.machine, &self.plan.request.scope.state)
                    .ok_or_else(|| refused("The state has no ItemReader."))?;
                inner.ports.objects.open(ReadRequest {
                    namespace: self.worker.namespace.clone(),
                    reader,
                    parameters: parameters.clone(),
                    place: cursor.place.clone(),
                })?
            }
        };
        let tools = Tools {
            machine: self.machine.clone(),
            facts: self.parent.facts.clone(),
            limits: inner.limits.clone(),
            entropy: (inner.ports.entropy)(),
            clock: inner.ports.clock.clone(),
        };
        Ok(Feed::new(&self.plan, cursor, tools, source))
    }

    /// Children that were made: their rows, the counts and the cursor in one commit.
    async fn take(&mut self, chunk: Chunk) -> Result<(), RuntimeError> {
        let first = self.record.cursor.children;
        self.record.cursor = chunk.cursor;
        let mut transaction = Transaction::new();
        for (index, made) in (first..).zip(&chunk.children) {
            let row = ChildRow::Pending {
                input: made.input.text_arc(),
                batch: made.batch,
            };
            transaction.writes.push(Write::Put {
                key: rows::child_key(&self.worker.namespace, self.worker.run, index),
                value: row.encode().into(),
            });
        }
        let cursor = &self.record.cursor;
        let counts = &mut self.record.counts;
        counts.executions.total = counts.executions.total.max(cursor.children);
        counts.items.total = counts.items.total.max(cursor.items);
        self.write(transaction).await?;
        self.waiting.extend((first..).zip(chunk.children));
        Ok(())
    }

    /// Starts children while there is room; whether a shard had none.
    fn start_children(&mut self) -> Result<bool, RuntimeError> {
        let wanted = match self.record.tolerance.concurrency {
            0 => MOST_CHILDREN,
            wanted => wanted.min(MOST_CHILDREN),
        };
        while (self.running.len() as u64) < wanted && self.starting < MOST_STARTING {
            let Some((index, made)) = self.waiting.pop_front() else {
                break;
            };
            match self.start(index, &made) {
                Ok(()) => {}
                Err(RuntimeError::Overloaded) => {
                    self.waiting.push_front((index, made));
                    return Ok(true);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    fn start(&mut self, index: u64, made: &Made) -> Result<(), RuntimeError> {
        let shards = self.worker.runs.shards()?.clone();
        let now = self.worker.runs.0.ports.clock.now();
        let id = shards.new_id(now);
        if !shards.takes_starts(id) || self.worker.runs.0.ports.runner.is_overloaded() {
            return Err(RuntimeError::Overloaded);
        }
        let child = ChildOf {
            run: self.worker.run,
            arn: self.plan.request.arn.clone(),
            state: self.plan.request.scope.state.clone(),
            index,
            batch: made.batch,
            depth: self.plan.depth,
        };
        let items = child.items();
        let sender = self.worker.sender.clone();
        let inner = &self.worker.runs.0;
        let (namespace, key) = (&self.worker.namespace, &self.parent.revision.key);
        let row = StartRow {
            id,
            replaces: None,
            namespace: namespace.clone(),
            facts: Arc::new(self.facts(shards.new_uuid().into(), made.input.clone(), now)),
            machine: inner
                .definitions
                .item_processor(namespace, key, &child.state)?,
            revision: PinnedRevision::unqualified(key.clone()),
            trace_header: self.parent.trace_header.clone(),
            child: Some(child),
            promise: Promise::EveryStep(Box::new(move |result| {
                // The worker is gone when the process is stopping.
                let _ = sender.send(News::Started { index, result });
            })),
        };
        shards.call(id, Request::Start(Box::new(row)))?;
        let running = Running {
            execution: id,
            items,
            stopping: false,
        };
        self.running.insert(index, running);
        self.starting += 1;
        self.record.counts.add(Status::Running, items);
        Ok(())
    }

    /// What never changes about a child.
    fn facts(&self, name: Arc<str>, input: Document, now: Timestamp) -> Facts {
        let of = &self.parent.facts;
        let request = &self.plan.request;
        let (place, run) = request.arn.split_once(":mapRun:").unwrap_or_default();
        let machine = run.rsplit_once(':').map_or(run, |(machine, _)| machine);
        Facts {
            arn: format!("{place}:execution:{machine}:{name}").into(),
            name,
            machine_arn: format!("{place}:stateMachine:{machine}").into(),
            machine_name: machine.into(),
            role_arn: of.role_arn.clone(),
            region: of.region.clone(),
            test_case: of.test_case.clone(),
            started: now,
            input,
        }
    }

    /// Stops what runs; whether a shard had no room.
    fn stop_children(&mut self) -> Result<bool, RuntimeError> {
        let shards = self.worker.runs.shards()?.clone();
        let asked = self.running.values_mut().filter(|child| !child.stopping);
        for child in asked {
            let request = Request::Stop {
                execution: child.execution,
                failure: Failure::default(),
                reply: Box::new(|_| {}),
            };
            match shards.call(child.execution, request) {
                Ok(()) => child.stopping = true,
                Err(RuntimeError::Overloaded) => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Started { index, result } => self.started(index, result),
            News::Ended { index, status } => {
                if let Some(child) = self.running.remove(&index) {
                    self.record.counts.end(status, child.items);
                }
            }
            News::Abort => self.ending = Some(Ending::Aborted),
            News::Update { patch, reply } => {
                patch.apply(&mut self.record.tolerance);
                self.write_later(reply);
            }
        }
    }

    fn started(&mut self, index: u64, result: Result<bool, RuntimeError>) {
        self.starting = self.starting.saturating_sub(1);
        if matches!(result, Ok(true)) {
            return;
        }
        // The row still says that it is to be started: it is, once more.
        let Some(child) = self.running.remove(&index) else {
            return;
        };
        let running = &mut self.record.counts;
        running.executions.running = running.executions.running.saturating_sub(1);
        running.items.running = running.items.running.saturating_sub(u64::from(child.items));
        let key = rows::child_key(&self.worker.namespace, self.worker.run, index);
        let row = self.worker.runs.0.store.get(&key);
        if let Ok(Some(row)) = row
            && let Ok(row @ ChildRow::Pending { .. }) = ChildRow::decode(&row)
        {
            self.know(index, row);
        }
    }

    /// Ends the run if too much has failed.
    async fn check_failures(&mut self) -> Result<(), RuntimeError> {
        if self.has_failed_too_much() {
            let cause = "The specified tolerated failure threshold was exceeded";
            let failure = Failure::new("States.ExceedToleratedFailureThreshold", cause);
            self.fail(failure).await?;
        }
        Ok(())
    }

    /// A percentage is of all items: it is looked at once their number is known.
    fn has_failed_too_much(&self) -> bool {
        let tolerance = &self.record.tolerance;
        let items = &self.record.counts.items;
        let failed = items.unsuccessful();
        let most = match (tolerance.failures, tolerance.percentage) {
            (None, None) => Some(0),
            (failures, _) => failures,
        };
        let is_counted =
            self.record.cursor.is_at_end || matches!(self.plan.request.items, RunItems::Given(_));
        let too_many = most.is_some_and(|most| failed > most);
        let too_large_a_part = tolerance.percentage.is_some_and(|most| {
            is_counted && failed > 0 && failed as f64 * 100.0 > most * items.total as f64
        });
        too_many || too_large_a_part
    }

    async fn fail(&mut self, failure: Failure) -> Result<(), RuntimeError> {
        self.record.ending = Some(failure.clone());
        self.ending = Some(Ending::Failed(failure));
        self.write(Transaction::new()).await
    }

    /// Nothing runs any more: the result, the last row, and word to the execution.
    async fn end(&mut self) -> Result<(), RuntimeError> {
        let (status, outcome) = match self.ending.take() {
            Some(Ending::Aborted) => (RunStatus::Aborted, None),
            Some(Ending::Failed(failure)) => {
                (RunStatus::Failed, Some(MapRunOutcome::Failed(failure)))
            }
            None => match self.result().await? {
                Ok(result) => (RunStatus::Succeeded, Some(MapRunOutcome::Succeeded(result))),
                Err(failure) => (RunStatus::Failed, Some(MapRunOutcome::Failed(failure))),
            },
        };
        if status == RunStatus::Succeeded {
            let counts = &mut self.record.counts;
            counts.executions.results_written = counts.executions.ended();
            counts.items.results_written = counts.items.ended();
        }
        self.record.status = status;
        self.record.outcome = outcome;
        let now = self.worker.runs.0.ports.clock.now();
        self.record.stopped = Some(now.max(self.record.started));
        let open = rows::open_key(&self.worker.namespace, self.worker.run);
        self.write(Transaction::new().delete(open)).await?;
        self.worker.runs.deliver(&self.plan, &self.record);
        Ok(())
    }

    async fn result(&mut self) -> Result<Result<Document, Failure>, RuntimeError> {
        if let Some(parameters) = self.plan.request.export.clone() {
            return self.export(&parameters).await;
        }
        let inner = &self.worker.runs.0;
        if self.record.cursor.children == 0 {
            return Ok(Ok(Document::from_value(Value::array(Vec::new()))));
        }
        results::collect(
            inner.store.as_ref(),
            &self.worker.namespace,
            self.worker.run,
            results::config(&self.machine, &self.plan.request.scope.state),
            &self.plan.request.scope.state,
            inner.limits.payload_bytes,
        )
    }

    /// The results as files, and where they are.
    async fn export(
        &mut self,
        parameters: &Document,
    ) -> Result<Result<Document, Failure>, RuntimeError> {
        let inner = &self.worker.runs.0;
        let request = &self.plan.request;
        let mut config = results::config(&self.machine, &request.scope.state);
        if !results::is_configured(&self.machine, &request.scope.state) {
            config.transformation = asl::distributed::Transformation::None;
        }
        export::export(export::Export {
            store: inner.store.as_ref(),
            objects: inner.ports.objects.as_ref(),
            namespace: &self.worker.namespace,
            run: self.worker.run,
            arn: &request.arn,
            uuid: &request.uuid,
            parameters,
            config,
        })
        .await
    }

    fn show(&self) {
        *self
            .worker
            .shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = self.record.counts;
    }

    /// Commits with the record; returns when it is durable.
    async fn write(&mut self, transaction: Transaction) -> Result<(), RuntimeError> {
        let (sender, done) = oneshot::channel();
        self.submit(transaction, move |result| {
            // Nobody waits any more when the process is stopping.
            let _ = sender.send(result);
        });
        match done.await {
            Ok(Ok(Outcome::Committed { .. } | Outcome::Conflict { .. })) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(RuntimeError::Stopped),
        }
    }

    /// The same for somebody else who waits.
    fn write_later(&self, reply: oneshot::Sender<bool>) {
        self.submit(Transaction::new(), move |result| {
            let _ = reply.send(result.is_ok());
        });
    }

    fn submit(
        &self,
        mut transaction: Transaction,
        done: impl FnOnce(Result<Outcome, store::StoreError>) + Send + 'static,
    ) {
        transaction.writes.push(Write::Put {
            key: rows::record_key(&self.worker.namespace, self.worker.run),
            value: self.record.encode().into(),
        });
        let store = &self.worker.runs.0.store;
        store.submit(transaction, Box::new(done));
    }
}

/// The next children; waits for good where none are wanted.
async fn next_chunk(feed: Option<&mut Feed>) -> Result<Chunk, Failure> {
    match feed {
        Some(feed) => feed.next().await,
        None => std::future::pending().await,
    }
}
