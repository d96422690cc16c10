//! The local function host: functions as operating-system processes behind the AWS Lambda Runtime API.
//!
//! It owns processes, their pools, limits and logs, the runtimes' interface clients and the code of functions on disk. It must
//! never know Step Functions, the Lambda control plane (names, roles, tags, HTTP errors) or where a function is recorded: whoever
//! calls brings a complete [`FunctionSpec`] with every invocation.
//!
//! Where to look: what an invocation goes through is [`FunctionHost::invoke`] -> `scheduler` (which process, or a new one) ->
//! `worker` (one process: start, serve, settle) -> `runtime_api` (what the process asks) and `process` (how it is started and
//! ended, together with [`launcher`], which runs in a process of its own and ends a function whose host was killed).

mod code_store;
mod config;
mod environment;
mod error;
mod faults;
mod host;
mod invocation;
pub mod launcher;
mod log_tail;
mod log_writer;
mod memory;
mod process;
mod runtime_api;
mod runtimes;
mod scheduler;
mod spec;
mod worker;

pub use code_store::{CodeStore, StoredCode};
pub use config::{Credentials, HostConfig, LauncherCommand, PythonClient};
pub use error::{Error, Throttle};
pub use host::{FunctionHost, HostStats};
pub use invocation::{InvokeRequest, InvokeResult, MAX_RESPONSE_BYTES};
pub use runtimes::{Runtime, RuntimeFamily};
pub use spec::FunctionSpec;
