//! The thin tokio driver of a shard: feeds it requests and time, hands its commits to the store, and carries out the
//! effects of those that became durable.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use engine::Timestamp;
use store::{Outcome, Store, StoreError, Transaction};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::sleep;

use crate::activities::Activities;
use crate::ends::Ends;
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::map_runs::MapRuns;
use crate::ports::{Answer, Ports, TaskCall};
use crate::shard::{Commit, Effect, Life, Request, Shard};

/// Requests taken in one go, so that timers get their turn.
const BATCH: usize = 256;
/// Bytes of a shard's transactions that may wait for the disk before the shard stops taking requests.
const WAITING_BYTES: usize = 4 * 1024 * 1024;
/// The same in transactions.
const WAITING_COMMITS: usize = 1_024;

/// How to reach a shard.
#[derive(Clone)]
pub(crate) struct Inbox {
    /// Starts and stops: bounded; when full the caller is told to come back.
    pub(crate) calls: mpsc::Sender<Request>,
    /// What must not be refused: answers of calls that the shard itself has made.
    pub(crate) answers: mpsc::UnboundedSender<Request>,
}

/// What a driver works with.
pub(crate) struct Driver {
    pub(crate) shard: Shard,
    pub(crate) calls: mpsc::Receiver<Request>,
    pub(crate) answers: mpsc::UnboundedReceiver<Request>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) stop: watch::Receiver<bool>,
    /// What was not waiting for time alone when the process ended; taken up before anything else.
    pub(crate) wake: VecDeque<ExecutionId>,
    /// Scratch.
    pub(crate) commits: Vec<Commit>,
}

/// What a driver shares with the completions of its commits.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) ports: Ports,
    pub(crate) inbox: Inbox,
    pub(crate) open: Arc<Open>,
    pub(crate) failed: Arc<Failed>,
    pub(crate) common: Common,
    map_runs: MapRuns,
    waiting_bytes: AtomicUsize,
    waiting_commits: AtomicUsize,
    room: Notify,
}

/// How many executions a shard has open.
pub(crate) struct Open {
    all: AtomicUsize,
    standard: AtomicUsize,
}

impl Open {
    pub(crate) fn of(shard: &Shard) -> Open {
        Open {
            all: AtomicUsize::new(shard.open()),
            standard: AtomicUsize::new(shard.open_standard()),
        }
    }

    fn count(&self, shard: &Shard) {
        self.all.store(shard.open(), Ordering::Relaxed);
        self.standard
            .store(shard.open_standard(), Ordering::Relaxed);
    }

    pub(crate) fn all(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }

    pub(crate) fn standard(&self) -> usize {
        self.standard.load(Ordering::Relaxed)
    }
}

/// What all shards share.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) activities: Arc<Activities>,
    pub(crate) ends: Arc<Ends>,
}

/// Set once, when the store can no longer be written or a shard has panicked: nothing may be acknowledged any more.
#[derive(Default)]
pub(crate) struct Failed {
    happened: AtomicBool,
    notify: Notify,
}

impl Failed {
    /// Waits until it has happened.
    pub(crate) async fn wait(&self) {
        let notified = self.notify.notified();
        if !self.happened.load(Ordering::SeqCst) {
            notified.await;
        }
    }

    fn is_set(&self) -> bool {
        self.happened.load(Ordering::SeqCst)
    }

    pub(crate) fn set(&self, error: &dyn std::fmt::Display) {
        if !self.happened.swap(true, Ordering::SeqCst) {
            tracing::error!(%error, "the runtime cannot go on: stopping");
        }
        self.notify.notify_waiters();
    }
}

