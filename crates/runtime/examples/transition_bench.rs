//! What a transition costs, layer by layer: time, allocations and bytes to disk, beside what the disk itself can do.
//!
//! `cargo run --release -p runtime --example transition_bench [-- DIRECTORY]`; the directory must be on the disk that is to be
//! measured. The workflow is W1: ten Pass states. A transition is one of its states, entered and left. Each line adds a
//! layer to the one before; the last ones keep 1, 16, 64 and 256 starts in flight over the durable store.

use std::alloc::System;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use asl::definition::Machine;
use engine::{Execution, Facts, Input, Limits, Machinery, Timestamp, step};
use expr::Entropy;
use expr::json::Document;
use runtime::{
    Namespace, Options, Ports, Runtime, StartRequest, SystemClock, TaskCall, TaskKey, TaskRunner,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use store::{EmbeddedStore, MemoryStore, Store, Transaction, commit};

/// The system's, counted; the server's own is quicker.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const STATES: usize = 10;
const INPUT: &str = r#"{"order": 17, "lines": [1, 2, 3]}"#;
const REVISION: &str = "revision";

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let parent = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let directory = Path::new(&parent).join(format!("transition-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let result = measure(&directory);
    std::fs::remove_dir_all(&directory)?;
    result
}

fn measure(directory: &Path) -> Result<(), Failure> {
    let definition = definition();
    let machine = asl::compile(&definition, &asl::Options::default())
        .map_err(|_| "the definition is refused")?;
    println!(
        "{:<34} {:>12} {:>14} {:>13} {:>14} {:>12} {:>12}",
        "per transition",
        "time",
        "transitions/s",
        "allocations",
        "bytes in them",
        "disk bytes",
        "fdatasyncs"
    );
    engine_alone(&machine);
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    tokio.block_on(async {
        let memory = MemoryStore::new();
        over(
            "runtime, store in memory, 64",
            Arc::new(memory),
            &definition,
            64,
            20_000,
            || (0, 0),
        )
        .await?;
        for in_flight in [1, 16, 64, 256] {
            let store = Arc::new(EmbeddedStore::open(
                directory.join(format!("store-{in_flight}")),
                store::Options::default(),
            )?);
            let measured = store.clone();
            let written = move || {
                let stats = measured.stats();
                (stats.bytes_written, stats.fsyncs)
            };
            let name = format!("runtime, durable store, {in_flight}");
            let executions = 200 * in_flight.clamp(10, 100);
            over(&name, store, &definition, in_flight, executions, written).await?;
        }
        Ok::<(), Failure>(())
    })?;
    let sync = raw_sync(&directory.join("raw"))?;
    println!(
        "\nthe disk alone: one write of 4 KiB and fdatasync in {sync:.0?} (median), {:.0} a second",
        1.0 / sync.as_secs_f64()
    );
    Ok(())
}

fn definition() -> String {
    let states: Vec<String> = (0..STATES)
        .map(|n| match n + 1 == STATES {
            true => format!(r#""S{n}": {{"Type": "Pass", "End": true}}"#),
            false => format!(r#""S{n}": {{"Type": "Pass", "Next": "S{}"}}"#, n + 1),
        })
        .collect();
    format!(
        r#"{{"StartAt": "S0", "States": {{{}}}}}"#,
        states.join(", ")
    )
}

/// A line of the table: what `executions` took.
fn show(
    what: &str,
    executions: usize,
    took: Duration,
    region: &Region<'_, System>,
    disk: (u64, u64),
) {
    let transitions = (executions * STATES) as f64;
    let change = region.change();
    println!(
        "{what:<34} {:>9.3} us {:>14.0} {:>13.2} {:>14.0} {:>12.1} {:>12.5}",
        took.as_secs_f64() * 1e6 / transitions,
        transitions / took.as_secs_f64(),
        (change.allocations + change.reallocations) as f64 / transitions,
        change.bytes_allocated as f64 / transitions,
        disk.0 as f64 / transitions,
        disk.1 as f64 / transitions,
    );
}

fn engine_alone(machine: &Machine) {
    const EXECUTIONS: usize = 50_000;
    let limits = Limits::default();
    let mut entropy = Counter(1);
    let (region, began) = (Region::new(ALLOCATOR), Instant::now());
    for number in 0..EXECUTIONS {
        let mut execution = Execution::new(Arc::new(facts(number)));
        let machinery = Machinery {
            machine,
            limits: &limits,
            entropy: &mut entropy,
            surroundings: &engine::Alone,
        };
        let made = step(machinery, &mut execution, Input::Start, Timestamp(1));
        assert!(execution.is_closed());
        black_box(made);
    }
    show("engine alone", EXECUTIONS, began.elapsed(), &region, (0, 0));
}

async fn over(
    what: &str,
    store: Arc<dyn Store>,
    definition: &str,
    in_flight: usize,
    executions: usize,
    written: impl Fn() -> (u64, u64),
) -> Result<(), Failure> {
    let rows = runtime::definition_rows(&namespace(), REVISION, definition);
    commit(
        store.as_ref(),
        Transaction {
            preconditions: Vec::new(),
            writes: rows.into(),
        },
    )?;
    let ports = Ports {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(|| Box::new(Counter(u64::from(std::process::id())))),
        runner: Arc::new(Nobody),
        objects: Arc::new(runtime::NoObjects),
        listener: None,
    };
    let runtime = Arc::new(Runtime::open(store, ports, Options::default())?);
    let (before, region, began) = (written(), Region::new(ALLOCATOR), Instant::now());
    let clients = (0..in_flight).map(|client| {
        let runtime = runtime.clone();
        tokio::spawn(async move {
            for number in (client..executions).step_by(in_flight) {
                runtime.start(request(number)).await?;
            }
            Ok::<(), runtime::RuntimeError>(())
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await??;
    }
    let (took, after) = (began.elapsed(), written());
    show(
        what,
        executions,
        took,
        &region,
        (after.0 - before.0, after.1 - before.1),
    );
    runtime.shutdown().await;
    Ok(())
}

fn facts(number: usize) -> Facts {
    Facts {
        arn: format!("arn:aws:states:us-east-1:123456789012:execution:machine:{number}").into(),
        name: number.to_string().into(),
        machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:machine".into(),
        machine_name: "machine".into(),
        role_arn: "arn:aws:iam::123456789012:role/role".into(),
        region: "us-east-1".into(),
        started: Timestamp(0),
        input: Document::trusted(INPUT.into()),
        test_case: None,
    }
}

fn request(number: usize) -> StartRequest {
    StartRequest {
        namespace: namespace(),
        facts: facts(number),
        revision: REVISION.into(),
        trace_header: None,
        machine_created: Timestamp(0),
    }
}

fn namespace() -> Namespace {
    Namespace::new("123456789012", "us-east-1")
}

/// The median time of one write and fdatasync in a preallocated file.
fn raw_sync(path: &Path) -> std::io::Result<Duration> {
    const FILE_BYTES: usize = 4 << 20;
    const BLOCK: [u8; 4096] = [7; 4096];
    let file = std::fs::File::create(path)?;
    file.write_all_at(&vec![0; FILE_BYTES], 0)?;
    file.sync_all()?;
    let mut times = Vec::new();
    for block in 0..(FILE_BYTES / BLOCK.len()) as u64 {
        let began = Instant::now();
        file.write_all_at(&BLOCK, block * BLOCK.len() as u64)?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}

/// W1 calls nobody.
struct Nobody;

impl TaskRunner for Nobody {
    fn run(&self, _call: TaskCall) {}

    fn cancel(&self, _key: TaskKey) {}
}

/// Numbers that are not random: nothing here depends on chance.
struct Counter(u64);

impl Entropy for Counter {
    fn next_u64(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.0
    }
}
