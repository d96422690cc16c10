//! The ARNs of state machines and executions, and the errors of those that are none (spec api.md 0.2).

use std::fmt;

use aws::arn::ArnParts;
use aws::{ApiError, Arn};

use super::errors;

/// `arn:<p>:states:<r>:<acct>:stateMachine:<name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MachineArn {
    pub(super) region: String,
    pub(super) account: String,
    pub(super) name: String,
    /// What follows the name.
    pub(super) qualifier: Option<Qualifier>,
}

impl MachineArn {
    /// Whether it names the machine, or a version or alias of the machine, that the other one does.
    pub(super) fn is_same_machine(&self, other: &MachineArn) -> bool {
        (&self.region, &self.account, &self.name) == (&other.region, &other.account, &other.name)
    }

    /// The version that it names.
    pub(super) fn version(&self) -> Option<u64> {
        match self.qualifier {
            Some(Qualifier::Version(number)) => Some(number),
            _ => None,
        }
    }

    /// The alias that it names.
    pub(super) fn alias(&self) -> Option<&str> {
        match &self.qualifier {
            Some(Qualifier::Alias(name)) => Some(name),
            _ => None,
        }
    }
}

/// What an ARN names of a machine: `:<n>` or `:<alias>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Qualifier {
    /// A version's number, from 1.
    Version(u64),
    /// An alias's name, or what is neither: there is no alias of such a name.
    Alias(String),
}

impl Qualifier {
    fn read(text: &str) -> Qualifier {
        let number = text.parse().ok().map(Qualifier::Version);
        number
            .filter(|number| *number != Qualifier::Version(0) && number.to_string() == text)
            .unwrap_or_else(|| Qualifier::Alias(text.to_owned()))
    }
}

impl fmt::Display for Qualifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Qualifier::Version(number) => number.fmt(out),
            Qualifier::Alias(name) => name.fmt(out),
        }
    }
}

/// `arn:<p>:states:<r>:<acct>:execution:<machine>:<name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExecutionArn {
    pub(super) region: String,
    pub(super) account: String,
    pub(super) machine: String,
    pub(super) name: String,
}

/// Something like an ARN at all; its resource is the operation's business.
pub(super) fn check_prefix(text: &str) -> Result<(), ApiError> {
    parse(text).map(|_| ())
}

fn parse(text: &str) -> Result<ArnParts<'_>, ApiError> {
    let arn =
        ArnParts::of(text).map_err(|error| errors::invalid_arn(&format!("{error}: {text}")))?;
    match arn.service {
        "states" => Ok(arn),
        _ => Err(errors::invalid_arn(&format!("Invalid ARN service: {text}"))),
    }
}

fn wrong_type(arn: &ArnParts<'_>) -> ApiError {
    errors::invalid_arn(&format!(
        "Resource type not valid in this context: {}",
        arn.resource_type()
    ))
}

pub(super) fn machine(text: &str) -> Result<MachineArn, ApiError> {
    let arn = parse(text)?;
    let Some(rest) = arn.resource.strip_prefix("stateMachine:") else {
        return Err(wrong_type(&arn));
    };
    let (name, qualifier) = match rest.split_once(':') {
        Some((name, qualifier)) => (name, Some(Qualifier::read(qualifier))),
        None => (rest, None),
    };
    if name.contains('/') {
        return Err(errors::validation(format!(
            "This operation does not support labelled ARNs: {text}"
        ))
        .with("reason", "API_DOES_NOT_SUPPORT_LABELED_ARNS"));
    }
    if arn.partition != aws::arn::partition_of(arn.region) {
        return Err(errors::invalid_arn(&format!(
            "Invalid ARN partition: {text}"
        )));
    }
    if name.is_empty() {
        return Err(errors::invalid_arn(&format!(
            "Malformed ARN - no resource specified: {text}"
        )));
    }
    Ok(MachineArn {
        region: arn.region.to_owned(),
        account: arn.account.to_owned(),
        name: name.to_owned(),
        qualifier,
    })
}

