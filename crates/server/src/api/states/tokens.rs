//! `nextToken`: where the next page begins. Opaque, bound to the operation and its arguments, good for 24 hours.

use aws::ApiError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::errors;

const LIFETIME_MILLIS: i64 = 24 * 60 * 60 * 1000;
const SEAL_BYTES: usize = 12;

/// The arguments that must stay the same from page to page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) operation: &'a str,
    pub(super) arguments: &'a [&'a str],
}

impl Scope<'_> {
    fn seal(&self, issued: i64, position: &str) -> [u8; SEAL_BYTES] {
        let mut hash = Sha256::new();
        for part in [self.operation]
            .iter()
            .chain(self.arguments)
            .chain(&[position])
        {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(issued.to_be_bytes());
        let mut seal = [0; SEAL_BYTES];
        seal.copy_from_slice(&hash.finalize()[..SEAL_BYTES]);
        seal
    }

    /// A token for the page that begins at `position`.
    pub(super) fn issue(&self, now_millis: i64, position: &str) -> String {
        let mut bytes = self.seal(now_millis, position).to_vec();
        bytes.extend(now_millis.to_be_bytes());
        bytes.extend(position.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position of a token; `InvalidToken` if it is not one of ours, for other arguments, or too old.
    pub(super) fn open(&self, now_millis: i64, token: &str) -> Result<String, ApiError> {
        self.read(now_millis, token)
            .ok_or_else(errors::invalid_token)
    }

    fn read(&self, now_millis: i64, token: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (seal, rest) = bytes.split_at_checked(SEAL_BYTES)?;
        let (issued, position) = rest.split_at_checked(8)?;
        let issued = i64::from_be_bytes(issued.try_into().ok()?);
        let position = std::str::from_utf8(position).ok()?;
        let fresh = now_millis.saturating_sub(issued) <= LIFETIME_MILLIS;
        (fresh && self.seal(issued, position) == seal).then(|| position.to_owned())
    }
}
