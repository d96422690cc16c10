//! One function's process as the host sees it: started through the launcher, heard of over the launcher's socket, ended by closing it.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};

use crate::config::LauncherCommand;
use crate::launcher::Orders;

/// How a process ended. `Display` is Lambda's text (which is Go's).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
    /// The supervisor was lost; the process was killed with it.
    Lost,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(0) => write!(f, "Runtime exited without providing a reason"),
            Exit::Code(code) => write!(f, "Runtime exited with error: exit status {code}"),
            Exit::Signal(number) => {
                let name = signal_name(*number);
                write!(f, "Runtime exited with error: signal: {name}")
            }
            Exit::Lost => write!(f, "Runtime exited with error: signal: killed"),
        }
    }
}

fn signal_name(number: i32) -> String {
    let name = match number {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        _ => return format!("signal {number}"),
    };
    name.to_owned()
}

/// What to run, and where.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) directory: String,
    pub(crate) data_limit: u64,
}

/// A running process (or one that has ended and was not looked at yet). Dropping it kills the process and all it has started.
pub(crate) struct Process {
    supervisor: Child,
    reports: Lines<BufReader<OwnedReadHalf>>,
    /// Closing it is the order to kill.
    orders: Option<OwnedWriteHalf>,
    pid: Option<u32>,
}

impl Process {
    /// Starts the process; returns with it the pipe that carries its standard output and error.
    pub(crate) async fn start(
        launcher: &LauncherCommand,
        launch: Launch,
    ) -> io::Result<(Process, OwnedFd)> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        let (output, input) = io::pipe()?;
        let supervisor = Command::new(&launcher.program)
            .args(&launcher.args)
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(input.try_clone()?)
            .stderr(input)
            .process_group(0)
            .spawn()?;
        ours.set_nonblocking(true)?;
        let (reports, orders) = UnixStream::from_std(ours)?.into_split();
        let mut process = Process {
            supervisor,
            reports: BufReader::new(reports).lines(),
            orders: Some(orders),
            pid: None,
        };
        process.send(launcher, launch).await?;
        Ok((process, output.into()))
    }

    async fn send(&mut self, launcher: &LauncherCommand, launch: Launch) -> io::Result<()> {
        let launcher_args = launcher.args.iter();
        let orders = Orders {
            launcher_args: launcher_args
                .map(|arg| arg.to_string_lossy().into_owned())
                .collect(),
            program: launch.program,
            args: launch.args,
            environment: launch.environment,
            directory: launch.directory,
            data_limit: launch.data_limit,
        };
        let bytes = orders.encode()?;
        match &mut self.orders {
            Some(socket) => socket.write_all(&bytes).await,
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// The function's process, once it is known.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Waits until the process has ended. Cancel-safe; to be called once after the end.
    pub(crate) async fn exited(&mut self) -> Exit {
        while let Ok(Some(report)) = self.reports.next_line().await {
            let (what, number) = report.split_once(' ').unwrap_or((&report, ""));
            match (what, number.parse::<i32>()) {
                ("started", Ok(pid)) => self.pid = u32::try_from(pid).ok(),
                ("exit", Ok(code)) => return Exit::Code(code),
                ("signal", Ok(number)) => return Exit::Signal(number),
                _ => tracing::warn!(report, "a function's process could not be started"),
            }
        }
        self.kill_orphan();
        Exit::Lost
    }

    /// Without a supervisor the process has had its parent-death signal; this is for what it has started.
    fn kill_orphan(&mut self) {
        let pid = self.pid.and_then(|pid| i32::try_from(pid).ok());
        if let Some(group) = pid.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }

    /// Kills the process and all it has started, and waits until they are gone.
    pub(crate) async fn end(mut self) {
        self.orders = None;
        let _ = self.supervisor.wait().await;
    }
}
