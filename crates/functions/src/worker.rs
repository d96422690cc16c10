//! One process of a function, from its start to its end, and the invocations in between.
//!
//! A worker is a task of its own. It starts its process, waits until that asks for its first invocation, serves what the scheduler
//! gives it, parks while there is nothing, and ends with its process: the first thing that goes wrong with a process is the last
//! thing that process does.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::StatusCode;
use tokio::sync::oneshot;
use tokio::time::{Interval, MissedTickBehavior, sleep_until};

use crate::faults::Fault;
use crate::host::Shared;
use crate::invocation::{InvokeResult, Job};
use crate::log_tail::ProcessLog;
use crate::process::{Exit, Launch, Process};
use crate::runtime_api::{ApiCall, Delivery, RuntimeApi};
use crate::runtimes::RuntimeFamily;
use crate::scheduler::{Next, Start, WorkerId};
use crate::spec::FunctionSpec;
use crate::{Error, environment, memory};

/// A process that has answered asks for the next invocation within this time, or it is not counted on.
const SETTLE_TIME: Duration = Duration::from_millis(20);

/// An invocation whose process ended before it was passed on goes to another process this often.
const MAX_RETURNS: u8 = 3;

/// Runs a worker to its end. Nobody waits for this but the scheduler's books.
pub(crate) async fn run(shared: Arc<Shared>, start: Start) {
    let id = start.worker;
    let spec = Arc::clone(&start.spec);
    match Worker::launch(Arc::clone(&shared), start).await {
        Ok(mut worker) => {
            let began = Instant::now();
            match worker.initialise().await {
                Ok(()) => worker.work(began.elapsed()).await,
                Err(fault) => worker.fail_start(fault),
            }
            worker.process.end().await;
        }
        Err(LaunchFailure::Fault(fault)) => {
            if let Some(job) = shared.scheduler().start_failed(id) {
                let payload = fault.payload(&job.request_id);
                answer_without_process(job, payload);
            }
        }
        Err(LaunchFailure::Error(error)) => {
            tracing::warn!(function = spec.name, %error, "a function's process could not be started");
            if let Some(job) = shared.scheduler().start_failed(id) {
                job.answer(Err(error));
            }
        }
    }
    let starts = shared.scheduler().ended(id);
    shared.start(starts);
    shared.worker_ended();
}

fn answer_without_process(job: Job, payload: Bytes) {
    let result = InvokeResult {
        request_id: job.request_id.clone(),
        payload,
        failed: true,
        log_tail: Vec::new(),
        duration: Duration::ZERO,
    };
    job.answer(Ok(result));
}

enum LaunchFailure {
    Fault(Fault),
    Error(Error),
}

impl From<Error> for LaunchFailure {
    fn from(error: Error) -> Self {
        LaunchFailure::Error(error)
    }
}

/// What happens to a process.
enum Event {
    Call(ApiCall),
    Exited(Exit),
    OutOfMemory,
}

struct Worker {
    id: WorkerId,
    shared: Arc<Shared>,
    spec: Arc<FunctionSpec>,
    process: Process,
    api: RuntimeApi,
    log: ProcessLog,
    /// The process waits for an invocation here.
    poll: Option<oneshot::Sender<Delivery>>,
    samples: Interval,
    /// Set while it starts and while it serves.
    watch_memory: bool,
    init_duration: Option<Duration>,
}

