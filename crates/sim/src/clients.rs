//! Clients that start, stop and redrive executions, and a memory of what they were told that must stay true.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::event::Failure;
use engine::{Event, Facts, TaskOutcome, Timestamp};
use expr::json::Document;
use runtime::codec::listed::Listed;
use runtime::keys::Table;
use runtime::lists::List;
use runtime::{
    ExecutionId, ExecutionRecord, Namespace, RedriveRequest, Runtime, RuntimeError, StartRequest,
    Status, TaskKey, query,
};
use store::{KeyRange, Order};

use crate::disk::Disk;
use crate::outside::Outside;
use crate::trace::{Trace, lock};
use crate::workflow::ACTIVITY;

/// Where all executions are.
pub(crate) fn namespace() -> Namespace {
    Namespace::new("123456789012", "us-east-1")
}

/// The machine of a workflow.
pub(crate) fn machine(workflow: usize) -> String {
    format!("m{workflow}")
}

/// The revision that it runs.
pub(crate) fn revision(workflow: usize) -> String {
    format!("revision-{workflow}")
}

/// An execution that clients ask for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    pub(crate) workflow: usize,
    pub(crate) name: String,
}

/// What is known of an execution because somebody was told or has seen it.
#[derive(Default)]
struct Known {
    /// Input and start time of the start that was confirmed.
    confirmed: Option<(String, Timestamp)>,
    /// Inputs that were ever asked for.
    asked: BTreeSet<String>,
    /// How it ended, and after how many redrives.
    end: Option<End>,
    /// How often a redrive was asked for.
    redrives_asked: u32,
    /// Redrives that were confirmed, by their tokens.
    redriven_as: BTreeMap<String, Timestamp>,
    /// Its events.
    history: Vec<String>,
    stopped_by: BTreeSet<String>,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct End {
    status: Status,
    at: Timestamp,
    output: Option<String>,
    redrives: u32,
}

/// All clients of all processes.
pub(crate) struct Clients {
    known: Mutex<BTreeMap<Wanted, Known>>,
    disk: Arc<Disk>,
    pub(crate) outside: Arc<Outside>,
    pub(crate) trace: Arc<Trace>,
    /// The disk has failed under the process that runs now.
    pub(crate) disk_failed: Mutex<bool>,
    /// It is being shut down.
    pub(crate) stops: Mutex<bool>,
}

impl Clients {
    pub(crate) fn new(disk: Arc<Disk>, outside: Arc<Outside>, trace: Arc<Trace>) -> Clients {
        Clients {
            known: Mutex::default(),
            disk,
            outside,
            trace,
            disk_failed: Mutex::default(),
            stops: Mutex::default(),
        }
    }

    /// What is durable of an execution.
    pub(crate) fn find(&self, wanted: &Wanted) -> Option<(ExecutionId, ExecutionRecord)> {
        let machine = machine(wanted.workflow);
        match query::find(self.disk.durable(), &namespace(), &machine, &wanted.name) {
            Ok(found) => found,
            Err(error) => {
                self.wrong(wanted, &format!("it cannot be read: {error}"));
                None
            }
        }
    }

    /// Its durable events.
    pub(crate) fn history(&self, id: ExecutionId, record: &ExecutionRecord) -> Vec<Event> {
        let page = query::events_from(self.disk.durable(), &namespace(), id, record, 1, usize::MAX);
        page.map(|page| page.events).unwrap_or_else(|error| {
            self.trace
                .violation(format!("a history cannot be read: {error}"));
            Vec::new()
        })
    }

    /// Asks for a start; the answer may never come. Refused for want of room it leaves nothing.
    pub(crate) fn start(self: &Arc<Self>, runtime: Arc<Runtime>, wanted: Wanted, input: String) {
        self.trace
            .say(format_args!("start {} with {input}", wanted.name));
        self.with(&wanted, |known| known.asked.insert(input.clone()));
        let (clients, request) = (self.clone(), start_request(&wanted, &input));
        tokio::spawn(async move {
            let told = runtime.start(request).await;
            clients
                .trace
                .say(format_args!("started {}: {told:?}", wanted.name));
            match told {
                Ok(started) => clients.is_started(&wanted, &input, started.at),
                Err(RuntimeError::AlreadyExists) => clients.is_taken(&wanted, &input),
                Err(RuntimeError::Overloaded) => {}
                Err(RuntimeError::Stopped) if *lock(&clients.disk_failed) => {}
                Err(error) => clients.wrong(&wanted, &format!("its start failed: {error}")),
            }
        });
    }

