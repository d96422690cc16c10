//! What is outside the process: the clock, and the tasks, which answer as drawn: at once, late, twice or never; by their
//! calls, or by whoever has their tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use engine::{EventKind, TaskOutcome, Timestamp};
use expr::json::{Document, Value};
use runtime::{ActivityTask, Answer, Clock, ExecutionId, TaskCall, TaskKey, TaskRunner, query};

use crate::clients::namespace;
use crate::disk::Disk;
use crate::history::Told;
use crate::random::{Random, hash};
use crate::trace::{Trace, lock};

/// A wall clock that can be set.
pub(crate) struct WallClock(Mutex<i64>);

impl WallClock {
    pub(crate) fn new() -> WallClock {
        WallClock(Mutex::new(1_700_000_000_000))
    }

    pub(crate) fn turn(&self, millis: i64) {
        *lock(&self.0) += millis;
    }
}

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp(*lock(&self.0))
    }
}

/// An attempt of a task, as its own parameters name it: state, key, and retry count within a redrive.
pub(crate) type Attempt = (String, String, Count);

/// How often it was tried before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Count {
    pub(crate) redrives: i64,
    pub(crate) retries: i64,
}

impl std::fmt::Display for Count {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.redrives {
            0 => self.retries.fmt(out),
            redrives => write!(out, "{} of redrive {redrives}", self.retries),
        }
    }
}

/// Reads an attempt and whether it has a timeout from a call's parameters.
pub(crate) fn attempt(parameters: &Document) -> Option<(Attempt, bool)> {
    let value = parameters.value();
    let payload = value.get("Payload").unwrap_or(value);
    let text = |name: &str| payload.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| payload.get(name).and_then(Value::as_i64);
    let count = Count {
        redrives: number("r")?,
        retries: number("n")?,
    };
    let timed = payload.get("t").and_then(Value::as_bool);
    Some(((text("s")?, text("key")?, count), timed?))
}

/// The token in a call's parameters.
pub(crate) fn token(parameters: &Document) -> Option<String> {
    let value = parameters.value();
    let payload = value.get("Payload").unwrap_or(value);
    payload.get("token")?.as_str().map(str::to_owned)
}