impl Worker {
    async fn launch(shared: Arc<Shared>, start: Start) -> Result<Worker, LaunchFailure> {
        let spec = start.spec;
        let interpreter = shared.runtimes.find(&spec.runtime).await?;
        check_entrypoint(&spec)?;
        let api = RuntimeApi::listen().await.map_err(Error::Launch)?;
        let temporary = shared.temporary_folder(&spec)?;
        let pycache = shared.config.runtimes_dir.join("python").join("pycache");
        let serving = interpreter.serve(&spec, &pycache);
        let program = interpreter.program.as_deref();
        let config = &shared.config;
        let mut environment =
            environment::of_function(config, &spec, program, api.address(), &temporary);
        environment.extend(serving.environment);
        let launch = Launch {
            program: serving.program,
            args: serving.args,
            environment,
            directory: spec.code.display().to_string(),
            data_limit: memory::data_limit(spec.memory_mb),
        };
        let (process, output) = Process::start(&config.launcher, launch)
            .await
            .map_err(Error::Launch)?;
        let log = ProcessLog::new(output, Arc::clone(&shared.logs), &spec.name);
        let mut samples = tokio::time::interval(memory::SAMPLE_INTERVAL);
        samples.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Worker {
            id: start.worker,
            process,
            api,
            log: log.map_err(Error::Launch)?,
            poll: None,
            samples,
            watch_memory: true,
            init_duration: None,
            spec,
            shared,
        })
    }

    /// The next thing that happens; logs and memory are looked after meanwhile. Cancel-safe.
    async fn event(&mut self) -> Event {
        loop {
            tokio::select! {
                biased;
                call = self.api.call() => return Event::Call(call),
                () = self.log.fill() => {}
                exit = self.process.exited() => {
                    self.log.drain();
                    return Event::Exited(exit);
                }
                _ = self.samples.tick(), if self.watch_memory => {
                    if self.uses_too_much_memory() {
                        return Event::OutOfMemory;
                    }
                }
            }
        }
    }

    fn uses_too_much_memory(&self) -> bool {
        let used = self.process.pid().map_or(0, memory::in_use);
        used > u64::from(self.spec.memory_mb) << 20
    }

    /// Waits until the process asks for its first invocation.
    async fn initialise(&mut self) -> Result<(), Fault> {
        let limit = self.shared.config.init_timeout.max(self.spec.timeout);
        let deadline = Instant::now() + limit;
        loop {
            let event = tokio::select! {
                event = self.event() => event,
                () = sleep_until(deadline.into()) => return Err(Fault::TimedOut(self.spec.timeout)),
            };
            match event {
                Event::Call(ApiCall::Next(poll)) => {
                    self.poll = Some(poll);
                    return Ok(());
                }
                Event::Call(ApiCall::InitError { body, reply }) => {
                    let _ = reply.send(StatusCode::ACCEPTED);
                    return Err(Fault::Init(self.as_on_lambda(body)));
                }
                Event::Call(call) => refuse(call),
                Event::Exited(exit) => return Err(Fault::Exited(exit)),
                Event::OutOfMemory => return Err(Fault::OutOfMemory),
            }
        }
    }

    fn fail_start(&mut self, fault: Fault) {
        let job = self.shared.scheduler().start_failed(self.id);
        match job {
            Some(job) => {
                self.begin_log(&job.request_id);
                self.finish(job, Outcome::Fault(fault), Duration::ZERO);
            }
            None => tracing::warn!(
                function = self.spec.name,
                ?fault,
                "a process could not start"
            ),
        }
    }

    /// Serves until there is nothing more to serve, or the process is no longer fit to.
    async fn work(&mut self, init_duration: Duration) {
        self.init_duration = Some(init_duration);
        loop {
            let (next, starts) = self.shared.scheduler().next(self.id);
            self.shared.start(starts);
            let job = match next {
                Next::Serve(job) => job,
                Next::Park(jobs) => match self.park(jobs).await {
                    Some(job) => job,
                    None => return,
                },
                Next::End => return,
            };
            let fit = self.serve(job).await;
            if !fit || !self.settle().await {
                return;
            }
        }
    }

    /// Waits for a job; none if the process is not wanted any more, or has ended by itself.
    async fn park(&mut self, mut jobs: oneshot::Receiver<Job>) -> Option<Job> {
        self.watch_memory = false;
        let idle_until = Instant::now() + self.shared.config.idle_timeout;
        loop {
            tokio::select! {
                biased;
                event = self.event() => match event {
                    Event::Call(ApiCall::Next(poll)) => self.poll = Some(poll),
                    Event::Call(call) => refuse(call),
                    Event::Exited(_) | Event::OutOfMemory => break,
                },
                job = &mut jobs => return job.ok(),
                () = sleep_until(idle_until.into()) => break,
            }
        }
        self.shared.scheduler().unpark(self.id);
        if let Ok(job) = jobs.try_recv() {
            self.give_back(job);
        }
        None
    }

    /// Another process shall serve an invocation that this one has never seen.
    fn give_back(&self, job: Job) {
        let starts = self.shared.scheduler().return_job(&self.spec, job);
        self.shared.start(starts);
    }

    /// Runs one invocation and answers it. False: the process must not serve another one.
    async fn serve(&mut self, mut job: Job) -> bool {
        self.watch_memory = true;
        self.log.drain();
        self.begin_log(&job.request_id);
        let began = Instant::now();
        let deadline = began + self.spec.timeout;
        let mut undelivered = Some(std::mem::take(&mut job.payload));
        let outcome = loop {
            undelivered = match (undelivered, self.poll.take()) {
                (Some(payload), Some(poll)) => {
                    let delivery = self.delivery(&job, payload, deadline);
                    poll.send(delivery).err().map(|delivery| delivery.payload)
                }
                (undelivered, poll) => {
                    self.poll = poll;
                    undelivered
                }
            };
            let event = tokio::select! {
                event = self.event() => event,
                () = sleep_until(deadline.into()) => break Outcome::Fault(Fault::TimedOut(self.spec.timeout)),
            };
            if let Some(outcome) = self.outcome_of(event, &job.request_id) {
                break outcome;
            }
        };
        if let (Some(payload), Outcome::Fault(Fault::Exited(_))) = (undelivered, &outcome)
            && job.returns < MAX_RETURNS
        {
            job.payload = payload;
            job.returns += 1;
            self.give_back(job);
            return false;
        }
        self.log.drain();
        let fit = outcome.leaves_fit();
        self.finish(job, outcome, began.elapsed());
        fit
    }

    fn delivery(&self, job: &Job, payload: Bytes, deadline: Instant) -> Delivery {
        Delivery {
            request_id: job.request_id.clone(),
            function_arn: self.spec.arn.clone(),
            trace_id: job.trace_id.clone(),
            client_context: job.client_context.clone(),
            time_left: deadline.saturating_duration_since(Instant::now()),
            payload,
        }
    }

    /// What `event` means for the invocation `current`: nothing yet, or its end.
    fn outcome_of(&mut self, event: Event, current: &str) -> Option<Outcome> {
        match event {
            Event::Call(ApiCall::Next(poll)) => {
                self.poll = Some(poll);
                None
            }
            Event::Call(ApiCall::Response {
                request_id,
                body,
                reply,
            }) if request_id == current => {
                let verdict = match body {
                    Some(_) => StatusCode::ACCEPTED,
                    None => StatusCode::PAYLOAD_TOO_LARGE,
                };
                let _ = reply.send(verdict);
                Some(match body {
                    Some(body) => Outcome::Answer(body),
                    None => Outcome::Fault(Fault::ResponseTooLarge),
                })
            }
            Event::Call(ApiCall::Error {
                request_id,
                body,
                reply,
            }) if request_id == current => {
                let _ = reply.send(StatusCode::ACCEPTED);
                Some(Outcome::Error(self.as_on_lambda(body)))
            }
            Event::Call(call) => {
                refuse(call);
                None
            }
            Event::Exited(exit) => Some(Outcome::Fault(Fault::Exited(exit))),
            Event::OutOfMemory => Some(Outcome::Fault(Fault::OutOfMemory)),
        }
    }

    /// Waits until the process asks for the next invocation. False: it did not, and must end.
    async fn settle(&mut self) -> bool {
        if self.poll.is_some() {
            return true;
        }
        self.shared.scheduler().settling(self.id);
        let answered = Instant::now();
        let mut linger_at = Some(answered + SETTLE_TIME);
        let end_at = answered + self.spec.timeout;
        loop {
            let lingering = async {
                match linger_at {
                    Some(at) => sleep_until(at.into()).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                event = self.event() => match event {
                    Event::Call(ApiCall::Next(poll)) => {
                        self.poll = Some(poll);
                        return true;
                    }
                    Event::Call(call) => refuse(call),
                    Event::Exited(_) | Event::OutOfMemory => return false,
                },
                () = lingering => {
                    linger_at = None;
                    let starts = self.shared.scheduler().lingering(self.id);
                    self.shared.start(starts);
                }
                () = sleep_until(end_at.into()) => return false,
            }
        }
    }

    /// On Lambda a function's code is in `/var/task`; so say the stack traces in the errors of this one.
    fn as_on_lambda(&self, payload: Bytes) -> Bytes {
        let folder = self.spec.code.display().to_string();
        match std::str::from_utf8(&payload) {
            Ok(text) if text.contains(&folder) => text.replace(&folder, "/var/task").into(),
            _ => payload,
        }
    }

    fn begin_log(&mut self, request_id: &str) {
        self.log.restart_tail();
        let start = format!("START RequestId: {request_id} Version: $LATEST");
        self.log.platform_line(&start);
    }

    /// Ends the invocation's log and answers.
    fn finish(&mut self, job: Job, outcome: Outcome, duration: Duration) {
        let id = &job.request_id;
        self.log.platform_line(&format!("END RequestId: {id}"));
        let report = self.report(id, &outcome, duration);
        self.log.platform_line(&report);
        if let Outcome::Fault(fault) = &outcome
            && let Some(line) = fault.log_line(id)
        {
            self.log.platform_line(&line);
        }
        let failed = !matches!(outcome, Outcome::Answer(_));
        let payload = match outcome {
            Outcome::Answer(payload) | Outcome::Error(payload) => payload,
            Outcome::Fault(fault) => fault.payload(id),
        };
        let result = InvokeResult {
            request_id: id.clone(),
            payload,
            failed,
            log_tail: self.log.tail(),
            duration,
        };
        job.answer(Ok(result));
    }

    /// Lambda's line of figures.
    fn report(&mut self, id: &str, outcome: &Outcome, duration: Duration) -> String {
        let milliseconds = duration.as_secs_f64() * 1000.0;
        let memory = self.spec.memory_mb;
        let used = self.process.pid().and_then(memory::peak_mb).unwrap_or(0);
        let init = self
            .init_duration
            .take()
            .map(|init| init.as_secs_f64() * 1000.0);
        let init = init.map_or(String::new(), |init| {
            format!("Init Duration: {init:.2} ms\t")
        });
        let status = match outcome {
            Outcome::Fault(fault) => format!("Status: {}", fault.status()),
            _ => String::new(),
        };
        let used = used.min(u64::from(memory));
        format!(
            "REPORT RequestId: {id}\tDuration: {milliseconds:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: {memory} MB\t\
             Max Memory Used: {used} MB\t{init}{status}",
            milliseconds.ceil()
        )
    }
}

