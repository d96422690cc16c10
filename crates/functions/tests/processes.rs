//! Processes and their limits: reuse, concurrency, time, memory, and that nothing is left behind.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use functions::{Error, FunctionSpec, InvokeRequest, InvokeResult, PythonClient, Throttle};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use support::{Bench, PATIENCE, json as payload, python, text};

/// Connects to the test (the event is the port), says its process id, and answers when it is told to. The connection lives as long
/// as the process, or anything that inherited it.
const MEET: &str = r#"
import os, socket
def handler(port, context):
    global meeting
    meeting = socket.create_connection(("127.0.0.1", port))
    meeting.sendall(b"%d\n" % os.getpid())
    meeting.recv(1)
    return os.getpid()
"#;

const PID: &str = "import os\ndef handler(event, context):\n    return os.getpid()\n";

fn bundled() -> Bench {
    Bench::with_client(PythonClient::Bundled)
}

/// The test's side of [`MEET`].
struct Meeting {
    listener: TcpListener,
}

struct Guest {
    pid: u32,
    stream: BufReader<TcpStream>,
}

impl Meeting {
    async fn open() -> Meeting {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        Meeting { listener }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// The next process that says hello.
    async fn guest(&self) -> Guest {
        let hello = async {
            let (stream, _) = self.listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            let pid = line.trim().parse().unwrap();
            Guest { pid, stream }
        };
        let hello = tokio::time::timeout(PATIENCE, hello).await;
        hello.expect("no process said hello")
    }
}

impl Guest {
    async fn release(&mut self) {
        self.stream.get_mut().write_all(b"!").await.unwrap();
    }

