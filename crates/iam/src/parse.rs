//! From JSON to a [`Policy`]. Owns the grammar: which elements there are and of which type. Everything it minds is a
//! [`PolicyError::Syntax`]; what makes sense is for [`crate::check`].

use serde_json::{Map, Value};

use crate::PolicyError;
use crate::condition::{Condition, Operator};
use crate::document::{
    Clause, Effect, Policy, PrincipalClause, PrincipalPattern, Statement, Version,
};

/// The largest document that is looked at, in bytes: what the API's model allows.
const MAX_DOCUMENT: usize = 131_072;

type Syntax<T> = Result<T, PolicyError>;

impl Policy {
    /// Reads a document. Only its grammar is checked; see [`crate::check`] for what IAM checks of a new one.
    pub fn parse(text: &str) -> Syntax<Policy> {
        if text.len() > MAX_DOCUMENT {
            return Err(PolicyError::Syntax);
        }
        let json: Value = serde_json::from_str(text).map_err(|_| PolicyError::Syntax)?;
        let document = object(&json)?;
        known(document, &["Version", "Id", "Statement"])?;
        document.get("Id").map(string).transpose()?;
        Ok(Policy {
            version: document.get("Version").map(version).transpose()?,
            statements: statements(document.get("Statement").ok_or(PolicyError::Syntax)?)?,
        })
    }
}

const STATEMENT_ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn version(value: &Value) -> Syntax<Version> {
    match string(value)? {
        "2012-10-17" => Ok(Version::V2012),
        "2008-10-17" => Ok(Version::V2008),
        _ => Err(PolicyError::Syntax),
    }
}

fn statements(value: &Value) -> Syntax<Vec<Statement>> {
    match value {
        Value::Array(items) if !items.is_empty() => items.iter().map(statement).collect(),
        Value::Object(_) => Ok(vec![statement(value)?]),
        _ => Err(PolicyError::Syntax),
    }
}

fn statement(value: &Value) -> Syntax<Statement> {
    let json = object(value)?;
    known(json, STATEMENT_ELEMENTS)?;
    let effect_text = string(json.get("Effect").ok_or(PolicyError::Syntax)?)?;
    let effect = effect(effect_text)?;
    Ok(Statement {
        sid: json.get("Sid").map(string).transpose()?.map(str::to_owned),
        effect,
        effect_exact: matches!(effect_text, "Allow" | "Deny"),
        principal: principal_clause(json)?,
        action: clause(json, "Action", "NotAction")?,
        resource: clause(json, "Resource", "NotResource")?,
        conditions: json
            .get("Condition")
            .map(conditions)
            .transpose()?
            .unwrap_or_default(),
    })
}

fn effect(text: &str) -> Syntax<Effect> {
    match text.to_ascii_lowercase().as_str() {
        "allow" => Ok(Effect::Allow),
        "deny" => Ok(Effect::Deny),
        _ => Err(PolicyError::Syntax),
    }
}

fn clause(json: &Map<String, Value>, plain: &str, negated: &str) -> Syntax<Option<Clause>> {
    either(json, plain, negated)?
        .map(|(negated, value)| {
            Ok(Clause {
                negated,
                patterns: strings(value)?,
            })
        })
        .transpose()
}

/// The value of one of two elements that exclude each other, and whether it is the second.
fn either<'a>(
    json: &'a Map<String, Value>,
    plain: &str,
    negated: &str,
) -> Syntax<Option<(bool, &'a Value)>> {
    match (json.get(plain), json.get(negated)) {
        (Some(_), Some(_)) => Err(PolicyError::Syntax),
        (Some(value), None) => Ok(Some((false, value))),
        (None, Some(value)) => Ok(Some((true, value))),
        (None, None) => Ok(None),
    }
}

fn principal_clause(json: &Map<String, Value>) -> Syntax<Option<PrincipalClause>> {
    let Some((negated, value)) = either(json, "Principal", "NotPrincipal")? else {
        return Ok(None);
    };
    let principals = match value {
        Value::String(text) if text == "*" => vec![PrincipalPattern::Everyone],
        Value::Object(kinds) => principals(kinds)?,
        _ => return Err(PolicyError::Syntax),
    };
    Ok(Some(PrincipalClause {
        negated,
        principals,
    }))
}

fn principals(kinds: &Map<String, Value>) -> Syntax<Vec<PrincipalPattern>> {
    let mut all = Vec::new();
    for (kind, value) in kinds {
        let make = match kind.as_str() {
            "AWS" => PrincipalPattern::Aws,
            "Service" => PrincipalPattern::Service,
            "Federated" => PrincipalPattern::Federated,
            "CanonicalUser" => PrincipalPattern::CanonicalUser,
            _ => return Err(PolicyError::Syntax),
        };
        all.extend(strings(value)?.into_iter().map(make));
    }
    Ok(all)
}

fn conditions(value: &Value) -> Syntax<Vec<Condition>> {
    let mut all = Vec::new();
    for (name, keys) in object(value)? {
        let keys = object(keys)?;
        // IAM takes any name for an operator that is given nothing to do.
        if keys.is_empty() {
            continue;
        }
        let operator = Operator::parse(name).ok_or(PolicyError::Syntax)?;
        for (key, values) in keys {
            all.push(Condition {
                operator,
                key: key.to_ascii_lowercase(),
                values: scalars(values)?,
            });
        }
    }
    Ok(all)
}

fn scalars(value: &Value) -> Syntax<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(scalar).collect(),
        other => Ok(vec![scalar(other)?]),
    }
}

fn scalar(value: &Value) -> Syntax<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        _ => Err(PolicyError::Syntax),
    }
}

fn strings(value: &Value) -> Syntax<Vec<String>> {
    match value {
        Value::Array(items) => items
            .iter()
            .map(|item| Ok(string(item)?.to_owned()))
            .collect(),
        other => Ok(vec![string(other)?.to_owned()]),
    }
}

fn string(value: &Value) -> Syntax<&str> {
    value.as_str().ok_or(PolicyError::Syntax)
}

fn object(value: &Value) -> Syntax<&Map<String, Value>> {
    value.as_object().ok_or(PolicyError::Syntax)
}

fn known(object: &Map<String, Value>, elements: &[&str]) -> Syntax<()> {
    let all_known = object.keys().all(|key| elements.contains(&key.as_str()));
    if all_known {
        Ok(())
    } else {
        Err(PolicyError::Syntax)
    }
}