/// What the call of an attempt returns that somebody else will answer.
pub(crate) fn submitted(attempt: &Attempt) -> TaskOutcome {
    let text = format!(r#"{{"asked": "{}"}}"#, attempt.0);
    TaskOutcome::Submitted(Document::parse(text).expect("it is JSON"))
}

/// An answer on its way.
struct Pending {
    due: u64,
    key: TaskKey,
    outcome: TaskOutcome,
    way: Way,
}

/// How an answer comes to its task.
enum Way {
    /// As the call itself gave it.
    Call(Answer),
    /// By the task's name: said again, or by an earlier process.
    Name,
    /// By whoever has the token.
    Token(String),
}

/// What tasks do, and a check of what they are asked.
pub(crate) struct Outside {
    inner: Mutex<Inner>,
    disk: Arc<Disk>,
    trace: Arc<Trace>,
    seed: u64,
}

#[derive(Default)]
struct Inner {
    /// Time that only goes forward, in milliseconds.
    elapsed: u64,
    pending: Vec<Pending>,
    answers: u64,
    calls: u64,
    /// Every outcome that was ever on its way, by execution and Scheduled event.
    given: BTreeMap<(ExecutionId, u64), BTreeSet<String>>,
    /// The outcomes that were accepted of whoever had the token.
    accepted: BTreeMap<(ExecutionId, u64), String>,
    /// When hearts beat last, in wall time.
    beats: BTreeMap<(ExecutionId, u64), i64>,
    /// Tokens that somebody has.
    tokens: BTreeMap<TaskKey, String>,
    /// Tasks that workers were given.
    taken: BTreeSet<TaskKey>,
    /// Executions whose end is durable, and how often they were redriven before it.
    ended: BTreeMap<ExecutionId, u32>,
}

impl Outside {
    pub(crate) fn new(seed: u64, disk: Arc<Disk>, trace: Arc<Trace>) -> Outside {
        Outside {
            inner: Mutex::default(),
            disk,
            trace,
            seed,
        }
    }

    pub(crate) fn pass(&self, millis: u64) {
        lock(&self.inner).elapsed += millis;
    }

    pub(crate) fn calls(&self) -> u64 {
        lock(&self.inner).calls
    }

    pub(crate) fn taken(&self) -> u64 {
        lock(&self.inner).taken.len() as u64
    }

    pub(crate) fn accepted(&self) -> u64 {
        lock(&self.inner).accepted.len() as u64
    }

    /// From now on no call of this execution may be made, unless it is redriven once more.
    pub(crate) fn has_ended(&self, id: ExecutionId, redrives: u32) {
        lock(&self.inner).ended.insert(id, redrives);
    }

    /// What was said of the tasks of an execution.
    pub(crate) fn told(&self, id: ExecutionId) -> impl Told {
        ToldOf { outside: self, id }
    }

    /// Somebody with the token was told that this is the task's outcome.
    pub(crate) fn is_accepted(&self, key: TaskKey, outcome: &TaskOutcome) {
        let text = outcome_text(outcome);
        let of = (key.execution, key.task.scheduled);
        if let Some(before) = lock(&self.inner).accepted.insert(of, text) {
            let name = name(key);
            self.trace
                .violation(format!("{name} was answered a second time, after {before}"));
        }
    }

    /// Somebody with the token was told that the task's heart beats, at this time.
    pub(crate) fn has_beaten(&self, key: TaskKey, at: i64) {
        let of = (key.execution, key.task.scheduled);
        let mut inner = lock(&self.inner);
        let last = inner.beats.entry(of).or_insert(at);
        *last = at.max(*last);
    }

    /// One of the tokens that somebody has.
    pub(crate) fn a_token(&self, random: &mut Random) -> Option<(TaskKey, String)> {
        let inner = lock(&self.inner);
        let all: Vec<_> = inner.tokens.iter().collect();
        (!all.is_empty()).then(|| {
            let (key, token) = *random.pick(&all);
            (*key, token.clone())
        })
    }

    /// A worker was given a task: what it will answer is drawn.
    pub(crate) fn is_taken(&self, task: &ActivityTask) {
        let name = name(task.key);
        self.trace.say(format_args!("taken {name}"));
        if let Err(what) = self.is_started(task) {
            self.trace
                .violation(format!("{name} was taken, but {what}"));
        }
        let Some((attempt, _)) = attempt(&task.input) else {
            return self.trace.violation(format!("{name} has another input"));
        };
        if !lock(&self.inner).taken.insert(task.key) {
            self.trace.violation(format!("{name} was taken twice"));
        }
        self.will_answer(&attempt, task.key, &task.token);
    }

    /// Its Started event is durable.
    fn is_started(&self, task: &ActivityTask) -> Result<(), String> {
        let (store, id) = (self.disk.durable(), task.key.execution);
        let record = query::record(store, &namespace(), id)
            .map_err(|error| error.to_string())?
            .ok_or("its execution is not durable")?;
        let scheduled = task.key.task.scheduled;
        let events = query::events_from(store, &namespace(), id, &record, scheduled, usize::MAX)
            .map_err(|error| error.to_string())?
            .events;
        let started = events.iter().any(|event| {
            event.previous == scheduled && matches!(event.kind, EventKind::ActivityStarted { .. })
        });
        if started {
            Ok(())
        } else {
            Err("its Started event is not durable".into())
        }
    }

    /// Draws what whoever has the token says, and when.
    fn will_answer(&self, attempt: &Attempt, key: TaskKey, token: &str) {
        let mut inner = lock(&self.inner);
        inner.tokens.insert(key, token.to_owned());
        let calls = inner.calls;
        for (delay, fails) in drawn(self.seed, calls, attempt, true) {
            inner.answers += 1;
            let outcome = outcome(attempt, inner.answers, fails);
            inner.expect(delay, key, outcome, Way::Token(token.to_owned()));
        }
    }

    /// Delivers one of the answers that are due; false if there is none. `again` takes those that go by the task's name,
    /// `answer` those that go by its token.
    pub(crate) fn deliver(
        &self,
        random: &mut Random,
        again: impl Fn(TaskKey, TaskOutcome),
        answer: impl Fn(TaskKey, String, TaskOutcome),
    ) -> bool {
        let mut inner = lock(&self.inner);
        let due: Vec<usize> = (0..inner.pending.len())
            .filter(|at| inner.pending[*at].due <= inner.elapsed)
            .collect();
        if due.is_empty() {
            return false;
        }
        let pending = inner.pending.remove(*random.pick(&due));
        drop(inner);
        let direct = matches!(pending.way, Way::Call(_));
        self.trace.say(format_args!(
            "answer {} direct={direct} {}",
            name(pending.key),
            outcome_text(&pending.outcome)
        ));
        match pending.way {
            Way::Call(way) => way.send(pending.outcome),
            Way::Name => again(pending.key, pending.outcome),
            Way::Token(token) => answer(pending.key, token, pending.outcome),
        }
        true
    }

    /// The process is gone: what its calls will answer finds nobody, or now and then the process that comes after.
    pub(crate) fn process_ended(&self, random: &mut Random) {
        let mut inner = lock(&self.inner);
        for pending in &mut inner.pending {
            if matches!(pending.way, Way::Call(_)) {
                pending.way = Way::Name;
            }
        }
        inner.pending.retain(|_| random.percent(40));
    }

    fn check_call(&self, call: &TaskCall) {
        let id = call.key.execution;
        let ended = lock(&self.inner).ended.get(&id).copied();
        let record = query::record(self.disk.durable(), &namespace(), id);
        let redrives = record
            .ok()
            .flatten()
            .map_or(0, |record| record.redrives.count);
        if ended.is_some_and(|before| before >= redrives) {
            let name = name(call.key);
            self.trace
                .violation(format!("{name} is called after the end"));
        }
        if let Err(what) = self.is_durable(call) {
            let name = name(call.key);
            self.trace
                .violation(format!("{name} is called, but {what}"));
        }
    }

    /// Its Scheduled event, with these parameters, and a Started event.
    fn is_durable(&self, call: &TaskCall) -> Result<(), String> {
        let (store, id) = (self.disk.durable(), call.key.execution);
        let record = query::record(store, &namespace(), id)
            .map_err(|error| error.to_string())?
            .ok_or("its execution is not durable")?;
        let scheduled = call.key.task.scheduled;
        let events = query::events_from(store, &namespace(), id, &record, scheduled, 2)
            .map_err(|error| error.to_string())?
            .events;
        match events.first().map(|event| &event.kind) {
            Some(
                EventKind::LambdaFunctionScheduled { input, .. }
                | EventKind::TaskScheduled {
                    parameters: input, ..
                },
            ) if input.same(&call.request.input) || input.text() == call.request.input.text() => {}
            other => return Err(format!("its Scheduled event is {other:?}")),
        }
        match events.get(1).map(|event| &event.kind) {
            Some(EventKind::LambdaFunctionStarted | EventKind::TaskStarted(_)) => Ok(()),
            other => Err(format!("its Started event is {other:?}")),
        }
    }
}

impl TaskRunner for Outside {
    fn run(&self, call: TaskCall) {
        self.trace.say(format_args!(
            "call {} {}",
            name(call.key),
            call.request.input.text()
        ));
        self.check_call(&call);
        let Some((attempt, timed)) = attempt(&call.request.input) else {
            let text = call.request.input.text();
            return self
                .trace
                .violation(format!("a call with other parameters: {text}"));
        };
        let mut inner = lock(&self.inner);
        inner.calls += 1;
        let calls = inner.calls;
        if let Some(token) = token(&call.request.input) {
            let (delay, outcome) = submission(self.seed, calls, &attempt);
            let fails = matches!(outcome, TaskOutcome::SubmitFailed { .. });
            inner.expect(delay, call.key, outcome, Way::Call(call.answer));
            drop(inner);
            if !fails {
                self.will_answer(&attempt, call.key, &token);
            }
            return;
        }
        let mut way = Some(call.answer);
        for (delay, fails) in drawn(self.seed, calls, &attempt, timed) {
            inner.answers += 1;
            let outcome = outcome(&attempt, inner.answers, fails);
            let way = way.take().map_or(Way::Name, Way::Call);
            inner.expect(delay, call.key, outcome, way);
        }
    }

    fn cancel(&self, key: TaskKey) {
        self.trace.say(format_args!("cancel {}", name(key)));
        // A function that was begun does not always stop: half of them answer nevertheless.
        let mut inner = lock(&self.inner);
        inner
            .pending
            .retain(|pending| pending.key != key || pending.due.is_multiple_of(2));
    }
}

impl Inner {
    /// An answer will come.
    fn expect(&mut self, delay: u64, key: TaskKey, outcome: TaskOutcome, way: Way) {
        let given = (key.execution, key.task.scheduled);
        let text = outcome_text(&outcome);
        self.given.entry(given).or_default().insert(text);
        self.pending.push(Pending {
            due: self.elapsed + delay,
            key,
            outcome,
            way,
        });
    }
}

/// What was said of the tasks of one execution.
struct ToldOf<'a> {
    outside: &'a Outside,
    id: ExecutionId,
}