impl Shared {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        ports: Ports,
        inbox: Inbox,
        open: Arc<Open>,
        failed: Arc<Failed>,
        common: Common,
        map_runs: MapRuns,
    ) -> Shared {
        Shared {
            store,
            ports,
            inbox,
            open,
            failed,
            common,
            map_runs,
            waiting_bytes: AtomicUsize::new(0),
            waiting_commits: AtomicUsize::new(0),
            room: Notify::new(),
        }
    }

    /// Hands a commit to the store.
    pub(crate) fn submit(self: &Arc<Self>, commit: Commit) {
        let Commit {
            transaction,
            effects,
            hold,
            is_immediate,
        } = commit;
        if self.failed.is_set() {
            // What comes after a commit that was lost must be lost, too.
            let stopped = RuntimeError::Stopped;
            return effects
                .into_iter()
                .for_each(|effect| self.fail(effect, &stopped));
        }
        if is_immediate {
            return effects
                .into_iter()
                .for_each(|effect| self.carry_out(effect));
        }
        let bytes = size(&transaction);
        self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.waiting_commits.fetch_add(1, Ordering::Relaxed);
        let shared = self.clone();
        let done = Box::new(move |result| {
            shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            shared.waiting_commits.fetch_sub(1, Ordering::Relaxed);
            shared.room.notify_one();
            shared.finish(result, effects);
            drop(hold);
        });
        self.store.submit(transaction, done);
    }

    fn is_full(&self) -> bool {
        self.waiting_bytes.load(Ordering::Relaxed) > WAITING_BYTES
            || self.waiting_commits.load(Ordering::Relaxed) > WAITING_COMMITS
    }

    async fn wait_for_room(&self) {
        while self.is_full() {
            self.room.notified().await;
        }
    }

    fn finish(self: &Arc<Self>, result: Result<Outcome, StoreError>, effects: Vec<Effect>) {
        match result {
            Ok(Outcome::Committed { .. }) => effects
                .into_iter()
                .for_each(|effect| self.carry_out(effect)),
            Ok(Outcome::Conflict { .. }) => {
                effects.into_iter().for_each(|effect| self.undo(effect))
            }
            Err(error) => {
                let first = effects.first();
                let begins = matches!(first, Some(Effect::Started(..) | Effect::Redriven(..)));
                if !(begins
                    && matches!(error, StoreError::Overloaded | StoreError::TooLarge { .. }))
                {
                    // The shard has moved on from a state that is not on disk: it must not serve.
                    self.failed.set(&error);
                }
                let error = RuntimeError::from(error);
                effects
                    .into_iter()
                    .for_each(|effect| self.fail(effect, &error));
            }
        }
    }

    fn carry_out(self: &Arc<Self>, effect: Effect) {
        match effect {
            Effect::Run {
                key,
                namespace,
                facts,
                request,
            } => {
                let answers = self.inbox.answers.clone();
                let answer = Answer::new(move |outcome| {
                    // The shard is gone when the process is stopping; the call is made again after the restart.
                    let _ = answers.send(Request::TaskEnded { key, outcome });
                });
                self.ports.runner.run(TaskCall {
                    key,
                    namespace,
                    facts,
                    request,
                    answer,
                });
            }
            Effect::Cancel(key) => self.ports.runner.cancel(key),
            Effect::Stop(job) => self.ports.runner.stop(*job),
            Effect::Offer(activity, offered) => {
                self.common.activities.offered(&activity, offered);
            }
            Effect::Withdraw(activity, place) => {
                self.common.activities.withdrawn(&activity, place);
            }
            Effect::Hand(claim, task) => self.common.activities.taken(*claim, task),
            Effect::Missed(claim) => self.common.activities.missed(*claim),
            Effect::Refused(claim) => self.common.activities.refused(*claim),
            Effect::Accepted(accepted, reply) => reply(Ok(accepted)),
            Effect::Closed(id) => self.common.ends.ended(id),
            Effect::MapRun(namespace, run, effect) => {
                self.map_runs.carry_out(&namespace, run, effect)
            }
            Effect::Started(_, started, reply) => {
                started.store(true, Ordering::Release);
                reply(Ok(true));
            }
            Effect::Redriven(_, started, at, reply) => {
                started.store(true, Ordering::Release);
                reply(Ok(Some(at)));
            }
            Effect::Stopped(at, reply) => reply(Ok(Some(at))),
            Effect::Finished(finished, reply) => reply(Ok(finished)),
            Effect::Heard(heard) => {
                if let Some(listener) = &self.ports.listener {
                    listener.hear(heard);
                }
            }
        }
    }

    /// The name was taken, or the remains claimed, between the look and the commit: what had begun never was, and whoever
    /// asked something of it looks again.
    fn undo(&self, effect: Effect) {
        match effect {
            Effect::Started(id, life, reply) => {
                self.forget(id, life);
                reply(Ok(false));
            }
            Effect::Redriven(id, life, _, reply) => {
                self.forget(id, life);
                reply(Ok(None));
            }
            Effect::Stopped(_, reply) => reply(Ok(None)),
            Effect::Accepted(_, reply) => reply(Ok(false)),
            other => self.fail(other, &RuntimeError::Overloaded),
        }
    }

    fn fail(&self, effect: Effect, error: &RuntimeError) {
        match effect {
            Effect::Started(id, life, reply) => {
                self.forget(id, life);
                reply(Err(error.clone()));
            }
            Effect::Redriven(id, life, _, reply) => {
                self.forget(id, life);
                reply(Err(error.clone()));
            }
            Effect::Stopped(_, reply) => reply(Err(error.clone())),
            Effect::Finished(_, reply) => reply(Err(error.clone())),
            Effect::Accepted(_, reply) => reply(Err(error.clone())),
            // A claim that is dropped tells its worker so.
            _ => {}
        }
    }

    fn forget(&self, id: ExecutionId, life: Life) {
        let _ = self.inbox.answers.send(Request::Forget(id, life));
    }
}

