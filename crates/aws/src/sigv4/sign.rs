//! Signing. Owns the key derivation and the headers that a signature adds.

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::canonical::{PathStyle, RequestParts, canonical_request, string_to_sign};
use super::{ALGORITHM, CredentialScope};
use crate::time::amz_date;

/// The keys that a request is signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AKIA...` or `ASIA...`.
    pub access_key: String,
    /// The secret.
    pub secret_key: String,
    /// Present for temporary credentials.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

/// Headers that proxies and clients change on the way, and that are therefore not signed (botocore's list).
const NOT_SIGNED: [&str; 6] = [
    "authorization",
    "connection",
    "expect",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
];

/// Signs a request for a service in a region. `parts.headers` must hold `host`. Returns the headers to add to the
/// request: `X-Amz-Date`, `X-Amz-Security-Token` for temporary credentials, and `Authorization`.
pub fn sign(
    parts: &RequestParts<'_>,
    credentials: &Credentials,
    region: &str,
    service: &str,
    time: Timestamp,
) -> Vec<(&'static str, String)> {
    let date = amz_date(time);
    let scope = CredentialScope {
        access_key: credentials.access_key.clone(),
        date: date[..8].to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    };
    let mut added = vec![("X-Amz-Date", date.clone())];
    added.extend(
        credentials
            .session_token
            .clone()
            .map(|token| ("X-Amz-Security-Token", token)),
    );
    let headers = with_added(parts.headers, &added);
    let parts = RequestParts {
        headers: &headers,
        ..*parts
    };
    let authorization = authorization(&parts, &credentials.secret_key, &scope, &date);
    added.push(("Authorization", authorization));
    added
}

fn authorization(
    parts: &RequestParts<'_>,
    secret: &str,
    scope: &CredentialScope,
    date: &str,
) -> String {
    let signed = signed_names(parts.headers);
    let style = PathStyle::of(&scope.service);
    let canonical = canonical_request(parts, &signed, style, &payload_hash(parts));
    let signature = hex::encode(mac(secret, scope, date, &canonical).finalize().into_bytes());
    let signed = signed.join(";");
    format!("{ALGORITHM} Credential={scope}, SignedHeaders={signed}, Signature={signature}")
}

/// The MAC over the string to sign, ready to be finalised or verified.
pub(super) fn mac(
    secret: &str,
    scope: &CredentialScope,
    amz_date: &str,
    canonical: &str,
) -> Hmac<Sha256> {
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [
        scope.date.as_str(),
        &scope.region,
        &scope.service,
        "aws4_request",
    ] {
        key = keyed(&key)
            .chain_update(part)
            .finalize()
            .into_bytes()
            .to_vec();
    }
    keyed(&key).chain_update(string_to_sign(amz_date, scope, canonical))
}

/// What the request says its body hashes to, or what it does.
pub(super) fn payload_hash(parts: &RequestParts<'_>) -> String {
    let named = parts
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("x-amz-content-sha256"));
    named.map_or_else(
        || hex::encode(Sha256::digest(parts.body)),
        |(_, value)| (*value).to_owned(),
    )
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn with_added<'a>(
    given: &[(&'a str, &'a str)],
    added: &'a [(&'static str, String)],
) -> Vec<(&'a str, &'a str)> {
    let replaced = |name: &str| added.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let kept = given.iter().filter(|(name, _)| !replaced(name)).copied();
    kept.chain(added.iter().map(|(name, value)| (*name, value.as_str())))
        .collect()
}

fn signed_names(headers: &[(&str, &str)]) -> Vec<String> {
    let lower = headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    let mut names: Vec<String> = lower
        .filter(|name| !NOT_SIGNED.contains(&name.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
