//! An open-loop load driver: StartExecution at a given rate, whether or not answers come.
//!
//!     openloop --endpoint 127.0.0.1:8083 --machine ARN --rate 5000 --seconds 10 [--connections 2048] [--timeout 10]
//!
//! A request that is due takes an idle connection, or opens one, up to `--connections`; when all are waiting for answers it
//! waits itself, and its latency is counted from when it was due: a slow server does not slow the clock that it is
//! measured by (no coordinated omission). What is due for `--timeout` seconds without an answer is a timeout; what found no
//! idle connection for `--patience` seconds is not sent, and counted apart. Meanwhile
//! one more client reads (`--probe ARN` of an execution: DescribeExecution and GetExecutionHistory in turn). Afterwards
//! every start that was accepted must be listed as SUCCEEDED. Prints one JSON object. With `--rate 0` all connections ask
//! again as soon as they are answered, which measures what the server can do.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::error::Error;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, sleep_until, timeout_at};

type Failure = Box<dyn Error>;

const CREDENTIALS: &str = "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/states/aws4_request, \
                           SignedHeaders=host, Signature=0";

struct Arguments(HashMap<String, String>);

impl Arguments {
    fn read() -> Result<Arguments, Failure> {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let mut found = HashMap::new();
        for pair in words.chunks(2) {
            let [name, value] = pair else {
                return Err(format!("{} has no value", pair[0]).into());
            };
            let name = name
                .strip_prefix("--")
                .ok_or("every argument is --name value")?;
            found.insert(name.to_owned(), value.clone());
        }
        Ok(Arguments(found))
    }

    fn text(&self, name: &str) -> Result<String, Failure> {
        let found = self.0.get(name).cloned();
        found.ok_or_else(|| format!("--{name} is missing").into())
    }

    fn number(&self, name: &str, otherwise: f64) -> Result<f64, Failure> {
        match self.0.get(name) {
            Some(text) => Ok(text.parse()?),
            None => Ok(otherwise),
        }
    }
}

/// One HTTP connection.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Connection {
    async fn open(endpoint: &str) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(endpoint).await?;
        stream.set_nodelay(true)?;
        let buffer = Vec::with_capacity(4_096);
        Ok(Connection { stream, buffer })
    }

    async fn call(&mut self, operation: &str, body: &str) -> Result<Answer, Failure> {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: s\r\nX-Amz-Target: AWSStepFunctions.{operation}\r\n\
             Content-Type: application/x-amz-json-1.0\r\nAuthorization: {CREDENTIALS}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let (head, length) = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("closed before the answer".into());
            }
            if let Some(head) = self.buffer.windows(4).position(|part| part == b"\r\n\r\n") {
                break (head + 4, content_length(&self.buffer[..head])?);
            }
        };
        while self.buffer.len() < head + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("closed within the answer".into());
            }
        }
        let status = std::str::from_utf8(&self.buffer[9..12])?.parse()?;
        let body = self.buffer[head..head + length].to_vec();
        Ok(Answer { status, body })
    }
}

fn content_length(head: &[u8]) -> Result<usize, Failure> {
    let text = std::str::from_utf8(head)?;
    let value = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim())
    });
    Ok(value.ok_or("an answer without a length")?.parse()?)
}

/// What happened, counted.
#[derive(Default)]
struct Counts {
    accepted: Vec<u64>,
    accepted_in_time: u64,
    throttled: u64,
    timeouts: u64,
    unsent: u64,
    errors: BTreeMap<String, u64>,
    /// Microseconds since the request was due.
    latencies: Vec<u64>,
    refusal_latencies: Vec<u64>,
}

/// Requests that are due, and what all connections share.
struct Load {
    endpoint: String,
    machine: String,
    prefix: String,
    timeout: Duration,
    patience: Duration,
    ends: Instant,
    due: RefCell<VecDeque<(u64, Instant)>>,
    waiting: Semaphore,
    idle: Cell<usize>,
    open: Cell<usize>,
    counts: RefCell<Counts>,
}

impl Load {
    fn add(&self, number: u64, due: Instant) {
        self.due.borrow_mut().push_back((number, due));
        self.waiting.add_permits(1);
    }

    /// A connection's life: takes what is due, one after the other.
    async fn client(self: Rc<Load>) {
        let mut connection = None;
        loop {
            self.idle.set(self.idle.get() + 1);
            let permit = self.waiting.acquire().await;
            self.idle.set(self.idle.get() - 1);
            let Ok(permit) = permit else { return };
            permit.forget();
            let next = self.due.borrow_mut().pop_front();
            let Some((number, due)) = next else { continue };
            if due.elapsed() > self.patience {
                self.counts.borrow_mut().unsent += 1;
            } else {
                self.start(&mut connection, number, due).await;
            }
        }
    }

