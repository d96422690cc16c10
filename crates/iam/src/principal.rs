//! Who asks, and whether a policy's principal means them.

use crate::document::{PrincipalClause, PrincipalPattern};

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A user, a role, an assumed role or an account's root, by ARN.
    Aws {
        /// The caller's ARN.
        arn: String,
        /// Twelve digits.
        account: String,
    },
    /// A service, as `states.amazonaws.com`.
    Service(String),
    /// An identity provider.
    Federated(String),
    /// Nobody known.
    Anonymous,
}

impl PrincipalClause {
    /// Whether the clause means this caller.
    pub(crate) fn covers(&self, caller: &Caller) -> bool {
        self.principals.iter().any(|pattern| pattern.is(caller)) != self.negated
    }
}

impl PrincipalPattern {
    fn is(&self, caller: &Caller) -> bool {
        match (self, caller) {
            (PrincipalPattern::Everyone, _) => true,
            (PrincipalPattern::Aws(name), Caller::Anonymous) => name == "*",
            (PrincipalPattern::Aws(name), Caller::Aws { arn, account }) => {
                is_aws(name, arn, account)
            }
            (PrincipalPattern::Service(name), Caller::Service(service)) => {
                canonical(name) == canonical(service)
            }
            (PrincipalPattern::Federated(name), Caller::Federated(provider)) => name == provider,
            _ => false,
        }
    }
}

/// An account (its id or its root's ARN) means everybody in it; a role's ARN means its sessions too.
fn is_aws(name: &str, arn: &str, account: &str) -> bool {
    let root = name
        .parse::<aws::Arn>()
        .is_ok_and(|arn| arn.resource == "root" && arn.account == account);
    name == "*" || name == arn || name == account || root || is_session_of(name, arn, account)
}

/// `arn:aws:sts::1:assumed-role/name/session` is a session of `arn:aws:iam::1:role/any/path/name`.
fn is_session_of(role: &str, session: &str, account: &str) -> bool {
    let Ok(role) = role.parse::<aws::arn::RoleArn>() else {
        return false;
    };
    let Ok(session) = session.parse::<aws::Arn>() else {
        return false;
    };
    let name = session
        .resource
        .strip_prefix("assumed-role/")
        .and_then(|rest| rest.split('/').next());
    role.account == account && name == Some(role.name.as_str())
}

/// A service without its region and its partition's domain: `states.us-east-1.amazonaws.com` is `states`.
fn canonical(service: &str) -> &str {
    let base = service
        .strip_suffix(".amazonaws.com")
        .or_else(|| service.strip_suffix(".amazonaws.com.cn"));
    let Some(base) = base else { return service };
    match base.split_once('.') {
        Some((name, region)) if looks_like_region(region) => name,
        _ => base,
    }
}

/// `us-east-1`: letters with hyphens, and a number at the end.
fn looks_like_region(text: &str) -> bool {
    aws::arn::is_region(text) && text.contains('-') && text.ends_with(|c: char| c.is_ascii_digit())
}
