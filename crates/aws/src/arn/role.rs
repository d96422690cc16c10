//! `arn:aws:iam::ACCOUNT:role/path/name`. Owns the split into path and name.

use std::fmt;
use std::str::FromStr;

use super::{Arn, ArnError, is_account_id};

/// The ARN of an IAM role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleArn {
    /// `aws`, `aws-cn`, ...
    pub partition: String,
    /// Twelve digits.
    pub account: String,
    /// Begins and ends with `/`; `/` for most roles.
    pub path: String,
    /// The role's name, without its path.
    pub name: String,
}

impl FromStr for RoleArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<RoleArn, ArnError> {
        let arn: Arn = text.parse()?;
        let id = arn
            .resource
            .strip_prefix("role/")
            .ok_or(ArnError::Malformed)?;
        let (path, name) = id
            .rsplit_once('/')
            .map_or(("/".to_owned(), id), |(p, n)| (format!("/{p}/"), n));
        if arn.service != "iam"
            || !arn.region.is_empty()
            || !is_account_id(&arn.account)
            || name.is_empty()
        {
            return Err(ArnError::Malformed);
        }
        Ok(RoleArn {
            partition: arn.partition,
            account: arn.account,
            path,
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RoleArn {
            partition,
            account,
            path,
            name,
        } = self;
        write!(f, "arn:{partition}:iam::{account}:role{path}{name}")
    }
}