/// `arn:<p>:states:<r>:<acct>:activity:<name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ActivityArn {
    pub(super) region: String,
    pub(super) account: String,
    pub(super) name: String,
}

pub(super) fn activity(text: &str) -> Result<ActivityArn, ApiError> {
    let arn = parse(text)?;
    match arn.resource.strip_prefix("activity:") {
        None => Err(wrong_type(&arn)),
        Some(name) if name.is_empty() || name.contains(':') => Err(errors::invalid_arn(&format!(
            "Malformed ARN - no resource specified: {text}"
        ))),
        Some(name) => Ok(ActivityArn {
            name: name.to_owned(),
            region: arn.region.to_owned(),
            account: arn.account.to_owned(),
        }),
    }
}

/// The ARN of an activity.
pub(super) fn format_activity(region: &str, account: &str, name: &str) -> String {
    Arn::new("states", region, account, format!("activity:{name}")).to_string()
}

pub(super) fn execution(text: &str) -> Result<ExecutionArn, ApiError> {
    let arn = parse(text)?;
    let Some(rest) = arn.resource.strip_prefix("execution:") else {
        return Err(wrong_type(&arn));
    };
    match rest.split_once(':') {
        Some((machine, name)) if !machine.is_empty() && !name.is_empty() => Ok(ExecutionArn {
            region: arn.region.to_owned(),
            account: arn.account.to_owned(),
            machine: machine.to_owned(),
            name: name.to_owned(),
        }),
        _ => Err(errors::invalid_arn(&format!(
            "Malformed ARN - no resource specified: {text}"
        ))),
    }
}

/// `arn:<p>:states:<r>:<acct>:mapRun:<machine>/<label>:<uuid>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MapRunArn {
    pub(super) region: String,
    pub(super) account: String,
    pub(super) uuid: String,
}

pub(super) fn map_run(text: &str) -> Result<MapRunArn, ApiError> {
    let arn = parse(text)?;
    let Some(rest) = arn.resource.strip_prefix("mapRun:") else {
        return Err(wrong_type(&arn));
    };
    match rest.rsplit_once(':') {
        Some((machine, uuid)) if machine.contains('/') && !uuid.is_empty() => Ok(MapRunArn {
            region: arn.region.to_owned(),
            account: arn.account.to_owned(),
            uuid: uuid.to_owned(),
        }),
        _ => Err(errors::invalid_arn(&format!(
            "Malformed ARN - no resource specified: {text}"
        ))),
    }
}

/// The ARN of a machine.
pub(super) fn format_machine(region: &str, account: &str, name: &str) -> String {
    Arn::new("states", region, account, format!("stateMachine:{name}")).to_string()
}

/// The ARN of an execution.
pub(super) fn format_execution(region: &str, account: &str, machine: &str, name: &str) -> String {
    Arn::new(
        "states",
        region,
        account,
        format!("execution:{machine}:{name}"),
    )
    .to_string()
}

/// The ARN of an Express execution: its name may be used again, so a UUID follows.
pub(super) fn format_express(
    region: &str,
    account: &str,
    machine: &str,
    name: &str,
    id: uuid::Uuid,
) -> String {
    let resource = format!("express:{machine}:{name}:{id}");
    Arn::new("states", region, account, resource).to_string()
}

/// Names of machines and executions: no white space, brackets, wildcards, special or control characters
/// (spec api.md 0.3, [rec] for each character). The length is the model's business.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    const SPECIAL: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";
    let allowed = |c: char| {
        !(c.is_whitespace()
            || c.is_control()
            || SPECIAL.contains(c)
            || matches!(c, '\u{fffe}' | '\u{ffff}'))
    };
    match !name.is_empty() && name.chars().all(allowed) {
        true => Ok(()),
        false => Err(errors::invalid_name(name)),
    }
}