    /// Waits until every process that holds the connection is gone.
    async fn gone(mut self) {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(PATIENCE, self.stream.read_to_end(&mut rest)).await;
        // A killed process may reset the connection instead of closing it.
        match end.expect("a process is left") {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
}

fn spawn(
    bench: &Bench,
    spec: &FunctionSpec,
    event: Value,
) -> tokio::task::JoinHandle<Result<InvokeResult, Error>> {
    let (host, spec) = (bench.host.clone(), Arc::new(spec.clone()));
    let request = InvokeRequest {
        payload: event.to_string().into(),
        ..InvokeRequest::default()
    };
    tokio::spawn(async move { host.invoke(&spec, request).await })
}

#[tokio::test]
async fn a_process_is_used_again() {
    if python().is_none() {
        return;
    }
    for client in [PythonClient::Auto, PythonClient::Bundled] {
        let bench = Bench::with_client(client);
        let spec = bench.function("python3.12", "handler.py", PID);
        let first = payload(&bench.invoke(&spec, json!({})).await);
        for _ in 0..20 {
            assert_eq!(payload(&bench.invoke(&spec, json!({})).await), first);
        }
        assert_eq!(bench.host.stats().workers, 1);
    }
}

#[tokio::test]
async fn a_failed_invocation_does_not_cost_the_process() {
    if python().is_none() {
        return;
    }
    let bench = bundled();
    let source = "import os\ndef handler(event, context):\n    if event: raise ValueError(event)\n    return os.getpid()\n";
    let spec = bench.function("python3.12", "handler.py", source);
    let first = payload(&bench.invoke(&spec, json!(null)).await);
    assert!(bench.invoke(&spec, json!("no")).await.failed);
    assert_eq!(payload(&bench.invoke(&spec, json!(null)).await), first);
}

#[tokio::test]
async fn another_revision_gets_another_process() {
    if python().is_none() {
        return;
    }
    let bench = bundled();
    let mut spec = bench.function("python3.12", "handler.py", PID);
    let first = payload(&bench.invoke(&spec, json!({})).await);
    spec.revision = "2".to_owned();
    assert_ne!(payload(&bench.invoke(&spec, json!({})).await), first);
}

#[tokio::test]
async fn invocations_run_at_the_same_time() {
    if python().is_none() {
        return;
    }
    let bench = bundled();
    let spec = bench.function("python3.12", "handler.py", MEET);
    let meeting = Meeting::open().await;
    let first = spawn(&bench, &spec, json!(meeting.port()));
    let mut one = meeting.guest().await;
    let second = spawn(&bench, &spec, json!(meeting.port()));
    let mut two = meeting.guest().await;
    assert_ne!(one.pid, two.pid);
    one.release().await;
    two.release().await;
    assert_eq!(payload(&first.await.unwrap().unwrap()), one.pid);
    assert_eq!(payload(&second.await.unwrap().unwrap()), two.pid);
}

#[tokio::test]
async fn a_burst_of_short_invocations_does_not_start_a_process_for_each() {
    if python().is_none() {
        return;
    }
    let bench = Bench::new(|config| {
        config.python_client = PythonClient::Bundled;
        config.max_starting = 2;
    });
    let spec = bench.function("python3.12", "handler.py", PID);
    let all: Vec<_> = (0..200).map(|_| spawn(&bench, &spec, json!({}))).collect();
    for one in all {
        assert!(!one.await.unwrap().unwrap().failed);
    }
    let workers = bench.host.stats().workers;
    assert!(
        workers <= 16,
        "{workers} processes for 200 short invocations"
    );
}

#[tokio::test]
async fn reserved_concurrency_throttles() {
    if python().is_none() {
        return;
    }
    let bench = bundled();
    let mut spec = bench.function("python3.12", "handler.py", MEET);
    spec.reserved_concurrency = Some(1);
    let meeting = Meeting::open().await;
    let running = spawn(&bench, &spec, json!(meeting.port()));
    let mut guest = meeting.guest().await;
    let throttled = spawn(&bench, &spec, json!(meeting.port())).await.unwrap();
    let expected = Throttle::ReservedFunctionConcurrentInvocationLimitExceeded;
    assert!(matches!(throttled, Err(Error::Throttled(reason)) if reason == expected));
    guest.release().await;
    assert!(!running.await.unwrap().unwrap().failed);
}

#[tokio::test]
async fn a_full_queue_throttles_and_a_full_host_makes_room() {
    if python().is_none() {
        return;
    }
    let bench = Bench::new(|config| {
        config.python_client = PythonClient::Bundled;
        config.max_workers = 1;
        config.max_queued = 1;
    });
    let spec = bench.function("python3.12", "handler.py", MEET);
    let other = bench.function("python3.12", "other.py", PID);
    let meeting = Meeting::open().await;
    let running = spawn(&bench, &spec, json!(meeting.port()));
    let mut guest = meeting.guest().await;
    let waiting = spawn(&bench, &other, json!({}));
    until(|| bench.host.stats().queued > 0).await;
    let throttled = spawn(&bench, &other, json!({})).await.unwrap();
    let expected = Throttle::ConcurrentInvocationLimitExceeded;
    assert!(matches!(throttled, Err(Error::Throttled(reason)) if reason == expected));
    guest.release().await;
    assert!(!running.await.unwrap().unwrap().failed);
    // The only place is taken from the idle process and given to the function that waits.
    assert!(!waiting.await.unwrap().unwrap().failed);
    guest.gone().await;
}

#[tokio::test]
async fn a_function_that_hangs_is_killed_with_all_it_started() {
    if python().is_none() {
        return;
    }
    let bench = bundled();
    let source = r#"
import os, socket, subprocess
def handler(port, context):
    meeting = socket.create_connection(("127.0.0.1", port))
    os.set_inheritable(meeting.fileno(), True)
    subprocess.Popen(["sleep", "1000"], close_fds=False, start_new_session=True)
    meeting.sendall(b"%d\n" % os.getpid())
    meeting.recv(1)
"#;
    let mut spec = bench.function("python3.12", "handler.py", source);
    spec.timeout = Duration::from_secs(1);
    let meeting = Meeting::open().await;
    let id = "00000000-aaaa-bbbb-cccc-000000000001";
    let (result, guest) = tokio::join!(
        bench.invoke_as(&spec, json!(meeting.port()), id),
        meeting.guest()
    );
    assert!(result.failed);
    assert_eq!(
        text(&result.payload),
        format!(
            r#"{{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: {id} Error: Task timed out after 1.00 seconds"}}"#
        )
    );
    let log = text(&result.log_tail);
    assert!(
        log.contains(&format!(" {id} Task timed out after 1.00 seconds\n")),
        "{log}"
    );
    guest.gone().await;
}

#[tokio::test]
async fn a_function_that_hangs_while_loading_times_out() {
    if python().is_none() {
        return;
    }
    let bench = Bench::new(|config| {
        config.python_client = PythonClient::Bundled;
        config.init_timeout = Duration::from_millis(100);
    });
    let source = "import threading\nthreading.Event().wait()\n";
    let mut spec = bench.function("python3.12", "handler.py", source);
    spec.timeout = Duration::from_secs(1);
    let result = bench.invoke(&spec, json!({})).await;
    assert!(result.failed);
    assert_eq!(payload(&result)["errorType"], "Sandbox.Timedout");
}

#[tokio::test]
async fn too_much_memory_ends_the_function_and_not_the_next_one() {
    if python().is_none() {
        return;
    }
    let bench = bundled();
    let source = r#"
import subprocess, sys
EAT = "x = []\nwhile True: x.append(bytearray(1 << 20))"
def handler(event, context):
    if event == "child": subprocess.run([sys.executable, "-c", EAT])
    if event == "self": exec(EAT)
    return "fine"
"#;
    let spec = bench.function("python3.12", "handler.py", source);
    for who in ["self", "child"] {
        let result = bench.invoke(&spec, json!(who)).await;
        assert!(result.failed);
        assert_eq!(
            text(&result.payload),
            r#"{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: 00000000-aaaa-bbbb-cccc-000000000001 Error: Runtime exited with error: signal: killed"}"#
        );
    }
    assert_eq!(payload(&bench.invoke(&spec, json!(null)).await), "fine");
}

#[tokio::test]
async fn a_process_that_ends_between_invocations_is_replaced() {
    if python().is_none() {
        return;
    }
    let bench = bundled();
    let spec = bench.function("python3.12", "handler.py", MEET);
    let meeting = Meeting::open().await;
    for _ in 0..3 {
        let running = spawn(&bench, &spec, json!(meeting.port()));
        let mut guest = meeting.guest().await;
        guest.release().await;
        assert!(!running.await.unwrap().unwrap().failed);
        kill(guest.pid);
        until(|| bench.host.stats().workers == 0).await;
        guest.gone().await;
    }
}

#[tokio::test]
async fn idle_processes_end() {
    if python().is_none() {
        return;
    }
    let bench = Bench::new(|config| {
        config.python_client = PythonClient::Bundled;
        config.idle_timeout = Duration::from_millis(10);
    });
    let spec = bench.function("python3.12", "handler.py", MEET);
    let meeting = Meeting::open().await;
    let running = spawn(&bench, &spec, json!(meeting.port()));
    let mut guest = meeting.guest().await;
    guest.release().await;
    assert!(!running.await.unwrap().unwrap().failed);
    guest.gone().await;
}

#[tokio::test]
async fn a_retired_function_ends_and_may_come_back() {
    if python().is_none() {
        return;
    }
    let bench = bundled();
    let spec = bench.function("python3.12", "handler.py", MEET);
    let meeting = Meeting::open().await;
    let first = spawn(&bench, &spec, json!(meeting.port()));
    let mut one = meeting.guest().await;
    bench.host.retire(&spec.arn);
    let second = spawn(&bench, &spec, json!(meeting.port()));
    let mut two = meeting.guest().await;
    assert_ne!(one.pid, two.pid);
    one.release().await;
    two.release().await;
    assert!(
        !first.await.unwrap().unwrap().failed,
        "what ran has finished"
    );
    assert!(!second.await.unwrap().unwrap().failed);
    one.gone().await;
    until(|| bench.host.stats().workers == 1).await;
}

#[tokio::test]
async fn shutdown_waits_for_what_runs() {
    if python().is_none() {
        return;
    }
    let bench = bundled();
    let spec = bench.function("python3.12", "handler.py", MEET);
    let meeting = Meeting::open().await;
    let running = spawn(&bench, &spec, json!(meeting.port()));
    let mut guest = meeting.guest().await;
    let host = bench.host.clone();
    let shutdown = tokio::spawn(async move { host.shutdown().await });
    while !matches!(
        spawn(&bench, &spec, json!(0)).await.unwrap(),
        Err(Error::ShuttingDown)
    ) {}
    guest.release().await;
    assert!(!running.await.unwrap().unwrap().failed);
    tokio::time::timeout(PATIENCE, shutdown)
        .await
        .unwrap()
        .unwrap();
    guest.gone().await;
    assert_eq!(bench.host.stats().workers, 0);
}

#[tokio::test]
async fn an_executable_named_bootstrap_is_a_runtime() {
    let Some(python) = python() else {
        return;
    };
    let bench = bundled();
    let source = format!(
        r#"#!{}
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    response = api.getresponse()
    event, id = response.read(), response.headers["Lambda-Runtime-Aws-Request-Id"]
    api.request("POST", f"/2018-06-01/runtime/invocation/{{id}}/response", b"echo: " + event)
    api.getresponse().read()
"#,
        python.display()
    );
    let spec = bench.function("provided.al2023", "bootstrap", &source);
    assert_eq!(
        text(&bench.invoke(&spec, json!(1)).await.payload),
        "echo: 1"
    );
    assert_eq!(
        text(&bench.invoke(&spec, json!(2)).await.payload),
        "echo: 2"
    );
    std::fs::remove_file(spec.code.join("bootstrap")).unwrap();
    let spec = FunctionSpec {
        revision: "2".to_owned(),
        ..spec
    };
    let result = bench.invoke(&spec, json!(1)).await;
    assert_eq!(payload(&result)["errorType"], "Runtime.InvalidEntrypoint");
}

#[tokio::test]
async fn a_runtime_that_is_not_served_is_named() {
    let error = "java21".parse::<functions::Runtime>().unwrap_err();
    assert!(matches!(&error, Error::RuntimeUnavailable(text) if text.contains("java21")));
    let error = "pythonista".parse::<functions::Runtime>().unwrap_err();
    assert!(matches!(error, Error::UnknownRuntime(name) if name == "pythonista"));
}

#[tokio::test]
async fn a_function_has_no_files_of_the_host() {
    if python().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let meeting = Meeting::open().await;
    let source = format!(
        r#"
import os, socket
def handler(event, context):
    meeting = socket.create_connection(("127.0.0.1", {}))
    open_files = [os.readlink(f"/proc/self/fd/{{n}}") for n in os.listdir("/proc/self/fd") if os.path.islink(f"/proc/self/fd/{{n}}")]
    meeting.sendall(b"%d\n" % sum("Cargo.toml" in path for path in open_files))
"#,
        meeting.port()
    );
    std::fs::write(folder.path().join("handler.py"), source).unwrap();
    // A host whose own parent left it an open file.
    let command = format!(
        "exec 7<Cargo.toml; exec {} serve {}",
        env!("CARGO_BIN_EXE_functions-test-host"),
        folder.path().display()
    );
    let mut host = Command::new("sh")
        .args(["-c", &command])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert_eq!(
        meeting.guest().await.pid,
        0,
        "files of the host are open in the function"
    );
    host.kill().unwrap();
    host.wait().unwrap();
}

#[tokio::test]
async fn no_function_outlives_a_killed_host() {
    if python().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let meeting = Meeting::open().await;
    let source = format!(
        r#"
import os, socket, subprocess
def handler(event, context):
    meeting = socket.create_connection(("127.0.0.1", {}))
    os.set_inheritable(meeting.fileno(), True)
    subprocess.Popen(["sleep", "1000"], close_fds=False, start_new_session=True)
    meeting.sendall(b"%d\n" % os.getpid())
    meeting.recv(1)
"#,
        meeting.port()
    );
    std::fs::write(folder.path().join("handler.py"), source).unwrap();
    let mut host = start_host(folder.path());
    let guest = meeting.guest().await;
    assert!(Path::new(&format!("/proc/{}", guest.pid)).exists());
    host.kill().unwrap();
    host.wait().unwrap();
    guest.gone().await;
}

/// Waits for what the host is about to do.
async fn until(happened: impl Fn() -> bool) {
    let waiting = async {
        while !happened() {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.expect("it did not happen");
}

fn start_host(folder: &Path) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_functions-test-host"))
        .arg("serve")
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn kill(pid: u32) {
    let status = Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}
