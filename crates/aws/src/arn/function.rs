//! The ways to name a Lambda function. Owns the four forms the Lambda API takes; knows no function.

use super::{Arn, is_account_id, is_region};

/// The longest function name, in characters.
const MAX_NAME: usize = 64;
/// The longest alias or version, in characters.
const MAX_QUALIFIER: usize = 128;

/// A Lambda function as a request names it: `name`, `name:qualifier`, `account:function:name[:qualifier]`,
/// `function:name[:qualifier]` or a full ARN (with or without qualifier).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionRef {
    /// The region, where the form has one.
    pub region: Option<String>,
    /// The account, where the form has one.
    pub account: Option<String>,
    /// The bare name: 1 to 64 of `[A-Za-z0-9_-]`.
    pub name: String,
    /// A version number, an alias or `$LATEST`, where the form has one.
    pub qualifier: Option<String>,
}

impl FunctionRef {
    /// Reads any of the forms; `None` for what is none of them.
    pub fn parse(text: &str) -> Option<FunctionRef> {
        if text.starts_with("arn:") {
            return Self::from_arn(&text.parse().ok()?);
        }
        let parts: Vec<&str> = text.splitn(5, ':').collect();
        match parts[..] {
            [name] => Self::checked(None, None, name, None),
            ["function", name] => Self::checked(None, None, name, None),
            [name, qualifier] => Self::checked(None, None, name, Some(qualifier)),
            ["function", name, qualifier] => Self::checked(None, None, name, Some(qualifier)),
            [account, "function", name] => Self::checked(None, Some(account), name, None),
            [account, "function", name, qualifier] => {
                Self::checked(None, Some(account), name, Some(qualifier))
            }
            _ => None,
        }
    }

    /// The unqualified ARN, in the given region and account where the form named none.
    pub fn arn(&self, region: &str, account: &str) -> Arn {
        let region = self.region.as_deref().unwrap_or(region);
        let account = self.account.as_deref().unwrap_or(account);
        Arn::new("lambda", region, account, format!("function:{}", self.name))
    }

    fn from_arn(arn: &Arn) -> Option<FunctionRef> {
        let rest = arn
            .resource
            .strip_prefix("function:")
            .filter(|_| arn.service == "lambda")?;
        let (name, qualifier) = rest
            .split_once(':')
            .map_or((rest, None), |(n, q)| (n, Some(q)));
        Self::checked(Some(&arn.region), Some(&arn.account), name, qualifier)
    }

    fn checked(
        region: Option<&str>,
        account: Option<&str>,
        name: &str,
        qualifier: Option<&str>,
    ) -> Option<Self> {
        let valid = region.is_none_or(is_region)
            && account.is_none_or(is_account_id)
            && is_name(name)
            && qualifier.is_none_or(is_qualifier);
        valid.then(|| FunctionRef {
            region: region.map(str::to_owned),
            account: account.map(str::to_owned),
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        })
    }
}

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_word)
}

fn is_qualifier(text: &str) -> bool {
    text == "$LATEST" || ((1..=MAX_QUALIFIER).contains(&text.len()) && text.bytes().all(is_word))
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
}
