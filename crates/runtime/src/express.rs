//! Express executions: started at least once, or run at most once while the caller waits.
//!
//! Owns how they are asked for; the promises are kept by `shard`. Nothing is listed, described or stopped: who wants to
//! see one reads its log.

use crate::error::RuntimeError;
use crate::runtime::{Runtime, StartRequest, Started, heard, reply};
use crate::shard::{Finished, Promise};

impl Runtime {
    /// Starts an Express execution, whatever others are called; answers when it is durable that it was asked for, or
    /// when it has ended already. After a crash it is run again from its start.
    pub async fn start_express(&self, request: StartRequest) -> Result<Started, RuntimeError> {
        let started = async {
            let (reply, answer) = reply();
            let at = self.begin(&request, Promise::AtLeastOnce(reply), None)?;
            heard(answer.await)?;
            Ok(Started { at })
        };
        self.admitted(started).await
    }

    /// Runs an Express execution to its end, without the disk. A caller that goes away changes nothing: the execution
    /// ends by itself, at the latest after five minutes.
    pub async fn run_express(&self, request: StartRequest) -> Result<Finished, RuntimeError> {
        let (reply, answer) = reply();
        self.begin(&request, Promise::AtMostOnce(reply), None)?;
        heard(answer.await)
    }
}
