//! Which process serves which invocation: idle processes first (the one used last is the warmest), else a new one, within the limits;
//! what cannot be served yet waits in order. A plain data structure: it starts nothing, it says what to start.
//!
//! A worker is `Starting`, `Idle`, `Busy`, or `Settling`: it has answered but not asked for the next invocation yet, which takes it
//! a moment; waiting for it is better than starting another process. One that takes longer is `Lingering`: nobody counts on it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::error::{Error, Throttle};
use crate::invocation::Job;
use crate::spec::FunctionSpec;

/// Identifies a worker within its host.
pub(crate) type WorkerId = u64;

/// The limits, see [`crate::HostConfig`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_workers: usize,
    pub(crate) max_starting: usize,
    pub(crate) max_queued: usize,
}

/// A worker to be started.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) worker: WorkerId,
    pub(crate) spec: Arc<FunctionSpec>,
}

/// What a worker that is ready does next.
#[derive(Debug)]
pub(crate) enum Next {
    Serve(Job),
    /// Wait for a job; the sender's end says that there is no more work.
    Park(oneshot::Receiver<Job>),
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Starting,
    Idle,
    Busy,
    Settling,
    Lingering,
}

struct WorkerEntry {
    arn: Arc<str>,
    phase: Phase,
    /// The revision it runs.
    spec: Arc<FunctionSpec>,
}

struct Parked {
    worker: WorkerId,
    since: Instant,
    jobs: oneshot::Sender<Job>,
}

/// One function's queue and idle workers.
struct Pool {
    spec: Arc<FunctionSpec>,
    waiting: VecDeque<Job>,
    /// The last one was used last.
    idle: Vec<Parked>,
    workers: usize,
    busy: usize,
    /// Workers that will soon be ready: starting and settling.
    soon: usize,
}

/// See the module.
pub(crate) struct Scheduler {
    limits: Limits,
    pools: HashMap<Arc<str>, Pool>,
    workers: HashMap<WorkerId, WorkerEntry>,
    starting: usize,
    queued: usize,
    sequence: u64,
    closed: bool,
}

impl Scheduler {
    pub(crate) fn new(limits: Limits) -> Scheduler {
        Scheduler {
            limits,
            pools: HashMap::new(),
            workers: HashMap::new(),
            starting: 0,
            queued: 0,
            sequence: 0,
            closed: false,
        }
    }

    /// Takes an invocation: hands it to an idle worker, or queues it. Answers it at once if it is throttled.
    pub(crate) fn submit(&mut self, spec: &Arc<FunctionSpec>, mut job: Job) -> Vec<Start> {
        if self.closed {
            job.answer(Err(Error::ShuttingDown));
            return Vec::new();
        }
        self.sequence += 1;
        job.sequence = self.sequence;
        let arn = self.pool_for(spec);
        if let Some(throttle) = self.throttled(&arn) {
            job.answer(Err(Error::Throttled(throttle)));
            return Vec::new();
        }
        if let Some(job) = self.hand_to_idle(&arn, job) {
            self.enqueue(&arn, job, false);
        }
        self.plan()
    }

    /// The pool of `spec`, made or brought to its revision.
    fn pool_for(&mut self, spec: &Arc<FunctionSpec>) -> Arc<str> {
        let arn: Arc<str> = match self.pools.get_key_value(spec.arn.as_str()) {
            Some((arn, _)) => Arc::clone(arn),
            None => spec.arn.as_str().into(),
        };
        let pool = self.pools.entry(Arc::clone(&arn)).or_insert_with(|| Pool {
            spec: Arc::clone(spec),
            waiting: VecDeque::new(),
            idle: Vec::new(),
            workers: 0,
            busy: 0,
            soon: 0,
        });
        if pool.spec != *spec {
            pool.spec = Arc::clone(spec);
            self.end_idle(&arn);
        }
        arn
    }

    fn throttled(&self, arn: &str) -> Option<Throttle> {
        let pool = &self.pools[arn];
        let in_flight = pool.waiting.len() + pool.busy;
        let reserved = pool.spec.reserved_concurrency;
        if reserved.is_some_and(|reserved| in_flight >= reserved as usize) {
            return Some(Throttle::ReservedFunctionConcurrentInvocationLimitExceeded);
        }
        (self.queued >= self.limits.max_queued)
            .then_some(Throttle::ConcurrentInvocationLimitExceeded)
    }

    /// Gives the job back if no idle worker takes it.
    fn hand_to_idle(&mut self, arn: &str, mut job: Job) -> Option<Job> {
        while let Some(parked) = self.pool(arn).idle.pop() {
            match parked.jobs.send(job) {
                Ok(()) => {
                    self.enter(parked.worker, Phase::Busy);
                    return None;
                }
                Err(back) => job = back,
            }
        }
        Some(job)
    }

