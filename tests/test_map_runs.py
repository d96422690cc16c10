"""Distributed Map: children as executions of their own, counts, tolerated failures, updates, aborts, kills."""

import json

import pytest
from botocore.exceptions import ClientError

from support.clients import boto
from support.machines import create, finished, history, run, types, unique
from support.wait import until

INNER = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
FAIL_ODD = {"StartAt": "Odd", "States": {
    "Odd": {"Type": "Choice", "Default": "Good", "Choices": [{"Variable": "$.odd", "BooleanEquals": True, "Next": "Bad"}]},
    "Good": {"Type": "Pass", "End": True},
    "Bad": {"Type": "Fail", "Error": "Odd", "Cause": "it is odd"}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}
STARTED = ["ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted"]
SUCCEEDED = [*STARTED, "MapRunSucceeded", "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"]


def distributed(processor=INNER, kind="STANDARD", **fields):
    """A machine of one distributed Map."""
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
    return {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": {**config, **processor}, "End": True, **fields}}}


@pytest.fixture
def sfn(server):
    """A client for the shared server."""
    return boto("stepfunctions", server)


def map_run(sfn, execution):
    """The only map run of an execution."""
    [found] = sfn.list_map_runs(executionArn=execution)["mapRuns"]
    return found["mapRunArn"]


def counts(**some):
    """Counts, zero where nothing is said."""
    names = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten")
    return {name: some.get(name, 0) for name in names}


def test_items_are_executions(sfn):
    machine = create(sfn, distributed(Label="Items", ItemSelector={"index.$": "$$.Map.Item.Index", "of.$": "$$.Map.Item.Value"}))
    ended = run(sfn, machine, ["a", "b", "c"])
    assert json.loads(ended["output"]) == [{"index": i, "of": item} for i, item in enumerate("abc")]
    assert types(history(sfn, ended["executionArn"])) == SUCCEEDED
    arn = map_run(sfn, ended["executionArn"])
    name = machine.rsplit(":", 1)[1]
    assert arn.rsplit(":", 1)[0].endswith(f":mapRun:{name}/Items")
    described = sfn.describe_map_run(mapRunArn=arn)
    assert described["status"] == "SUCCEEDED" and described["executionArn"] == ended["executionArn"]
    assert described["itemCounts"] == described["executionCounts"] == counts(succeeded=3, total=3, resultsWritten=3)
    children = sfn.list_executions(mapRunArn=arn)["executions"]
    assert {child["stateMachineArn"] for child in children} == {f"{machine}/Items"}
    assert {(child["status"], child["mapRunArn"], child["itemCount"]) for child in children} == {("SUCCEEDED", arn, 0)}
    child = sfn.describe_execution(executionArn=children[0]["executionArn"])
    assert child["mapRunArn"] == arn and json.loads(child["input"])["index"] in (0, 1, 2)
    assert types(history(sfn, child["executionArn"])) == [
        "ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    processor = sfn.describe_state_machine_for_execution(executionArn=child["executionArn"])
    assert (processor["label"], processor["mapRunArn"]) == ("Items", arn)
    assert json.loads(processor["definition"])["StartAt"] == "P"
    listed = sfn.list_executions(stateMachineArn=machine)["executions"]
    assert [one["executionArn"] for one in listed] == [ended["executionArn"]]


def test_no_items_at_all(sfn):
    ended = run(sfn, create(sfn, distributed()), [])
    assert ended["output"] == "[]" and types(history(sfn, ended["executionArn"])) == SUCCEEDED


def test_batches(sfn):
    machine = create(sfn, distributed(ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"all.$": "$"}}))
    ended = run(sfn, machine, [1, 2, 3])
    assert ended["output"] == '[{"BatchInput":{"all":[1,2,3]},"Items":[1,2]},{"BatchInput":{"all":[1,2,3]},"Items":[3]}]'
    described = sfn.describe_map_run(mapRunArn=map_run(sfn, ended["executionArn"]))
    assert described["itemCounts"] == counts(succeeded=3, total=3, resultsWritten=3)
    assert described["executionCounts"] == counts(succeeded=2, total=2, resultsWritten=2)


def test_flatten(sfn):
    ended = run(sfn, create(sfn, distributed(ResultWriter={"WriterConfig": {"Transformation": "FLATTEN"}})), [[1, 2], 3, []])
    assert ended["output"] == "[1,2,3]"


ODD = [{"odd": bool(i % 2)} for i in range(4)]


def test_a_failure_fails_the_run(sfn):
    ended = run(sfn, create(sfn, distributed(FAIL_ODD, MaxConcurrency=1)), ODD)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    assert ended["cause"] == "The specified tolerated failure threshold was exceeded"
    assert types(history(sfn, ended["executionArn"])) == [*STARTED, "MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    described = sfn.describe_map_run(mapRunArn=map_run(sfn, ended["executionArn"]))
    assert described["status"] == "FAILED"
    assert described["itemCounts"] == counts(succeeded=1, failed=1, pending=2, total=4)


@pytest.mark.parametrize("tolerated", [{"ToleratedFailureCount": 2}, {"ToleratedFailurePercentage": 50}])
def test_tolerated_failures(sfn, tolerated):
    ended = run(sfn, create(sfn, distributed(FAIL_ODD, **tolerated)), ODD)
    good, bad, _, _ = json.loads(ended["output"])
    assert good == {"odd": False} and (bad["Status"], bad["Error"], bad["Cause"]) == ("FAILED", "Odd", "it is odd")
    [child] = [c for c in sfn.list_executions(mapRunArn=map_run(sfn, ended["executionArn"]))["executions"]
               if c["executionArn"] == bad["ExecutionArn"]]
    assert sfn.describe_execution(executionArn=child["executionArn"])["redriveStatus"] == "REDRIVABLE_BY_MAP_RUN"


def test_concurrency_can_be_changed_and_the_end_of_the_parent_stops_the_children(sfn):
    machine = create(sfn, distributed(WAIT, MaxConcurrency=2))
    execution = sfn.start_execution(stateMachineArn=machine, input=json.dumps(list(range(20))))["executionArn"]

    def running(number):
        def look():
            described = sfn.describe_map_run(mapRunArn=map_run(sfn, execution))
            return described["itemCounts"] == counts(running=number, pending=20 - number, total=20)
        return look

    until(running(2), "two children")
    arn = map_run(sfn, execution)
    assert "error" not in sfn.update_map_run(mapRunArn=arn, maxConcurrency=7, toleratedFailurePercentage=12.5)
    until(running(7), "seven children")
    described = sfn.describe_map_run(mapRunArn=arn)
    assert (described["maxConcurrency"], described["toleratedFailurePercentage"]) == (7, 12.5)
    sfn.stop_execution(executionArn=execution)
    until(lambda: sfn.describe_map_run(mapRunArn=arn)["status"] == "ABORTED", "the end of the run")
    assert sfn.describe_map_run(mapRunArn=arn)["itemCounts"] == counts(aborted=7, pending=13, total=20)
    assert {child["status"] for child in sfn.list_executions(mapRunArn=arn)["executions"]} == {"ABORTED"}
    with pytest.raises(ClientError) as refused:
        sfn.update_map_run(mapRunArn=arn, maxConcurrency=1)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert refused.value.response["reason"] == "CANNOT_UPDATE_COMPLETED_MAP_RUN"


def test_arns_that_name_no_map_run(sfn):
    machine = create(sfn, distributed())
    unknown = machine.replace(":stateMachine:", ":mapRun:") + "/x:00000000-0000-4000-8000-000000000000"
    for arn, code in [(machine, "InvalidArn"), (unknown, "ResourceNotFound"), ("mapRun", "InvalidArn")]:
        for call in (sfn.describe_map_run, sfn.update_map_run, sfn.list_executions):
            with pytest.raises(ClientError) as refused:
                call(mapRunArn=arn)
            assert refused.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError) as refused:
        sfn.list_map_runs(executionArn=machine.replace(":stateMachine:", ":execution:") + ":nobody")
    assert refused.value.response["Error"]["Code"] == "ExecutionDoesNotExist"


def test_map_runs_in_map_runs(sfn):
    inner = {"StartAt": "I", "States": {"I": distributed(ItemsPath="$.inner")["States"]["M"]}}
    ended = run(sfn, create(sfn, distributed(inner)), [{"inner": [1, 2]}, {"inner": [3]}])
    assert ended["output"] == "[[1,2],[3]]"


def test_a_kill_in_the_middle(new_server):
    """Every item is an execution once, whenever the server dies."""
    server = new_server().start()
    sfn = boto("stepfunctions", server)
    slow = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "P"}, "P": {"Type": "Pass", "End": True}}}
    machine = create(sfn, distributed(slow, MaxConcurrency=100))
    items = list(range(1000))
    execution = sfn.start_execution(stateMachineArn=machine, input=json.dumps(items), name=unique("run"))["executionArn"]
    for ended in (100, 300, 600):
        def got_on():
            runs = sfn.list_map_runs(executionArn=execution)["mapRuns"]
            return runs and sfn.describe_map_run(mapRunArn=runs[0]["mapRunArn"])["itemCounts"]["succeeded"] >= ended
        until(got_on, f"{ended} items")
        server.restart()
        sfn = boto("stepfunctions", server)
    described = finished(sfn, execution)
    assert json.loads(described["output"]) == items
    assert types(history(sfn, execution)) == SUCCEEDED
    arn = map_run(sfn, execution)
    assert sfn.describe_map_run(mapRunArn=arn)["itemCounts"] == counts(succeeded=1000, total=1000, resultsWritten=1000)
    pages = sfn.get_paginator("list_executions").paginate(mapRunArn=arn)
    children = [child for page in pages for child in page["executions"]]
    assert len(children) == len({child["executionArn"] for child in children}) == 1000
