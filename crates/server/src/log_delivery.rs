//! What executions log: from the events that are durable to the log group that their machine names.
//!
//! Owns the queue between them, which never slows an execution: it is bounded, and what finds no room is counted, told
//! and lost. Which events are logged, and how, is `api::states`' business; how they are kept is `logs`'.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::Event;
use runtime::{Heard, Listener, Namespace};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use uuid::Uuid;

use crate::api::states::logging::{Logging, assigned_bytes, logging_of, message};
use crate::logs::{GroupPlace, LogEvent, Logs, LogsError};
use crate::records::Records;

/// What may wait: steps of executions, and their bytes.
const STEPS: usize = 16_384;
const BYTES: usize = 16 * 1024 * 1024;
/// What counts for an event besides its documents.
const EVENT_BYTES: usize = 256;
/// Bytes of messages that are written at once.
const WRITTEN: usize = 1024 * 1024;
/// Logging configurations that are remembered; beyond that they are read again.
const REMEMBERED: usize = 4_096;
/// Between two warnings.
const QUIET: Duration = Duration::from_secs(10);
/// Between two looks for what is older than its group keeps it.
const EXPIRY: Duration = Duration::from_secs(600);

/// Logging configurations by revision.
type Remembered = HashMap<(Namespace, Arc<str>), Option<Arc<Logging>>>;

/// Takes events in.
pub struct Delivery {
    records: Records,
    remembered: Mutex<Remembered>,
    queue: mpsc::Sender<Step>,
    load: Arc<Load>,
}

/// What waits, and what was lost.
#[derive(Default)]
struct Load {
    bytes: AtomicUsize,
    lost: AtomicU64,
}

/// What waits of one step.
struct Step {
    heard: Heard,
    logging: Arc<Logging>,
    bytes: usize,
}

/// Writes what was taken in.
pub struct Writer {
    logs: Logs,
    queue: mpsc::Receiver<Step>,
    load: Arc<Load>,
    /// Whose groups are looked through.
    account: String,
    /// Tells the streams of this process from those of another.
    process: String,
    warned: Option<Instant>,
}

/// Both ends. What is too old is removed from the groups of this account.
pub fn delivery(logs: Logs, records: Records, account: &str) -> (Delivery, Writer) {
    let (sender, receiver) = mpsc::channel(STEPS);
    let load = Arc::new(Load::default());
    let delivery = Delivery {
        records,
        remembered: Mutex::default(),
        queue: sender,
        load: load.clone(),
    };
    let writer = Writer {
        logs,
        queue: receiver,
        load,
        account: account.to_owned(),
        process: format!("{:08x}", Uuid::new_v4().as_fields().0),
        warned: None,
    };
    (delivery, writer)
}

impl Delivery {
    fn logging(&self, namespace: &Namespace, revision: &Arc<str>) -> Option<Arc<Logging>> {
        let key = (namespace.clone(), revision.clone());
        if let Some(known) = self.remembered().get(&key) {
            return known.clone();
        }
        let read = logging_of(&self.records, namespace, revision);
        let logging = read.unwrap_or_else(|error| {
            tracing::warn!(%revision, %error, "a logging configuration cannot be read: nothing is logged");
            None
        });
        let logging = logging.map(Arc::new);
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, logging.clone());
        logging
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.remembered
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Listener for Delivery {
    fn listens(&self, namespace: &Namespace, revision: &Arc<str>) -> bool {
        self.logging(namespace, revision).is_some()
    }

    fn hear(&self, heard: Heard) {
        let Some(logging) = self.logging(&heard.namespace, &heard.revision) else {
            return;
        };
        if !heard.events.iter().any(|event| logging.wants(event)) {
            return;
        }
        let (bytes, count) = (heard.events.iter().map(weight).sum(), heard.events.len());
        let waiting = self.load.bytes.fetch_add(bytes, Ordering::Relaxed);
        let step = Step {
            heard,
            logging,
            bytes,
        };
        // One step always finds room: its documents are in memory already, and its messages are written bit by bit.
        let is_full = waiting > 0 && waiting + bytes > BYTES;
        if is_full || self.queue.try_send(step).is_err() {
            self.load.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.load.lost.fetch_add(count as u64, Ordering::Relaxed);
        }
    }
}

fn weight(event: &Event) -> usize {
    let document = event.kind.document();
    EVENT_BYTES + document.map_or(0, |document| document.text().len()) + assigned_bytes(&event.kind)
}

/// Waits until the writer is told to stop; an error means that the server is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await.map(drop);
}