    async fn start(&self, connection: &mut Option<Connection>, number: u64, due: Instant) {
        let body = format!(
            r#"{{"stateMachineArn":"{}","name":"{}{number}","input":"{{\"n\":{number}}}"}}"#,
            self.machine, self.prefix
        );
        let asked = timeout_at((due + self.timeout).into(), async {
            if connection.is_none() {
                *connection = Some(Connection::open(&self.endpoint).await?);
            }
            let open = connection.as_mut().ok_or("no connection")?;
            open.call("StartExecution", &body).await
        });
        let answer = asked.await;
        if !matches!(answer, Ok(Ok(_))) {
            *connection = None;
        }
        self.count(number, due, answer.ok());
    }

    fn count(&self, number: u64, due: Instant, answer: Option<Result<Answer, Failure>>) {
        let mut counts = self.counts.borrow_mut();
        let micros = due.elapsed().as_micros() as u64;
        let error = match answer {
            None => {
                counts.timeouts += 1;
                return;
            }
            Some(Err(error)) => error.to_string(),
            Some(Ok(answer)) if answer.status == 200 => {
                counts.accepted.push(number);
                counts.accepted_in_time += u64::from(Instant::now() <= self.ends);
                counts.latencies.push(micros);
                return;
            }
            Some(Ok(answer)) => {
                let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                if answer.status == 400
                    && said["__type"] == "ThrottlingException"
                    && said["message"] == "Rate exceeded"
                {
                    counts.throttled += 1;
                    counts.refusal_latencies.push(micros);
                    return;
                }
                format!("{} {}", answer.status, said["__type"])
            }
        };
        *counts.errors.entry(error).or_default() += 1;
    }
}

/// Makes requests due at the rate, until the time is over; how many.
async fn pace(load: &Rc<Load>, rate: f64, connections: usize) -> u64 {
    let began = Instant::now();
    let mut made = 0;
    while Instant::now() < load.ends {
        let target = (began.elapsed().as_secs_f64() * rate) as u64;
        while made < target {
            load.add(made, began + Duration::from_secs_f64(made as f64 / rate));
            made += 1;
        }
        while load.due.borrow().len() > load.idle.get() && load.open.get() < connections {
            load.open.set(load.open.get() + 1);
            load.idle.set(load.idle.get() + 1);
            let client = load.clone();
            spawn_local(async move {
                client.idle.set(client.idle.get() - 1);
                client.client().await
            });
        }
        sleep(Duration::from_millis(1)).await;
    }
    made
}

/// Every connection asks again as soon as it is answered.
async fn saturate(load: &Rc<Load>, connections: usize) -> u64 {
    let next = Rc::new(Cell::new(0));
    let clients: Vec<_> = (0..connections)
        .map(|_| {
            let (load, next) = (load.clone(), next.clone());
            spawn_local(async move {
                let mut connection = None;
                while Instant::now() < load.ends {
                    let number = next.get();
                    next.set(number + 1);
                    load.start(&mut connection, number, Instant::now()).await;
                }
            })
        })
        .collect();
    for client in clients {
        let _ = client.await;
    }
    next.get()
}

/// Reads as another client would; microseconds of each answer, and how many were none.
async fn probe(endpoint: String, execution: String, ends: Instant) -> (Vec<u64>, u64) {
    let (mut latencies, mut failures, mut connection) = (Vec::new(), 0, None);
    let body = json!({ "executionArn": execution }).to_string();
    let mut due = Instant::now();
    for operation in ["DescribeExecution", "GetExecutionHistory"].iter().cycle() {
        if Instant::now() >= ends {
            break;
        }
        let asked = async {
            if connection.is_none() {
                connection = Some(Connection::open(&endpoint).await?);
            }
            connection
                .as_mut()
                .ok_or("no connection")?
                .call(operation, &body)
                .await
        };
        match asked.await {
            Ok(answer) if answer.status == 200 => latencies.push(due.elapsed().as_micros() as u64),
            Ok(_) => failures += 1,
            Err(_) => {
                failures += 1;
                connection = None;
            }
        }
        due = (due + Duration::from_millis(20)).max(Instant::now());
        sleep_until(due.into()).await;
    }
    (latencies, failures)
}

