//! Durable commits per second of the embedded store, beside what the disk itself can do in the same run.
//!
//! `cargo run --release -p store --example commit_bench [-- DIRECTORY [SECONDS [IN_FLIGHT...]]]`; the directory must be on the disk
//! that is to be measured (default: the current directory). A transaction is 5 keys of 300 bytes with one precondition.
//! Each number of submitters keeps that many transactions in flight.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use store::{EmbeddedStore, Options, Outcome, Store, StoreError, Transaction, commit};

/// The server's allocator, since it shapes both speed and memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const KEYS: u64 = 5;
const VALUE_BYTES: usize = 300;
/// Bytes of the raw write that is synced: what one such transaction takes in the log, rounded up to pages.
const RAW_BYTES: usize = 4096;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let parent = arguments
        .next()
        .map_or_else(|| PathBuf::from("."), PathBuf::from);
    let seconds = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let in_flight = arguments
        .map(|text| text.parse())
        .collect::<Result<Vec<u64>, _>>()?;
    let directory = parent.join(format!("commit-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let result = bench(&directory, Duration::from_secs(seconds), &in_flight);
    std::fs::remove_dir_all(&directory)?;
    result
}

fn bench(
    directory: &Path,
    duration: Duration,
    in_flight: &[u64],
) -> Result<(), Box<dyn std::error::Error>> {
    let in_flight = if in_flight.is_empty() {
        &[1, 16, 64, 1024]
    } else {
        in_flight
    };
    let opening = Instant::now();
    let store = EmbeddedStore::open(directory.join("store"), Options::default())?;
    println!(
        "open, new store: {:.1?}; resident {} KiB",
        opening.elapsed(),
        resident()
    );
    let raw = raw_sync(&directory.join("raw"), duration)?;
    println!("raw write + fdatasync of {RAW_BYTES} bytes, preallocated: p50 {raw:.0?}\n");
    alone(&store, duration, raw)?;
    let store = Arc::new(store);
    println!(
        "in flight   commits/s   per batch   mean latency   of raw  raw sync   log MiB/s   resident KiB"
    );
    for submitters in in_flight {
        // The disk is shared: what it can do right before is the measure.
        let raw = raw_sync(&directory.join("raw"), duration / 5)?;
        flood(&store, *submitters, duration, raw);
    }
    store.close()?;
    drop(store);
    let opening = Instant::now();
    let store = EmbeddedStore::open(directory.join("store"), Options::default())?;
    let commits = store.stats().sequence;
    println!("\nopen, after {commits} commits: {:.1?}", opening.elapsed());
    Ok(())
}

/// The median time of one write and fdatasync in a preallocated file.
fn raw_sync(path: &Path, duration: Duration) -> std::io::Result<Duration> {
    const FILE_BYTES: usize = 4 << 20;
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(true).write(true).open(path)?;
    file.write_all_at(&vec![0; FILE_BYTES], 0)?;
    file.sync_all()?;
    let page = [7; RAW_BYTES];
    let mut times = Vec::new();
    let end = Instant::now() + duration;
    while Instant::now() < end {
        let at = (times.len() * RAW_BYTES) % FILE_BYTES;
        let start = Instant::now();
        file.write_all_at(&page, at as u64)?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// One submitter that waits for each commit: latency is what counts.
fn alone(store: &EmbeddedStore, duration: Duration, raw: Duration) -> Result<(), StoreError> {
    let mut times = Vec::new();
    let end = Instant::now() + duration;
    while Instant::now() < end {
        let start = Instant::now();
        commit(store, transaction(times.len() as u64))?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let p50 = times[times.len() / 2];
    let p99 = times[times.len() * 99 / 100];
    let ratio = p50.as_secs_f64() / raw.as_secs_f64();
    println!("one blocking submitter: p50 {p50:.0?} ({ratio:.2} of raw), p99 {p99:.0?}\n");
    Ok(())
}

/// Keeps `submitters` transactions in flight: each completion submits the next.
fn flood(store: &Arc<EmbeddedStore>, submitters: u64, duration: Duration, raw: Duration) {
    let before = store.stats();
    let start = Instant::now();
    let load = Arc::new(Load {
        store: store.clone(),
        next: AtomicU64::new(before.sequence + 1_000_000),
        end: start + duration,
        running: Mutex::new(submitters),
        idle: Condvar::new(),
    });
    (0..submitters).for_each(|_| submit_next(load.clone()));
    let mut running = load.running.lock().expect("nobody panics");
    while *running > 0 {
        running = load.idle.wait(running).expect("nobody panics");
    }
    let (elapsed, after) = (start.elapsed(), store.stats());
    let commits = (after.commits - before.commits) as f64;
    let per_second = commits / elapsed.as_secs_f64();
    let latency = submitters as f64 / per_second;
    println!(
        "{submitters:9} {per_second:11.0} {:11.1} {:12.0}us {:8.2} {:7.0}us {:11.1} {:14}",
        commits / (after.batches - before.batches) as f64,
        latency * 1e6,
        latency / raw.as_secs_f64(),
        raw.as_secs_f64() * 1e6,
        (after.bytes_written - before.bytes_written) as f64 / elapsed.as_secs_f64() / 1048576.0,
        resident(),
    );
}

struct Load {
    store: Arc<EmbeddedStore>,
    next: AtomicU64,
    end: Instant,
    running: Mutex<u64>,
    idle: Condvar,
}

fn submit_next(load: Arc<Load>) {
    let tx = transaction(load.next.fetch_add(1, Ordering::Relaxed));
    let store = load.store.clone();
    let done = move |result: Result<Outcome, StoreError>| {
        result.expect("the disk works");
        if Instant::now() < load.end {
            submit_next(load);
        } else {
            *load.running.lock().expect("nobody panics") -= 1;
            load.idle.notify_one();
        }
    };
    store.submit(tx, Box::new(done));
}

/// Two fresh keys and three of a set that is written again and again, as checkpoints of workflows do.
fn transaction(number: u64) -> Transaction {
    let fresh = format!("account/region/execution/{number:016x}");
    let mut tx = Transaction::new().require_absent(fresh.clone());
    for key in 0..KEYS {
        let value = vec![b'a' + (number % 23) as u8; VALUE_BYTES];
        tx = match key {
            0 => tx.put(fresh.clone(), value),
            1 => tx.put(format!("{fresh}/history"), value),
            _ => tx.put(
                format!("account/region/state/{:08x}/{key}", number % 50_000),
                value,
            ),
        };
    }
    tx
}

/// Resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}
