//! Verifying a signature against the secret it should have been made with. Compares in constant time.

use hmac::Mac;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::canonical::{PathStyle, RequestParts, canonical_request};
use super::sign::{mac, payload_hash};
use super::{AuthError, Authorization, UNSIGNED_PAYLOAD};
use crate::time::{amz_date, parse_amz_date};

/// How far the time of a signature may be from the server's: AWS's five minutes.
pub const MAX_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Checks that `authorization` was made over `parts` with `secret`, within [`MAX_SKEW`] of `now` (or, for a presigned
/// URL, before its expiry).
pub fn verify(
    parts: &RequestParts<'_>,
    authorization: &Authorization,
    secret: &str,
    now: Timestamp,
) -> Result<(), AuthError> {
    let date = signing_date(parts, authorization)?;
    check_time(&date, authorization, now)?;
    if !authorization
        .signed_headers
        .iter()
        .any(|name| name == "host")
    {
        return Err(AuthError::Incomplete(
            "'Host' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
        ));
    }
    let hash = verified_hash(parts, authorization)?;
    let style = PathStyle::of(&authorization.scope.service);
    let canonical = canonical_request(parts, &authorization.signed_headers, style, &hash);
    let signature = hex::decode(&authorization.signature).map_err(|_| AuthError::Mismatch)?;
    mac(secret, &authorization.scope, &date, &canonical)
        .verify_slice(&signature)
        .map_err(|_| AuthError::Mismatch)
}

fn signing_date(
    parts: &RequestParts<'_>,
    authorization: &Authorization,
) -> Result<String, AuthError> {
    if let Some(presigned) = &authorization.presigned {
        return Ok(presigned.amz_date.clone());
    }
    let header = parts
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("x-amz-date"));
    header.map(|(_, value)| (*value).to_owned()).ok_or_else(|| {
        AuthError::Incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
                .to_owned(),
        )
    })
}

fn check_time(date: &str, authorization: &Authorization, now: Timestamp) -> Result<(), AuthError> {
    let unreadable = || AuthError::Incomplete("Date must be in ISO-8601 'basic format'".to_owned());
    let signed = parse_amz_date(date).ok_or_else(unreadable)?;
    if !date.starts_with(&authorization.scope.date) {
        return Err(AuthError::Incomplete("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP".to_owned()));
    }
    let life = match &authorization.presigned {
        Some(presigned) => SignedDuration::from_secs(i64::from(presigned.expires)),
        None => MAX_SKEW,
    };
    let age = now.duration_since(signed);
    if age > life {
        let oldest = now.checked_sub(life).unwrap_or(now);
        return Err(AuthError::Expired(format!(
            "{date} is now earlier than {}",
            amz_date(oldest)
        )));
    }
    if age < -MAX_SKEW {
        let newest = now.checked_add(MAX_SKEW).unwrap_or(now);
        return Err(AuthError::Expired(format!(
            "{date} is still later than {}",
            amz_date(newest)
        )));
    }
    Ok(())
}

/// The hash that was signed, once it is known to be that of the body. S3 alone lets a body go unhashed.
fn verified_hash(
    parts: &RequestParts<'_>,
    authorization: &Authorization,
) -> Result<String, AuthError> {
    let s3 = authorization.scope.service == "s3";
    if s3 && authorization.presigned.is_some() {
        return Ok(UNSIGNED_PAYLOAD.to_owned());
    }
    let claimed = payload_hash(parts);
    if (s3 && claimed == UNSIGNED_PAYLOAD) || claimed == hex::encode(Sha256::digest(parts.body)) {
        return Ok(claimed);
    }
    Err(AuthError::Mismatch)
}