/// How an invocation ended.
enum Outcome {
    Answer(Bytes),
    /// The function failed and said so.
    Error(Bytes),
    Fault(Fault),
}

impl Outcome {
    /// The process may serve another invocation.
    fn leaves_fit(&self) -> bool {
        matches!(
            self,
            Outcome::Answer(_) | Outcome::Error(_) | Outcome::Fault(Fault::ResponseTooLarge)
        )
    }
}

/// Turns down what a process says out of turn: an answer to an invocation that is over, mostly.
fn refuse(call: ApiCall) {
    let reply = match call {
        ApiCall::Next(_) => return,
        ApiCall::Response { reply, .. }
        | ApiCall::Error { reply, .. }
        | ApiCall::InitError { reply, .. } => reply,
    };
    let _ = reply.send(StatusCode::BAD_REQUEST);
}

/// `provided` runtimes bring their own executable: say so in Lambda's words if there is none.
fn check_entrypoint(spec: &FunctionSpec) -> Result<(), LaunchFailure> {
    use std::os::unix::fs::PermissionsExt;
    if spec.runtime.family() != RuntimeFamily::Provided {
        return Ok(());
    }
    let problem = match std::fs::metadata(spec.code.join("bootstrap")) {
        Ok(file) if file.permissions().mode() & 0o111 != 0 => return Ok(()),
        Ok(_) => "fork/exec /var/task/bootstrap: permission denied",
        Err(_) => "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
    };
    Err(LaunchFailure::Fault(Fault::InvalidEntrypoint(
        problem.to_owned(),
    )))
}
