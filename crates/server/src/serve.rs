//! Puts the server together: store, runtime, services, front; and takes it apart in order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use functions::{CodeStore, FunctionHost, HostConfig};
use runtime::{Options, Ports, Runtime, SystemClock, TaskRunner};
use store::{EmbeddedStore, SlowDisk, Store};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::api::Services;
use crate::api::iam::Iam;
use crate::api::lambda::LambdaApi;
use crate::api::logs::LogsApi;
use crate::api::states::{PageTokens, Parts, StatesApi};
use crate::api::sts::Sts;
use crate::config::Config;
use crate::entropy::SystemEntropy;
use crate::front::http::{self, Defaults};
use crate::log_delivery;
use crate::logs::Logs;
use crate::mocks::{MockFileError, MockedTasks, Mocks};
use crate::objects::S3Objects;
use crate::rates::Rates;
use crate::records::Records;
use crate::retention;
use crate::roles::Roles;
use crate::tasks::{self, Functions, Tasks};

/// How long processes of functions may take to end, after what was under way has ended or was given up.
const LAST: Duration = Duration::from_secs(3);
/// How long the store may take to close after that. Everything that was acknowledged is on the disk by then.
const CLOSE: Duration = Duration::from_secs(10);

/// How long the last events of executions may take to be logged when the server is stopped.
const LAST_LOGS: Duration = Duration::from_secs(2);