impl Told for ToldOf<'_> {
    fn gave(&self, scheduled: u64, outcome: &str) -> bool {
        let inner = lock(&self.outside.inner);
        let given = inner.given.get(&(self.id, scheduled));
        given.is_some_and(|given| given.contains(outcome))
    }

    fn accepted(&self, scheduled: u64) -> Option<String> {
        let inner = lock(&self.outside.inner);
        inner.accepted.get(&(self.id, scheduled)).cloned()
    }

    fn beat(&self, scheduled: u64) -> Option<i64> {
        let inner = lock(&self.outside.inner);
        inner.beats.get(&(self.id, scheduled)).copied()
    }
}

fn name(key: TaskKey) -> String {
    let (frame, scheduled) = (key.task.frame.0, key.task.scheduled);
    format!("{:032x}/{frame}/{scheduled}", key.execution.0)
}

/// When an attempt answers, in milliseconds from its call, and whether with an error.
fn drawn(seed: u64, call: u64, attempt: &Attempt, timed: bool) -> Vec<(u64, bool)> {
    let (state, key, count) = attempt;
    let own = hash(seed, format!("{state} {key} {count}").as_bytes());
    let mut random = Random::new(own);
    let fails = random.percent(30);
    let never = timed && random.percent(25);
    // When it answers differs from call to call, what it answers does not.
    let mut random = Random::new(own ^ call);
    let late = random.between(1, 15_000);
    match random.below(10) {
        _ if never => Vec::new(),
        0..=4 => vec![(0, fails)],
        5..=7 => vec![(late, fails)],
        8 => vec![(0, fails), (late, random.percent(50))],
        _ => vec![(late, fails), (late, fails), (late + 500, !fails)],
    }
}

