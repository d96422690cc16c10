//! Where a signature travels: the `Authorization` header or the query of a presigned URL.
//! Owns reading both into one type; checks shape only, never truth.

use std::fmt;

use super::ALGORITHM;
use crate::percent;

/// Who signed, when, and for what: `AKID/20150830/us-east-1/iam/aws4_request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialScope {
    /// The access key id.
    pub access_key: String,
    /// `YYYYMMDD`.
    pub date: String,
    /// The region the request was signed for.
    pub region: String,
    /// The signing name of the service: `states`, `iam`, `sts`, `lambda`, ...
    pub service: String,
}

impl CredentialScope {
    /// Reads a credential. The access key is bounded to 128 bytes, the other parts to 64.
    pub fn parse(credential: &str) -> Option<CredentialScope> {
        let mut parts = credential.rsplitn(5, '/');
        let terminator = parts.next()?;
        let service = parts.next()?;
        let region = parts.next()?;
        let date = parts.next()?;
        let access_key = parts.next()?;
        let sound = terminator == "aws4_request"
            && (1..=128).contains(&access_key.len())
            && date.len() == 8
            && date.bytes().all(|b| b.is_ascii_digit())
            && [region, service]
                .iter()
                .all(|p| (1..=64).contains(&p.len()) && p.bytes().all(is_scope_byte));
        sound.then(|| CredentialScope {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }

    /// The scope without the key: `20150830/us-east-1/iam/aws4_request`.
    pub fn scope(&self) -> String {
        format!(
            "{}/{}/{}/aws4_request",
            self.date, self.region, self.service
        )
    }
}

impl fmt::Display for CredentialScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.access_key, self.scope())
    }
}

fn is_scope_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-_.".contains(&b)
}

/// A signature and what it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Who, when, for what.
    pub scope: CredentialScope,
    /// Lower case, as listed.
    pub signed_headers: Vec<String>,
    /// Hexadecimal, as sent.
    pub signature: String,
    /// The life of a presigned URL in seconds, and its `X-Amz-Date`; `None` for a signature in the header.
    pub presigned: Option<Presigned>,
}

/// What a presigned URL carries in its query instead of in headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presigned {
    /// `X-Amz-Date`.
    pub amz_date: String,
    /// `X-Amz-Expires`, in seconds.
    pub expires: u32,
}

/// Why a signature is refused. The messages are AWS's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// There is no signature at all.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// A part of it is absent or cannot be read.
    #[error("{0}")]
    Incomplete(String),
    /// It is older or newer than allowed, or its date does not fit its scope.
    #[error("Signature expired: {0}")]
    Expired(String),
    /// It was made over something else, or with another secret.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl Authorization {
    /// Reads an `Authorization` header.
    pub fn parse_header(header: &str) -> Result<Authorization, AuthError> {
        let rest = header.trim().strip_prefix(ALGORITHM).ok_or_else(|| {
            AuthError::Incomplete(format!(
                "Unsupported AWS 'algorithm': '{}'",
                first_word(header)
            ))
        })?;
        let field = |name: &str| {
            let mut fields = rest
                .split(',')
                .filter_map(|part| part.trim().split_once('='));
            fields
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
                .ok_or_else(|| {
                    AuthError::Incomplete(format!(
                        "Authorization header requires '{name}' parameter."
                    ))
                })
        };
        Ok(Authorization {
            scope: parse_scope(field("Credential")?)?,
            signed_headers: split_headers(field("SignedHeaders")?),
            signature: field("Signature")?.to_owned(),
            presigned: None,
        })
    }

    /// Reads the query of a presigned URL; `None` when it is not one.
    pub fn parse_query(query: &str) -> Option<Result<Authorization, AuthError>> {
        let find = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(key, _)| *key == name)
                .map(|(_, value)| percent::decode(value).into_owned())
        };
        find("X-Amz-Algorithm").map(|algorithm| Self::from_query(&algorithm, find))
    }

    fn from_query(
        algorithm: &str,
        find: impl Fn(&str) -> Option<String>,
    ) -> Result<Authorization, AuthError> {
        if algorithm != ALGORITHM {
            return Err(AuthError::Incomplete(format!(
                "Unsupported AWS 'algorithm': '{}'",
                first_word(algorithm)
            )));
        }
        let field = |name: &str| {
            find(name).ok_or_else(|| {
                AuthError::Incomplete(format!(
                    "AWS query-string parameters must include '{name}'."
                ))
            })
        };
        let expires = field("X-Amz-Expires")?;
        let expires = expires.parse().ok().filter(|seconds| *seconds <= 604_800);
        Ok(Authorization {
            scope: parse_scope(&field("X-Amz-Credential")?)?,
            signed_headers: split_headers(&field("X-Amz-SignedHeaders")?),
            signature: field("X-Amz-Signature")?,
            presigned: Some(Presigned {
                amz_date: field("X-Amz-Date")?,
                expires: expires.ok_or_else(|| {
                    AuthError::Incomplete("X-Amz-Expires is not valid".to_owned())
                })?,
            }),
        })
    }
}

fn parse_scope(credential: &str) -> Result<CredentialScope, AuthError> {
    CredentialScope::parse(credential).ok_or_else(|| {
        let shown: String = credential.chars().take(128).collect();
        AuthError::Incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term, got '{shown}'"
        ))
    })
}

fn split_headers(list: &str) -> Vec<String> {
    list.split(';')
        .filter(|name| !name.is_empty())
        .map(str::to_ascii_lowercase)
        .collect()
}

fn first_word(text: &str) -> String {
    text.split_whitespace()
        .next()
        .unwrap_or_default()
        .chars()
        .take(64)
        .collect()
}
