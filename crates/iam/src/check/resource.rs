//! The resource patterns of an identity policy.

use crate::PolicyError;
use crate::error::IAM_PATHS;

const PARTITIONS: &[&str] = &[
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
    "*",
];

/// What IAM's older parser minds of a pattern: an empty service, or an ARN that breaks off after an empty part.
pub(super) fn legacy_shape(pattern: &str) -> bool {
    let Some(rest) = pattern.strip_prefix("arn:") else {
        return true;
    };
    let parts: Vec<&str> = rest.split(':').collect();
    let known_partition = PARTITIONS.contains(&parts[0]);
    !known_partition
        || parts.len() < 2
        || (!parts[1].is_empty() && (parts.len() >= 5 || parts.iter().all(|part| !part.is_empty())))
}

/// `*`, or an ARN (perhaps with wildcards) in a partition that exists.
pub(super) fn check(pattern: &str) -> Result<(), PolicyError> {
    if pattern == "*" {
        return Ok(());
    }
    let (_, rest) = pattern
        .split_once(':')
        .ok_or_else(|| PolicyError::NotAnArn(pattern.to_owned()))?;
    let parts: Vec<&str> = rest.splitn(5, ':').collect();
    if !PARTITIONS.contains(&parts[0]) {
        return Err(PolicyError::Partition {
            partition: parts[0].to_owned(),
            resource: completed(&parts),
        });
    }
    let service = parts.get(1).ok_or(PolicyError::NoResourceVendor)?;
    let region = parts.get(2).copied().unwrap_or_default();
    let resource = parts.get(4).copied().unwrap_or("*");
    match *service {
        "iam" if !region.is_empty() => Err(PolicyError::IamRegion(pattern.to_owned())),
        "iam" if !is_iam_path(resource) => Err(PolicyError::IamPath),
        "s3" if !region.is_empty() && region != "*" && !resource.starts_with("accesspoint/") => {
            Err(PolicyError::S3Region(pattern.to_owned()))
        }
        _ => Ok(()),
    }
}

/// The ARN as IAM shows it: an absent part is `*`.
fn completed(parts: &[&str]) -> String {
    let mut shown: Vec<&str> = parts.to_vec();
    shown.resize(5, "*");
    format!("arn:{}", shown.join(":"))
}

fn is_iam_path(resource: &str) -> bool {
    // A wildcard may stand for any of the kinds.
    let known = |kind: &str| resource.starts_with(kind.trim());
    resource == "root" || resource.starts_with('*') || IAM_PATHS.split(',').any(known)
}
