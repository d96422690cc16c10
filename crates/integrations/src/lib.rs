//! What a Task calls: the integrations with other services.
//!
//! Owns how an optimised integration turns its parameters into a call, and an answer into a result or an error, in the
//! words of AWS; and the signed HTTP client for remote endpoints. It must never know executions, histories, the store
//! or the local function host: the server adapts it to the runtime's task runner.

mod error;
mod http;
pub mod lambda;
pub mod s3;

pub use error::CallError;
pub use http::{Endpoint, EndpointError, Timeouts};