    fn is_started(&self, wanted: &Wanted, input: &str, at: Timestamp) {
        match self.find(wanted) {
            Some((_, record))
                if record.facts.input.text() == input && record.facts.started == at => {}
            Some((_, record)) => {
                let facts = &record.facts;
                let found = format!("{} at {:?}", facts.input.text(), facts.started);
                self.wrong(
                    wanted,
                    &format!("started with {input} at {at:?}, found {found}"),
                );
            }
            None => self.wrong(wanted, "its start was confirmed and it is not durable"),
        }
        let confirmed = Some((input.to_owned(), at));
        let before = self.with(wanted, |known| {
            std::mem::replace(&mut known.confirmed, confirmed.clone())
        });
        if before.is_some() && before != confirmed {
            self.wrong(wanted, "two different starts were confirmed");
        }
    }

    fn is_taken(&self, wanted: &Wanted, input: &str) {
        let same = |record: &ExecutionRecord| {
            record.status == Status::Running && record.facts.input.text() == input
        };
        match self.find(wanted) {
            Some((_, record)) if !same(&record) => {}
            Some(_) => self.wrong(wanted, "the same start was refused while it runs"),
            None => self.wrong(wanted, "refused as taken, but nobody has taken it"),
        }
    }

    /// Asks for a stop.
    pub(crate) fn stop(self: &Arc<Self>, runtime: Arc<Runtime>, wanted: Wanted, number: u64) {
        self.trace
            .say(format_args!("stop {} ({number})", wanted.name));
        let cause = format!("stop {number}");
        let was_confirmed = self.with(&wanted, |known| {
            known.stopped_by.insert(cause.clone());
            known.confirmed.is_some()
        });
        let clients = self.clone();
        tokio::spawn(async move {
            let failure = Failure::new("Stop", cause);
            let machine = machine(wanted.workflow);
            let told = runtime
                .stop_execution(&namespace(), &machine, &wanted.name, failure)
                .await;
            clients
                .trace
                .say(format_args!("stopped {}: {told:?}", wanted.name));
            match told {
                Ok(stopped) => clients.is_stopped(&wanted, stopped.at),
                Err(RuntimeError::NotFound) if !was_confirmed => {}
                Err(RuntimeError::Overloaded) => {}
                Err(RuntimeError::Stopped) if *lock(&clients.disk_failed) => {}
                Err(error) => clients.wrong(&wanted, &format!("its stop failed: {error}")),
            }
        });
    }

    /// Somebody with a task's token says how it ended.
    pub(crate) fn answer(
        self: &Arc<Self>,
        runtime: Arc<Runtime>,
        key: TaskKey,
        token: String,
        outcome: TaskOutcome,
    ) {
        let clients = self.clone();
        tokio::spawn(async move {
            let told = runtime
                .answer_token(&namespace(), &token, outcome.clone())
                .await;
            clients.trace.say(format_args!("answered: {told:?}"));
            match told {
                Ok(()) => clients.outside.is_accepted(key, &outcome),
                Err(error) => clients.is_refused("an answer", &error),
            }
        });
    }

    /// Somebody with a task's token says that it is worked on.
    pub(crate) fn beat(
        self: &Arc<Self>,
        runtime: Arc<Runtime>,
        key: TaskKey,
        token: String,
        now: i64,
    ) {
        let clients = self.clone();
        tokio::spawn(async move {
            let told = runtime.heartbeat(&namespace(), &token).await;
            clients.trace.say(format_args!("a beat: {told:?}"));
            match told {
                Ok(()) => clients.outside.has_beaten(key, now),
                Err(error) => clients.is_refused("a heartbeat", &error),
            }
        });
    }

    /// A worker asks for a task, for so long.
    pub(crate) fn poll(
        self: &Arc<Self>,
        runtime: Arc<Runtime>,
        seconds: u64,
    ) -> tokio::task::JoinHandle<()> {
        self.trace.say(format_args!("a worker asks"));
        let clients = self.clone();
        tokio::spawn(async move {
            let within = Duration::from_secs(seconds);
            let told = runtime
                .take_activity_task(&namespace(), ACTIVITY, None, within)
                .await;
            match told {
                Ok(Some(task)) => clients.outside.is_taken(&task),
                Ok(None) => {}
                Err(error) => clients.is_refused("a worker", &error),
            }
        })
    }

    fn is_refused(&self, what: &str, error: &RuntimeError) {
        match error {
            RuntimeError::TaskTimedOut | RuntimeError::Overloaded => {}
            RuntimeError::Stopped if *lock(&self.disk_failed) || *lock(&self.stops) => {}
            error => self.trace.violation(format!("{what} was refused: {error}")),
        }
    }

