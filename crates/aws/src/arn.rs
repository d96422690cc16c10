//! Amazon Resource Names: `arn:partition:service:region:account:resource`.
//!
//! Owns their grammar and the two forms that more than one service reads (roles, Lambda functions). It must never
//! know whether a resource exists.

mod function;
mod role;

use std::fmt;
use std::str::FromStr;

pub use function::FunctionRef;
pub use role::RoleArn;

/// The longest ARN that any AWS model allows, in bytes.
pub const MAX_ARN_BYTES: usize = 2048;

/// A parsed ARN. `region` and `account` may be empty, `resource` may hold more colons and slashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`, ...
    pub partition: String,
    /// The service's namespace: `states`, `lambda`, `iam`, ...
    pub service: String,
    /// The region, empty for global services.
    pub region: String,
    /// Twelve digits, empty for some services, `aws` for AWS-managed policies.
    pub account: String,
    /// Everything after the fifth colon; never empty.
    pub resource: String,
}

/// The parts of an ARN inside its text; as in [`Arn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArnParts<'a> {
    /// The partition.
    pub partition: &'a str,
    /// The service's namespace.
    pub service: &'a str,
    /// The region, or nothing.
    pub region: &'a str,
    /// The account, or nothing.
    pub account: &'a str,
    /// The rest.
    pub resource: &'a str,
}

impl<'a> ArnParts<'a> {
    /// Of a text that is an ARN.
    pub fn of(text: &'a str) -> Result<ArnParts<'a>, ArnError> {
        let rest = text.strip_prefix("arn:").ok_or(ArnError::Prefix)?;
        let plain = |byte: u8| (b' '..0x7f).contains(&byte);
        if text.len() > MAX_ARN_BYTES
            || (!text.bytes().all(plain) && text.chars().any(char::is_control))
        {
            return Err(ArnError::Malformed);
        }
        let mut parts = rest.splitn(5, ':');
        let mut next = || parts.next().ok_or(ArnError::Parts);
        let parts = ArnParts {
            partition: next()?,
            service: next()?,
            region: next()?,
            account: next()?,
            resource: next()?,
        };
        if parts.partition.is_empty() || parts.service.is_empty() {
            return Err(ArnError::PartitionOrService);
        }
        if parts.resource.is_empty() {
            return Err(ArnError::Resource);
        }
        Ok(parts)
    }

    /// As [`Arn::resource_type`].
    pub fn resource_type(&self) -> &'a str {
        let end = self.resource.find([':', '/']);
        end.map_or(self.resource, |end| &self.resource[..end])
    }
}

/// Why a text is not an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// It does not begin with `arn:`.
    #[error("Invalid ARN prefix")]
    Prefix,
    /// Fewer than six colon-separated parts.
    #[error("Malformed ARN - not enough parts")]
    Parts,
    /// Partition or service is empty.
    #[error("Malformed ARN - no partition or service specified")]
    PartitionOrService,
    /// Nothing after the account.
    #[error("Malformed ARN - no resource specified")]
    Resource,
    /// Longer than [`MAX_ARN_BYTES`], or with control characters.
    #[error("Malformed ARN")]
    Malformed,
}

impl Arn {
    /// An ARN in the partition that `region` belongs to.
    pub fn new(service: &str, region: &str, account: &str, resource: impl Into<String>) -> Arn {
        Arn {
            partition: partition_of(region).to_owned(),
            service: service.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            resource: resource.into(),
        }
    }

    /// The resource up to its first `:` or `/` (its type), or the whole of it.
    pub fn resource_type(&self) -> &str {
        self.resource
            .split([':', '/'])
            .next()
            .unwrap_or(&self.resource)
    }

    /// The resource after its first `:` or `/`; `None` where there is no type.
    pub fn resource_id(&self) -> Option<&str> {
        self.resource.split_once([':', '/']).map(|(_, id)| id)
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Arn, ArnError> {
        let parts = ArnParts::of(text)?;
        Ok(Arn {
            partition: parts.partition.to_owned(),
            service: parts.service.to_owned(),
            region: parts.region.to_owned(),
            account: parts.account.to_owned(),
            resource: parts.resource.to_owned(),
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Arn {
            partition,
            service,
            region,
            account,
            resource,
        } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

/// Region prefixes that live outside the `aws` partition.
const PARTITIONS: &[(&str, &str)] = &[
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
];

/// The partition that a region belongs to; `aws` for unknown and empty ones.
pub fn partition_of(region: &str) -> &'static str {
    PARTITIONS
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, partition)| partition)
}

/// Whether the text is an account id: twelve digits.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether the text can stand where a region stands: lower-case letters, digits and inner hyphens, at most 64 bytes.
pub fn is_region(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&text.len())
        && text.bytes().all(allowed)
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
}