/// When the call of an attempt returns that somebody else will answer, and with what.
fn submission(seed: u64, call: u64, attempt: &Attempt) -> (u64, TaskOutcome) {
    let (state, key, count) = attempt;
    let own = hash(seed, format!("submit {state} {key} {count}").as_bytes());
    let fails = Random::new(own).percent(15);
    let mut random = Random::new(own ^ call);
    let delay = if random.percent(50) {
        0
    } else {
        random.between(1, 3_000)
    };
    match fails {
        true => {
            let error = Some("E1".to_owned());
            let cause = Some(format!("no submission of {state} {key} {count}"));
            (delay, TaskOutcome::SubmitFailed { error, cause })
        }
        false => (delay, submitted(attempt)),
    }
}

fn outcome(attempt: &Attempt, answer: u64, fails: bool) -> TaskOutcome {
    let (state, key, count) = attempt;
    match fails {
        true => TaskOutcome::Failed {
            error: Some(format!("E{}", 1 + answer % 2)),
            cause: Some(format!("answer {answer} of {state} {key} {count}")),
        },
        false => {
            let text = format!(
                r#"{{"v": {}, "of": "{state} {key} {count}", "answer": {answer}}}"#,
                answer % 4
            );
            TaskOutcome::Succeeded(Document::parse(text).expect("it is JSON"))
        }
    }
}

/// An outcome in one line, also as its event tells it.
pub(crate) fn outcome_text(outcome: &TaskOutcome) -> String {
    match outcome {
        TaskOutcome::Succeeded(output) | TaskOutcome::Submitted(output) => output.text().to_owned(),
        TaskOutcome::Failed { error, cause } | TaskOutcome::SubmitFailed { error, cause } => {
            failure_text(error.as_deref(), cause.as_deref())
        }
    }
}

/// An error in one line.
pub(crate) fn failure_text(error: Option<&str>, cause: Option<&str>) -> String {
    format!("{} because {}", error.unwrap_or("-"), cause.unwrap_or("-"))
}