    fn is_stopped(&self, wanted: &Wanted, at: Timestamp) {
        match self.find(wanted) {
            Some((_, record)) if record.stopped == Some(at) => {}
            // It was redriven before anybody looked.
            Some(_) if self.with(wanted, |known| known.redrives_asked > 0) => {}
            found => {
                let found = found.map(|(_, record)| (record.status, record.stopped));
                self.wrong(wanted, &format!("stopped at {at:?}, but found {found:?}"));
            }
        }
    }

    /// Looks at everything there is; nothing may have gone, or have become something else. True if all have ended.
    pub(crate) fn look(&self, all: &[Wanted], thoroughly: bool) -> bool {
        let ended = all.iter().map(|wanted| self.look_at(wanted, thoroughly));
        ended.fold(true, |all, ended| all & ended)
    }

    fn look_at(&self, wanted: &Wanted, thoroughly: bool) -> bool {
        let Some((id, record)) = self.find(wanted) else {
            if self.with(wanted, |known| known.confirmed.is_some()) {
                self.wrong(wanted, "its start was confirmed and it is gone");
            }
            return false;
        };
        let input = record.facts.input.text();
        if !self.with(wanted, |known| known.asked.contains(input)) {
            self.wrong(wanted, "nobody has asked for its input");
        }
        let redrives = record.redrives.count;
        let ended = record.stopped.map(|at| End {
            status: record.status,
            at,
            output: record
                .output
                .as_ref()
                .map(|output| output.text().to_owned()),
            redrives,
        });
        let (before, asked) = self.with(wanted, |known| {
            let before = known.end.clone();
            if ended.is_some() {
                known.end = ended.clone();
            }
            (before, known.redrives_asked)
        });
        if redrives > asked {
            self.wrong(
                wanted,
                &format!("{redrives} redrives, asked for were {asked}"),
            );
        }
        if let Some(before) = &before {
            self.is_the_same_end(wanted, before, ended.as_ref(), redrives);
        }
        let closes = ended.is_some() && before != ended;
        if thoroughly || closes {
            self.read_history(wanted, id, &record);
        }
        if closes {
            self.outside.has_ended(id, redrives);
        }
        ended.is_some()
    }

    /// An end stays what it is, unless the execution was redriven since.
    fn is_the_same_end(&self, wanted: &Wanted, before: &End, now: Option<&End>, redrives: u32) {
        let redriven = redrives > before.redrives && before.status != Status::Succeeded;
        if now != Some(before) && !redriven {
            let what =
                format!("it ended as {before:?}, and now as {now:?} after {redrives} redrives");
            self.wrong(wanted, &what);
        }
    }

    /// Asks for a redrive.
    pub(crate) fn redrive(
        self: &Arc<Self>,
        runtime: Arc<Runtime>,
        wanted: Wanted,
        token: Option<String>,
    ) {
        self.trace
            .say(format_args!("redrive {} as {token:?}", wanted.name));
        let was_confirmed = self.with(&wanted, |known| {
            known.redrives_asked += 1;
            known.confirmed.is_some()
        });
        let clients = self.clone();
        tokio::spawn(async move {
            let request = RedriveRequest {
                namespace: namespace(),
                machine: machine(wanted.workflow).into(),
                name: wanted.name.as_str().into(),
                token: token.as_deref().map(Into::into),
                machine_is_deleted: false,
            };
            let told = runtime.redrive(request).await;
            clients
                .trace
                .say(format_args!("redriven {}: {told:?}", wanted.name));
            match told {
                Ok(redriven) => clients.is_redriven(&wanted, token, redriven.at),
                Err(RuntimeError::NotRedrivable(_)) => clients.is_not(&wanted, token.as_deref()),
                Err(RuntimeError::NotFound) if !was_confirmed => {}
                Err(RuntimeError::Overloaded) => {}
                // It may have to look again, and find the process shut down.
                Err(RuntimeError::Stopped) => {}
                Err(error) => clients.wrong(&wanted, &format!("its redrive failed: {error}")),
            }
        });
    }

