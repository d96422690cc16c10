"""The mock configuration file of Step Functions Local: which calls are answered from it, with what, and what is refused."""

import json
import os
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError

from support import functions
from support.clients import boto
from support.machines import chain, create, finished, history, one_state, types, unique
from support.server import ROOT
from support.wait import until

RECORDED = ROOT.parent / "shared" / "conformance"

INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "not-there"}}
SEND = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": "https://example/q", "MessageBody": "m"}}


def returns(value):
    return {"Return": value}


def throws(error, cause="because"):
    return {"Throw": {"Error": error, "Cause": cause}}


class Mocked:
    """A server with a mock configuration file."""

    def __init__(self, new_server, folder):
        self.path = folder / "mocks.json"
        self.machines, self.responses = {}, {}
        self.write()
        self.server = new_server("--mock-config", str(self.path)).start()
        self.sfn = boto("stepfunctions", self.server)

    def case(self, machine, name, **states):
        """A test case: for each state what its calls come to, by their numbers."""
        case = self.machines.setdefault(machine, {"TestCases": {}})["TestCases"].setdefault(name, {})
        for state, responses in states.items():
            self.responses[f"{machine}-{name}-{state}"] = responses
            case[state] = f"{machine}-{name}-{state}"
        self.write()

    def write(self):
        # Another length each time: two changes may bear the same time.
        self.length = getattr(self, "length", 0) + 1
        config = {"StateMachines": self.machines, "MockedResponses": self.responses, "Comment": " " * self.length}
        self.path.write_text(json.dumps(config))

    def run(self, machine, case, given=None):
        return finished(self.sfn, self.start(machine, case, given))

    def start(self, machine, case, given=None):
        started = self.sfn.start_execution(stateMachineArn=f"{machine}#{case}", input=json.dumps(given or {}))
        return started["executionArn"]

    def refused(self, machine, case):
        with pytest.raises(ClientError) as caught:
            self.start(machine, case)
        return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.fixture
def mocked(new_server, tmp_path):
    return Mocked(new_server, tmp_path)


def test_happy_and_unhappy_paths(mocked):
    name = unique("orders")
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 3}]
    states = chain(Call={**INVOKE, "Retry": retry}, Send=SEND)
    send = {"0": returns({"MessageId": "m-1"})}
    mocked.case(name, "Happy", Call={"0": returns({"Payload": {"n": 1.0}})}, Send=send)
    mocked.case(name, "Retried", Call={"0": throws("Busy"), "1-2": throws("Busy"), "3": returns({"StatusCode": 200})}, Send=send)
    mocked.case(name, "UsedUp", Call={"0-3": throws("Busy", "always")}, Send=send)
    machine = create(mocked.sfn, states, name=name)
    happy = mocked.run(machine, "Happy")
    assert (happy["status"], happy["output"]) == ("SUCCEEDED", '{"MessageId":"m-1"}')
    assert happy["stateMachineArn"] == machine
    assert '"output":"{\\"Payload\\":{\\"n\\":1.0}}"' in json.dumps(history(mocked.sfn, happy["executionArn"]), default=str,
                                                                  separators=(",", ":"))
    retried = mocked.run(machine, "Retried")
    assert retried["status"] == "SUCCEEDED"
    assert types(history(mocked.sfn, retried["executionArn"])).count("TaskFailed") == 3
    used_up = mocked.run(machine, "UsedUp")
    assert (used_up["status"], used_up["error"], used_up["cause"]) == ("FAILED", "Busy", "always")


def test_what_is_not_mocked_is_really_called(mocked):
    function = functions.create(boto("lambda", mocked.server), "def handler(event, context):\n    return {'real': event}\n")
    name = unique("hybrid")
    real = {**INVOKE, "Parameters": {"FunctionName": function, "Payload.$": "$"}, "OutputPath": "$.Payload"}
    mocked.case(name, "Hybrid", Mock={"0": returns({"from": "mock"})})
    machine = create(mocked.sfn, chain(Mock=INVOKE, Real=real), name=name)
    assert json.loads(mocked.run(machine, "Hybrid")["output"]) == {"real": {"from": "mock"}}
    # Without a test case nothing is mocked.
    started = mocked.sfn.start_execution(stateMachineArn=machine)
    assert finished(mocked.sfn, started["executionArn"])["status"] == "FAILED"


