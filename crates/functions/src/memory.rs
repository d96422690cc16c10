//! How much memory a function's processes use, read from `/proc`.
//!
//! Lambda's limit is on the memory of the whole execution environment. An address-space limit cannot stand for it: Node.js reserves
//! gigabytes it never touches. So what counts is resident memory, sampled while the function runs: all of it for the function's own
//! process, the private part for the processes it started (shared pages would count twice). What a burst can take between two
//! samples is bounded by the launcher (`RLIMIT_DATA`, see [`data_limit`]).

use std::time::Duration;

/// How often a busy process is looked at.
pub(crate) const SAMPLE_INTERVAL: Duration = Duration::from_millis(50);

/// More descendants than these are not looked at.
const MAX_DESCENDANTS: usize = 256;

/// The hard ceiling on private writable memory of one process, in bytes: far enough above the limit that the runtimes start and
/// that the sampling decides, near enough that no burst takes the machine.
pub(crate) fn data_limit(memory_mb: u32) -> u64 {
    (u64::from(memory_mb) * 2 + 1024) << 20
}

/// Bytes in use by process `root` and its descendants; 0 where there is no `/proc`, or no process.
pub(crate) fn in_use(root: u32) -> u64 {
    let mut total = resident(root).map_or(0, |(resident, _)| resident);
    let mut pending = children(root);
    let mut seen = 0;
    while let Some(pid) = pending.pop() {
        seen += 1;
        if seen > MAX_DESCENDANTS {
            break;
        }
        total += resident(pid).map_or(0, |(resident, shared)| resident - shared.min(resident));
        pending.extend(children(pid));
    }
    total
}

/// The most memory that process `pid` has ever used, in MB, rounded up.
pub(crate) fn peak_mb(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes.div_ceil(1024))
}

/// Resident and shared bytes of one process.
fn resident(pid: u32) -> Option<(u64, u64)> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let mut pages = statm.split(' ').skip(1).map(str::parse::<u64>);
    let resident = pages.next()?.ok()?;
    let shared = pages.next()?.ok()?;
    let page = rustix::param::page_size() as u64;
    Some((resident * page, shared * page))
}

fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let listed = std::fs::read_to_string(path).unwrap_or_default();
    listed
        .split_ascii_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}