    fn is_redriven(&self, wanted: &Wanted, token: Option<String>, at: Timestamp) {
        let found = self.find(wanted).map(|(_, record)| record.redrives);
        let is_there = found.as_ref().is_some_and(|redrives| {
            let as_told = token
                .as_deref()
                .and_then(|token| redrives.redriven_as(token));
            redrives.date >= Some(at) && (token.is_none() || as_told == Some(at))
        });
        if !is_there {
            self.wrong(wanted, &format!("redriven at {at:?}, but found {found:?}"));
        }
        let Some(token) = token else { return };
        let before = self.with(wanted, |known| known.redriven_as.insert(token, at));
        if before.is_some_and(|before| before != at) {
            self.wrong(
                wanted,
                &format!("one token, redriven at {before:?} and at {at:?}"),
            );
        }
    }

    /// A token that has been confirmed is never refused.
    fn is_not(&self, wanted: &Wanted, token: Option<&str>) {
        let confirmed = token
            .and_then(|token| self.with(wanted, |known| known.redriven_as.get(token).copied()));
        if let Some(at) = confirmed {
            self.wrong(
                wanted,
                &format!("redriven at {at:?}, and now refused as not redrivable"),
            );
        }
    }

    /// What is kept for redrives belongs to those that ended without success, and is complete.
    pub(crate) fn check_remains(&self, all: &[Wanted]) {
        for (id, record) in all.iter().filter_map(|wanted| self.find(wanted)) {
            let remains = namespace().table(Table::Remains).u128(id.0).build();
            let range = KeyRange::prefix(remains);
            let rows = self.disk.durable().scan(range, Order::Ascending, 2);
            let kept = rows.map_or(0, |rows| rows.len());
            let expected = record.status != Status::Succeeded;
            if (kept == 2) != expected || (kept > 0) != expected {
                let (name, status) = (&record.facts.name, record.status);
                self.trace
                    .violation(format!("{name} is {status:?} and has {kept} remains"));
            }
        }
    }

    /// Every execution is in the list of its machine, in that of its status, and in no other.
    pub(crate) fn check_lists(&self, all: &[Wanted]) {
        for wanted in all {
            let Some((id, record)) = self.find(wanted) else {
                continue;
            };
            for status in Status::ALL.map(Some).into_iter().chain([None]) {
                let machine = machine(wanted.workflow);
                let list = List {
                    machine: &machine,
                    through: None,
                    status,
                };
                let since = Timestamp(0);
                let page = query::list(self.disk.durable(), &namespace(), list, since, None, 100);
                let listed = page.map(|page| {
                    let found = page.executions.into_iter().find(|(one, _)| *one == id);
                    found.map(|(_, listed)| listed)
                });
                let is_in = status.is_none_or(|status| status == record.status);
                let expected = is_in.then(|| Listed::of(&record));
                if listed.as_ref().ok() != Some(&expected) {
                    let what = format!("in the list of {status:?} it is {listed:?}");
                    self.wrong(wanted, &what);
                }
            }
        }
    }

    fn read_history(&self, wanted: &Wanted, id: ExecutionId, record: &ExecutionRecord) {
        let events = self.history(id, record);
        let now: Vec<_> = events.iter().map(|event| format!("{event:?}")).collect();
        let before = self.with(wanted, |known| {
            std::mem::replace(&mut known.history, now.clone())
        });
        if !now.starts_with(&before) {
            self.wrong(wanted, "its history does not begin with what it was before");
        }
        if record.status == Status::Aborted {
            let cause = record.failure.cause.as_deref().unwrap_or_default();
            if !self.with(wanted, |known| known.stopped_by.contains(cause)) {
                self.wrong(wanted, "it was stopped by nobody");
            }
        }
    }

    fn with<R>(&self, wanted: &Wanted, work: impl FnOnce(&mut Known) -> R) -> R {
        work(lock(&self.known).entry(wanted.clone()).or_default())
    }

    pub(crate) fn wrong(&self, wanted: &Wanted, what: &str) {
        self.trace.violation(format!("{}: {what}", wanted.name));
    }
}

fn start_request(wanted: &Wanted, input: &str) -> StartRequest {
    let (name, machine) = (&wanted.name, machine(wanted.workflow));
    let arn = |kind: &str| format!("arn:aws:states:us-east-1:123456789012:{kind}:{machine}");
    StartRequest {
        namespace: namespace(),
        facts: Facts {
            arn: format!("{}:{name}", arn("execution")).into(),
            name: name.as_str().into(),
            machine_arn: arn("stateMachine").into(),
            machine_name: machine.as_str().into(),
            role_arn: "arn:aws:iam::123456789012:role/r".into(),
            region: "us-east-1".into(),
            started: Timestamp(0),
            input: Document::parse(input).expect("an input is JSON"),
            test_case: None,
        },
        revision: revision(wanted.workflow).into(),
        trace_header: None,
        machine_created: Timestamp(0),
    }
}
