//! `nextToken`: where the next page begins. Opaque, bound to the operation and its arguments, good for 24 hours, and made by
//! nobody else: sealed with a key that is drawn once and kept in the store.

use aws::ApiError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::errors;
use crate::records::{RecordError, RecordKey, Records};

const LIFETIME_MILLIS: i64 = 24 * 60 * 60 * 1000;
const SEAL_BYTES: usize = 12;

/// The arguments that must stay the same from page to page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) operation: &'a str,
    pub(super) arguments: &'a [&'a str],
}

/// Issues tokens and opens them again.
#[derive(Clone)]
pub struct PageTokens {
    key: [u8; 32],
}

impl PageTokens {
    /// With the key of the store, which is drawn and written if there is none yet.
    pub async fn with_key_of(records: &Records) -> Result<PageTokens, RecordError> {
        let place = RecordKey::new("", "", "page-token-key", &["1"]);
        loop {
            if let Some(found) = records.get::<[u8; 32]>(&place)? {
                return Ok(PageTokens { key: found.value });
            }
            let mut key = [0; 32];
            key[..16].copy_from_slice(Uuid::new_v4().as_bytes());
            key[16..].copy_from_slice(Uuid::new_v4().as_bytes());
            match records.create(&place, &key).await {
                Ok(()) => return Ok(PageTokens { key }),
                Err(RecordError::Conflict) => continue,
                Err(error) => return Err(error),
            }
        }
    }

    fn seal(&self, scope: &Scope<'_>, issued: i64, position: &str) -> [u8; SEAL_BYTES] {
        let mut hash = Hmac::<Sha256>::new_from_slice(&self.key).expect("any key will do");
        for part in [scope.operation]
            .iter()
            .chain(scope.arguments)
            .chain(&[position])
        {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.update(&issued.to_be_bytes());
        let mut seal = [0; SEAL_BYTES];
        seal.copy_from_slice(&hash.finalize().into_bytes()[..SEAL_BYTES]);
        seal
    }

    /// A token for the page that begins at `position`.
    pub(super) fn issue(&self, scope: &Scope<'_>, now_millis: i64, position: &str) -> String {
        let mut bytes = self.seal(scope, now_millis, position).to_vec();
        bytes.extend(now_millis.to_be_bytes());
        bytes.extend(position.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position of a token; `InvalidToken` if it is not one of ours, for other arguments, or too old.
    pub(super) fn open(
        &self,
        scope: &Scope<'_>,
        now_millis: i64,
        token: &str,
    ) -> Result<String, ApiError> {
        self.read(scope, now_millis, token)
            .ok_or_else(errors::invalid_token)
    }

    fn read(&self, scope: &Scope<'_>, now_millis: i64, token: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (seal, rest) = bytes.split_at_checked(SEAL_BYTES)?;
        let (issued, position) = rest.split_at_checked(8)?;
        let issued = i64::from_be_bytes(issued.try_into().ok()?);
        let position = std::str::from_utf8(position).ok()?;
        let fresh = now_millis.saturating_sub(issued) <= LIFETIME_MILLIS;
        (fresh && self.seal(scope, issued, position) == seal).then(|| position.to_owned())
    }
}
