#!/usr/bin/env python3
"""Writes crates/asl/src/responses/shapes.txt: what the services answer, from the models that botocore carries.

    target/test-venv/bin/python scripts/response_shapes.py > crates/asl/src/responses/shapes.txt

The format is described in crates/asl/src/responses/table.rs. Facts of the models only: members, types, limits.
"""

import re

import botocore
import botocore.session

# Optimised integrations: what Step Functions calls the service, its model, and the actions with the operation that
# answers. A job's answer is that of the operation that is polled.
OPTIMISED = [
    ("lambda", "lambda", {"invoke": "Invoke"}),
    ("states", "stepfunctions", {
        "startExecution": "StartExecution",
        "startExecution.sync": "DescribeExecution",
        "startExecution.sync:2": "DescribeExecution",
    }),
    ("dynamodb", "dynamodb", ["getItem", "putItem", "updateItem", "deleteItem"]),
    ("sqs", "sqs", ["sendMessage"]),
    ("sns", "sns", ["publish"]),
    ("events", "events", ["putEvents"]),
    ("batch", "batch", ["submitJob"]),
    ("ecs", "ecs", ["runTask"]),
    ("glue", "glue", ["startJobRun"]),
    ("athena", "athena", ["startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"]),
    ("codebuild", "codebuild", ["startBuild", "stopBuild", "batchDeleteBuilds", "batchGetReports"]),
    ("sagemaker", "sagemaker", [
        "createTrainingJob", "createTransformJob", "createProcessingJob", "createLabelingJob",
        "createHyperParameterTuningJob", "createEndpoint", "createEndpointConfig", "createModel", "updateEndpoint",
    ]),
    ("databrew", "databrew", ["startJobRun"]),
    ("mediaconvert", "mediaconvert", ["createJob"]),
]

# aws-sdk integrations: what Step Functions calls the service, and its model; all of its operations.
SDK = [
    ("s3", "s3"), ("kms", "kms"), ("lambda", "lambda"), ("dynamodb", "dynamodb"), ("sqs", "sqs"), ("sns", "sns"),
    ("sfn", "stepfunctions"), ("eventbridge", "events"), ("secretsmanager", "secretsmanager"), ("sts", "sts"),
    ("cloudwatchlogs", "logs"), ("scheduler", "scheduler"), ("kinesis", "kinesis"),
    ("bedrockruntime", "bedrock-runtime"), ("textract", "textract"), ("translate", "translate"), ("ssm", "ssm"),
]

# What AWS was recorded to refuse wins over a newer model.
RECORDED = {
    # test_strict_mode_aws_sdk_lambda_get_function_task[integer_more_than_maximum_allowed], 2025-11
    ("lambda", "MemorySize"): {"min": 128, "max": 10240},
}

KINDS = {
    "string": "s", "timestamp": "s", "blob": "s", "character": "s",
    "integer": "n", "long": "n", "float": "n", "double": "n", "boolean": "b",
}


def capitalised(name):
    """As an optimised integration shows a member."""
    return name[:1].upper() + name[1:]


def sdk_case(name):
    """As an aws-sdk integration shows a member: the naming of the AWS SDK for Java 2."""
    words = re.sub(r"[^A-Za-z0-9]+", " ", name)
    words = re.sub(r"([^a-z]{2,})v([0-9]+)", r"\1 v\2 ", words)
    words = re.sub(r"([^A-Z]{2,})V([0-9]+)", r"\1 V\2 ", words)
    words = " ".join(re.split(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])", words))
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", words)
    words = re.sub(r"([0-9])([a-zA-Z])", r"\1 \2", words)
    return "".join(word[:1].upper() + word[1:].lower() for word in words.split())


class Writer:
    """The shapes of one service."""

    def __init__(self, model, case):
        self.model = model
        self.case = case
        self.lines = {}

    def refer(self, shape):
        """How other shapes name this one."""
        kind = KINDS.get(shape.type_name)
        if kind:
            limits = self.limits(shape)
            if shape.type_name == "blob":
                limits.pop("max", None)
            if not limits or kind == "b" or shape.type_name == "timestamp":
                return kind
        if shape.name not in self.lines:
            self.lines[shape.name] = None
            self.lines[shape.name] = self.line(shape, kind)
        return shape.name

    def limits(self, shape):
        """What bounds a text or number."""
        recorded = RECORDED.get((self.model, shape.name))
        return dict(recorded or {k: v for k, v in shape.metadata.items() if k in ("min", "max", "enum")})

    def line(self, shape, kind):
        name = shape.name
        if shape.type_name == "structure":
            if getattr(shape, "is_document_type", False):
                return f"* {name}"
            required = set(shape.required_members)
            members = [
                f"{'!' if member in required else ''}{self.case(member)}={self.refer(of)}"
                for member, of in shape.members.items()
            ]
            return " ".join(["{", name, *members])
        if shape.type_name == "list":
            return f"[ {name} {self.refer(shape.member)}"
        if shape.type_name == "map":
            return f"% {name} {self.refer(shape.value)}"
        if kind == "s" and shape.metadata.get("enum"):
            return f"e {name} {'|'.join(shape.metadata['enum'])}"
        if kind in ("s", "n"):
            low, high = (self.limits(shape).get(key, "-") for key in ("min", "max"))
            return f"{kind} {name} {low} {high}"
        return f"* {name}"


def service(name, model, operations, case):
    """A service's block."""
    writer = Writer(model.service_name, case)
    heads = []
    for action, operation in sorted(operations.items()):
        shape = model.operation_model(operation).output_shape
        if shape is not None:
            heads.append(f"> {action} {writer.refer(shape)}")
    print(f"@ {name}")
    print("\n".join(heads))
    print("\n".join(writer.lines[shape] for shape in sorted(writer.lines)))


def main():
    session = botocore.session.get_session()
    print(f"# Written by scripts/response_shapes.py from the models of botocore {botocore.__version__}. Do not edit.")
    for name, model, actions in OPTIMISED:
        if isinstance(actions, list):
            actions = {action: action[0].upper() + action[1:] for action in actions}
        service(name, session.get_service_model(model), actions, capitalised)
    for name, model in SDK:
        model = session.get_service_model(model)
        actions = {operation[0].lower() + operation[1:]: operation for operation in model.operation_names}
        service(f"aws-sdk:{name}", model, actions, sdk_case)


if __name__ == "__main__":
    main()
