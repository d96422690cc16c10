//! Policies of AWS that may be attached: the well known ones around workflows.
//!
//! Their documents hold what the services of this server ask for, not every statement of the originals.

use jiff::Timestamp;

use super::ids;
use super::model::{ManagedPolicy, PolicyVersion};

struct AwsPolicy {
    path: &'static str,
    name: &'static str,
    description: &'static str,
    /// All on `*`.
    actions: &'static [&'static str],
}

const fn policy(
    path: &'static str,
    name: &'static str,
    description: &'static str,
    actions: &'static [&'static str],
) -> AwsPolicy {
    AwsPolicy {
        path,
        name,
        description,
        actions,
    }
}

const LOGS: [&str; 3] = [
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
];

/// Sorted by name.
const POLICIES: &[AwsPolicy] = &[
    policy(
        "/service-role/",
        "AWSBatchServiceEventTargetRole",
        "Policy to enable CloudWatch Event Target for AWS Batch Job Submission",
        &["batch:SubmitJob"],
    ),
    policy(
        "/",
        "AWSBatchFullAccess",
        "Provides full access for AWS Batch resources.",
        &["batch:*"],
    ),
    policy(
        "/service-role/",
        "AWSLambdaBasicExecutionRole",
        "Provides write permissions to CloudWatch Logs.",
        &LOGS,
    ),
    policy(
        "/service-role/",
        "AWSLambdaDynamoDBExecutionRole",
        "Provides list and read access to DynamoDB streams and write permissions to CloudWatch logs.",
        &[
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            LOGS[0],
            LOGS[1],
            LOGS[2],
        ],
    ),
    policy(
        "/",
        "AWSLambdaExecute",
        "Provides Put, Get access to S3 and full access to CloudWatch Logs.",
        &["logs:*", "s3:GetObject", "s3:PutObject"],
    ),
    policy(
        "/service-role/",
        "AWSLambdaKinesisExecutionRole",
        "Provides list and read access to Kinesis streams and write permissions to CloudWatch logs.",
        &[
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
            "kinesis:ListStreams",
            "kinesis:SubscribeToShard",
            LOGS[0],
            LOGS[1],
            LOGS[2],
        ],
    ),
    policy(
        "/service-role/",
        "AWSLambdaRole",
        "Default policy for AWS Lambda service role.",
        &["lambda:InvokeFunction"],
    ),
    policy(
        "/service-role/",
        "AWSLambdaSQSQueueExecutionRole",
        "Provides receive message, delete message, and read attribute access to SQS queues, and write permissions to CloudWatch logs.",
        &[
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            LOGS[0],
            LOGS[1],
            LOGS[2],
        ],
    ),
    policy(
        "/service-role/",
        "AWSLambdaVPCAccessExecutionRole",
        "Provides minimum permissions for a Lambda function to execute while accessing a resource within a VPC",
        &[
            LOGS[0],
            LOGS[1],
            LOGS[2],
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
    ),
    policy(
        "/",
        "AWSLambda_FullAccess",
        "Grants full access to AWS Lambda service, AWS Lambda console features, and other related AWS services.",
        &[
            "lambda:*",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:ListRoles",
            "logs:DescribeLogGroups",
            "states:DescribeStateMachine",
            "states:ListStateMachines",
            "tag:GetResources",
        ],
    ),
    policy(
        "/",
        "AWSLambda_ReadOnlyAccess",
        "Grants read-only access to AWS Lambda service, AWS Lambda console features, and other related AWS services.",
        &[
            "lambda:Get*",
            "lambda:List*",
            "iam:GetRole",
            "iam:ListRoles",
            "logs:DescribeLogGroups",
        ],
    ),
    policy(
        "/",
        "AWSStepFunctionsConsoleFullAccess",
        "An access policy for providing a user/role/etc access to the AWS StepFunctions console.",
        &["states:*", "iam:ListRoles", "lambda:ListFunctions"],
    ),
    policy(
        "/",
        "AWSStepFunctionsFullAccess",
        "An access policy for providing a user/role/etc access to the AWS StepFunctions API.",
        &["states:*"],
    ),
    policy(
        "/",
        "AWSStepFunctionsReadOnlyAccess",
        "An access policy for providing a user/role/etc read only access to the AWS StepFunctions service.",
        &[
            "states:ListStateMachines",
            "states:ListActivities",
            "states:DescribeStateMachine",
            "states:DescribeStateMachineForExecution",
            "states:ListExecutions",
            "states:DescribeExecution",
            "states:GetExecutionHistory",
            "states:DescribeActivity",
        ],
    ),
    policy(
        "/",
        "AWSXRayDaemonWriteAccess",
        "Allow the AWS X-Ray Daemon to relay raw trace segments data to the service's API and retrieve sampling data (rules, targets, etc.) to be used by the X-Ray SDK.",
        &[
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ],
    ),
    policy(
        "/",
        "AWSXrayFullAccess",
        "AWS X-Ray full access managed policy",
        &["xray:*"],
    ),
    policy(
        "/",
        "AWSXrayWriteOnlyAccess",
        "AWS X-Ray write only managed policy",
        &[
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ],
    ),
    policy(
        "/",
        "AdministratorAccess",
        "Provides full access to AWS services and resources.",
        &["*"],
    ),
    policy(
        "/",
        "AmazonAPIGatewayInvokeFullAccess",
        "Provides full access to invoke APIs in Amazon API Gateway.",
        &["execute-api:Invoke", "execute-api:ManageConnections"],
    ),
    policy(
        "/",
        "AmazonAthenaFullAccess",
        "Provide full access to Amazon Athena and scoped access to the dependencies needed to enable querying, writing results, and data management.",
        &[
            "athena:*",
            "glue:Get*",
            "glue:BatchGet*",
            "s3:GetBucketLocation",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:PutObject",
        ],
    ),
    policy(
        "/",
        "AmazonBedrockFullAccess",
        "Provides full access to Amazon Bedrock as well as limited access to related services that are required by it.",
        &["bedrock:*"],
    ),
    policy(
        "/",
        "AmazonDynamoDBFullAccess",
        "Provides full access to Amazon DynamoDB via the AWS Management Console.",
        &["dynamodb:*", "dax:*"],
    ),
    policy(
        "/",
        "AmazonDynamoDBReadOnlyAccess",
        "Provides read only access to Amazon DynamoDB via the AWS Management Console.",
        &[
            "dynamodb:BatchGetItem",
            "dynamodb:Describe*",
            "dynamodb:List*",
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:PartiQLSelect",
        ],
    ),
    policy(
        "/",
        "AmazonECS_FullAccess",
        "Provides administrative access to Amazon ECS resources and enables ECS features through access to other AWS service resources.",
        &["ecs:*"],
    ),
    policy(
        "/",
        "AmazonEventBridgeFullAccess",
        "Provides full access to Amazon EventBridge.",
        &["events:*", "schemas:*", "scheduler:*", "pipes:*"],
    ),
    policy(
        "/",
        "AmazonKinesisFullAccess",
        "Provides full access to all streams via the AWS Management Console.",
        &["kinesis:*"],
    ),
    policy(
        "/",
        "AmazonS3FullAccess",
        "Provides full access to all buckets via the AWS Management Console.",
        &["s3:*", "s3-object-lambda:*"],
    ),
    policy(
        "/",
        "AmazonS3ReadOnlyAccess",
        "Provides read only access to all buckets via the AWS Management Console.",
        &[
            "s3:Get*",
            "s3:List*",
            "s3:Describe*",
            "s3-object-lambda:Get*",
            "s3-object-lambda:List*",
        ],
    ),
    policy(
        "/",
        "AmazonSNSFullAccess",
        "Provides full access to Amazon SNS via the AWS Management Console.",
        &["sns:*"],
    ),
    policy(
        "/",
        "AmazonSQSFullAccess",
        "Provides full access to Amazon SQS via the AWS Management Console.",
        &["sqs:*"],
    ),
    policy(
        "/",
        "AmazonSSMReadOnlyAccess",
        "Provides read only access to Amazon SSM.",
        &["ssm:Describe*", "ssm:Get*", "ssm:List*"],
    ),
    policy(
        "/",
        "CloudWatchFullAccess",
        "Provides full access to CloudWatch.",
        &["cloudwatch:*", "logs:*", "sns:*"],
    ),
    policy(
        "/",
        "CloudWatchLogsFullAccess",
        "Provides full access to CloudWatch Logs",
        &["logs:*", "cloudwatch:GenerateQuery"],
    ),
    policy(
        "/",
        "IAMFullAccess",
        "Provides full access to IAM via the AWS Management Console.",
        &["iam:*"],
    ),
    policy(
        "/",
        "SecretsManagerReadWrite",
        "Provides read/write access to AWS Secrets Manager via the AWS Management Console.",
        &["secretsmanager:*"],
    ),
];

/// Whether an ARN is in AWS's own account.
pub(super) fn is_aws(arn: &str) -> bool {
    arn.split(':').nth(4) == Some("aws")
}

/// A policy of AWS by its ARN, in whatever partition.
pub(super) fn find(arn: &str) -> Option<ManagedPolicy> {
    let parsed: aws::Arn = arn
        .parse()
        .ok()
        .filter(|parsed: &aws::Arn| parsed.service == "iam" && is_aws(arn))?;
    let known = POLICIES
        .iter()
        .find(|policy| parsed.resource == format!("policy{}{}", policy.path, policy.name))?;
    Some(known.managed(&parsed.partition))
}

/// All of them, sorted by name.
pub(super) fn all(partition: &str) -> impl Iterator<Item = ManagedPolicy> {
    let mut policies: Vec<ManagedPolicy> = POLICIES
        .iter()
        .map(|policy| policy.managed(partition))
        .collect();
    policies.sort_by(|a, b| a.name.cmp(&b.name));
    policies.into_iter()
}

/// A managed policy's name from its ARN.
pub(super) fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// A managed policy's path from its ARN.
pub(super) fn path_of(arn: &str) -> &str {
    let start = arn.find('/').unwrap_or(0);
    let end = arn.rfind('/').map_or(arn.len(), |at| at + 1);
    &arn[start..end]
}

impl AwsPolicy {
    fn managed(&self, partition: &str) -> ManagedPolicy {
        let arn = format!("arn:{partition}:iam::aws:policy{}{}", self.path, self.name);
        // When AWS published most of these.
        let created = Timestamp::constant(1_423_248_058, 0);
        let version = PolicyVersion {
            number: 1,
            document: self.document(),
            created,
        };
        ManagedPolicy {
            name: self.name.to_owned(),
            path: self.path.to_owned(),
            id: ids::fixed("ANPA", &arn),
            arn,
            created,
            updated: created,
            description: Some(self.description.to_owned()),
            tags: Vec::new(),
            versions: vec![version],
            default_version: 1,
            next_version: 2,
            attachments: 0,
        }
    }

    fn document(&self) -> String {
        let statement =
            serde_json::json!({ "Effect": "Allow", "Action": self.actions, "Resource": "*" });
        serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }
}