    fn enqueue(&mut self, arn: &str, job: Job, first: bool) {
        self.queued += 1;
        let waiting = &mut self.pool(arn).waiting;
        match first {
            true => waiting.push_front(job),
            false => waiting.push_back(job),
        }
    }

    fn dequeue(&mut self, arn: &str) -> Option<Job> {
        let job = self.pools.get_mut(arn)?.waiting.pop_front()?;
        self.queued -= 1;
        Some(job)
    }

    /// A worker is ready for (more) work.
    pub(crate) fn next(&mut self, worker: WorkerId) -> (Next, Vec<Start>) {
        let Some(arn) = self.arn_of_current(worker) else {
            return (Next::End, Vec::new());
        };
        if self.another_starves(&arn) {
            return (Next::End, Vec::new());
        }
        let next = match self.dequeue(&arn) {
            Some(job) => {
                self.enter(worker, Phase::Busy);
                Next::Serve(job)
            }
            None => {
                let (jobs, receiver) = oneshot::channel();
                self.enter(worker, Phase::Idle);
                let since = Instant::now();
                self.pool(&arn).idle.push(Parked {
                    worker,
                    since,
                    jobs,
                });
                Next::Park(receiver)
            }
        };
        // A worker that has become idle may have to make room for another function.
        (next, self.plan())
    }

    /// The worker has answered and not asked for more yet.
    pub(crate) fn settling(&mut self, worker: WorkerId) {
        self.enter(worker, Phase::Settling);
    }

    /// The worker takes longer than a moment: do not count on it.
    pub(crate) fn lingering(&mut self, worker: WorkerId) -> Vec<Start> {
        self.enter(worker, Phase::Lingering);
        self.plan()
    }

    /// A worker could not start: whoever waits longest for one like it gets the reason.
    pub(crate) fn start_failed(&mut self, worker: WorkerId) -> Option<Job> {
        let arn = self.arn_of_current(worker)?;
        self.dequeue(&arn)
    }

    /// A parked worker stops: from now on nothing is sent to it. (What was sent in the same moment is in its channel.)
    pub(crate) fn unpark(&mut self, worker: WorkerId) {
        let arn = self.workers.get(&worker).map(|entry| &entry.arn);
        if let Some(pool) = arn.and_then(|arn| self.pools.get_mut(arn)) {
            pool.idle.retain(|parked| parked.worker != worker);
        }
    }

    /// Puts back a job whose worker ended before it could begin.
    pub(crate) fn return_job(&mut self, spec: &FunctionSpec, job: Job) -> Vec<Start> {
        if self.closed || !self.pools.contains_key(spec.arn.as_str()) {
            job.answer(Err(Error::Retired));
            return Vec::new();
        }
        if let Some(job) = self.hand_to_idle(&spec.arn, job) {
            self.enqueue(&spec.arn, job, true);
        }
        self.plan()
    }

    /// A worker is gone.
    pub(crate) fn ended(&mut self, worker: WorkerId) -> Vec<Start> {
        let Some(entry) = self.workers.remove(&worker) else {
            return Vec::new();
        };
        self.count(&entry.arn, entry.phase, false);
        if let Some(pool) = self.pools.get_mut(&entry.arn) {
            pool.workers -= 1;
            pool.idle.retain(|parked| parked.worker != worker);
        }
        self.plan()
    }

    /// Forgets a function: what waits is refused, what runs finishes.
    pub(crate) fn retire(&mut self, arn: &str) {
        self.end_idle(arn);
        while let Some(job) = self.dequeue(arn) {
            job.answer(Err(Error::Retired));
        }
        let orphans = |entry: &&mut WorkerEntry| &*entry.arn == arn;
        // Workers of a function that comes back under the same name are of another pool.
        for entry in self.workers.values_mut().filter(orphans) {
            if entry.phase == Phase::Starting {
                self.starting -= 1;
            }
            entry.phase = Phase::Lingering;
            entry.arn = format!("{arn} (retired)").into();
        }
        self.pools.remove(arn);
    }

