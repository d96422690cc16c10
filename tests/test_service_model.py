"""Every operation of the installed botocore's model: valid calls answer what the model says, every error that it names can be had.

What cannot be had here is listed with the reason; a new operation or error of a newer botocore fails until it is in one of the
tables. Calls go out as bare HTTP, so that nothing is checked or completed on the way, and through boto3, which parses the answer.
"""

import json
import uuid

import botocore
import pytest

from support import model
from support.clients import boto, states
from support.machines import PASS, ROLE, create, execution_arn, finished, machine_arn, one_state, unique
from support.server import ACCOUNT, REGION, Server
from support.wait import until

NO_MACHINE = machine_arn("not-there")
NO_EXECUTION = execution_arn(NO_MACHINE, "not-there")
NO_ACTIVITY = f"arn:aws:states:{REGION}:{ACCOUNT}:activity:not-there"
NO_MAP_RUN = f"arn:aws:states:{REGION}:{ACCOUNT}:mapRun:not-there/label:{uuid.UUID(int=1)}"
WAITING = one_state({"Type": "Wait", "Seconds": 86_400})
FAILING = one_state({"Type": "Fail", "Error": "Broken", "Cause": "on purpose"})
EXPRESS = {"type": "EXPRESS"}
TAGS = [{"key": f"key-{number}", "value": "value"} for number in range(51)]
LOG_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:not-there:*"


def text(definition):
    return json.dumps(definition)


class World:
    """What the calls are about, made on first use; each property is one thing."""

    def __init__(self, server):
        self.server = server
        self.sfn = boto("stepfunctions", server)
        self.made = {}

    def once(self, name, make):
        """What `make` makes, once."""
        if name not in self.made:
            self.made[name] = make()
        return self.made[name]

    @property
    def machine(self):
        """A machine with a version and an alias."""
        def make():
            arn = create(self.sfn, PASS, publish=True)
            self.sfn.create_state_machine_alias(name="live", routingConfiguration=route(f"{arn}:1"))
            return arn
        return self.once("machine", make)

    @property
    def alias(self):
        return f"{self.machine}:live"

    @property
    def version(self):
        return f"{self.machine}:1"

    @property
    def express(self):
        return self.once("express", lambda: create(self.sfn, PASS, **EXPRESS))

    @property
    def ended(self):
        def make():
            arn = self.sfn.start_execution(stateMachineArn=self.alias, name="ended", input='{"a": 1}')["executionArn"]
            finished(self.sfn, arn)
            return arn
        return self.once("ended", make)

    @property
    def failed(self):
        def make():
            arn = self.sfn.start_execution(stateMachineArn=create(self.sfn, FAILING))["executionArn"]
            finished(self.sfn, arn)
            return arn
        return self.once("failed", make)

    def waiting(self):
        """An execution that waits, each time another one."""
        machine = self.once("waits", lambda: create(self.sfn, WAITING))
        return self.sfn.start_execution(stateMachineArn=machine)["executionArn"]

    @property
    def activity(self):
        return self.once("activity", lambda: self.new_activity())

    def new_activity(self):
        return self.sfn.create_activity(name=unique("activity"))["activityArn"]

    def scheduled(self):
        """An activity with a task, each time another one."""
        activity = self.new_activity()
        machine = create(self.sfn, one_state({"Type": "Task", "Resource": activity}))
        execution = self.sfn.start_execution(stateMachineArn=machine)["executionArn"]
        return activity, execution

    def token(self):
        """The token of a task that a worker has taken, each time another one."""
        activity, execution = self.scheduled()
        return self.sfn.get_activity_task(activityArn=activity)["taskToken"], execution

    def stale_token(self):
        """The token of a task whose execution is over."""
        token, execution = self.token()
        self.sfn.stop_execution(executionArn=execution)
        return token

    @property
    def map_execution(self):
        """An execution with a map run that is over."""
        def make():
            arn = self.sfn.start_execution(stateMachineArn=create(self.sfn, distributed(PASS)), input="[1,2]")["executionArn"]
            finished(self.sfn, arn)
            return arn
        return self.once("map execution", make)

    @property
    def map_run(self):
        return self.sfn.list_map_runs(executionArn=self.map_execution)["mapRuns"][0]["mapRunArn"]

    @property
    def open_map_run(self):
        def make():
            machine = create(self.sfn, distributed(WAITING))
            arn = self.sfn.start_execution(stateMachineArn=machine, input="[1,2]")["executionArn"]
            runs = until(lambda: self.sfn.list_map_runs(executionArn=arn)["mapRuns"], "a map run")
            return runs[0]["mapRunArn"]
        return self.once("open map run", make)

    def referenced(self):
        """A version that an alias leads to."""
        assert self.machine
        return self.version