fn size(transaction: &Transaction) -> usize {
    transaction
        .writes
        .iter()
        .map(|write| write.key().len() + write.value().map_or(0, |value| value.len()) + 16)
        .sum()
}

impl Driver {
    /// Runs until it is told to stop, and takes the answers that have come by then: what was done is not done again after
    /// the restart. A panic stops the whole process: half a runtime must not go on serving.
    pub(crate) async fn run(mut self) {
        let _guard = PanicGuard(self.shared.failed.clone());
        self.serve().await;
        self.take_last_answers().await;
    }

    async fn take_last_answers(&mut self) {
        while let Ok(request) = self.answers.try_recv() {
            self.shared.wait_for_room().await;
            self.accept(request);
        }
    }

    async fn serve(&mut self) {
        while !*self.stop.borrow() {
            if self.shared.is_full() {
                tokio::select! {
                    _ = self.stop.changed() => return,
                    () = self.shared.wait_for_room() => continue,
                }
            }
            if let Some(id) = self.next_to_wake() {
                self.with_shard(|shard, now, commits| shard.wake(id, now, commits));
                continue;
            }
            let wait = self.until_due();
            tokio::select! {
                biased;
                _ = self.stop.changed() => return,
                Some(request) = self.answers.recv() => self.accept(request),
                Some(request) = self.calls.recv() => self.accept(request),
                () = std::future::ready(()), if self.shard.has_more() => {}
                () = sleep(wait) => {}
            }
            self.take_batch();
            if self.shard.has_more() {
                // The thread has others to serve, too.
                tokio::task::yield_now().await;
            }
        }
    }

    /// The next one that goes on from where the process before left it, if there is room for it.
    fn next_to_wake(&mut self) -> Option<ExecutionId> {
        let id = *self.wake.front()?;
        self.shard.may_wake(id).then(|| self.wake.pop_front())?
    }

    /// Requests, timers and steps, taking turns, as long as there is room for their commits; until an execution has taken
    /// a further step, which may be a long one.
    fn take_batch(&mut self) {
        for _ in 0..BATCH {
            if self.shared.is_full() {
                return;
            }
            let (answer, call) = (self.answers.try_recv().ok(), self.calls.try_recv().ok());
            let idle = answer.is_none() && call.is_none();
            answer
                .into_iter()
                .chain(call)
                .for_each(|request| self.accept(request));
            let mut fired = false;
            self.with_shard(|shard, now, commits| fired = shard.fire_next(now, commits));
            let has_more = self.shard.has_more();
            self.with_shard(|shard, now, commits| shard.go_on(now, commits));
            if has_more || (idle && !fired) {
                return;
            }
        }
    }

    fn accept(&mut self, request: Request) {
        self.with_shard(|shard, now, commits| shard.accept(request, now, commits));
    }

    /// Lets the shard do something now, and hands what it commits to the store.
    fn with_shard(&mut self, work: impl FnOnce(&mut Shard, Timestamp, &mut Vec<Commit>)) {
        let now = self.shared.ports.clock.now();
        work(&mut self.shard, now, &mut self.commits);
        if let Some(error) = self.shard.failed() {
            self.shared.failed.set(error);
        }
        self.commits
            .drain(..)
            .for_each(|commit| self.shared.submit(commit));
        self.shared.open.count(&self.shard);
    }

    /// Until the next timer; at most a minute, so that a wall clock that was set is noticed.
    fn until_due(&self) -> Duration {
        const LONGEST: Duration = Duration::from_secs(60);
        self.shard.next_due().map_or(LONGEST, |due| {
            let millis = due.0.saturating_sub(self.shared.ports.clock.now().0).max(0);
            Duration::from_millis(millis.unsigned_abs()).min(LONGEST)
        })
    }
}

/// Marks the runtime as failed when its shard panics.
struct PanicGuard(Arc<Failed>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set(&"a shard has panicked");
        }
    }
}