/// Why the server could not start or had to end.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken, mostly.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The folder cannot be used.
    #[error("cannot open the store in {directory}: {error}", directory = directory.display())]
    Store {
        /// The folder.
        directory: PathBuf,
        /// What is wrong with it.
        error: store::StoreError,
    },
    /// What is open in the store cannot be taken over.
    #[error("cannot resume: {0}")]
    Resume(#[from] runtime::RuntimeError),
    /// The key of page tokens cannot be read or written.
    #[error("cannot read the key of page tokens: {0}")]
    Tokens(#[from] crate::records::RecordError),
    /// Not a URL that can be called.
    #[error("the Lambda endpoint '{0}' cannot be used: {1}")]
    LambdaEndpoint(String, integrations::EndpointError),
    /// Not a URL that can be called.
    #[error("the S3 endpoint '{0}' cannot be used: {1}")]
    S3Endpoint(String, integrations::EndpointError),
    /// The function host cannot work in the folder.
    #[error("cannot start the function host: {0}")]
    Functions(#[from] functions::Error),
    /// The mock configuration file.
    #[error(transparent)]
    Mocks(#[from] MockFileError),
    /// No threads.
    #[error("cannot start: {0}")]
    Threads(std::io::Error),
    /// A second signal.
    #[error("ended at once; everything that was acknowledged is kept")]
    Hurried,
    /// The disk does not answer.
    #[error("the store did not close in time; everything that was acknowledged is kept")]
    Stuck,
    /// The disk failed while serving.
    #[error("the store can no longer be written; everything that was acknowledged is kept")]
    Failed,
}

/// Serves until a signal or until the store fails.
pub fn run(config: Config) -> Result<(), ServeError> {
    refuse_huge_pages();
    let threads = std::thread::available_parallelism()
        .map_or(2, usize::from)
        .max(2);
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(ServeError::Threads)?;
    let ended = tokio.block_on(async {
        let drain = config.drain;
        let server = Server::start(config).await?;
        tokio::select! {
            () = signal() => tracing::info!(seconds = drain.as_secs(), "stopping"),
            () = server.failed() => return Err(ServeError::Failed),
        }
        tokio::select! {
            stopped = server.stop() => stopped,
            () = signal() => Err(ServeError::Hurried),
            () = tokio::time::sleep(drain + LAST + CLOSE) => Err(ServeError::Stuck),
        }
    });
    // What still runs is given up: threads that wait for the disk, too.
    tokio.shutdown_background();
    ended
}

/// A running server.
pub struct Server {
    store: Arc<dyn Store>,
    runtime: Arc<Runtime>,
    host: FunctionHost,
    tasks: Tasks,
    drain: Duration,
    stop: watch::Sender<bool>,
    front: tokio::task::JoinHandle<()>,
    retention: tokio::task::JoinHandle<()>,
    writer: LogWriter,
    address: SocketAddr,
}

/// Writes what executions log.
struct LogWriter {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl LogWriter {
    /// Lets what waits be written.
    async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(LAST_LOGS, self.task).await;
    }
}

impl Server {
    /// Starts one. Must be called on a tokio runtime.
    pub async fn start(config: Config) -> Result<Server, ServeError> {
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|error| ServeError::Listen(config.listen, error))?;
        let address = listener
            .local_addr()
            .map_err(|error| ServeError::Listen(config.listen, error))?;
        let mocks = Arc::new(Mocks::open(config.mock_config.clone())?);
        let directory = config.data_dir.join("store");
        let opened = open_store(&directory);
        let store: Arc<dyn Store> =
            Arc::new(opened.map_err(|error| ServeError::Store { directory, error })?);
        mark(store.as_ref()).await?;
        let clock = Arc::new(SystemClock);
        let records = Records::new(store.clone());
        let tokens = PageTokens::with_key_of(&records).await?;
        let host = FunctionHost::new(host_config(&config, address))?;
        let code = CodeStore::open(config.data_dir.join("functions").join("code"))?;
        let lambda = LambdaApi::new(records.clone(), host.clone(), code);
        if let Err(error) = lambda.drop_unused_code(&config.account).await {
            tracing::warn!(%error, "the code of deleted functions could not be removed");
        }
        let tasks = Tasks::new(
            tokio::runtime::Handle::current(),
            functions(&config, lambda.clone())?,
        )
        .with_records(records.clone());
        let logs = Logs::new(store.clone(), records.clone(), clock.clone());
        let (delivery, writer) =
            log_delivery::delivery(logs.clone(), records.clone(), &config.account);
        let called: Arc<dyn TaskRunner> = Arc::new(tasks.clone());
        let runner = MockedTasks::new(called.clone(), mocks.clone(), store.clone());
        let ports = Ports {
            clock: clock.clone(),
            entropy: Arc::new(|| Box::new(SystemEntropy::new())),
            runner: Arc::new(runner),
            objects: Arc::new(objects(&config)?),
            listener: Some(Arc::new(delivery)),
        };
        let options = Options {
            open_executions: config.quotas.open_executions,
            ..Options::default()
        };
        let runtime = Arc::new(Runtime::open(store.clone(), ports, options)?);
        let iam = Arc::new(Iam::new(records.clone()));
        let states = Arc::new(StatesApi::new(Parts {
            runtime: runtime.clone(),
            records,
            roles: roles(iam.clone()),
            logs: logs.clone(),
            clock,
            strict_roles: config.strict_roles,
            quotas: config.quotas.clone(),
            rates: Rates::new(config.rate_limits),
            runner: called,
            mocks,
            tokens,
        }));
        tasks.serve_states(&states);
        let services = Arc::new(Services {
            states,
            iam,
            sts: Sts::default(),
            lambda,
            logs: LogsApi::new(logs),
        });
        let defaults = Defaults {
            account: config.account.into(),
            region: config.region.into(),
        };
        let retention = tokio::spawn(retention::run(
            store.clone(),
            Arc::new(SystemClock),
            config.retention_days,
        ));
        let (stop, stopped) = watch::channel(false);
        let (stop_writer, writer_stopped) = watch::channel(false);
        let writer = LogWriter {
            stop: stop_writer,
            task: tokio::spawn(writer.run(writer_stopped)),
        };
        let front = tokio::spawn(http::serve(
            listener,
            services,
            defaults,
            stopped,
            config.drain / 2,
        ));
        tracing::info!(%address, data = %config.data_dir.display(), open = runtime.open_executions(), "serving");
        Ok(Server {
            store,
            runtime,
            host,
            tasks,
            drain: config.drain,
            stop,
            front,
            retention,
            writer,
            address,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the store has failed.
    pub async fn failed(&self) {
        self.runtime.failed().await
    }

    /// Takes no more requests and makes no more calls, lets those under way finish for as long as the settings say, requests
    /// for half of it, so that calls have the other, stops the shards and closes the store. What was not finished goes on
    /// after the next start.
    pub async fn stop(self) -> Result<(), ServeError> {
        let deadline = Instant::now() + self.drain;
        self.tasks.close();
        let _ = self.stop.send(true);
        let _ = self.front.await;
        self.retention.abort();
        if timeout_at(deadline, self.tasks.drain()).await.is_err() {
            tracing::warn!("calls of tasks are given up; they are made again after the next start");
        }
        self.runtime.shutdown().await;
        self.writer.stop().await;
        let _ = tokio::time::timeout(LAST, self.host.shutdown()).await;
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || store.close()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::error!(%error, "the store did not close cleanly");
                Err(ServeError::Failed)
            }
            Err(_) => Err(ServeError::Failed),
        }
    }
}

/// Tests make every sync slow with `STEPWELL_TEST_SYNC_MILLIS`; otherwise it is the operating system's disk.
fn open_store(directory: &Path) -> Result<EmbeddedStore, store::StoreError> {
    let pause = std::env::var("STEPWELL_TEST_SYNC_MILLIS").ok();
    match pause.and_then(|millis| millis.parse().ok()) {
        None => EmbeddedStore::open(directory, store_options()),
        Some(millis) => {
            let disk = SlowDisk::new(directory, Duration::from_millis(millis));
            EmbeddedStore::open_with(Arc::new(disk), directory, store_options())
        }
    }
}

/// Refuses a store of a later program; says in an older one that this program has it now.
async fn mark(store: &dyn Store) -> Result<(), ServeError> {
    let Some(transaction) = runtime::generation::check(store)? else {
        return Ok(());
    };
    let (sender, marked) = tokio::sync::oneshot::channel();
    let done = move |outcome: Result<_, _>| drop(sender.send(outcome.map(drop)));
    store.submit(transaction, Box::new(done));
    match marked.await {
        Ok(outcome) => Ok(outcome.map_err(runtime::RuntimeError::from)?),
        Err(_) => Err(ServeError::Failed),
    }
}

/// Memory is freed in much smaller pieces than a huge page, which stays resident until the last of them is free: twice
/// as much would be resident. The allocator does not ask for huge pages; this is for systems that give them unasked.
fn refuse_huge_pages() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "huge pages cannot be refused");
    }
}

