//! The optimised service integrations: which actions there are, how their end can be learnt and which parameters they
//! take. A table, and look-ups in it.
//!
//! Source: spec integrations.md section 2. Knows names only; calling a service is not its business.

use crate::definition::Pattern;

/// A service with an optimised integration.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// As in the ARN: `lambda`, `sqs`.
    pub name: &'static str,
    /// Its actions.
    pub actions: &'static [Action],
}

/// An action of a [`Service`].
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// As in the ARN: `invoke`, `sendMessage`.
    pub name: &'static str,
    /// `.sync` is there.
    pub sync: bool,
    /// `.sync:2` is there.
    pub sync2: bool,
    /// `.waitForTaskToken` is there.
    pub task_token: bool,
    /// The parameters that the integration passes on, as the service spells them; `None`: not written down yet, all are
    /// kept. Unknown ones are dropped: neither sent nor shown in TaskScheduled.
    pub parameters: Option<&'static [&'static str]>,
    /// The parameters without which a definition is refused; not all that the service itself requires.
    pub required: &'static [&'static str],
}

impl Action {
    const fn plain(name: &'static str) -> Action {
        Action {
            name,
            sync: false,
            sync2: false,
            task_token: false,
            parameters: None,
            required: &[],
        }
    }

    const fn requires(self, required: &'static [&'static str]) -> Action {
        Action { required, ..self }
    }

    const fn job(name: &'static str) -> Action {
        Action {
            sync: true,
            ..Action::plain(name)
        }
    }

    const fn callback(name: &'static str) -> Action {
        Action {
            task_token: true,
            ..Action::plain(name)
        }
    }

    const fn job_or_callback(name: &'static str) -> Action {
        Action {
            task_token: true,
            ..Action::job(name)
        }
    }

    const fn takes(self, parameters: &'static [&'static str]) -> Action {
        Action {
            parameters: Some(parameters),
            ..self
        }
    }

    /// Whether the end of the action can be learnt that way.
    pub fn supports(&self, pattern: Pattern) -> bool {
        match pattern {
            Pattern::RequestResponse => true,
            Pattern::Sync => self.sync,
            Pattern::Sync2 => self.sync2,
            Pattern::WaitForTaskToken => self.task_token,
        }
    }

    /// Whether a parameter is passed on.
    pub fn keeps(&self, parameter: &str) -> bool {
        self.parameters
            .is_none_or(|known| known.contains(&parameter))
    }
}

/// The service called `name` in an ARN.
pub fn service(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.name == name)
}

/// An action of an optimised integration. `aws-sdk` integrations are not in the table.
pub fn action(service_name: &str, action_name: &str) -> Option<&'static Action> {
    service(service_name)?
        .actions
        .iter()
        .find(|action| action.name == action_name)
}

/// `aws-sdk` actions that the service refuses: streaming, and calls that make no sense from a state (spec
/// integrations.md section 5). `*` at the end stands for anything.
const REFUSED_SDK_ACTIONS: &[(&str, &str)] = &[
    ("bedrockruntime", "invokeModelWithResponseStream"),
    ("bedrockruntime", "converseStream"),
    ("lambda", "invokeAsync"),
    ("lambda", "invokeWithResponseStream"),
    ("s3", "selectObjectContent"),
    ("kinesis", "subscribeToShard"),
    ("cloudwatchlogs", "startLiveTail"),
    ("sts", "assumeRole*"),
    ("apigatewaymanagementapi", "*"),
];

/// Whether `aws-sdk:<service>:<action>` could be an action: both are spelled as identifiers and it is not one of those
/// that the service refuses. Which services and actions exist is the integrations' knowledge.
pub fn is_sdk_action(service_name: &str, action_name: &str) -> bool {
    let lower = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let refused = |(service, action): &(&str, &str)| {
        *service == service_name
            && match action.strip_suffix('*') {
                Some(prefix) => action_name.starts_with(prefix),
                None => *action == action_name,
            }
    };
    !service_name.is_empty()
        && lower(service_name)
        && action_name.starts_with(|c: char| c.is_ascii_lowercase())
        && action_name.bytes().all(|b| b.is_ascii_alphanumeric())
        && !REFUSED_SDK_ACTIONS.iter().any(refused)
}

