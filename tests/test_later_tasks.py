"""Tasks that end later than their call: activities and their workers, task tokens, `.sync`; through the API, over restarts."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from support import functions
from support.clients import boto, states
from support.machines import chain, create, finished, history, one_state, types, unique
from support.server import ACCOUNT, REGION
from support.wait import until

KEEPER = '''
import json
import os


def handler(event, context):
    """Leaves what it was given where the test finds it."""
    path = os.path.join(event["folder"], event["name"])
    with open(path + ".part", "w") as file:
        json.dump(event, file)
    os.rename(path + ".part", path)
    return {"kept": event["name"]}
'''


def activity(sfn, **more):
    return sfn.create_activity(name=unique("activity"), **more)["activityArn"]


def activity_task(arn, **more):
    return {"Type": "Task", "Resource": arn, **more}


def start(sfn, definition, given="{}"):
    return sfn.start_execution(stateMachineArn=create(sfn, definition), input=given)["executionArn"]


def refused(call, **given):
    with pytest.raises(ClientError) as raised:
        call(**given)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


GONE = ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
NO_TOKEN = ("InvalidToken", "Invalid Token: 'Invalid token'")


def callback(function, folder, **more):
    payload = {"token.$": "$$.Task.Token", "folder": str(folder), "name.$": "$$.State.RetryCount"}
    payload["name.$"] = "States.Format('{}', $$.State.RetryCount)"
    return one_state({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                      "Parameters": {"FunctionName": function, "Payload": payload}, **more})


def token_of(path):
    until(path.exists, f"the function to be called ({path})")
    return json.loads(path.read_text())["token"]


def details(event):
    return next((value for name, value in event.items() if name.endswith("EventDetails")), None)


# Activities


def test_an_activity_task_from_its_schedule_to_its_end(sfn):
    arn = activity(sfn)
    execution = start(sfn, one_state(activity_task(arn, TimeoutSeconds=60, HeartbeatSeconds=30)), '{"a": 1}')
    task = sfn.get_activity_task(activityArn=arn, workerName="w")
    assert json.loads(task["input"]) == {"a": 1}
    assert sfn.send_task_heartbeat(taskToken=task["taskToken"])["ResponseMetadata"]["HTTPStatusCode"] == 200
    sfn.send_task_success(taskToken=task["taskToken"], output='{"done": true}')
    assert finished(sfn, execution)["output"] == '{"done": true}'
    events = history(sfn, execution)
    assert types(events) == ["ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ActivityStarted",
                             "ActivitySucceeded", "TaskStateExited", "ExecutionSucceeded"]
    assert [event["previousEventId"] for event in events] == [0, 0, 2, 3, 4, 5, 6]
    assert [details(event) for event in events[2:5]] == [
        {"resource": arn, "input": '{"a": 1}', "inputDetails": {"truncated": False}, "timeoutInSeconds": 60, "heartbeatInSeconds": 30},
        {"workerName": "w"},
        {"output": '{"done": true}', "outputDetails": {"truncated": False}},
    ]
    assert refused(sfn.send_task_success, taskToken=task["taskToken"], output="1") == GONE
    assert refused(sfn.send_task_heartbeat, taskToken=task["taskToken"]) == GONE


def test_a_worker_that_fails_and_one_that_falls_silent(sfn):
    arn = activity(sfn)
    execution = start(sfn, one_state(activity_task(arn)))
    task = sfn.get_activity_task(activityArn=arn)
    sfn.send_task_failure(taskToken=task["taskToken"], error="E", cause="why")
    ended = finished(sfn, execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "E", "why")
    assert details(history(sfn, execution)[3]) == {}, "it did not say who it is"
    silent = start(sfn, one_state(activity_task(arn, TimeoutSeconds=60, HeartbeatSeconds=1)))
    task = sfn.get_activity_task(activityArn=arn, workerName="w")
    assert finished(sfn, silent)["error"] == "States.Timeout"
    assert types(history(sfn, silent))[3:] == ["ActivityStarted", "ActivityTimedOut", "ExecutionFailed"]
    assert refused(sfn.send_task_failure, taskToken=task["taskToken"]) == GONE
    nobody = start(sfn, one_state(activity_task(arn, TimeoutSeconds=1)))
    assert finished(sfn, nobody)["error"] == "States.Timeout"
    assert types(history(sfn, nobody))[2:] == ["ActivityScheduled", "ActivityTimedOut", "ExecutionFailed"]


def test_the_activities_themselves(sfn, server):
    first = sfn.create_activity(name=unique("a"), tags=[{"key": "k", "value": "v"}])
    arn = first["activityArn"]
    name = arn.rpartition(":")[2]
    again = sfn.create_activity(name=name, tags=[{"key": "other", "value": "v"}])
    assert (again["activityArn"], again["creationDate"]) == (arn, first["creationDate"])
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "k", "value": "v"}]
    sfn.tag_resource(resourceArn=arn, tags=[{"key": "l", "value": "w"}])
    sfn.untag_resource(resourceArn=arn, tagKeys=["k"])
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "l", "value": "w"}]
    described = sfn.describe_activity(activityArn=arn)
    assert (described["name"], described["encryptionConfiguration"]) == (name, {"type": "AWS_OWNED_KEY"})
    pages, token, listed = 0, {}, []
    for _ in range(3):
        sfn.create_activity(name=unique("a"))
    while True:
        page = sfn.list_activities(maxResults=2, **token)
        pages, listed = pages + 1, listed + [one["name"] for one in page["activities"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert pages > 1 and name in listed and listed == sorted(set(listed))
    assert refused(sfn.list_activities, nextToken="garbage") == NO_TOKEN
    for _ in range(2):
        sfn.delete_activity(activityArn=arn)
    gone = ("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    assert refused(sfn.describe_activity, activityArn=arn) == gone
    assert refused(sfn.get_activity_task, activityArn=arn) == gone
    assert refused(sfn.tag_resource, resourceArn=arn, tags=[])[0] == "ResourceNotFound"
    elsewhere = f"arn:aws:states:eu-west-1:{ACCOUNT}:activity:{name}"
    assert refused(sfn.describe_activity, activityArn=elsewhere)[0] == "ActivityDoesNotExist"
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
    assert refused(sfn.get_activity_task, activityArn=machine) == (
        "InvalidArn", "Invalid Arn: 'Resource type not valid in this context: stateMachine'")
    long = states(server, "GetActivityTask", {"activityArn": arn, "workerName": "w" * 81})
    assert (long.status, long.error) == (400, "ValidationException")


def test_an_activity_that_is_gone_fails_who_needs_it(sfn):
    arn = activity(sfn)
    machine = create(sfn, one_state(activity_task(arn), "T"))
    sfn.delete_activity(activityArn=arn)
    execution = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    ended = finished(sfn, execution)
    assert ended["cause"] == (
        f"An error occurred while executing the state 'T' (entered at the event id #2). The activity {arn} does not exist.")
    assert types(history(sfn, execution)) == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]


def test_workers_are_served_in_order_and_those_that_hang_up_get_nothing(new_server):
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    arn = activity(sfn)
    impatient = boto("stepfunctions", own, read_timeout=1)
    with pytest.raises(Exception, match="[Tt]imeout"):
        impatient.get_activity_task(activityArn=arn, workerName="impatient")
    taken = []

    def work(name):
        task = boto("stepfunctions", own).get_activity_task(activityArn=arn, workerName=name)
        taken.append((name, json.loads(task["input"])))

    workers = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for worker in workers:
        worker.start()
    executions = [start(sfn, one_state(activity_task(arn)), str(number)) for number in range(2)]
    for worker in workers:
        worker.join(30)
    assert sorted(given for _, given in taken) == [0, 1]
    names = [details(history(sfn, execution)[3])["workerName"] for execution in executions]
    assert sorted(names) == ["a", "b"]


def test_offered_tasks_survive_a_kill_in_order(new_server):
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    arn = activity(sfn)
    machine = create(sfn, one_state(activity_task(arn)))
    for number in range(20):
        sfn.start_execution(stateMachineArn=machine, input=str(number))
    first = sfn.get_activity_task(activityArn=arn)
    assert first["input"] == "0"
    own.kill()
    own.start()
    rest = [sfn.get_activity_task(activityArn=arn) for _ in range(19)]
    assert [int(task["input"]) for task in rest] == list(range(1, 20))
    for task in [first, *rest]:
        sfn.send_task_success(taskToken=task["taskToken"], output=task["input"])
    running = sfn.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    assert running == []


def test_a_thousand_workers_neither_lose_nor_double_a_task(new_server):
    """And the next one is told that there are too many."""
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    arn = activity(sfn)
    inputs, lock = Counter(), threading.Lock()
    waiting = threading.Semaphore(0)

    def work(_):
        waiting.release()
        answer = states(own, "GetActivityTask", {"activityArn": arn})
        task = answer.json
        with lock:
            inputs[task.get("input", answer.text)] += 1
        if "taskToken" in task:
            done = states(own, "SendTaskSuccess", {"taskToken": task["taskToken"], "output": task["input"]})
            assert done.status == 200, done.text

    machine = create(sfn, one_state(activity_task(arn)))
    with ThreadPoolExecutor(1_000) as pool:
        working = [pool.submit(work, number) for number in range(1_000)]
        for _ in range(1_000):
            waiting.acquire()

        def one_more():
            # Takes no task: none is there yet.
            try:
                boto("stepfunctions", own, read_timeout=1).get_activity_task(activityArn=arn)
            except ClientError as error:
                return error.response["Error"]
            except Exception:
                return None

        refusal = until(one_more, "the thousand workers to wait")
        assert (refusal["Code"], refusal["Message"]) == (
            "ActivityWorkerLimitExceeded",
            "The maximum number of workers concurrently polling for activity tasks has been reached.")
        for number in range(1_000):
            sfn.start_execution(stateMachineArn=machine, input=str(number))
        for one in working:
            one.result(60)
    assert inputs == Counter(str(number) for number in range(1_000))
    assert sfn.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"] == []


# Task tokens


def test_a_callback_over_a_kill(new_server, tmp_path):
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    function = functions.create(boto("lambda", own), KEEPER)
    execution = start(sfn, callback(function, tmp_path, TimeoutSeconds=600, HeartbeatSeconds=300))
    token = token_of(tmp_path / "0")
    until(lambda: types(history(sfn, execution))[-1] == "TaskSubmitted", "the task to be submitted")
    own.kill()
    own.start()
    sfn.send_task_heartbeat(taskToken=token)
    sfn.send_task_success(taskToken=token, output='["done"]')
    assert finished(sfn, execution)["output"] == '["done"]'
    assert types(history(sfn, execution))[2:] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded",
                                                  "TaskStateExited", "ExecutionSucceeded"]
    submitted = json.loads(details(history(sfn, execution)[4])["output"])
    assert submitted["Payload"] == {"kept": "0"}
    own.restart()
    assert refused(sfn.send_task_success, taskToken=token, output="1") == GONE


def test_tokens_and_answers_that_are_refused(sfn, server, tmp_path):
    function = functions.create(boto("lambda", server), KEEPER)
    retry = [{"ErrorEquals": ["Again"], "IntervalSeconds": 0, "MaxAttempts": 1}]
    execution = start(sfn, callback(function, tmp_path, Retry=retry))
    first = token_of(tmp_path / "0")
    assert refused(sfn.send_task_success, taskToken="garbage", output="1") == NO_TOKEN
    assert refused(sfn.send_task_success, taskToken=first[:-1] + ("A" if first[-1] != "A" else "B"), output="1") == NO_TOKEN
    other_region = boto("stepfunctions", server, region="eu-west-1")
    assert refused(other_region.send_task_success, taskToken=first, output="1") == NO_TOKEN
    assert refused(sfn.send_task_success, taskToken=first, output="{")[0] == "InvalidOutput"
    large = json.dumps("x" * 262_143)
    assert refused(sfn.send_task_success, taskToken=first, output=large)[0] == "ValidationException"
    assert states(server, "SendTaskSuccess", {"taskToken": "", "output": "1"}).error == "ValidationException"
    assert states(server, "SendTaskSuccess", {"taskToken": first}).error == "ValidationException"
    assert refused(sfn.send_task_failure, taskToken=first, error="e" * 257)[0] == "ValidationException"
    sfn.send_task_failure(taskToken=first, error="Again")
    second = token_of(tmp_path / "1")
    assert second != first
    assert refused(sfn.send_task_success, taskToken=first, output="1") == GONE
    sfn.send_task_failure(taskToken=second)
    ended = finished(sfn, execution)
    assert ended["status"] == "FAILED" and "error" not in ended and "cause" not in ended
    assert details(history(sfn, execution)[-2]) == {"resourceType": "lambda", "resource": "invoke.waitForTaskToken"}


def test_a_call_that_fails_is_not_submitted(sfn):
    execution = start(sfn, callback("no-such-function", "/"))
    assert finished(sfn, execution)["error"] == "Lambda.ResourceNotFoundException"
    assert types(history(sfn, execution))[2:] == ["TaskScheduled", "TaskStarted", "TaskSubmitFailed", "ExecutionFailed"]


def test_a_started_execution_can_hold_the_token(sfn):
    arn = activity(sfn)
    child = create(sfn, one_state(activity_task(arn)))
    parent = start(sfn, one_state({
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.waitForTaskToken",
        "Parameters": {"StateMachineArn": child, "Input": {"token.$": "$$.Task.Token"}}}))
    token = json.loads(sfn.get_activity_task(activityArn=arn)["input"])["token"]
    sfn.send_task_success(taskToken=token, output="42")
    assert finished(sfn, parent)["output"] == "42"


# Jobs


def nested(child, suffix, **more):
    return one_state({"Type": "Task", "Resource": f"arn:aws:states:::states:startExecution{suffix}",
                      "Parameters": {"StateMachineArn": child, "Input": {"n": 1.50}}, **more})


@pytest.mark.parametrize("suffix", [".sync", ".sync:2"])
def test_a_child_gives_its_end(sfn, suffix):
    child = create(sfn, one_state({"Type": "Pass", "Result": {"big": 12345678901234567890}}))
    parent = start(sfn, nested(child, suffix))
    given = json.loads(finished(sfn, parent)["output"])
    plain = suffix == ".sync"
    assert given["Status"] == "SUCCEEDED"
    assert given["Output"] == ('{"big":12345678901234567890}' if plain else {"big": 12345678901234567890})
    assert given["Input"] == ('{"n":1.5}' if plain else {"n": 1.5})
    assert given["InputDetails"] == {"Included": True} and given["StopDate"] >= given["StartDate"] > 10**12
    assert types(history(sfn, parent))[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert list(given) == sorted(given)


def test_a_child_that_fails_and_one_that_cannot_start(sfn):
    child = create(sfn, one_state({"Type": "Fail", "Error": "Mine", "Cause": "why"}))
    parent = start(sfn, nested(child, ".sync:2"))
    ended = finished(sfn, parent)
    assert ended["error"] == "States.TaskFailed"
    cause = json.loads(ended["cause"])
    assert (cause["Error"], cause["Cause"], cause["Status"]) == ("Mine", "why", "FAILED")
    missing = start(sfn, nested(child + "-missing", ".sync"))
    assert finished(sfn, missing)["error"] == "StepFunctions.StateMachineDoesNotExistException"
    assert types(history(sfn, missing))[4:] == ["TaskSubmitFailed", "ExecutionFailed"]


def test_a_child_is_waited_for_over_a_kill_and_stopped_with_its_parent(new_server):
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    arn = activity(sfn)
    child = create(sfn, one_state(activity_task(arn)))
    ends = create(sfn, nested(child, ".sync:2"))
    parents = [sfn.start_execution(stateMachineArn=ends)["executionArn"] for _ in range(2)]
    late = start(sfn, nested(child, ".sync", TimeoutSeconds=3))
    for parent in [*parents, late]:
        until(lambda one=parent: "TaskSubmitted" in types(history(sfn, one)), "the child to be started")
    own.kill()
    own.start()
    children = {one["executionArn"]: one for one in sfn.list_executions(stateMachineArn=child)["executions"]}
    assert len(children) == 3

    def child_of(parent):
        submitted = next(event for event in history(sfn, parent) if event["type"] == "TaskSubmitted")
        return json.loads(details(submitted)["output"])["ExecutionArn"]

    sfn.stop_execution(executionArn=parents[0])
    assert finished(sfn, late)["error"] == "States.Timeout"
    for parent in (parents[0], late):
        stopped = finished(sfn, child_of(parent))
        assert stopped["status"] == "ABORTED"
        assert stopped["cause"] == (
            f"The Task state in AWS Step Functions execution [{parent}] which was managing this resource was aborted")
    task = sfn.get_activity_task(activityArn=arn)
    sfn.send_task_success(taskToken=task["taskToken"], output='"kept"')
    assert json.loads(finished(sfn, parents[1])["output"])["Output"] == "kept"
    assert types(history(sfn, parents[1])).count("TaskSubmitted") == 1


def test_a_workflow_is_a_worker(sfn):
    """The operations of Step Functions, called by Tasks."""
    arn = activity(sfn)
    sdk = "arn:aws:states:::aws-sdk:sfn:"
    worker = start(sfn, chain(
        Take={"Type": "Task", "Resource": sdk + "getActivityTask", "Parameters": {"ActivityArn": arn, "WorkerName": "flow"}},
        Beat={"Type": "Task", "Resource": sdk + "sendTaskHeartbeat", "Parameters": {"TaskToken.$": "$.TaskToken"},
              "ResultPath": "$.beat"},
        Give={"Type": "Task", "Resource": sdk + "sendTaskSuccess",
              "Parameters": {"TaskToken.$": "$.TaskToken", "Output": {"got.$": "$.Input"}}}))
    execution = start(sfn, one_state(activity_task(arn, HeartbeatSeconds=30)), '"x"')
    assert finished(sfn, execution)["output"] == '{"got":"\\"x\\""}'
    assert finished(sfn, worker)["output"] == "{}"
    assert details(history(sfn, execution)[3]) == {"workerName": "flow"}
    refused_ = start(sfn, one_state({"Type": "Task", "Resource": sdk + "sendTaskFailure", "Parameters": {"TaskToken": "none"}}))
    ended = finished(sfn, refused_)
    assert ended["error"] == "Sfn.InvalidTokenException"
    assert ended["cause"].startswith("Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: ")
    described = start(sfn, one_state({"Type": "Task", "Resource": sdk + "describeActivity", "Parameters": {"ActivityArn": arn}}))
    shown = json.loads(finished(sfn, described)["output"])
    assert shown["ActivityArn"] == arn and shown["CreationDate"].endswith("Z")
    assert shown["EncryptionConfiguration"] == {"Type": "AWS_OWNED_KEY"}


def test_a_chain_of_activities(sfn):
    arn = activity(sfn)
    names = [f"S{number}" for number in range(5)]
    execution = start(sfn, chain(**{name: activity_task(arn) for name in names}), '"x"')
    for name in names:
        task = sfn.get_activity_task(activityArn=arn, workerName=name)
        sfn.send_task_success(taskToken=task["taskToken"], output=json.dumps(name))
    assert finished(sfn, execution)["output"] == '"S4"'