/// Messages by where they go.
#[derive(Default)]
struct Batch {
    events: HashMap<(GroupPlace, String), Vec<LogEvent>>,
    bytes: usize,
}

impl Writer {
    /// Runs until it is told to stop, and what waits is written.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut expiry = tokio::time::interval(EXPIRY);
        loop {
            tokio::select! {
                biased;
                Some(step) = self.queue.recv() => self.write_what_waits(step).await,
                _ = expiry.tick() => self.expire().await,
                () = stopped(&mut stop) => break,
            }
        }
        while let Ok(step) = self.queue.try_recv() {
            self.write_what_waits(step).await;
        }
    }

    /// What waits now, up to a size and at least one step.
    async fn write_what_waits(&mut self, first: Step) {
        let (mut batch, mut next) = (Batch::default(), Some(first));
        while let Some(step) = next {
            let is_written = self.add(&mut batch, step).await;
            next = match is_written {
                true => None,
                false => self.queue.try_recv().ok(),
            };
        }
        self.write(&mut batch).await;
        self.tell_what_was_lost();
    }

    /// Whether something had to be written before all was added.
    async fn add(&mut self, batch: &mut Batch, step: Step) -> bool {
        let Step {
            heard,
            logging,
            bytes,
        } = step;
        let mut is_written = false;
        let stream = self.stream(&heard);
        for event in heard.events.iter().filter(|event| logging.wants(event)) {
            let (execution, redrives) = (&heard.facts.arn, heard.redrives);
            let message = message(event, execution, redrives, logging.include_data);
            batch.bytes += message.len();
            let place = (logging.group.clone(), stream.clone());
            batch.events.entry(place).or_default().push(LogEvent {
                timestamp: event.timestamp.0,
                message,
            });
            if batch.bytes >= WRITTEN {
                self.write(batch).await;
                is_written = true;
            }
        }
        self.load.bytes.fetch_sub(bytes, Ordering::Relaxed);
        is_written
    }

    /// `states/<machine>/<hour>/<process>`.
    fn stream(&self, heard: &Heard) -> String {
        let machine = &heard.facts.machine_name;
        let first = heard.events.first().map(|event| event.timestamp);
        let time = first.unwrap_or_default().to_string().replace('T', "-");
        let hour = time.get(..13).unwrap_or_default();
        format!("states/{machine}/{hour}/{}", self.process)
    }

    async fn write(&mut self, batch: &mut Batch) {
        for ((group, stream), events) in std::mem::take(batch).events {
            self.deliver(&group, &stream, &events).await;
        }
    }

    async fn deliver(&mut self, group: &GroupPlace, stream: &str, events: &[LogEvent]) {
        match self.logs.deliver(group, stream, events).await {
            Ok(()) => {}
            // It was removed: as on AWS, nobody is bothered.
            Err(LogsError::NoGroup) => {
                tracing::debug!(group = group.name, "there is no such log group")
            }
            Err(error) => {
                let lost = events.len() as u64;
                self.load.lost.fetch_add(lost, Ordering::Relaxed);
                tracing::debug!(group = group.name, %error, "events could not be logged");
            }
        }
    }

    fn tell_what_was_lost(&mut self) {
        let is_quiet = self.warned.is_some_and(|at| at.elapsed() < QUIET);
        if is_quiet || self.load.lost.load(Ordering::Relaxed) == 0 {
            return;
        }
        let lost = self.load.lost.swap(0, Ordering::Relaxed);
        tracing::warn!(
            lost,
            "events of executions were not logged: there was no room for them"
        );
        self.warned = Some(Instant::now());
    }

    async fn expire(&self) {
        if let Err(error) = self.logs.expire(&self.account).await {
            tracing::warn!(%error, "old log events could not be removed; the next try is in ten minutes");
        }
    }
}
