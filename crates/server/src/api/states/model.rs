//! What the service model says of each operation's members: type, length, range. A table, and its interpreter.
//!
//! Order of checks, measured on AWS (spec api.md 0.1): types, then the shape of ARNs, then the constraints of the
//! model, and only then what an operation itself looks at.

use aws::ApiError;
use aws::validate::Violations;
use serde_json::{Map, Value};

use super::arns;
use super::errors;

/// A member of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    name: &'static str,
    required: bool,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Characters from and to.
    Text(usize, usize),
    /// An ARN: its shape is looked at before all constraints.
    Arn(usize),
    /// Bytes at most; never echoed.
    Data(usize),
    Integer(i64, i64),
    Boolean,
    Enum(&'static [&'static str]),
    Structure,
    List,
}

impl Member {
    const fn new(name: &'static str, kind: Kind) -> Member {
        Member {
            name,
            required: false,
            kind,
        }
    }

    const fn required(mut self) -> Member {
        self.required = true;
        self
    }
}

const TYPES: &[&str] = &["STANDARD", "EXPRESS"];
const STATUSES: &[&str] = &[
    "SUCCEEDED",
    "TIMED_OUT",
    "PENDING_REDRIVE",
    "ABORTED",
    "FAILED",
    "RUNNING",
];
const INCLUDED: &[&str] = &["ALL_DATA", "METADATA_ONLY"];

const NAME: Member = Member::new("name", Kind::Text(1, 80));
const DEFINITION: Member = Member::new("definition", Kind::Text(1, 1_048_576));
const ROLE: Member = Member::new("roleArn", Kind::Text(1, 256));
const TYPE: Member = Member::new("type", Kind::Enum(TYPES));
const LOGGING: Member = Member::new("loggingConfiguration", Kind::Structure);
const TRACING: Member = Member::new("tracingConfiguration", Kind::Structure);
const ENCRYPTION: Member = Member::new("encryptionConfiguration", Kind::Structure);
const TAGS: Member = Member::new("tags", Kind::List);
const PUBLISH: Member = Member::new("publish", Kind::Boolean);
const VERSION_DESCRIPTION: Member = Member::new("versionDescription", Kind::Text(0, 256));
const MACHINE: Member = Member::new("stateMachineArn", Kind::Arn(256)).required();
const EXECUTION: Member = Member::new("executionArn", Kind::Arn(256)).required();
const RESOURCE: Member = Member::new("resourceArn", Kind::Arn(256)).required();
const INCLUDED_DATA: Member = Member::new("includedData", Kind::Enum(INCLUDED));
const MAX_RESULTS: Member = Member::new("maxResults", Kind::Integer(0, 1000));
const NEXT_TOKEN: Member = Member::new("nextToken", Kind::Text(1, 1024));

/// The members of an operation; none if this version does not have it.
pub(super) fn members(operation: &str) -> Option<&'static [Member]> {
    Some(match operation {
        "CreateStateMachine" => {
            const {
                &[
                    NAME.required(),
                    DEFINITION.required(),
                    ROLE.required(),
                    TYPE,
                    LOGGING,
                    TAGS,
                    TRACING,
                    PUBLISH,
                    VERSION_DESCRIPTION,
                    ENCRYPTION,
                ]
            }
        }
        "UpdateStateMachine" => {
            const {
                &[
                    MACHINE,
                    DEFINITION,
                    ROLE,
                    LOGGING,
                    TRACING,
                    PUBLISH,
                    VERSION_DESCRIPTION,
                    ENCRYPTION,
                ]
            }
        }
        "DeleteStateMachine" => const { &[MACHINE] },
        "DescribeStateMachine" => const { &[MACHINE, INCLUDED_DATA] },
        "ListStateMachines" => const { &[MAX_RESULTS, NEXT_TOKEN] },
        "ValidateStateMachineDefinition" => {
            const {
                &[
                    DEFINITION_TO_VALIDATE,
                    TYPE,
                    Member::new("severity", Kind::Enum(&["ERROR", "WARNING"])),
                    Member::new("maxResults", Kind::Integer(0, 100)),
                ]
            }
        }
        "StartExecution" => {
            const {
                &[
                    MACHINE,
                    NAME,
                    Member::new("input", Kind::Data(262_144)),
                    Member::new("traceHeader", Kind::Text(0, 256)),
                ]
            }
        }
        "StopExecution" => {
            const {
                &[
                    EXECUTION,
                    Member::new("error", Kind::Text(0, 256)),
                    Member::new("cause", Kind::Text(0, 32_768)),
                ]
            }
        }
        "DescribeExecution" | "DescribeStateMachineForExecution" => {
            const { &[EXECUTION, INCLUDED_DATA] }
        }
        "GetExecutionHistory" => {
            const {
                &[
                    EXECUTION,
                    MAX_RESULTS,
                    Member::new("reverseOrder", Kind::Boolean),
                    NEXT_TOKEN,
                    Member::new("includeExecutionData", Kind::Boolean),
                ]
            }
        }
        "ListExecutions" => {
            const {
                &[
                    Member::new("stateMachineArn", Kind::Arn(256)),
                    Member::new("statusFilter", Kind::Enum(STATUSES)),
                    MAX_RESULTS,
                    Member::new("nextToken", Kind::Text(1, 3096)),
                    Member::new("mapRunArn", Kind::Arn(2000)),
                    Member::new("redriveFilter", Kind::Enum(&["REDRIVEN", "NOT_REDRIVEN"])),
                ]
            }
        }
        "TagResource" => const { &[RESOURCE, TAGS.required()] },
        "UntagResource" => const { &[RESOURCE, Member::new("tagKeys", Kind::List).required()] },
        "ListTagsForResource" => const { &[RESOURCE] },
        _ => return None,
    })
}