/// The table.
pub const SERVICES: &[Service] = &[
    Service {
        name: "lambda",
        actions: &[Action::callback("invoke")
            .takes(&[
                "FunctionName",
                "Payload",
                "InvocationType",
                "Qualifier",
                "ClientContext",
                "LogType",
            ])
            .requires(&["FunctionName"])],
    },
    Service {
        name: "sqs",
        actions: &[Action::callback("sendMessage")
            .takes(&[
                "QueueUrl",
                "MessageBody",
                "MessageAttributes",
                "MessageDeduplicationId",
                "MessageGroupId",
                "DelaySeconds",
            ])
            .requires(&["QueueUrl", "MessageBody"])],
    },
    Service {
        name: "sns",
        actions: &[Action::callback("publish")
            .takes(&[
                "TopicArn",
                "TargetArn",
                "PhoneNumber",
                "Message",
                "Subject",
                "MessageStructure",
                "MessageAttributes",
                "MessageGroupId",
                "MessageDeduplicationId",
            ])
            .requires(&["Message"])],
    },
    Service {
        name: "dynamodb",
        actions: &[
            Action::plain("getItem").requires(&["TableName", "Key"]),
            Action::plain("putItem").requires(&["TableName", "Item"]),
            Action::plain("updateItem"),
            Action::plain("deleteItem"),
        ],
    },
    Service {
        name: "events",
        actions: &[Action::callback("putEvents")
            .takes(&["Entries"])
            .requires(&["Entries"])],
    },
    Service {
        name: "states",
        actions: &[Action {
            sync2: true,
            ..Action::job_or_callback("startExecution")
        }
        .takes(&["StateMachineArn", "Input", "Name"])
        .requires(&["StateMachineArn"])],
    },
    Service {
        name: "apigateway",
        actions: &[Action::callback("invoke").takes(&[
            "ApiEndpoint",
            "Method",
            "Headers",
            "Stage",
            "Path",
            "QueryParameters",
            "RequestBody",
            "AllowNullValues",
            "AuthType",
        ])],
    },
    Service {
        name: "ecs",
        actions: &[Action::job_or_callback("runTask")
            .takes(&[
                "Cluster",
                "TaskDefinition",
                "LaunchType",
                "NetworkConfiguration",
                "Overrides",
                "Group",
                "PlacementConstraints",
                "PlacementStrategy",
                "PlatformVersion",
                "PropagateTags",
                "EnableExecuteCommand",
            ])
            .requires(&["TaskDefinition"])],
    },
    Service {
        name: "batch",
        actions: &[Action::job("submitJob").takes(&[
            "ArrayProperties",
            "ContainerOverrides",
            "DependsOn",
            "JobDefinition",
            "JobName",
            "JobQueue",
            "Parameters",
            "RetryStrategy",
            "Timeout",
            "Tags",
        ])],
    },
    Service {
        name: "glue",
        actions: &[Action::job("startJobRun")
            .takes(&[
                "JobName",
                "Arguments",
                "AllocatedCapacity",
                "MaxCapacity",
                "WorkerType",
                "NumberOfWorkers",
                "Timeout",
                "SecurityConfiguration",
                "NotificationProperty",
                "JobRunId",
                "ExecutionClass",
                "JobRunQueuingEnabled",
            ])
            .requires(&["JobName"])],
    },
    Service {
        name: "databrew",
        actions: &[Action::job("startJobRun").takes(&["Name"])],
    },
    Service {
        name: "codebuild",
        actions: &[
            Action::job("startBuild"),
            Action::plain("stopBuild"),
            Action::plain("batchDeleteBuilds"),
            Action::plain("batchGetReports"),
            Action::job("startBuildBatch"),
            Action::plain("stopBuildBatch"),
            Action::job("retryBuildBatch"),
            Action::plain("deleteBuildBatch"),
        ],
    },
    Service {
        name: "athena",
        actions: &[
            Action::job("startQueryExecution"),
            Action::plain("stopQueryExecution"),
            Action::plain("getQueryExecution"),
            Action::plain("getQueryResults"),
        ],
    },
    Service {
        name: "sagemaker",
        actions: &[
            Action::job("createTrainingJob"),
            Action::job("createTransformJob"),
            Action::job("createProcessingJob"),
            Action::job("createLabelingJob"),
            Action::job("createHyperParameterTuningJob"),
            Action::plain("createEndpoint"),
            Action::plain("createEndpointConfig"),
            Action::plain("createModel"),
            Action::plain("updateEndpoint"),
        ],
    },
    Service {
        name: "elasticmapreduce",
        actions: &[
            Action::job("createCluster"),
            Action::job("terminateCluster"),
            Action::plain("setClusterTerminationProtection"),
            Action::job("addStep"),
            Action::plain("cancelStep"),
            Action::plain("modifyInstanceFleetByName"),
            Action::plain("modifyInstanceGroupByName"),
        ],
    },
    Service {
        name: "emr-containers",
        actions: &[
            Action::plain("createVirtualCluster"),
            Action::job("deleteVirtualCluster"),
            Action::job("startJobRun"),
        ],
    },
    Service {
        name: "emr-serverless",
        actions: &[
            Action::job("createApplication"),
            Action::job("startApplication"),
            Action::job("stopApplication"),
            Action::job("deleteApplication"),
            Action::job("startJobRun"),
            Action::job("cancelJobRun"),
        ],
    },
    Service {
        name: "eks",
        actions: &[
            Action::callback("call"),
            Action::job_or_callback("createCluster"),
            Action::job_or_callback("deleteCluster"),
            Action::job_or_callback("createNodegroup"),
            Action::job_or_callback("deleteNodegroup"),
            Action::job_or_callback("createFargateProfile"),
            Action::job_or_callback("deleteFargateProfile"),
            Action::job_or_callback("runJob"),
        ],
    },
    Service {
        name: "mediaconvert",
        actions: &[Action::job("createJob")],
    },
    Service {
        name: "bedrock",
        actions: &[
            Action::callback("invokeModel"),
            Action::job("createModelCustomizationJob"),
        ],
    },
    Service {
        name: "bedrockagentcore",
        actions: &[Action::plain("invokeHarness")],
    },
    Service {
        name: "http",
        actions: &[Action::plain("invoke").takes(&[
            "ApiEndpoint",
            "Method",
            "Authentication",
            "InvocationConfig",
            "Headers",
            "QueryParameters",
            "RequestBody",
            "Transform",
        ])],
    },
];
