//! What the host must know of a function to run it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::Runtime;

/// A function, complete: everything that its processes depend on.
///
/// Two specs with the same `arn` and different contents are two revisions of one function: processes of the older one finish
/// what they do and take nothing new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSpec {
    /// The function's name, `AWS_LAMBDA_FUNCTION_NAME`.
    pub name: String,
    /// The unqualified ARN; it identifies the function within the host, and its region becomes `AWS_REGION`.
    pub arn: String,
    /// Which language runtime serves it.
    pub runtime: Runtime,
    /// The entry point as the runtime reads it, e.g. `handler.main`.
    pub handler: String,
    /// The folder that holds the function's code; the processes' working directory and `LAMBDA_TASK_ROOT`.
    pub code: PathBuf,
    /// Changes with every change of the code, so that a folder edited in place gets new processes.
    pub revision: String,
    /// The function's own environment variables.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take: Lambda's 1 to 900 seconds.
    pub timeout: Duration,
    /// Lambda's `MemorySize`, 128 to 10240 MB: the limit on the process's resident memory.
    pub memory_mb: u32,
    /// Lambda's reserved concurrency: more invocations at a time are throttled. `Some(0)` throttles all.
    pub reserved_concurrency: Option<u32>,
}

impl FunctionSpec {
    /// The region within the ARN, `us-east-1` where the ARN has none.
    pub fn region(&self) -> &str {
        self.arn
            .split(':')
            .nth(3)
            .filter(|region| !region.is_empty())
            .unwrap_or("us-east-1")
    }
}
