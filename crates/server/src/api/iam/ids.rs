//! Unique ids as AWS makes them: a prefix that says of what, and 17 characters.

use aws::ApiError;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LENGTH: usize = 17;

/// `AROA...`, a role's id.
pub(super) fn role() -> Result<String, ApiError> {
    random("AROA")
}

/// `ANPA...`, a managed policy's id.
pub(super) fn policy() -> Result<String, ApiError> {
    random("ANPA")
}

fn random(prefix: &str) -> Result<String, ApiError> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random numbers");
        ApiError::receiver(
            500,
            "ServiceFailure",
            "The request processing has failed because of an unknown error.",
        )
    })?;
    Ok(spell(prefix, &bytes))
}

/// An id that is the same at every start, for what is not stored.
pub(super) fn fixed(prefix: &str, seed: &str) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(seed);
    spell(prefix, &hash[..LENGTH])
}

fn spell(prefix: &str, bytes: &[u8]) -> String {
    let characters = bytes
        .iter()
        .map(|b| char::from(ALPHABET[usize::from(*b) % ALPHABET.len()]));
    prefix.chars().chain(characters).collect()
}
