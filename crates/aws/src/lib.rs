//! The AWS wire: what bytes on it mean, and nothing else.
//!
//! Owns ARNs, error shapes of the four protocols, SigV4, the query protocol, the wording of model constraints,
//! percent coding and the time formats. It must never know a socket, a clock (every time is an argument), a store,
//! or what any single service does with a request.

pub mod arn;
pub mod error;
pub mod percent;
pub mod query;
pub mod sigv4;
pub mod time;
pub mod validate;
pub mod xml;

pub use arn::Arn;
pub use error::{ApiError, Fault};