    /// Refuses everything from now on and ends the idle workers.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        let arns: Vec<Arc<str>> = self.pools.keys().cloned().collect();
        for arn in arns {
            self.end_idle(&arn);
            while let Some(job) = self.dequeue(&arn) {
                job.answer(Err(Error::ShuttingDown));
            }
        }
    }

    /// Workers, busy workers, waiting invocations.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let busy = self.pools.values().map(|pool| pool.busy).sum();
        (self.workers.len(), busy, self.queued)
    }

    /// The workers to start now: the longest-waiting function first, never more than have work to do.
    fn plan(&mut self) -> Vec<Start> {
        let mut starts = Vec::new();
        while !self.closed && self.queued > 0 && self.starting < self.limits.max_starting {
            let Some(arn) = self.longest_waiting(|pool| pool.waiting.len() > pool.soon) else {
                break;
            };
            if self.workers.len() >= self.limits.max_workers && !self.end_oldest_idle() {
                break;
            }
            starts.push(self.start(&arn));
        }
        starts
    }

    fn start(&mut self, arn: &Arc<str>) -> Start {
        self.sequence += 1;
        let worker = self.sequence;
        let pool = self.pool(arn);
        pool.workers += 1;
        let spec = Arc::clone(&pool.spec);
        let entry = WorkerEntry {
            arn: Arc::clone(arn),
            phase: Phase::Starting,
            spec: Arc::clone(&spec),
        };
        self.workers.insert(worker, entry);
        self.count(arn, Phase::Starting, true);
        Start { worker, spec }
    }

    fn longest_waiting(&self, wanted: impl Fn(&Pool) -> bool) -> Option<Arc<str>> {
        let waiting = self.pools.iter().filter(|(_, pool)| wanted(pool));
        let first = |pool: &Pool| pool.waiting.front().map(|job| job.sequence);
        waiting
            .filter_map(|(arn, pool)| Some((first(pool)?, arn)))
            .min_by_key(|(sequence, _)| *sequence)
            .map(|(_, arn)| Arc::clone(arn))
    }

    /// All places are taken and a function that has none of them has waited longer than `arn`'s next job.
    fn another_starves(&self, arn: &str) -> bool {
        if self.queued == 0 || self.workers.len() < self.limits.max_workers {
            return false;
        }
        let first = |arn: &str| Some(self.pools.get(arn)?.waiting.front()?.sequence);
        let starving = self.longest_waiting(|pool| pool.workers == 0);
        match (starving.and_then(|starving| first(&starving)), first(arn)) {
            (Some(theirs), Some(ours)) => theirs < ours,
            _ => false,
        }
    }

    fn end_oldest_idle(&mut self) -> bool {
        let oldest = self
            .pools
            .values_mut()
            .filter(|pool| !pool.idle.is_empty())
            .min_by_key(|pool| pool.idle[0].since);
        match oldest {
            Some(pool) => {
                let parked = pool.idle.remove(0);
                self.forget(parked.worker);
                true
            }
            None => false,
        }
    }

    fn end_idle(&mut self, arn: &str) {
        let idle = self
            .pools
            .get_mut(arn)
            .map(|pool| std::mem::take(&mut pool.idle));
        for parked in idle.into_iter().flatten() {
            self.forget(parked.worker);
        }
    }

    /// An idle worker was told to end: its place is free from now on.
    fn forget(&mut self, worker: WorkerId) {
        if let Some(entry) = self.workers.remove(&worker)
            && let Some(pool) = self.pools.get_mut(&entry.arn)
        {
            pool.workers -= 1;
        }
    }

    /// The worker's function, unless the function has moved on to another revision, or everything ends.
    fn arn_of_current(&self, worker: WorkerId) -> Option<Arc<str>> {
        let entry = self.workers.get(&worker).filter(|_| !self.closed)?;
        let pool = self.pools.get(&entry.arn)?;
        (pool.spec == entry.spec).then(|| Arc::clone(&entry.arn))
    }

    fn enter(&mut self, worker: WorkerId, phase: Phase) {
        let Some(entry) = self.workers.get_mut(&worker) else {
            return;
        };
        let before = std::mem::replace(&mut entry.phase, phase);
        let arn = Arc::clone(&entry.arn);
        self.count(&arn, before, false);
        self.count(&arn, phase, true);
    }

    fn count(&mut self, arn: &str, phase: Phase, more: bool) {
        let add = |counter: &mut usize| match more {
            true => *counter += 1,
            false => *counter -= 1,
        };
        if !self.pools.contains_key(arn) {
            return;
        }
        if phase == Phase::Starting {
            add(&mut self.starting);
        }
        let pool = self.pool(arn);
        match phase {
            Phase::Starting | Phase::Settling => add(&mut pool.soon),
            Phase::Busy => add(&mut pool.busy),
            Phase::Idle | Phase::Lingering => {}
        }
    }

    fn pool(&mut self, arn: &str) -> &mut Pool {
        self.pools.get_mut(arn).expect("the function has a pool")
    }
}
