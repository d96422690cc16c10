//! A role's trust policy.

use serde_json::Value;

use crate::document::{Policy, PrincipalPattern, Statement};
use crate::{PolicyError, pattern};

/// The actions that a trust policy may speak of, in lower case.
const ACTIONS: &[&str] = &[
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:assumeroot",
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
];

const ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Condition",
];

/// A new trust policy (`CreateRole`, `UpdateAssumeRolePolicy`).
pub fn trust(text: &str) -> Result<Policy, PolicyError> {
    let json: Value = serde_json::from_str(text).map_err(|_| PolicyError::Json)?;
    elements(&json)?;
    let policy = Policy::parse(text)?;
    policy.statements.iter().try_for_each(statement)?;
    Ok(policy)
}

/// The messages of a trust policy name the element, where those of an identity policy do not.
fn elements(json: &Value) -> Result<(), PolicyError> {
    let document = json.as_object().ok_or(PolicyError::Json)?;
    let statements = document
        .get("Statement")
        .ok_or(PolicyError::Missing("Statement"))?;
    let statements = statements
        .as_array()
        .map_or(std::slice::from_ref(statements), Vec::as_slice);
    for statement in statements.iter().filter_map(Value::as_object) {
        for key in statement.keys().map(String::as_str) {
            match key {
                "Resource" => return Err(PolicyError::Prohibited("Resource")),
                "NotResource" => return Err(PolicyError::Prohibited("NotResource")),
                known if ELEMENTS.contains(&known) => {}
                other => return Err(PolicyError::Unknown(other.chars().take(128).collect())),
            }
        }
        required(statement.contains_key("Effect"), "Effect")?;
        required(
            statement.contains_key("Principal") || statement.contains_key("NotPrincipal"),
            "Principal",
        )?;
        required(
            statement.contains_key("Action") || statement.contains_key("NotAction"),
            "Action",
        )?;
    }
    Ok(())
}

fn required(there: bool, element: &'static str) -> Result<(), PolicyError> {
    if there {
        Ok(())
    } else {
        Err(PolicyError::Missing(element))
    }
}

fn statement(statement: &Statement) -> Result<(), PolicyError> {
    if !statement.effect_exact {
        return Err(PolicyError::Syntax);
    }
    let actions = statement.action.iter().flat_map(|clause| &clause.patterns);
    let mut principals = statement
        .principal
        .iter()
        .flat_map(|clause| &clause.principals)
        .peekable();
    if principals.peek().is_none() {
        return Err(PolicyError::Missing("Principal"));
    }
    actions
        .clone()
        .next()
        .ok_or(PolicyError::Missing("Action"))?;
    if !actions.into_iter().all(|action| is_assume_role(action)) {
        return Err(PolicyError::NotAssumeRole);
    }
    principals.try_for_each(principal)
}

fn is_assume_role(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    action.starts_with("sts:") && ACTIONS.iter().any(|known| pattern::glob(&action, known))
}

fn principal(principal: &PrincipalPattern) -> Result<(), PolicyError> {
    let (kind, name, sound) = match principal {
        PrincipalPattern::Everyone => return Ok(()),
        PrincipalPattern::Aws(name) => ("AWS", name, is_aws_principal(name)),
        PrincipalPattern::Service(name) => ("SERVICE", name, is_service(name)),
        PrincipalPattern::Federated(name) => ("FEDERATED", name, !name.is_empty()),
        PrincipalPattern::CanonicalUser(name) => ("CANONICAL_USER", name, !name.is_empty()),
    };
    if sound {
        Ok(())
    } else {
        Err(PolicyError::Principal(format!("\"{kind}\":\"{name}\"")))
    }
}

/// `*`, an account id, an ARN of IAM or STS, or the id of a principal that was deleted (`AROA...`).
fn is_aws_principal(name: &str) -> bool {
    let unique_id = name.len() >= 16
        && name
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let arn = name.parse::<aws::Arn>().is_ok_and(|arn| {
        matches!(arn.service.as_str(), "iam" | "sts")
            && arn.region.is_empty()
            && aws::arn::is_account_id(&arn.account)
    });
    name == "*" || aws::arn::is_account_id(name) || unique_id || arn
}

/// `name.amazonaws.com`, with a region in the middle or another domain of AWS at the end.
fn is_service(name: &str) -> bool {
    const DOMAINS: &[&str] = &[
        ".amazonaws.com",
        ".amazonaws.com.cn",
        ".amazon.com",
        ".aws.internal",
        ".api.aws",
    ];
    let label = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_';
    name.bytes().all(label)
        && DOMAINS
            .iter()
            .any(|domain| name.len() > domain.len() && name.ends_with(domain))
}