/// An empty definition is not a broken constraint but a diagnostic ([rec] api.validation).
const DEFINITION_TO_VALIDATE: Member =
    Member::new("definition", Kind::Text(0, 1_048_576)).required();

/// Operations of the model (2016-11-23) that this version does not have.
pub(super) const NOT_YET: &[&str] = &[
    "CreateActivity",
    "CreateStateMachineAlias",
    "DeleteActivity",
    "DeleteStateMachineAlias",
    "DeleteStateMachineVersion",
    "DescribeActivity",
    "DescribeMapRun",
    "DescribeStateMachineAlias",
    "GetActivityTask",
    "ListActivities",
    "ListMapRuns",
    "ListStateMachineAliases",
    "ListStateMachineVersions",
    "PublishStateMachineVersion",
    "RedriveExecution",
    "SendTaskFailure",
    "SendTaskHeartbeat",
    "SendTaskSuccess",
    "StartSyncExecution",
    "TestState",
    "UpdateMapRun",
    "UpdateStateMachineAlias",
];

/// A member of a nested structure, checked for its type; missing and null are none.
pub(super) fn nested<'v>(
    value: &'v Value,
    name: &str,
    is: fn(&Value) -> bool,
    wanted: &str,
) -> Result<Option<&'v Value>, ApiError> {
    let found = value.get(name).filter(|found| !found.is_null());
    found
        .map(|found| typed(found, name, is, wanted))
        .transpose()
}

/// The value, if it has the type.
pub(super) fn typed<'v>(
    value: &'v Value,
    name: &str,
    is: fn(&Value) -> bool,
    wanted: &str,
) -> Result<&'v Value, ApiError> {
    match is(value) {
        true => Ok(value),
        false => Err(errors::serialization(format!(
            "{} can not be converted to a {wanted} at '{name}'",
            json_type(value)
        ))),
    }
}

/// A text member of a nested structure.
pub(super) fn nested_text<'v>(value: &'v Value, name: &str) -> Result<Option<&'v str>, ApiError> {
    Ok(nested(value, name, Value::is_string, "String")?.and_then(Value::as_str))
}

/// A boolean member of a nested structure; missing is false.
pub(super) fn nested_boolean(value: &Value, name: &str) -> Result<bool, ApiError> {
    let found = nested(value, name, Value::is_boolean, "Boolean")?;
    Ok(found.and_then(Value::as_bool).unwrap_or(false))
}

/// A list member of a nested structure; missing is empty.
pub(super) fn nested_list<'v>(value: &'v Value, name: &str) -> Result<&'v [Value], ApiError> {
    let found = nested(value, name, Value::is_array, "list")?;
    Ok(found
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default())
}

/// A request whose members have the types and obey the constraints of the model.
#[derive(Debug)]
pub(super) struct Params(Map<String, Value>);

impl Params {
    /// Reads and checks a body.
    pub(super) fn read(body: &[u8], members: &[Member]) -> Result<Params, ApiError> {
        let params = Params(object(body)?);
        for member in members {
            params.check_type(member)?;
        }
        for member in members
            .iter()
            .filter(|member| matches!(member.kind, Kind::Arn(_)))
        {
            params
                .text(member.name)
                .map_or(Ok(()), arns::check_prefix)?;
        }
        let mut violations = Violations::default();
        for member in members {
            params.check_constraints(member, &mut violations);
        }
        violations.check(errors::validation)?;
        Ok(params)
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text member.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    /// A text member that the model requires.
    pub(super) fn required(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// An integer member.
    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.value(name)?.as_i64()
    }

    /// A boolean member.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.value(name)?.as_bool()
    }

    /// A structure or list member.
    pub(super) fn structure(&self, name: &str) -> Option<&Value> {
        self.value(name)
    }

    fn check_type(&self, member: &Member) -> Result<(), ApiError> {
        let Some(value) = self.value(member.name) else {
            return Ok(());
        };
        let (fits, wanted) = match member.kind {
            Kind::Text(..) | Kind::Arn(_) | Kind::Data(_) | Kind::Enum(_) => {
                (value.is_string(), "String")
            }
            Kind::Integer(..) => (value.is_i64(), "Integer"),
            Kind::Boolean => (value.is_boolean(), "Boolean"),
            Kind::Structure => (value.is_object(), "structure"),
            Kind::List => (value.is_array(), "list"),
        };
        match fits {
            true => Ok(()),
            false => Err(errors::serialization(format!(
                "{} can not be converted to a {wanted} at '{}'",
                json_type(value),
                member.name
            ))),
        }
    }

    fn check_constraints(&self, member: &Member, violations: &mut Violations) {
        let Some(value) = self.value(member.name) else {
            if member.required {
                violations.required::<()>(member.name, None);
            }
            return;
        };
        let text = value.as_str().unwrap_or_default();
        match member.kind {
            Kind::Text(min, max) => violations.length(member.name, text, min, max),
            Kind::Arn(max) => violations.length(member.name, text, 1, max),
            Kind::Data(max) => violations.bytes(member.name, text, max),
            Kind::Integer(min, max) => {
                violations.range(member.name, value.as_i64().unwrap_or_default(), min, max)
            }
            Kind::Enum(set) => violations.one_of(member.name, text, set),
            Kind::Boolean | Kind::Structure | Kind::List => {}
        }
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(other) => Err(errors::serialization(format!(
            "{} can not be converted to a structure",
            json_type(&other)
        ))),
        Err(error) => Err(errors::serialization(format!(
            "The request body is not valid JSON: {error}"
        ))),
    }
}

/// As the service's parser calls them.
fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    }
}
