//! Node.js: the machine's `node` with the interface client that comes with this host.
//!
//! AWS's own client for Node.js is a native addon that has to be compiled (it wants CMake and a C++ compiler) on every fresh machine;
//! the bundled one is one file, needs nothing, and starts as fast.

use std::path::{Path, PathBuf};

use super::Interpreter;
use super::installation::{first_that_runs, place};
use crate::Error;

const CLIENT: &str = include_str!("node_client.mjs");

pub(super) async fn find(folder: &Path) -> Result<Interpreter, Error> {
    let candidates = ["node".to_owned(), "nodejs".to_owned()];
    let Some(program) = first_that_runs(&candidates, &["-p", "process.execPath"]).await else {
        let message = "Node.js is not on this machine: there is no `node` in the server's PATH.";
        return Err(Error::RuntimeUnavailable(message.to_owned()));
    };
    let client = place(&folder.join("node"), "client.mjs", CLIENT)?;
    Ok(Interpreter {
        program: Some(PathBuf::from(program.trim())),
        args: vec![client.display().to_string()],
        client: client.parent().map(Path::to_owned),
    })
}

/// Lambda gives nine tenths of the memory to the heap.
pub(super) fn heap_limit(memory_mb: u32) -> String {
    format!("--max-old-space-size={}", memory_mb * 9 / 10)
}