def route(*arns):
    return [{"stateMachineVersionArn": arn, "weight": 100 // len(arns)} for arn in arns]


def distributed(processor):
    """A machine with a distributed Map over its input."""
    mode = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    processor = json.loads(json.dumps(processor).replace('"A"', '"Item"'))
    return one_state({"Type": "Map", "ItemProcessor": {**mode, **processor}})


def redrivable(world):
    """An execution that failed, each time another one."""
    arn = world.sfn.start_execution(stateMachineArn=world.once("fails", lambda: create(world.sfn, FAILING)))["executionArn"]
    finished(world.sfn, arn)
    return arn


VALID = {
    "CreateActivity": lambda w: {"name": unique("activity"), "tags": TAGS[:2]},
    "CreateStateMachine": lambda w: {
        "name": unique("machine"), "definition": text(PASS), "roleArn": ROLE, "publish": True, "versionDescription": "one",
        "tags": TAGS[:2], "tracingConfiguration": {"enabled": True},
    },
    "CreateStateMachineAlias": lambda w: {
        "name": unique("alias"), "description": "d", "routingConfiguration": route(w.version),
    },
    "DeleteActivity": lambda w: {"activityArn": w.new_activity()},
    "DeleteStateMachine": lambda w: {"stateMachineArn": create(w.sfn, PASS)},
    "DeleteStateMachineAlias": lambda w: {"stateMachineAliasArn": w.sfn.create_state_machine_alias(
        name=unique("alias"), routingConfiguration=route(w.version))["stateMachineAliasArn"]},
    "DeleteStateMachineVersion": lambda w: {"stateMachineVersionArn": create(w.sfn, PASS, publish=True) + ":1"},
    "DescribeActivity": lambda w: {"activityArn": w.activity},
    "DescribeExecution": lambda w: {"executionArn": w.ended},
    "DescribeMapRun": lambda w: {"mapRunArn": w.map_run},
    "DescribeStateMachine": lambda w: {"stateMachineArn": w.machine},
    "DescribeStateMachineAlias": lambda w: {"stateMachineAliasArn": w.alias},
    "DescribeStateMachineForExecution": lambda w: {"executionArn": w.ended},
    "GetActivityTask": lambda w: {"activityArn": w.scheduled()[0], "workerName": "worker"},
    "GetExecutionHistory": lambda w: {"executionArn": w.ended, "reverseOrder": True, "includeExecutionData": True},
    "ListActivities": lambda w: {"maxResults": 10} if w.activity else {},
    "ListExecutions": lambda w: {"stateMachineArn": w.machine, "maxResults": 10} if w.ended else {},
    "ListMapRuns": lambda w: {"executionArn": w.map_execution},
    "ListStateMachineAliases": lambda w: {"stateMachineArn": w.machine},
    "ListStateMachineVersions": lambda w: {"stateMachineArn": w.machine},
    "ListStateMachines": lambda w: {"maxResults": 10} if w.machine else {},
    "ListTagsForResource": lambda w: {"resourceArn": w.machine},
    "PublishStateMachineVersion": lambda w: {"stateMachineArn": create(w.sfn, PASS), "description": "first"},
    "RedriveExecution": lambda w: {"executionArn": redrivable(w), "clientToken": "token"},
    "SendTaskFailure": lambda w: {"taskToken": w.token()[0], "error": "Broken", "cause": "on purpose"},
    "SendTaskHeartbeat": lambda w: {"taskToken": w.token()[0]},
    "SendTaskSuccess": lambda w: {"taskToken": w.token()[0], "output": '{"a": 1}'},
    "StartExecution": lambda w: {"stateMachineArn": w.version, "input": "[1]", "traceHeader": "Root=1"},
    "StartSyncExecution": lambda w: {"stateMachineArn": w.express, "input": "[1]", "name": "again"},
    "StopExecution": lambda w: {"executionArn": w.waiting(), "error": "Stopped", "cause": "enough"},
    "TagResource": lambda w: {"resourceArn": w.machine, "tags": TAGS[:2]},
    "TestState": lambda w: {"definition": text(PASS["States"]["A"]), "input": "{}", "inspectionLevel": "DEBUG"},
    "UntagResource": lambda w: {"resourceArn": w.machine, "tagKeys": ["key-1", "not-there"]},
    "UpdateMapRun": lambda w: {"mapRunArn": w.open_map_run, "maxConcurrency": 5},
    "UpdateStateMachine": lambda w: {
        "stateMachineArn": create(w.sfn, PASS), "definition": text(WAITING), "publish": True, "versionDescription": "two",
    },
    "UpdateStateMachineAlias": lambda w: {"stateMachineAliasArn": w.alias, "description": "another"},
    "ValidateStateMachineDefinition": lambda w: {"definition": text(PASS), "severity": "WARNING", "maxResults": 10},
}
"""A request that is granted, for each operation."""

NO_KEYS = "there is no key service: a customer managed key is kept as a setting"
AT_ONCE = "a deletion is done when it is answered"
NEVER_RAISED = {
    **{pair: NO_KEYS for pair in model.modelled_errors() if pair[1].startswith("Kms")},
    **{pair: AT_ONCE for pair in model.modelled_errors() if pair[1] == "StateMachineDeleting"},
    ("CreateStateMachine", "ConflictException"): "creations of one name are put in an order, one after the other",
    ("UpdateStateMachine", "ConflictException"): "updates of one machine are put in an order, one after the other",
    ("UpdateStateMachineAlias", "ConflictException"): "updates of one alias are put in an order, one after the other",
    ("DeleteStateMachineAlias", "ConflictException"): "deletions of one alias are put in an order, one after the other",
    ("DeleteStateMachineAlias", "ResourceNotFound"): "recorded: an alias that is not there is deleted without a word",
    ("CreateStateMachineAlias", "InvalidName"): "recorded: a name that is none is a ValidationException",
    ("ListStateMachineAliases", "ResourceNotFound"): "recorded: a machine that is not there is StateMachineDoesNotExist",
    ("CreateStateMachine", "StateMachineTypeNotSupported"): "both types are supported",
    ("SendTaskFailure", "TaskDoesNotExist"): "recorded: a token whose task is gone is TaskTimedOut",
    ("SendTaskHeartbeat", "TaskDoesNotExist"): "recorded: a token whose task is gone is TaskTimedOut",
    ("SendTaskSuccess", "TaskDoesNotExist"): "recorded: a token whose task is gone is TaskTimedOut",
    ("GetActivityTask", "ActivityWorkerLimitExceeded"): "needs 1,001 open connections: tests/test_activities.py has it",
    ("CreateStateMachine", "InvalidTracingConfiguration"): "its one member is a boolean: another type is not parsed at all",
    ("UpdateStateMachine", "InvalidTracingConfiguration"): "its one member is a boolean: another type is not parsed at all",
}
"""Errors of the model that this server has no occasion for, and why."""


def machine(**more):
    return {"name": unique("machine"), "definition": text(PASS), "roleArn": ROLE, **more}


def taken(w):
    """A name with another definition than the machine that has it."""
    return machine(name=create(w.sfn, PASS).rpartition(":")[2], definition=text(WAITING))


def same_name(w):
    """A start under a name that an execution with another input has."""
    return {"stateMachineArn": w.machine, "name": w.ended.rpartition(":")[2], "input": "[2]"}


def other_activity(w):
    """An activity under a taken name, with another encryption."""
    encryption = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{uuid.UUID(int=2)}"}
    return {"name": w.activity.rpartition(":")[2], "encryptionConfiguration": encryption}


TWO_LOGS = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": LOG_GROUP}}] * 2}
NO_KEY = {"type": "CUSTOMER_MANAGED_KMS_KEY"}
GARBAGE = {"nextToken": "garbage"}

ERRORS = {
    ("CreateActivity", "ActivityLimitExceeded"): "quota",
    ("CreateActivity", "ActivityAlreadyExists"): other_activity,
    ("CreateActivity", "InvalidName"): lambda w: {"name": "a b"},
    ("CreateActivity", "TooManyTags"): lambda w: {"name": unique("activity"), "tags": TAGS},
    ("CreateActivity", "InvalidEncryptionConfiguration"): lambda w: {"name": "a", "encryptionConfiguration": NO_KEY},
    ("CreateStateMachine", "InvalidArn"): lambda w: machine(roleArn="none"),
    ("CreateStateMachine", "InvalidDefinition"): lambda w: machine(definition="{}"),
    ("CreateStateMachine", "InvalidName"): lambda w: machine(name="a b"),
    ("CreateStateMachine", "InvalidLoggingConfiguration"): lambda w: machine(loggingConfiguration=TWO_LOGS),
    ("CreateStateMachine", "StateMachineAlreadyExists"): taken,
    ("CreateStateMachine", "StateMachineLimitExceeded"): "quota",
    ("CreateStateMachine", "TooManyTags"): lambda w: machine(tags=TAGS),
    ("CreateStateMachine", "ValidationException"): lambda w: machine(versionDescription="without publish"),
    ("CreateStateMachine", "InvalidEncryptionConfiguration"): lambda w: machine(encryptionConfiguration=NO_KEY),
    ("CreateStateMachineAlias", "InvalidArn"): lambda w: {"name": "a", "routingConfiguration": route("none")},
    ("CreateStateMachineAlias", "ValidationException"): lambda w: {"name": "a", "routingConfiguration": route(w.machine)},
    ("CreateStateMachineAlias", "ResourceNotFound"): lambda w: {
        "name": "a", "routingConfiguration": route(f"{w.machine}:77")},
    ("CreateStateMachineAlias", "ConflictException"): lambda w: {
        "name": "live", "description": "yet another", "routingConfiguration": route(w.version)},
    ("CreateStateMachineAlias", "ServiceQuotaExceededException"): "quota",
    ("DeleteActivity", "InvalidArn"): lambda w: {"activityArn": "none"},
    ("DeleteStateMachine", "InvalidArn"): lambda w: {"stateMachineArn": "none"},
    ("DeleteStateMachine", "ValidationException"): lambda w: {"stateMachineArn": f"{w.machine}/label"},
    ("DeleteStateMachineAlias", "ValidationException"): lambda w: {},
    ("DeleteStateMachineAlias", "InvalidArn"): lambda w: {"stateMachineAliasArn": "none"},
    ("DeleteStateMachineVersion", "ValidationException"): lambda w: {},
    ("DeleteStateMachineVersion", "InvalidArn"): lambda w: {"stateMachineVersionArn": "none"},
    ("DeleteStateMachineVersion", "ConflictException"): lambda w: {"stateMachineVersionArn": w.referenced()},
    ("DescribeActivity", "ActivityDoesNotExist"): lambda w: {"activityArn": NO_ACTIVITY},
    ("DescribeActivity", "InvalidArn"): lambda w: {"activityArn": "none"},
    ("DescribeExecution", "ExecutionDoesNotExist"): lambda w: {"executionArn": NO_EXECUTION},
    ("DescribeExecution", "InvalidArn"): lambda w: {"executionArn": "none"},
    ("DescribeMapRun", "ResourceNotFound"): lambda w: {"mapRunArn": NO_MAP_RUN},
    ("DescribeMapRun", "InvalidArn"): lambda w: {"mapRunArn": "none"},
    ("DescribeStateMachine", "InvalidArn"): lambda w: {"stateMachineArn": "none"},
    ("DescribeStateMachine", "StateMachineDoesNotExist"): lambda w: {"stateMachineArn": NO_MACHINE},
    ("DescribeStateMachineAlias", "ValidationException"): lambda w: {},
    ("DescribeStateMachineAlias", "InvalidArn"): lambda w: {"stateMachineAliasArn": "none"},
    ("DescribeStateMachineAlias", "ResourceNotFound"): lambda w: {"stateMachineAliasArn": f"{w.machine}:gone"},
    ("DescribeStateMachineForExecution", "ExecutionDoesNotExist"): lambda w: {"executionArn": NO_EXECUTION},
    ("DescribeStateMachineForExecution", "InvalidArn"): lambda w: {"executionArn": "none"},
    ("GetActivityTask", "ActivityDoesNotExist"): lambda w: {"activityArn": NO_ACTIVITY},
    ("GetActivityTask", "InvalidArn"): lambda w: {"activityArn": "none"},
    ("GetExecutionHistory", "ExecutionDoesNotExist"): lambda w: {"executionArn": NO_EXECUTION},
    ("GetExecutionHistory", "InvalidArn"): lambda w: {"executionArn": "none"},
    ("GetExecutionHistory", "InvalidToken"): lambda w: {"executionArn": w.ended, **GARBAGE},
    ("ListActivities", "InvalidToken"): lambda w: GARBAGE,
    ("ListExecutions", "InvalidArn"): lambda w: {"stateMachineArn": "none"},
    ("ListExecutions", "InvalidToken"): lambda w: {"stateMachineArn": w.machine, **GARBAGE},
    ("ListExecutions", "StateMachineDoesNotExist"): lambda w: {"stateMachineArn": NO_MACHINE},
    ("ListExecutions", "StateMachineTypeNotSupported"): lambda w: {"stateMachineArn": w.express},
    ("ListExecutions", "ValidationException"): lambda w: {},
    ("ListExecutions", "ResourceNotFound"): lambda w: {"mapRunArn": NO_MAP_RUN},
    ("ListMapRuns", "ExecutionDoesNotExist"): lambda w: {"executionArn": NO_EXECUTION},
    ("ListMapRuns", "InvalidArn"): lambda w: {"executionArn": "none"},
    ("ListMapRuns", "InvalidToken"): lambda w: {"executionArn": w.map_execution, **GARBAGE},
    ("ListStateMachineAliases", "InvalidArn"): lambda w: {"stateMachineArn": "none"},
    ("ListStateMachineAliases", "InvalidToken"): lambda w: {"stateMachineArn": w.machine, **GARBAGE},
    ("ListStateMachineAliases", "StateMachineDoesNotExist"): lambda w: {"stateMachineArn": NO_MACHINE},
    ("ListStateMachineVersions", "ValidationException"): lambda w: {},
    ("ListStateMachineVersions", "InvalidArn"): lambda w: {"stateMachineArn": "none"},
    ("ListStateMachineVersions", "InvalidToken"): lambda w: {"stateMachineArn": w.machine, **GARBAGE},
    ("ListStateMachines", "InvalidToken"): lambda w: GARBAGE,
    ("ListTagsForResource", "InvalidArn"): lambda w: {"resourceArn": "none"},
    ("ListTagsForResource", "ResourceNotFound"): lambda w: {"resourceArn": NO_MACHINE},
    ("PublishStateMachineVersion", "ValidationException"): lambda w: {},
    ("PublishStateMachineVersion", "StateMachineDoesNotExist"): lambda w: {"stateMachineArn": NO_MACHINE},
    ("PublishStateMachineVersion", "ServiceQuotaExceededException"): "quota",
    ("PublishStateMachineVersion", "ConflictException"): lambda w: {"stateMachineArn": w.machine, "revisionId": "another"},
    ("PublishStateMachineVersion", "InvalidArn"): lambda w: {"stateMachineArn": "none"},
    ("RedriveExecution", "ExecutionDoesNotExist"): lambda w: {"executionArn": NO_EXECUTION},
    ("RedriveExecution", "ExecutionNotRedrivable"): lambda w: {"executionArn": w.ended},
    ("RedriveExecution", "ExecutionLimitExceeded"): "quota",
    ("RedriveExecution", "InvalidArn"): lambda w: {"executionArn": "none"},
    ("RedriveExecution", "ValidationException"): lambda w: {"executionArn": w.failed, "clientToken": "a b"},
    ("SendTaskFailure", "InvalidToken"): lambda w: {"taskToken": "garbage"},
    ("SendTaskFailure", "TaskTimedOut"): lambda w: {"taskToken": w.stale_token()},
    ("SendTaskHeartbeat", "InvalidToken"): lambda w: {"taskToken": "garbage"},
    ("SendTaskHeartbeat", "TaskTimedOut"): lambda w: {"taskToken": w.stale_token()},
    ("SendTaskSuccess", "InvalidOutput"): lambda w: {"taskToken": w.token()[0], "output": "not JSON"},
    ("SendTaskSuccess", "InvalidToken"): lambda w: {"taskToken": "garbage", "output": "{}"},
    ("SendTaskSuccess", "TaskTimedOut"): lambda w: {"taskToken": w.stale_token(), "output": "{}"},
    ("StartExecution", "ExecutionLimitExceeded"): "quota",
    ("StartExecution", "ExecutionAlreadyExists"): same_name,
    ("StartExecution", "InvalidArn"): lambda w: {"stateMachineArn": "none"},
    ("StartExecution", "InvalidExecutionInput"): lambda w: {"stateMachineArn": w.machine, "input": "not JSON"},
    ("StartExecution", "InvalidName"): lambda w: {"stateMachineArn": w.machine, "name": "a b"},
    ("StartExecution", "StateMachineDoesNotExist"): lambda w: {"stateMachineArn": NO_MACHINE},
    ("StartExecution", "ValidationException"): lambda w: {"stateMachineArn": w.machine, "name": "a" * 81},
    ("StartSyncExecution", "InvalidArn"): lambda w: {"stateMachineArn": "none"},
    ("StartSyncExecution", "InvalidExecutionInput"): lambda w: {"stateMachineArn": w.express, "input": "not JSON"},
    ("StartSyncExecution", "InvalidName"): lambda w: {"stateMachineArn": w.express, "name": "a b"},
    ("StartSyncExecution", "StateMachineDoesNotExist"): lambda w: {"stateMachineArn": NO_MACHINE},
    ("StartSyncExecution", "StateMachineTypeNotSupported"): lambda w: {"stateMachineArn": w.machine},
    ("StopExecution", "ExecutionDoesNotExist"): lambda w: {"executionArn": NO_EXECUTION},
    ("StopExecution", "InvalidArn"): lambda w: {"executionArn": "none"},
    ("StopExecution", "ValidationException"): lambda w: {},
    ("TagResource", "InvalidArn"): lambda w: {"resourceArn": "none", "tags": TAGS[:1]},
    ("TagResource", "ResourceNotFound"): lambda w: {"resourceArn": NO_MACHINE, "tags": TAGS[:1]},
    ("TagResource", "TooManyTags"): lambda w: {"resourceArn": w.machine, "tags": TAGS},
    ("TestState", "InvalidArn"): lambda w: {"definition": text(PASS["States"]["A"]), "roleArn": "none"},
    ("TestState", "InvalidDefinition"): lambda w: {"definition": "{}"},
    ("TestState", "InvalidExecutionInput"): lambda w: {"definition": text(PASS["States"]["A"]), "input": "not JSON"},
    ("TestState", "ValidationException"): lambda w: {
        "definition": text(PASS["States"]["A"]), "mock": {"result": "{}", "errorOutput": {"error": "E"}}},
    ("UntagResource", "InvalidArn"): lambda w: {"resourceArn": "none", "tagKeys": ["a"]},
    ("UntagResource", "ResourceNotFound"): lambda w: {"resourceArn": NO_MACHINE, "tagKeys": ["a"]},
    ("UpdateMapRun", "ResourceNotFound"): lambda w: {"mapRunArn": NO_MAP_RUN, "maxConcurrency": 1},
    ("UpdateMapRun", "InvalidArn"): lambda w: {"mapRunArn": "none", "maxConcurrency": 1},
    ("UpdateMapRun", "ValidationException"): lambda w: {"mapRunArn": w.map_run, "maxConcurrency": 1},
    ("UpdateStateMachine", "InvalidArn"): lambda w: {"stateMachineArn": "none", "definition": text(PASS)},
    ("UpdateStateMachine", "InvalidDefinition"): lambda w: {"stateMachineArn": w.machine, "definition": "{}"},
    ("UpdateStateMachine", "InvalidLoggingConfiguration"): lambda w: {
        "stateMachineArn": w.machine, "loggingConfiguration": TWO_LOGS},
    ("UpdateStateMachine", "MissingRequiredParameter"): lambda w: {"stateMachineArn": w.machine},
    ("UpdateStateMachine", "StateMachineDoesNotExist"): lambda w: {
        "stateMachineArn": NO_MACHINE, "definition": text(PASS)},
    ("UpdateStateMachine", "ServiceQuotaExceededException"): "quota",
    ("UpdateStateMachine", "ValidationException"): lambda w: {
        "stateMachineArn": w.machine, "definition": text(PASS), "versionDescription": "without publish"},
    ("UpdateStateMachine", "InvalidEncryptionConfiguration"): lambda w: {
        "stateMachineArn": w.machine, "definition": text(PASS), "encryptionConfiguration": NO_KEY},
    ("UpdateStateMachineAlias", "ValidationException"): lambda w: {"stateMachineAliasArn": w.alias},
    ("UpdateStateMachineAlias", "InvalidArn"): lambda w: {"stateMachineAliasArn": "none", "description": "d"},
    ("UpdateStateMachineAlias", "ResourceNotFound"): lambda w: {
        "stateMachineAliasArn": f"{w.machine}:gone", "description": "d"},
    ("ValidateStateMachineDefinition", "ValidationException"): lambda w: {},
}
"""A request that is refused with each error; `quota`: on a server whose quotas are low."""

LOW = {"state-machines": 1, "activities": 1, "versions-per-state-machine": 1, "aliases-per-state-machine": 1, "open-executions": 1}


class Full(World):
    """A server on which there is one of everything, and no more is allowed."""

    def __init__(self, server):
        super().__init__(server)
        assert self.machine and self.activity
        self.failed_execution = redrivable_here(self)
        self.sfn.start_execution(stateMachineArn=self.machine, input='{"wait": true}')

    @property
    def machine(self):
        """One that waits or fails, as its input says; its second revision has no version."""
        def make():
            choice = {"Type": "Choice", "Choices": [{"Variable": "$.wait", "IsPresent": True, "Next": "Wait"}], "Default": "Fail"}
            definition = {"StartAt": "Choose", "States": {
                "Choose": choice, "Wait": {"Type": "Wait", "Seconds": 86_400, "End": True},
                "Fail": {"Type": "Fail", "Error": "Broken"}}}
            arn = create(self.sfn, definition, publish=True)
            self.sfn.create_state_machine_alias(name="live", routingConfiguration=route(f"{arn}:1"))
            self.sfn.update_state_machine(stateMachineArn=arn, roleArn=f"{ROLE}-another")
            return arn
        return self.once("machine", make)


def redrivable_here(world):
    arn = world.sfn.start_execution(stateMachineArn=world.machine, input="{}")["executionArn"]
    finished(world.sfn, arn)
    return arn


OVER_QUOTA = {
    ("CreateActivity", "ActivityLimitExceeded"): lambda w: {"name": unique("activity")},
    ("CreateStateMachine", "StateMachineLimitExceeded"): lambda w: machine(),
    ("CreateStateMachineAlias", "ServiceQuotaExceededException"): lambda w: {
        "name": "second", "routingConfiguration": route(w.version)},
    ("PublishStateMachineVersion", "ServiceQuotaExceededException"): lambda w: {"stateMachineArn": w.machine},
    ("UpdateStateMachine", "ServiceQuotaExceededException"): lambda w: {
        "stateMachineArn": w.machine, "definition": text(WAITING), "publish": True},
    ("StartExecution", "ExecutionLimitExceeded"): lambda w: {"stateMachineArn": w.machine},
    ("RedriveExecution", "ExecutionLimitExceeded"): lambda w: {"executionArn": w.failed_execution},
}


@pytest.fixture(scope="module")
def world(server):
    return World(server)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    flags = [word for name, number in LOW.items() for word in ("--quota", f"{name}={number}")]
    low = Server(tmp_path_factory.mktemp("quotas"), *flags).start()
    yield Full(low)
    low.stop()


def test_the_tables_have_every_operation_and_every_error():
    assert sorted(VALID) == model.operations()
    known = set(ERRORS) | set(NEVER_RAISED)
    assert set(model.modelled_errors()) == known, "tables and model differ"
    assert not set(ERRORS) & set(NEVER_RAISED)
    assert {pair for pair, how in ERRORS.items() if how == "quota"} == set(OVER_QUOTA)


@pytest.mark.parametrize("operation", model.operations())
def test_a_granted_request_answers_what_the_model_says(world, operation):
    answer = states(world.server, operation, VALID[operation](world))
    assert answer.status == 200, answer.text
    assert model.breaches(operation, answer.json) == []
    call = getattr(world.sfn, botocore.xform_name(operation))
    parsed = call(**VALID[operation](world))
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("operation, error", sorted(pair for pair, how in ERRORS.items() if how != "quota"))
def test_every_error_of_the_model_can_be_had(world, operation, error):
    refused(world, operation, error, ERRORS[operation, error](world))


@pytest.mark.parametrize("operation, error", sorted(OVER_QUOTA))
def test_every_quota_is_enforced_and_can_be_set(full, operation, error):
    refused(full, operation, error, OVER_QUOTA[operation, error](full))


def refused(world, operation, error, request):
    answer = states(world.server, operation, request)
    assert (answer.status, answer.error) == (400, error), answer.text
    assert answer.message
    with pytest.raises(world.sfn.exceptions.ClientError) as caught:
        getattr(world.sfn, botocore.xform_name(operation))(**request)
    assert caught.value.response["Error"]["Code"] == error
    assert isinstance(caught.value, getattr(world.sfn.exceptions, error))


@pytest.mark.parametrize("operation", [name for name in model.operations() if model.members(name)[1]])
def test_a_required_member_that_is_missing_is_named(world, operation):
    answer = states(world.server, operation, {})
    assert (answer.status, answer.error) == (400, "ValidationException"), answer.text
    required = model.members(operation)[1]
    assert answer.message.startswith(f"{len(required)} validation error")
    for name in required:
        assert f"Value null at '{name}' failed to satisfy constraint: Member must not be null" in answer.message


WRONG = {"string": [1], "list": "text", "structure": "text", "boolean": "text", "integer": "text", "long": [1], "float": [1]}


@pytest.mark.parametrize("operation", model.operations())
def test_a_member_of_the_wrong_type_is_refused(world, operation):
    for name, shape in model.members(operation)[0].items():
        answer = states(world.server, operation, {name: WRONG[shape.type_name]})
        assert (answer.status, answer.error) == (400, "SerializationException"), f"{name}: {answer.text}"
