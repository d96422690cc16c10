"""RedriveExecution: what ended without success goes on where it stood, as public recordings of AWS show it."""

import json

import pytest
from botocore.exceptions import ClientError

from support import functions
from support.clients import boto, states
from support.machines import PASS, chain, create, execution_arn, finished, history, machine_arn, one_state, unique
from support.server import ACCOUNT, REGION

MOODY = """
import os
def handler(event, context):
    if event.get("needs") and not os.path.exists(event["needs"]):
        raise ValueError("not yet")
    return {**event, "calls": event["of"]}
"""
"""Fails as long as a file is not there."""

FAIL = one_state({"Type": "Fail", "Error": "Probe.Explicit", "Cause": "same again"}, "ExplicitFailure")
DAY = {"Type": "Wait", "Seconds": 86_400}


@pytest.fixture(scope="module")
def moody(server):
    return functions.create(boto("lambda", server), MOODY)


def task(function, **more):
    return {"Type": "Task", "Resource": functions.arn(function), **more}


def refused(call, **arguments):
    """Code and message of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def not_redrivable(arn, reason):
    return "ExecutionNotRedrivable", f"Execution {arn} invalid for redrive as: {reason}"


def order(events):
    """Type, id and previous id of events."""
    return [(event["type"], event["id"], event["previousEventId"]) for event in events]


def started(sfn, definition, given="{}", name=None):
    machine = create(sfn, definition)
    return sfn.start_execution(stateMachineArn=machine, input=given, name=name or unique("e"))["executionArn"]


def test_a_fail_state_fails_again(sfn):
    arn = started(sfn, FAIL)
    first = finished(sfn, arn)
    assert (first["redriveCount"], first["redriveStatus"]) == (0, "REDRIVABLE")
    assert "redriveDate" not in first and "redriveStatusReason" not in first
    date = sfn.redrive_execution(executionArn=arn)["redriveDate"]
    second = finished(sfn, arn)
    assert (second["status"], second["error"], second["cause"]) == ("FAILED", "Probe.Explicit", "same again")
    assert (second["redriveCount"], second["redriveDate"], second["redriveStatus"]) == (1, date, "REDRIVABLE")
    assert second["startDate"] == first["startDate"] and second["stopDate"] >= date
    events = history(sfn, arn)
    assert order(events) == [("ExecutionStarted", 1, 0), ("FailStateEntered", 2, 0), ("ExecutionFailed", 3, 2),
                             ("ExecutionRedriven", 4, 3), ("ExecutionFailed", 5, 4)]
    assert events[3]["executionRedrivenEventDetails"] == {"redriveCount": 1}
    assert events[3]["timestamp"] == date


def test_a_task_is_scheduled_again_where_its_state_was_entered(sfn, moody, tmp_path):
    needs = tmp_path / "there"
    work = task(moody, ResultPath="$.work", Parameters={"needs.$": "$.needs", "of.$": "$$.Execution.RedriveCount",
                                                        "time.$": "$$.Execution"},
                Retry=[{"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "MaxAttempts": 1}])
    definition = chain(Before={"Type": "Pass", "Assign": {"kept": "k"}}, Work=work,
                       After={"Type": "Pass", "Parameters": {"calls.$": "$.work.calls", "kept.$": "$kept", "at.$": "$.work.time"}})
    arn = started(sfn, definition, json.dumps({"needs": str(needs)}))
    assert finished(sfn, arn)["error"] == "ValueError"
    needs.touch()
    date = sfn.redrive_execution(executionArn=arn)["redriveDate"]
    done = finished(sfn, arn)
    output = json.loads(done["output"])
    assert (output["calls"], output["kept"]) == (1, "k")
    assert output["at"]["RedriveCount"] == 1 and output["at"]["RedriveTime"].startswith(date.strftime("%Y-%m-%dT%H:%M:%S"))
    assert (done["redriveStatus"], done["redriveStatusReason"]) == ("NOT_REDRIVABLE", "Execution is SUCCEEDED and cannot be redriven")
    assert "error" not in done and "cause" not in done
    after = order(history(sfn, arn))[10:]
    assert after == [("ExecutionFailed", 11, 10), ("ExecutionRedriven", 12, 11), ("LambdaFunctionScheduled", 13, 4),
                     ("LambdaFunctionStarted", 14, 13), ("LambdaFunctionSucceeded", 15, 14), ("TaskStateExited", 16, 15),
                     ("PassStateEntered", 17, 16), ("PassStateExited", 18, 17), ("ExecutionSucceeded", 19, 18)]


def test_branches_and_iterations_that_succeeded_stay(sfn, moody, tmp_path):
    needs = tmp_path / "there"
    iterate = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "End": True,
               "ItemProcessor": {"StartAt": "Item", "States": {"Item": task(moody, End=True)}}}
    branches = [{"StartAt": "Good", "States": {"Good": {"Type": "Pass", "Result": "good", "End": True}}},
                {"StartAt": "Each", "States": {"Each": iterate}}]
    arn = started(sfn, one_state({"Type": "Parallel", "Branches": branches}, "Both"),
                  json.dumps({"items": [{"of": 0}, {"of": 1, "needs": str(needs)}, {"of": 2}]}))
    assert finished(sfn, arn)["status"] == "FAILED"
    needs.touch()
    before = len(history(sfn, arn))
    sfn.redrive_execution(executionArn=arn)
    output = json.loads(finished(sfn, arn)["output"])
    assert output[0] == "good" and [item["calls"] for item in output[1]] == [0, 1, 2]
    events = history(sfn, arn)
    entered = [event for event in events if event["type"] == "TaskStateEntered"]
    assert order(events)[before + 1] == ("LambdaFunctionScheduled", before + 2, entered[1]["id"])
    again = [event["type"] for event in events[before:]]
    assert again.count("TaskStateEntered") == 1 and again.count("MapIterationStarted") == 1
    assert not {"ParallelStateEntered", "ParallelStateStarted", "MapStateEntered", "MapStateStarted"} & set(again)


def test_what_was_stopped_goes_on_after_a_kill(new_server):
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    definition = chain(Before={"Type": "Pass"}, Waiting={"Type": "Wait", "TimestampPath": "$.until"}, After={"Type": "Succeed"})
    arn = started(sfn, definition, '{"until": "2080-01-01T00:00:00Z"}')
    sfn.stop_execution(executionArn=arn, error="Enough")
    own.restart()
    assert sfn.describe_execution(executionArn=arn)["redriveStatus"] == "REDRIVABLE"
    date = sfn.redrive_execution(executionArn=arn, clientToken="t")["redriveDate"]
    own.restart()
    running = sfn.describe_execution(executionArn=arn)
    assert (running["status"], running["redriveCount"], running["redriveDate"]) == ("RUNNING", 1, date)
    assert running["redriveStatusReason"] == "Execution is RUNNING and cannot be redriven"
    assert not {"stopDate", "error", "cause"} & set(running)
    assert sfn.redrive_execution(executionArn=arn, clientToken="t")["redriveDate"] == date
    sfn.stop_execution(executionArn=arn, error="Enough")
    assert order(history(sfn, arn)) == [
        ("ExecutionStarted", 1, 0), ("PassStateEntered", 2, 0), ("PassStateExited", 3, 2), ("WaitStateEntered", 4, 3),
        ("ExecutionAborted", 5, 0), ("ExecutionRedriven", 6, 5), ("ExecutionAborted", 7, 0)]


def test_a_timeout_of_the_execution_begins_again(sfn):
    definition = {"TimeoutSeconds": 1, **one_state({"Type": "Wait", "Seconds": 86_400})}
    arn = started(sfn, definition)
    assert finished(sfn, arn)["status"] == "TIMED_OUT"
    date = sfn.redrive_execution(executionArn=arn)["redriveDate"]
    again = finished(sfn, arn)
    assert again["status"] == "TIMED_OUT" and (again["stopDate"] - date).total_seconds() >= 1


def test_what_it_runs_is_what_it_was_started_with(sfn, moody, tmp_path):
    needs = tmp_path / "there"
    machine = create(sfn, chain(Work=task(moody), After={"Type": "Pass", "Result": "as started"}), name=unique("pinned"))
    arn = sfn.start_execution(stateMachineArn=machine, input=json.dumps({"of": 1, "needs": str(needs)}))["executionArn"]
    finished(sfn, arn)
    sfn.update_state_machine(stateMachineArn=machine, definition=json.dumps(PASS))
    needs.touch()
    sfn.redrive_execution(executionArn=arn)
    assert finished(sfn, arn)["output"] == '"as started"'


def test_client_tokens(sfn):
    arn = started(sfn, one_state(DAY))
    running = not_redrivable(arn, "Execution is RUNNING and cannot be redriven")
    assert refused(sfn.redrive_execution, executionArn=arn, clientToken="a") == running
    sfn.stop_execution(executionArn=arn)
    date = sfn.redrive_execution(executionArn=arn, clientToken="a")["redriveDate"]
    assert sfn.redrive_execution(executionArn=arn, clientToken="a")["redriveDate"] == date
    assert refused(sfn.redrive_execution, executionArn=arn, clientToken="b") == running
    assert refused(sfn.redrive_execution, executionArn=arn) == running
    sfn.stop_execution(executionArn=arn)
    assert sfn.redrive_execution(executionArn=arn, clientToken="a")["redriveDate"] == date
    assert sfn.describe_execution(executionArn=arn)["status"] == "ABORTED"
    assert sfn.redrive_execution(executionArn=arn, clientToken="b")["redriveDate"] > date
    sfn.stop_execution(executionArn=arn)


@pytest.mark.parametrize(("token", "constraint"), [
    ("", "Member must have length greater than or equal to 1"),
    ("x" * 65, "Member must have length less than or equal to 64"),
    ("a b", "Member must satisfy regular expression pattern: [!-~]+"),
    ("ä", "Member must satisfy regular expression pattern: [!-~]+"),
])
def test_a_bad_client_token(sfn, token, constraint):
    code, message = refused(sfn.redrive_execution, executionArn=execution_arn(machine_arn("m"), "e"), clientToken=token)
    assert code == "ValidationException" and f"Value '{token}' at 'clientToken' failed to satisfy constraint: {constraint}" in message


def test_what_cannot_be_redriven(sfn):
    done = started(sfn, PASS)
    finished(sfn, done)
    assert refused(sfn.redrive_execution, executionArn=done) == not_redrivable(done, "Execution is SUCCEEDED and cannot be redriven")
    missing = execution_arn(machine_arn("nobody"), "e")
    assert refused(sfn.redrive_execution, executionArn=missing) == ("ExecutionDoesNotExist", f"Execution Does Not Exist: '{missing}'")
    express = f"arn:aws:states:{REGION}:{ACCOUNT}:express:m:e:e036ca4a-4902-4d6b-b9b8-0fabb1a646c3"
    assert refused(sfn.redrive_execution, executionArn=express) == (
        "InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")
    assert refused(sfn.redrive_execution, executionArn="no arn")[0] == "InvalidArn"
    assert refused(sfn.redrive_execution)[0] == "ValidationException"


def test_of_a_machine_that_was_deleted(sfn):
    name = unique("deleted")
    machine = create(sfn, FAIL, name=name)
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    finished(sfn, arn)
    sfn.delete_state_machine(stateMachineArn=machine)
    reason = "State machine is in DELETING status"
    description = sfn.describe_execution(executionArn=arn)
    assert (description["redriveStatus"], description["redriveStatusReason"]) == ("NOT_REDRIVABLE", reason)
    assert refused(sfn.redrive_execution, executionArn=arn) == not_redrivable(arn, reason)
    create(sfn, PASS, name=name)
    assert refused(sfn.redrive_execution, executionArn=arn) == not_redrivable(arn, reason)


def test_lists_show_redrives(sfn, server):
    arn = started(sfn, FAIL, name="listed")
    finished(sfn, arn)
    date = sfn.redrive_execution(executionArn=arn)["redriveDate"]
    finished(sfn, arn)
    machine = arn.replace(":execution:", ":stateMachine:").rsplit(":", 1)[0]
    (item,) = sfn.list_executions(stateMachineArn=machine)["executions"]
    assert (item["redriveCount"], item["redriveDate"], item["status"]) == (1, date, "FAILED")
    assert states(server, "ListExecutions", {"stateMachineArn": machine, "statusFilter": "RUNNING"}).json["executions"] == []
