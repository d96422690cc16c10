//! The process between the host and a function's process: it ends the function, and whatever the function started, when the host
//! is gone, however it went.
//!
//! A host that is killed with SIGKILL cannot clean up, and a parent-death signal alone is not enough: it reaches the function's
//! own process only, and hangs on the life of the host's *thread*. So every function's process has this small supervisor as its parent:
//!
//! - its standard input is a socket to the host; when that closes, the supervisor kills the function's process group and everything
//!   that was reparented to it (it is a child subreaper);
//! - the function's process itself dies by parent-death signal if the supervisor is the one that is killed.
//!
//! Over the same socket the host sends what to run ([`Orders`]) and hears how it went (`started <pid>`, `exit <code>`,
//! `signal <number>`, `failed <why>`, a line each).

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, kill_process, kill_process_group, setrlimit,
};
use serde::{Deserialize, Serialize};

/// Lambda's limit on open files.
const OPEN_FILES: u64 = 1024;
/// Orders hold an environment (at most some KB) and paths.
const MAX_ORDERS_BYTES: usize = 1 << 20;
/// The shell's exit status of a command that cannot be executed.
const CANNOT_EXECUTE: u8 = 126;

/// What the host wants to be run. On the socket: a little-endian u32 length, then JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Orders {
    /// The arguments that lead to [`main`] in this executable.
    pub(crate) launcher_args: Vec<String>,
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) directory: String,
    /// `RLIMIT_DATA` in bytes.
    pub(crate) data_limit: u64,
}

impl Orders {
    /// The bytes on the socket.
    pub(crate) fn encode(&self) -> io::Result<Vec<u8>> {
        let json = serde_json::to_vec(self)?;
        let length = u32::try_from(json.len()).map_err(io::Error::other)?;
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(json);
        Ok(bytes)
    }

    fn read(from: &mut impl Read) -> io::Result<Orders> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_ORDERS_BYTES {
            return Err(io::Error::other("the orders are too long"));
        }
        let mut json = vec![0; length];
        from.read_exact(&mut json)?;
        serde_json::from_slice(&json).map_err(io::Error::other)
    }
}

/// The launcher's main function: `args` are the arguments after those that lead here (`stepwell function-launcher <args>`).
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let result = match args.first() {
        Some(first) if first == "exec" => Err(exec(&args[1..])),
        Some(_) => Err(io::Error::other("the function launcher is not for people")),
        None => supervise(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(CANNOT_EXECUTE)
        }
    }
}

/// Second stage, in the function's process: `exec <parent> <program> <args>`. Returns only what went wrong.
fn exec(args: &[OsString]) -> io::Error {
    let [parent, program, args @ ..] = args else {
        return io::Error::other("the function launcher is not for people");
    };
    if let Err(error) = die_with_parent(parent) {
        return error;
    }
    let error = Command::new(program).args(args).exec();
    io::Error::new(
        error.kind(),
        format!("fork/exec {}: {error}", program.to_string_lossy()),
    )
}

#[cfg(target_os = "linux")]
fn die_with_parent(parent: &OsString) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that died before the line above sends no signal any more.
    let now = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().to_string());
    match now {
        Some(now) if parent.to_str() == Some(&now) => Ok(()),
        _ => Err(io::Error::other("the supervisor is gone")),
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_parent: &OsString) -> io::Result<()> {
    Ok(())
}

fn supervise() -> io::Result<()> {
    close_inherited();
    let orders = Orders::read(&mut io::stdin().lock())?;
    match start(&orders) {
        Ok(child) => watch(child),
        Err(error) => report(&format!("failed {error}")),
    }
}

/// Closes what the host itself was started with, open files of a shell or a service manager: not for functions.
fn close_inherited() {
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
    let numbers = open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    for number in numbers.filter(|number| *number > 2).collect::<Vec<i32>>() {
        // The folder's own is closed already.
        let _ = nix::unistd::close(number);
    }
}

fn start(orders: &Orders) -> io::Result<Child> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    limit(Resource::Data, orders.data_limit)?;
    limit(Resource::Nofile, OPEN_FILES)?;
    limit(Resource::Core, 0)?;
    Command::new(own_executable()?)
        .args(&orders.launcher_args)
        .arg("exec")
        .arg(std::process::id().to_string())
        .arg(&orders.program)
        .args(&orders.args)
        .env_clear()
        .envs(orders.environment.iter().cloned())
        .current_dir(&orders.directory)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
}

fn own_executable() -> io::Result<std::path::PathBuf> {
    let own = std::path::PathBuf::from("/proc/self/exe");
    match own.exists() {
        true => Ok(own),
        false => std::env::current_exe(),
    }
}

/// Sets a limit, or the highest value allowed below it.
fn limit(resource: Resource, wanted: u64) -> io::Result<()> {
    let allowed = rustix::process::getrlimit(resource).maximum;
    let value = Some(allowed.map_or(wanted, |allowed| allowed.min(wanted)));
    let both = Rlimit {
        current: value,
        maximum: value,
    };
    Ok(setrlimit(resource, both)?)
}

/// Waits for the function's process to end, or the host to go, and leaves nothing behind.
fn watch(mut child: Child) -> io::Result<()> {
    let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return Err(io::Error::other("the process has no id"));
    };
    report(&format!("started {}", child.id()))?;
    let ended = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&ended);
    std::thread::Builder::new().spawn(move || {
        wait_for_host_to_go();
        if !seen.load(Ordering::SeqCst) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    })?;
    let status = child.wait()?;
    ended.store(true, Ordering::SeqCst);
    // The host may be gone, and nobody left to be told.
    let _ = report(&describe(status));
    let _ = kill_process_group(group, Signal::KILL);
    reap_the_rest();
    Ok(())
}

/// The host sends nothing after its orders: whatever `read` returns, the end of it is the end of the host or its wish to end this.
fn wait_for_host_to_go() {
    let mut byte = [0];
    while matches!(io::stdin().lock().read(&mut byte), Ok(1)) {}
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "exit 0".to_owned(),
    }
}

/// Kills and reaps what the function left running. Processes below a killed one become this process's children in their turn.
fn reap_the_rest() {
    loop {
        for pid in own_children() {
            let _ = kill_process(pid, Signal::KILL);
        }
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

fn own_children() -> Vec<Pid> {
    let pid = std::process::id();
    let path = format!("/proc/self/task/{pid}/children");
    let listed = std::fs::read_to_string(path).unwrap_or_default();
    listed
        .split_ascii_whitespace()
        .filter_map(|pid| Pid::from_raw(pid.parse().ok()?))
        .collect()
}

/// A line to the host, over the socket that is this process's standard input.
fn report(line: &str) -> io::Result<()> {
    use std::os::fd::AsFd;
    let mut socket = std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.write_all(format!("{line}\n").as_bytes())
}
