//! The host: takes invocations, starts the workers that the scheduler asks for, and ends everything.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::config::HostConfig;
use crate::error::Error;
use crate::invocation::{InvokeRequest, InvokeResult, Job};
use crate::log_writer::{LogWriter, file_name_of};
use crate::runtimes::{Runtime, Runtimes};
use crate::scheduler::{Limits, Scheduler, Start};
use crate::spec::FunctionSpec;
use crate::worker;

/// Runs functions. Cheap to clone; all clones are one host. To be used within a tokio runtime.
#[derive(Clone)]
pub struct FunctionHost {
    shared: Arc<Shared>,
}

/// What a host is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostStats {
    /// Processes, idle ones included.
    pub workers: usize,
    /// Processes that serve an invocation.
    pub busy: usize,
    /// Invocations that wait for a process.
    pub queued: usize,
}

/// What the host and its workers share.
pub(crate) struct Shared {
    pub(crate) config: HostConfig,
    pub(crate) runtimes: Runtimes,
    pub(crate) logs: Arc<LogWriter>,
    scheduler: Mutex<Scheduler>,
    /// Workers whose tasks have not ended.
    alive: watch::Sender<usize>,
}

impl FunctionHost {
    /// A host without any process yet.
    ///
    /// # Errors
    /// [`Error::Launch`] if the thread that writes logs cannot be started.
    pub fn new(mut config: HostConfig) -> Result<FunctionHost, Error> {
        // The functions' processes have working directories of their own.
        config.data_dir = std::path::absolute(&config.data_dir).map_err(Error::Launch)?;
        config.runtimes_dir = std::path::absolute(&config.runtimes_dir).map_err(Error::Launch)?;
        let logs = LogWriter::start(config.data_dir.join("logs")).map_err(Error::Launch)?;
        let limits = Limits {
            max_workers: config.max_workers.max(1),
            max_starting: config.max_starting.max(1),
            max_queued: config.max_queued,
        };
        let shared = Shared {
            runtimes: Runtimes::new(&config),
            logs: Arc::new(logs),
            scheduler: Mutex::new(Scheduler::new(limits)),
            alive: watch::Sender::new(0),
            config,
        };
        Ok(FunctionHost {
            shared: Arc::new(shared),
        })
    }

    /// Finds what a runtime needs and installs what is missing, so that the first invocation does not have to: no time the first
    /// time a runtime is known, seconds where something is installed.
    ///
    /// # Errors
    /// [`Error::RuntimeUnavailable`] says what this machine lacks.
    pub async fn prepare(&self, runtime: &Runtime) -> Result<(), Error> {
        self.shared.runtimes.find(runtime).await.map(|_| ())
    }

    /// Invokes a function and waits for what comes of it. A spec that differs from the function's last one replaces it: processes
    /// of the old one take nothing new.
    ///
    /// Once this was called the function runs, also if the returned future is dropped (as on Lambda, where a caller that hangs up
    /// stops nothing).
    ///
    /// # Errors
    /// When the invocation did not reach the function: throttled, no such runtime here, shutting down. What the function does wrong
    /// is a result.
    pub async fn invoke(
        &self,
        spec: &Arc<FunctionSpec>,
        request: InvokeRequest,
    ) -> Result<InvokeResult, Error> {
        let (job, answer) = Job::new(request);
        let starts = self.shared.scheduler().submit(spec, job);
        self.shared.start(starts);
        answer.await.unwrap_or(Err(Error::ShuttingDown))
    }

    /// Forgets a function by its ARN: idle processes end, running invocations finish, waiting ones are refused.
    pub fn retire(&self, arn: &str) {
        self.shared.scheduler().retire(arn);
    }

    /// What the host is doing now.
    pub fn stats(&self) -> HostStats {
        let (workers, busy, queued) = self.shared.scheduler().counts();
        HostStats {
            workers,
            busy,
            queued,
        }
    }

    /// Refuses new invocations, lets running ones finish (each has its timeout), and returns when no process is left. Dropping the
    /// host, or the end of the program, kills what still runs.
    pub async fn shutdown(&self) {
        self.shared.scheduler().close();
        let mut alive = self.shared.alive.subscribe();
        let _ = alive.wait_for(|alive| *alive == 0).await;
    }
}

impl Shared {
    /// Never held across an await.
    pub(crate) fn scheduler(&self) -> MutexGuard<'_, Scheduler> {
        self.scheduler
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn start(self: &Arc<Self>, starts: Vec<Start>) {
        for start in starts {
            self.alive.send_modify(|alive| *alive += 1);
            tokio::spawn(worker::run(Arc::clone(self), start));
        }
    }

    pub(crate) fn worker_ended(&self) {
        self.alive.send_modify(|alive| *alive -= 1);
    }

    /// The function's `TMPDIR`: one for all its processes, so that a retry finds what an earlier attempt left.
    pub(crate) fn temporary_folder(&self, spec: &FunctionSpec) -> Result<PathBuf, Error> {
        let temporary = self.config.data_dir.join("functions").join("tmp");
        let path = temporary.join(file_name_of(&spec.name));
        std::fs::create_dir_all(&path).map_err(|source| Error::Storage {
            path: path.clone(),
            source,
        })?;
        Ok(path)
    }
}