/// The status of every execution of the machine, by name, once none is running.
async fn ended(endpoint: &str, machine: &str) -> Result<HashMap<String, String>, Failure> {
    let mut connection = Connection::open(endpoint).await?;
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let body =
            json!({ "stateMachineArn": machine, "statusFilter": "RUNNING", "maxResults": 1 });
        let answer = connection.call("ListExecutions", &body.to_string()).await?;
        let listed: Value = serde_json::from_slice(&answer.body)?;
        if listed["executions"].as_array().is_some_and(Vec::is_empty)
            && listed.get("nextToken").is_none()
        {
            break;
        }
        if Instant::now() > deadline {
            return Err("executions are still running after 120 s".into());
        }
        sleep(Duration::from_millis(200)).await;
    }
    let (mut found, mut token) = (HashMap::new(), Value::Null);
    loop {
        let mut body = json!({ "stateMachineArn": machine, "maxResults": 1000 });
        if !token.is_null() {
            body["nextToken"] = token;
        }
        let answer = connection.call("ListExecutions", &body.to_string()).await?;
        let listed: Value = serde_json::from_slice(&answer.body)?;
        for one in listed["executions"].as_array().into_iter().flatten() {
            let text = |member: &str| one[member].as_str().unwrap_or_default().to_owned();
            found.insert(text("name"), text("status"));
        }
        token = listed.get("nextToken").cloned().unwrap_or_default();
        if token.is_null() {
            return Ok(found);
        }
    }
}

fn percentile(sorted: &[u64], part: f64) -> f64 {
    let at = ((sorted.len() as f64 * part) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |micros| *micros as f64 / 1000.0)
}

fn spread(mut micros: Vec<u64>) -> Value {
    micros.sort_unstable();
    json!({ "p50_ms": percentile(&micros, 0.5), "p99_ms": percentile(&micros, 0.99), "max_ms": percentile(&micros, 1.0) })
}

async fn run() -> Result<bool, Failure> {
    let arguments = Arguments::read()?;
    let (endpoint, machine) = (arguments.text("endpoint")?, arguments.text("machine")?);
    let rate = arguments.number("rate", 0.0)?;
    let seconds = arguments.number("seconds", 10.0)?;
    let connections = arguments.number("connections", 2_048.0)? as usize;
    let ends = Instant::now() + Duration::from_secs_f64(seconds);
    let load = Rc::new(Load {
        endpoint: endpoint.clone(),
        machine: machine.clone(),
        prefix: arguments.text("prefix").unwrap_or_else(|_| "e".to_owned()),
        timeout: Duration::from_secs_f64(arguments.number("timeout", 10.0)?),
        patience: Duration::from_secs_f64(arguments.number("patience", 1.0)?),
        ends,
        due: RefCell::default(),
        waiting: Semaphore::new(0),
        idle: Cell::new(0),
        open: Cell::new(0),
        counts: RefCell::default(),
    });
    let reader = arguments
        .text("probe")
        .ok()
        .map(|execution| spawn_local(probe(endpoint.clone(), execution, ends)));
    let due = match rate > 0.0 {
        true => pace(&load, rate, connections).await,
        false => saturate(&load, connections).await,
    };
    while {
        let counts = load.counts.borrow();
        let errors: u64 = counts.errors.values().sum();
        counts.accepted.len() as u64 + counts.throttled + counts.timeouts + counts.unsent + errors
            < due
    } {
        sleep(Duration::from_millis(20)).await;
    }
    let counts = load.counts.take();
    let statuses = ended(&endpoint, &machine).await?;
    let lost = counts.accepted.iter().filter(|number| {
        let name = format!("{}{number}", load.prefix);
        statuses.get(&name).map(String::as_str) != Some("SUCCEEDED")
    });
    let lost = lost.count();
    let (reads, unread) = match reader {
        Some(reader) => reader.await?,
        None => (Vec::new(), 0),
    };
    let report = json!({
        "rate": rate, "seconds": seconds, "due": due,
        "accepted": counts.accepted.len(), "accepted_per_s": (counts.accepted_in_time as f64 / seconds).round(),
        "throttled": counts.throttled, "timeouts": counts.timeouts, "unsent": counts.unsent, "errors": counts.errors,
        "connections": load.open.get().max(if rate > 0.0 { 0 } else { connections }),
        "accepted_latency": spread(counts.latencies), "throttled_latency": spread(counts.refusal_latencies),
        "reads": reads.len(), "reads_failed": unread, "read_latency": spread(reads),
        "accepted_not_succeeded": lost,
    });
    println!("{report}");
    Ok(lost == 0)
}

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match LocalSet::new().block_on(&runtime, run())? {
        true => Ok(()),
        false => Err("executions that were accepted have not succeeded".into()),
    }
}