def test_calls_are_counted_by_state_in_loops_and_maps(mocked):
    name = unique("many")
    inner = {"StartAt": "Call", "States": {"Call": {**INVOKE, "End": True}}}
    states = one_state({"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": inner}, name="Each")
    mocked.case(name, "Numbers", Call={"0": returns("zero"), "1-2": returns("more"), "3": returns([None])})
    machine = create(mocked.sfn, states, name=name)
    started = mocked.sfn.start_execution(stateMachineArn=f"{machine}#Numbers", input="[1, 2, 3, 4]")
    assert json.loads(finished(mocked.sfn, started["executionArn"])["output"]) == ["zero", "more", "more", [None]]
    started = mocked.sfn.start_execution(stateMachineArn=f"{machine}#Numbers", input="[1, 2, 3, 4, 5]")
    ended = finished(mocked.sfn, started["executionArn"])
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert "has no mocked response for call 4 of the state 'Call'" in ended["cause"]


def test_an_express_execution(mocked):
    name = unique("express")
    mocked.case(name, "Two", Call={"0": throws("Busy"), "1": returns({"ok": True})})
    state = {**INVOKE, "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1}]}
    machine = create(mocked.sfn, one_state(state, name="Call"), name=name, type="EXPRESS")
    answer = mocked.sfn.start_sync_execution(stateMachineArn=f"{machine}#Two")
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", '{"ok":true}')


def test_what_is_answered_later_is_answered_at_once(mocked):
    """Jobs, callbacks and activities: nobody outside has a part in them, and history tells of both ends."""
    name = unique("later")
    activity = mocked.sfn.create_activity(name=unique("work"))["activityArn"]
    states = chain(
        Job={"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": {"StateMachineArn": "none"}},
        Callback={"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                  "Parameters": {"QueueUrl": "https://example/q", "MessageBody.$": "$$.Task.Token"}},
        Work={"Type": "Task", "Resource": activity, "Catch": [{"ErrorEquals": ["Sick"], "Next": "Again"}]},
        Again={"Type": "Task", "Resource": activity},
    )
    mocked.case(name, "Later", Job={"0": returns({"Status": "SUCCEEDED"})}, Callback={"0": returns("answered")},
                Work={"0": throws("Sick")}, Again={"0": returns("well")})
    machine = create(mocked.sfn, states, name=name)
    ended = mocked.run(machine, "Later")
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", '"well"')
    tasks = [kind for kind in types(history(mocked.sfn, ended["executionArn"])) if kind.startswith(("Task", "Activity"))]
    submitted = ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded", "TaskStateExited"]
    assert tasks == [*submitted, *submitted,
                     "TaskStateEntered", "ActivityScheduled", "ActivityStarted", "ActivityFailed", "TaskStateExited",
                     "TaskStateEntered", "ActivityScheduled", "ActivityStarted", "ActivitySucceeded", "TaskStateExited"]
    # Workers were offered nothing.
    assert mocked.sfn.describe_activity(activityArn=activity)["activityArn"] == activity


def test_a_test_case_outlives_the_process(mocked):
    name = unique("kept")
    states = chain(First={**INVOKE}, Waiting={"Type": "Wait", "Seconds": 3})
    states["States"]["Waiting"] = {"Type": "Wait", "Seconds": 3, "Next": "Again"}
    states["States"]["First"] = {**INVOKE, "ResultPath": "$.first", "Next": "Seen"}
    states["States"]["Seen"] = {"Type": "Choice", "Choices": [{"Variable": "$.second", "IsPresent": True, "Next": "End"}],
                                "Default": "Waiting"}
    states["States"]["Again"] = {"Type": "Pass", "Result": True, "ResultPath": "$.second", "Next": "First"}
    states["States"]["End"] = {"Type": "Succeed", "OutputPath": "$.first"}
    mocked.case(name, "Twice", First={"0": returns("once"), "1": returns("twice")})
    machine = create(mocked.sfn, states, name=name)
    execution = mocked.start(machine, "Twice")
    until(lambda: "WaitStateEntered" in types(history(mocked.sfn, execution)), "the execution waits")
    mocked.server.kill()
    mocked.server.start()
    assert finished(mocked.sfn, execution)["output"] == '"twice"'


def test_the_file_is_read_again_when_it_has_changed(mocked):
    name = unique("changing")
    machine = create(mocked.sfn, one_state({"Type": "Pass"}), name=name)
    code, message = mocked.refused(machine, "Later")
    assert code == "InvalidName" and "'Later'" in message and name in message
    mocked.case(name, "Later", Call={"0": returns("first")})
    machine = create(mocked.sfn, one_state(INVOKE, name="Call"), name=name + "-2")
    assert mocked.refused(machine, "Later")[0] == "InvalidName"
    mocked.case(name + "-2", "Later", Call={"0": returns("first")})
    assert mocked.run(machine, "Later")["output"] == '"first"'
    mocked.case(name + "-2", "Later", Call={"0": returns("second")})
    assert mocked.run(machine, "Later")["output"] == '"second"'
    mocked.path.write_text('{"StateMachines": {"M": 5}}')
    code, message = mocked.refused(machine, "Later")
    assert code == "ValidationException" and "StateMachines/M: an object is expected" in message
    plain = create(mocked.sfn, one_state({"Type": "Pass"}))
    started = mocked.sfn.start_execution(stateMachineArn=plain)
    assert finished(mocked.sfn, started["executionArn"])["status"] == "SUCCEEDED"


def test_a_machine_that_is_not_there(mocked):
    with pytest.raises(ClientError) as caught:
        mocked.start("arn:aws:states:us-east-1:123456789012:stateMachine:none", "Case")
    assert caught.value.response["Error"]["Code"] == "StateMachineDoesNotExist"


def test_only_machines_with_test_cases_may_call_what_is_missing(mocked):
    mocked.case("named", "Case", A={"0": returns(1)})
    create(mocked.sfn, one_state(SEND), name="named")
    with pytest.raises(ClientError) as caught:
        create(mocked.sfn, one_state({**SEND, "Resource": "arn:aws:states:::glue:startJobRun.sync",
                                      "Parameters": {"JobName": "j"}}), name="not-named")
    assert caught.value.response["Error"]["Code"] == "InvalidDefinition"


def test_without_a_file_there_are_no_test_cases(sfn):
    machine = create(sfn, one_state({"Type": "Pass"}))
    with pytest.raises(ClientError) as caught:
        sfn.start_execution(stateMachineArn=f"{machine}#Case")
    assert caught.value.response["Error"]["Code"] in ("InvalidArn", "StateMachineDoesNotExist")


@pytest.mark.parametrize("text, told", [
    (None, "cannot be read"), ("{", "is not right"), ("{}", "the field 'StateMachines' is missing"),
])
def test_a_bad_file_at_the_start(new_server, tmp_path, text, told):
    path = tmp_path / "bad.json"
    if text is not None:
        path.write_text(text)
    server = new_server("--mock-config", str(path))
    done = subprocess.run(server.command(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and told in done.stderr and str(path) in done.stderr


def test_the_environment_names_the_file_too(new_server, tmp_path):
    path = tmp_path / "mocks.json"
    path.write_text(json.dumps({"StateMachines": {"m": {"TestCases": {"T": {"A": "R"}}}},
                                "MockedResponses": {"R": {"0": returns("from the file")}}}))
    server = new_server(env={"SFN_MOCK_CONFIG": str(path)}).start()
    sfn = boto("stepfunctions", server)
    machine = create(sfn, one_state(INVOKE), name="m")
    started = sfn.start_execution(stateMachineArn=f"{machine}#T")
    assert finished(sfn, started["executionArn"])["output"] == '"from the file"'


@pytest.mark.skipif(not (RECORDED / "run_cases.py").exists(), reason="the recorded cases are not on this machine")
def test_the_recorded_cases(mocked, tmp_path):
    """What AWS answered for real is what comes out with mocks, but for the metadata that only a real call has."""
    folder = tmp_path / "cases"
    folder.mkdir()
    machines, responses = {}, {}
    for path in sorted((RECORDED / "cases").glob("mock-config.*.json")):
        text = path.read_text()
        for number in range(1, 10):
            text = text.replace("${uid%d}" % number, unique("u"))
        group = json.loads(text)
        for position, case in enumerate(group["cases"]):
            case.update({"class": "a", "needs": []})
            for step in [step for step in case["steps"] if step["op"] == "mock_config"]:
                for machine, tests in step["config"]["StateMachines"].items():
                    for states in tests["TestCases"].values():
                        states.update({state: f"{position}-{name}" for state, name in states.items()})
                    machines[machine] = tests
                responses.update({f"{position}-{name}": found for name, found in step["config"]["MockedResponses"].items()})
            case["steps"] = [step for step in case["steps"] if step["op"] != "mock_config"]
        (folder / path.name.replace("mock-config.", "")).write_text(json.dumps(group))
    mocked.machines, mocked.responses = machines, responses
    mocked.write()
    report = tmp_path / "report.json"
    command = [sys.executable, str(RECORDED / "run_cases.py"), "--endpoint", mocked.server.url, "--cases", str(folder),
               "--ls-skips", "--report", str(report)]
    env = {**os.environ, "AWS_RETRY_MODE": "legacy"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env, check=True)
    results = json.loads(report.read_text())["results"]
    assert results and {result["result"] for result in results} <= {"PASS", "PASS~"}, done.stdout
