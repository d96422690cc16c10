//! Lambda, called by a Task: `arn:aws:states:::lambda:invoke` and a function's own ARN.
//!
//! Owns the parameters ([`Invoke`]), what an answer means ([`InvokeOutput`], [`optimised_result`], [`direct_result`]),
//! the errors' names, and the client for a remote endpoint ([`LambdaClient`]). The local function host shares all but
//! the client.

mod client;
mod errors;
mod headers;
mod parameters;
mod result;

pub use client::LambdaClient;
pub use errors::service_error;
pub use headers::{Answered, response_headers};
pub use parameters::{InvocationType, Invoke, LogType};
pub use result::{InvokeOutput, direct_result, function_failure, optimised_result};

/// The largest answer of a function: 6 MB as Lambda counts it, in bytes.
pub const MAX_PAYLOAD: usize = 6_291_556;
