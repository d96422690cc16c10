//! The canonical form of a request. Owns normalising of path, query and headers; knows no secret.

use sha2::{Digest, Sha256};

use super::CredentialScope;
use crate::percent;

/// What is signed of a request, as it goes over the wire.
#[derive(Clone, Copy, Debug)]
pub struct RequestParts<'a> {
    /// `GET`, `POST`, ...
    pub method: &'a str,
    /// The path as sent (percent-encoded), without the query.
    pub path: &'a str,
    /// The query as sent, without `?`; empty when there is none.
    pub query: &'a str,
    /// Header names (any case) and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// The whole body.
    pub body: &'a [u8],
}

/// How the path enters the canonical request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathStyle {
    /// Dot segments and double slashes removed, then encoded once more: every service but S3.
    Normalised,
    /// As sent: S3.
    AsIs,
}

impl PathStyle {
    /// The style a service signs with.
    pub fn of(service: &str) -> PathStyle {
        if service == "s3" {
            PathStyle::AsIs
        } else {
            PathStyle::Normalised
        }
    }
}

/// The canonical request over the `signed` headers (lower case, sorted).
pub(super) fn canonical_request(
    parts: &RequestParts<'_>,
    signed: &[String],
    style: PathStyle,
    hash: &str,
) -> String {
    let mut out = String::with_capacity(256);
    out.push_str(parts.method);
    out.push('\n');
    out.push_str(&canonical_path(parts.path, style));
    out.push('\n');
    out.push_str(&canonical_query(parts.query));
    out.push('\n');
    for name in signed {
        out.push_str(name);
        out.push(':');
        out.push_str(&canonical_value(parts.headers, name));
        out.push('\n');
    }
    out.push('\n');
    out.push_str(&signed.join(";"));
    out.push('\n');
    out.push_str(hash);
    out
}

/// What the key signs.
pub(super) fn string_to_sign(amz_date: &str, scope: &CredentialScope, canonical: &str) -> String {
    let hash = hex::encode(Sha256::digest(canonical.as_bytes()));
    format!(
        "{}\n{amz_date}\n{}\n{hash}",
        super::ALGORITHM,
        scope.scope()
    )
}

fn canonical_path(path: &str, style: PathStyle) -> String {
    match style {
        PathStyle::AsIs if path.is_empty() => "/".to_owned(),
        PathStyle::AsIs => path.to_owned(),
        PathStyle::Normalised => percent::encode_path(&remove_dot_segments(path)),
    }
}

fn remove_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    let last = if path.ends_with('/') && !kept.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{last}", kept.join("/"))
}

fn canonical_query(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut encoded: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (recode(name), recode(value)))
        .collect();
    encoded.sort_unstable();
    let joined: Vec<String> = encoded
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    joined.join("&")
}

fn recode(component: &str) -> String {
    percent::encode(&percent::decode(component))
}

/// All values of a header joined by commas, each trimmed and with its runs of spaces made one.
fn canonical_value(headers: &[(&str, &str)], name: &str) -> String {
    let values = headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
    let values: Vec<String> = values
        .map(|(_, v)| v.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    values.join(",")
}
