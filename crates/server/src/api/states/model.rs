//! What the service model says of each operation's members: type, length, range. A table; `params` interprets it.

/// A member of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) kind: Kind,
}

/// A member's type with its constraints.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Characters from and to.
    Text(usize, usize),
    /// An alias's name: never a number, so that it cannot be a version.
    AliasName,
    /// The caller's name for a request: 1 to 64 visible characters of ASCII.
    ClientToken,
    /// An ARN: its shape is looked at before all constraints.
    Arn(usize),
    /// Bytes at most; never echoed.
    Data(usize),
    Integer(i64, i64),
    /// A number that need not be an integer.
    Number(f64, f64),
    Boolean,
    Enum(&'static [&'static str]),
    Structure,
    List,
    /// One or two versions with their weights.
    Routing,
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
const MAP_RUN: Member = Member::new("mapRunArn", Kind::Arn(2000)).required();
const RESOURCE: Member = Member::new("resourceArn", Kind::Arn(256)).required();
const INCLUDED_DATA: Member = Member::new("includedData", Kind::Enum(INCLUDED));
const MAX_RESULTS: Member = Member::new("maxResults", Kind::Integer(0, 1000));
const NEXT_TOKEN: Member = Member::new("nextToken", Kind::Text(1, 1024));
const ALIAS: Member = Member::new("stateMachineAliasArn", Kind::Arn(256)).required();
const ROUTING: Member = Member::new("routingConfiguration", Kind::Routing);
const ACTIVITY: Member = Member::new("activityArn", Kind::Arn(256)).required();
const TASK_TOKEN: Member = Member::new("taskToken", Kind::Text(1, 2048)).required();
const ERROR: Member = Member::new("error", Kind::Text(0, 256));
const CAUSE: Member = Member::new("cause", Kind::Text(0, 32_768));
const DESCRIPTION: Member = Member::new("description", Kind::Text(0, 256));

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
        "StartSyncExecution" => {
            const {
                &[
                    MACHINE,
                    NAME,
                    Member::new("input", Kind::Data(262_144)),
                    Member::new("traceHeader", Kind::Text(0, 256)),
                    INCLUDED_DATA,
                ]
            }
        }
        "StopExecution" => const { &[EXECUTION, ERROR, CAUSE] },
        "RedriveExecution" => const { &[EXECUTION, Member::new("clientToken", Kind::ClientToken)] },
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
        "DescribeMapRun" => const { &[MAP_RUN] },
        "ListMapRuns" => const { &[EXECUTION, MAX_RESULTS, NEXT_TOKEN] },
        "UpdateMapRun" => {
            const {
                &[
                    MAP_RUN,
                    Member::new("maxConcurrency", Kind::Integer(0, i64::MAX)),
                    Member::new("toleratedFailurePercentage", Kind::Number(0.0, 100.0)),
                    Member::new("toleratedFailureCount", Kind::Integer(0, i64::MAX)),
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
        "PublishStateMachineVersion" => {
            const {
                &[
                    MACHINE,
                    Member::new("revisionId", Kind::Text(0, usize::MAX)),
                    DESCRIPTION,
                ]
            }
        }
        "DeleteStateMachineVersion" => {
            const { &[Member::new("stateMachineVersionArn", Kind::Arn(2000)).required()] }
        }
        "ListStateMachineVersions" | "ListStateMachineAliases" => {
            const { &[MACHINE, NEXT_TOKEN, MAX_RESULTS] }
        }
        "CreateStateMachineAlias" => {
            const {
                &[
                    DESCRIPTION,
                    Member::new("name", Kind::AliasName).required(),
                    ROUTING.required(),
                ]
            }
        }
        "UpdateStateMachineAlias" => const { &[ALIAS, DESCRIPTION, ROUTING] },
        "DescribeStateMachineAlias" | "DeleteStateMachineAlias" => const { &[ALIAS] },
        "TestState" => {
            const {
                &[
                    DEFINITION.required(),
                    ROLE,
                    Member::new("input", Kind::Data(262_144)),
                    Member::new("inspectionLevel", Kind::Enum(&["INFO", "DEBUG", "TRACE"])),
                    Member::new("revealSecrets", Kind::Boolean),
                    Member::new("variables", Kind::Data(262_144)),
                    Member::new("stateName", Kind::Text(1, 80)),
                    Member::new("mock", Kind::Structure),
                    Member::new("context", Kind::Data(262_144)),
                    Member::new("stateConfiguration", Kind::Structure),
                ]
            }
        }
        "CreateActivity" => const { &[NAME.required(), TAGS, ENCRYPTION] },
        "DeleteActivity" | "DescribeActivity" => const { &[ACTIVITY] },
        "ListActivities" => const { &[MAX_RESULTS, NEXT_TOKEN] },
        "GetActivityTask" => const { &[ACTIVITY, Member::new("workerName", Kind::Text(1, 80))] },
        "SendTaskSuccess" => {
            const {
                &[
                    TASK_TOKEN,
                    Member::new("output", Kind::Data(262_144)).required(),
                ]
            }
        }
        "SendTaskFailure" => const { &[TASK_TOKEN, ERROR, CAUSE] },
        "SendTaskHeartbeat" => const { &[TASK_TOKEN] },
        "TagResource" => const { &[RESOURCE, TAGS.required()] },
        "UntagResource" => const { &[RESOURCE, Member::new("tagKeys", Kind::List).required()] },
        "ListTagsForResource" => const { &[RESOURCE] },
        _ => return None,
    })
}

/// An empty definition is not a broken constraint but a diagnostic ([rec] api.validation).
const DEFINITION_TO_VALIDATE: Member =
    Member::new("definition", Kind::Text(0, 1_048_576)).required();
