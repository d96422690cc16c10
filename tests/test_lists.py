"""ListExecutions: filters, pages that hold while everything changes, tokens that are good for one question only."""

import base64

import pytest
from botocore.exceptions import ClientError

from support.clients import boto
from support.machines import PASS, chain, create, finished, one_state, run, unique

DAY = one_state({"Type": "Wait", "Seconds": 86_400})
INVALID_TOKEN = ("InvalidToken", "Invalid Token: 'Invalid token'")


def refused(call, **arguments):
    """Code and message of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def names(sfn, machine, **more):
    """The names of all pages."""
    found, token = [], {}
    while True:
        page = sfn.list_executions(stateMachineArn=machine, **more, **token)
        found += [item["name"] for item in page["executions"]]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def test_every_status_has_its_list(sfn):
    definition = {"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Default": "W", "Choices": [{"Variable": "$.do", "StringEquals": "fail", "Next": "F"},
                                                             {"Variable": "$.do", "StringEquals": "end", "Next": "S"}]},
        "F": {"Type": "Fail"}, "S": {"Type": "Succeed"}, "W": {"Type": "Wait", "Seconds": 86_400, "Next": "S"}}}
    machine = create(sfn, definition)
    for name, given in [("failed", '{"do": "fail"}'), ("succeeded", '{"do": "end"}')]:
        run(sfn, machine, given, name=name)
    for name in ("running", "aborted", "again"):
        sfn.start_execution(stateMachineArn=machine, name=name, input='{"do": "wait"}')
    arn = machine.replace(":stateMachine:", ":execution:")
    for name in ("aborted", "again"):
        sfn.stop_execution(executionArn=f"{arn}:{name}")
    sfn.redrive_execution(executionArn=f"{arn}:again")
    assert names(sfn, machine, maxResults=2) == ["again", "aborted", "running", "succeeded", "failed"]
    listed = {status: names(sfn, machine, statusFilter=status, maxResults=1)
              for status in ("RUNNING", "SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")}
    assert listed == {"RUNNING": ["again", "running"], "SUCCEEDED": ["succeeded"], "FAILED": ["failed"],
                      "ABORTED": ["aborted"], "TIMED_OUT": []}
    (again, _) = sfn.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    assert again["redriveCount"] == 1 and "redriveDate" in again and "stopDate" not in again
    for name in ("running", "again"):
        sfn.stop_execution(executionArn=f"{arn}:{name}")


def test_versions_and_aliases_have_theirs(sfn):
    machine = create(sfn, PASS, publish=True)
    version = f"{machine}:1"
    alias = sfn.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}])["stateMachineAliasArn"]
    for arn, name in [(machine, "plain"), (version, "versioned"), (alias, "aliased")]:
        finished(sfn, sfn.start_execution(stateMachineArn=arn, name=name)["executionArn"])
    assert names(sfn, machine) == ["aliased", "versioned", "plain"]
    assert names(sfn, version, maxResults=1) == ["aliased", "versioned"]
    assert names(sfn, version, statusFilter="SUCCEEDED", maxResults=1) == ["aliased", "versioned"]
    assert names(sfn, alias) == names(sfn, alias, statusFilter="SUCCEEDED") == ["aliased"]
    assert names(sfn, alias, statusFilter="RUNNING") == []
    (item,) = sfn.list_executions(stateMachineArn=alias)["executions"]
    assert (item["stateMachineVersionArn"], item["stateMachineAliasArn"]) == (version, alias)
    assert item["stateMachineArn"] == machine


def test_filters_that_are_for_map_runs(sfn):
    machine = create(sfn, PASS)
    words = "cannot be applied to ListExecutions call with StateMachine ARN"
    for redriven in ("REDRIVEN", "NOT_REDRIVEN"):
        assert refused(sfn.list_executions, stateMachineArn=machine, redriveFilter=redriven) == (
            "ValidationException", f"RedriveFilter {words}")
    code, message = refused(sfn.list_executions, stateMachineArn=machine, statusFilter="PENDING_REDRIVE")
    assert code == "ValidationException" and words in message
    both = refused(sfn.list_executions, stateMachineArn=machine, mapRunArn=machine.replace(":stateMachine:", ":mapRun:") + "/M:1")
    assert both == refused(sfn.list_executions) and both[0] == "ValidationException"


def test_a_token_is_good_for_one_question(new_server):
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    machine, other = create(sfn, PASS), create(sfn, PASS)
    for number in range(5):
        run(sfn, machine, name=f"e{number}")
    page = sfn.list_executions(stateMachineArn=machine, maxResults=2)
    token = page["nextToken"]
    own.restart()
    later = sfn.list_executions(stateMachineArn=machine, maxResults=3, nextToken=token)
    assert [item["name"] for item in later["executions"]] == ["e2", "e1", "e0"] and "nextToken" not in later
    raw = base64.urlsafe_b64decode(token + "==")
    forged = base64.urlsafe_b64encode(raw[:-1] + b"0").decode().rstrip("=")
    for bad in ({"stateMachineArn": other, "nextToken": token}, {"stateMachineArn": machine, "nextToken": "x"},
                {"stateMachineArn": machine, "nextToken": token, "statusFilter": "SUCCEEDED"},
                {"stateMachineArn": machine, "nextToken": forged}):
        assert refused(sfn.list_executions, **bad) == INVALID_TOKEN
    # The same machine, the same words, another server: its tokens are its own.
    another = new_server().start()
    stranger = boto("stepfunctions", another)
    create(stranger, PASS, name=machine.rsplit(":", 1)[1])
    assert refused(stranger.list_executions, stateMachineArn=machine, nextToken=token) == INVALID_TOKEN


def test_a_machine_of_an_old_name_is_a_new_one(sfn):
    name = unique("reborn")
    machine = create(sfn, chain(A={"Type": "Pass", "Result": "old"}), name=name)
    old = sfn.start_execution(stateMachineArn=machine, name="e")["executionArn"]
    finished(sfn, old)
    create(sfn, DAY, name=f"{name}-other")
    sfn.delete_state_machine(stateMachineArn=machine)
    assert sfn.describe_execution(executionArn=old)["output"] == '"old"'
    assert create(sfn, chain(A={"Type": "Pass", "Result": "new"}), name=name) == machine
    assert names(sfn, machine) == [] == names(sfn, machine, statusFilter="SUCCEEDED")
    again = sfn.start_execution(stateMachineArn=machine, name="e")["executionArn"]
    assert again == old and finished(sfn, again)["output"] == '"new"'
    assert names(sfn, machine) == ["e"]
    assert refused(sfn.start_execution, stateMachineArn=machine, name="e")[0] == "ExecutionAlreadyExists"