/// Room for more than all shards together leave waiting, so that the store never refuses what a shard commits.
fn store_options() -> store::Options {
    store::Options {
        queue_bytes: 64 << 20,
        index_memory_bytes: 4 << 20,
        index_cache_bytes: 2 << 20,
        ..store::Options::default()
    }
}

/// The function host of these settings; functions find this server under `AWS_ENDPOINT_URL`.
fn host_config(config: &Config, address: SocketAddr) -> HostConfig {
    let mut host = HostConfig::new(&config.data_dir);
    host.endpoint_url = Some(format!("http://{address}"));
    if let Some(processes) = config.function_processes {
        host.max_workers = processes.max(1);
    }
    host
}

/// Where distributed Maps read and write.
fn objects(config: &Config) -> Result<S3Objects, ServeError> {
    let endpoint = config.s3_endpoint.as_deref();
    S3Objects::new(endpoint, tasks::credentials())
        .map_err(|error| ServeError::S3Endpoint(endpoint.unwrap_or_default().to_owned(), error))
}

fn functions(config: &Config, local: LambdaApi) -> Result<Functions, ServeError> {
    match &config.lambda_endpoint {
        None => Ok(Functions::Local(local)),
        Some(url) => {
            Functions::remote(url).map_err(|error| ServeError::LambdaEndpoint(url.clone(), error))
        }
    }
}

/// What Step Functions asks of IAM.
fn roles(iam: Arc<Iam>) -> Roles {
    Roles::new(move |role, machine_arn| {
        let account = machine_arn.split(':').nth(4).unwrap_or_default();
        let context = iam::Context::default()
            .with("aws:SourceArn", machine_arn)
            .with("aws:SourceAccount", account);
        iam.trust(role, "states.amazonaws.com", &context)
    })
}

/// Waits for SIGINT or SIGTERM.
pub async fn signal() {
    let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
