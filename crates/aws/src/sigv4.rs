//! AWS Signature Version 4: signing requests, reading and verifying signatures.
//!
//! Owns the canonical form of a request and the two places a signature travels in. It must never know a clock, a
//! stored key or a socket: the caller brings time, secret and bytes.

mod authorization;
mod canonical;
mod sign;
mod verify;

pub use authorization::{AuthError, Authorization, CredentialScope, Presigned};
pub use canonical::{PathStyle, RequestParts};
pub use sign::{Credentials, sign};
pub use verify::{MAX_SKEW, verify};

/// The only algorithm spoken here.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What stands for the hash of a body that was not hashed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
