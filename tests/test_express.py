"""Express workflows: always a new execution, at least once; or while the caller waits, at most once; nothing is listed."""

import json
import re
import socket
import threading

import pytest
from botocore.exceptions import ClientError

from support.clients import boto, http_request, states
from support.machines import PASS, ROLE, chain, create, execution_arn, one_state, run, unique
from support.server import ACCOUNT, REGION
from support.wait import until

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
NOT_THIS_TYPE = ("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
WRONG_ARN = ("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")


def express(sfn, definition, **more):
    return create(sfn, definition, type="EXPRESS", **more)


def sync(sfn, machine, given="{}", **more):
    text = given if isinstance(given, str) else json.dumps(given)
    return sfn.start_sync_execution(stateMachineArn=machine, input=text, **more)


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def starting(machine, **more):
    """A Task that starts an execution of the machine and does not wait for it."""
    parameters = {"StateMachineArn": machine, **more}
    return {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "Parameters": parameters}


def is_there(sfn, arn):
    """The description of an execution; none as long as it does not exist."""
    try:
        return sfn.describe_execution(executionArn=arn)
    except sfn.exceptions.ExecutionDoesNotExist:
        return None


def test_the_type_is_kept_and_cannot_be_changed(server, sfn):
    name = unique("express")
    machine = express(sfn, PASS, name=name)
    assert sfn.describe_state_machine(stateMachineArn=machine)["type"] == "EXPRESS"
    assert express(sfn, PASS, name=name) == machine
    code, _ = refused(sfn.create_state_machine, name=name, definition=json.dumps(PASS), roleArn=ROLE, type="STANDARD")
    assert code == "StateMachineAlreadyExists"
    # There is no such member: it is not looked at.
    changed = json.dumps(one_state({"Type": "Succeed"}))
    update = {"stateMachineArn": machine, "definition": changed, "type": "STANDARD"}
    assert states(server, "UpdateStateMachine", update).status == 200
    assert sfn.describe_state_machine(stateMachineArn=machine)["type"] == "EXPRESS"


@pytest.mark.parametrize("state, message", [
    ({"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "Parameters": {"StateMachineArn": "x"}},
     "Express state machine does not support '.sync' service integration at /States/A/Resource"),
    ({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Parameters": {"FunctionName": "x"}},
     "Express state machine does not support '.waitForTaskToken' service integration  at /States/A/Resource"),
    ({"Type": "Task", "Resource": f"arn:aws:states:{REGION}:{ACCOUNT}:activity:a"},
     "Express state machine does not support Activity ARN at /States/A/Resource"),
    ({"Type": "Map", "ItemProcessor": {**PASS, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}},
     "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"),
])
def test_what_express_cannot_do_is_refused_in_awss_words(sfn, state, message):
    definition = json.dumps(one_state(state))
    code, text = refused(sfn.create_state_machine, name=unique("x"), definition=definition, roleArn=ROLE, type="EXPRESS")
    assert code == "InvalidDefinition" and message in text, text
    machine = express(sfn, PASS)
    assert refused(sfn.update_state_machine, stateMachineArn=machine, definition=definition)[1] == text


def test_every_start_is_an_execution_of_its_own(sfn):
    machine = express(sfn, PASS)
    arns = {sfn.start_execution(stateMachineArn=machine, name="again", input="{}")["executionArn"] for _ in range(3)}
    prefix = re.escape(machine.replace(":stateMachine:", ":express:"))
    assert len(arns) == 3
    assert all(re.fullmatch(f"{prefix}:again:{UUID}", arn) for arn in arns), arns
    unnamed = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    assert re.fullmatch(f"{prefix}:{UUID}:{UUID}", unnamed), unnamed


def test_nothing_is_shown_of_an_execution(sfn):
    machine = express(sfn, PASS)
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    for call in (sfn.describe_execution, sfn.stop_execution, sfn.get_execution_history,
                 sfn.describe_state_machine_for_execution):
        assert refused(call, executionArn=arn) == WRONG_ARN
    assert refused(sfn.list_executions, stateMachineArn=machine) == NOT_THIS_TYPE


def test_starts_are_checked_as_those_of_standard_machines(sfn):
    machine = express(sfn, PASS)
    for call in (sfn.start_execution, sfn.start_sync_execution):
        assert refused(call, stateMachineArn=machine, name="a b") == ("InvalidName", "Invalid Name: 'a b'")
        assert refused(call, stateMachineArn=machine, input="x")[0] == "InvalidExecutionInput"
        assert refused(call, stateMachineArn=machine + "-not")[0] == "StateMachineDoesNotExist"
        assert refused(call, stateMachineArn=machine, input=json.dumps("x" * 262_143))[0] == "ValidationException"
    assert refused(sfn.start_sync_execution, stateMachineArn=machine, includedData="ALL")[0] == "ValidationException"
    assert refused(sfn.start_sync_execution, stateMachineArn=create(sfn, PASS)) == NOT_THIS_TYPE


def test_the_caller_hears_how_it_ended(sfn):
    machine = express(sfn, one_state({"Type": "Pass", "Result": {"said": "it"}}))
    answer = sync(sfn, machine, '{"a": 1}', name="mine", traceHeader="Root=1-1-1")
    assert answer["status"] == "SUCCEEDED"
    assert (answer["input"], answer["output"]) == ('{"a": 1}', '{"said":"it"}')
    assert answer["name"] == "mine" and answer["stateMachineArn"] == machine
    assert answer["traceHeader"] == "Root=1-1-1"
    assert answer["inputDetails"] == answer["outputDetails"] == {"included": True}
    assert answer["billingDetails"]["billedMemoryUsedInMB"] == 64
    assert answer["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0
    assert answer["startDate"] <= answer["stopDate"]
    assert not {"error", "cause"} & set(answer)


def test_only_metadata_when_no_more_is_wanted(sfn):
    fails = express(sfn, one_state({"Type": "Fail", "Error": "E", "Cause": "c"}))
    answer = sync(sfn, fails, includedData="METADATA_ONLY")
    assert answer["status"] == "FAILED"
    assert answer["inputDetails"] == answer["outputDetails"] == {"included": False}
    assert not {"input", "output", "error", "cause"} & set(answer)


def test_a_failure_and_a_timeout_are_answers_too(sfn):
    failed = sync(sfn, express(sfn, one_state({"Type": "Fail", "Error": "E", "Cause": "c"})))
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "E", "c")
    assert "output" not in failed and failed["outputDetails"] == {"included": True}
    slow = {**one_state({"Type": "Wait", "Seconds": 200}), "TimeoutSeconds": 1}
    late = sync(sfn, express(sfn, slow))
    assert (late["status"], late["error"]) == ("TIMED_OUT", "States.Timeout")
    assert "cause" not in late and "output" not in late
    assert late["billingDetails"]["billedDurationInMilliseconds"] >= 1_000


def test_the_context_says_which_execution_it_is(sfn):
    machine = express(sfn, one_state({"Type": "Pass", "Parameters": {"all.$": "$$.Execution"}}))
    answer = sync(sfn, machine, name="n")
    context = json.loads(answer["output"])["all"]
    assert (context["Id"], context["Name"]) == (answer["executionArn"], "n")
    assert "RedriveCount" not in context


def test_versions_and_aliases_lead_to_revisions(sfn):
    machine = express(sfn, one_state({"Type": "Pass", "Result": 1}), publish=True)
    two = json.dumps(one_state({"Type": "Pass", "Result": 2}))
    sfn.update_state_machine(stateMachineArn=machine, definition=two, publish=True)
    alias = sfn.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": f"{machine}:1", "weight": 100}],
    )["stateMachineAliasArn"]
    said = [sync(sfn, arn)["output"] for arn in (machine, f"{machine}:1", f"{machine}:2", alias)]
    assert said == ["2", "1", "2", "1"]
    assert sync(sfn, alias)["stateMachineArn"] == machine


@pytest.mark.parametrize("parent_type", ["STANDARD", "EXPRESS"])
@pytest.mark.parametrize("child_type", ["STANDARD", "EXPRESS"])
def test_a_parent_of_either_type_starts_a_child_of_either_type(sfn, parent_type, child_type):
    mark, name = create(sfn, PASS), unique("mark")
    child = create(sfn, one_state(starting(mark, Name=name)), type=child_type)
    parent = create(sfn, one_state(starting(child)), type=parent_type)
    sfn.start_execution(stateMachineArn=parent)
    arn = execution_arn(mark, name)
    until(lambda: is_there(sfn, arn), f"{arn}, which the child starts")


def sdk(action, **parameters):
    return {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:sfn:{action}", "Parameters": parameters}


@pytest.mark.parametrize("parent_type", ["STANDARD", "EXPRESS"])
def test_a_parent_waits_for_an_express_child_through_the_sdk(sfn, parent_type):
    child = express(sfn, one_state({"Type": "Pass", "Parameters": {"said.$": "$.word"}}))
    call = sdk("startSyncExecution", StateMachineArn=child, **{"Input.$": "$"})
    parent = create(sfn, one_state(call), type=parent_type)
    if parent_type == "EXPRESS":
        output = sync(sfn, parent, '{"word": 1.50}')["output"]
    else:
        output = run(sfn, parent, '{"word": 1.50}')["output"]
    answer = json.loads(output)
    assert (answer["Status"], answer["Output"], answer["Input"]) == ("SUCCEEDED", '{"said":1.50}', '{"word":1.50}')
    assert answer["BillingDetails"]["BilledMemoryUsedInMB"] == 64
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", answer["StartDate"])


def test_what_the_sdk_says_when_it_fails(sfn):
    unknown = run(sfn, create(sfn, one_state(sdk("describeStateMachine", StateMachineArn="x"))))
    assert unknown["error"] == "Sfn.InvalidArnException"
    message = r"Invalid Arn: 'Invalid ARN prefix: x' \(Service: Sfn, Status Code: 400, Request ID: .*\) \(SDK Attempt Count: 1\)"
    assert re.fullmatch(message, unknown["cause"])
    member = run(sfn, create(sfn, one_state(sdk("stopExecution", Nonsense=1))))
    assert member["error"] == "States.Runtime" and "Nonsense" in member["cause"]


def test_what_was_acknowledged_runs_after_a_kill(new_server):
    server = new_server().start()
    sfn = boto("stepfunctions", server)
    mark, names = create(sfn, PASS), [unique("mark") for _ in range(8)]
    waits = {"Type": "Wait", "Seconds": 2}
    machine = express(sfn, chain(Waits=waits, Starts={
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": {"StateMachineArn": mark, "Name.$": "$"},
    }))
    for name in names:
        sfn.start_execution(stateMachineArn=machine, input=json.dumps(name))
    server.restart()
    for name in names:
        arn = execution_arn(mark, name)
        until(lambda arn=arn: is_there(sfn, arn), f"{arn}, which one of them starts")
    # What was just about to end is run again, and ends then.
    until(lambda: open_at_start(server.restart()) == 0, "a start with nothing open", every=3)


def open_at_start(server):
    """How many executions were open when the server started last."""
    return int(re.findall(r"serving .*open=(\d+)", server.log())[-1])


def test_a_caller_that_hangs_up_costs_nobody_anything(server, sfn):
    machine = express(sfn, one_state({"Type": "Wait", "Seconds": 2}))
    body = json.dumps({"stateMachineArn": machine}).encode()
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            head = ("POST / HTTP/1.1\r\nHost: sync-localhost\r\nX-Amz-Target: AWSStepFunctions.StartSyncExecution\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n")
            connection.sendall(head.encode() + body)
    assert sync(sfn, express(sfn, PASS))["status"] == "SUCCEEDED"


def test_many_callers_wait_at_once(server, sfn):
    machine = express(sfn, chain(Waits={"Type": "Wait", "Seconds": 1}, Says={"Type": "Pass"}))
    said = {}

    def call(number):
        answer = states(server, "StartSyncExecution", {"stateMachineArn": machine, "input": str(number)})
        said[number] = answer.json["output"]

    threads = [threading.Thread(target=call, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert said == {number: str(number) for number in range(64)}


@pytest.mark.parametrize("target, host", [
    ("/", "sync-localhost:8083"),
    ("/", "sync-states.us-east-1.amazonaws.com"),
    ("http://sync-127.0.0.1:8083/", "sync-127.0.0.1:8083"),
    ("http://sync-localhost/", "localhost"),
])
def test_whatever_host_a_client_puts_in_front(server, sfn, target, host):
    machine = express(sfn, PASS)
    headers = {"Host": host, "X-Amz-Target": "AWSStepFunctions.StartSyncExecution"}
    body = json.dumps({"stateMachineArn": machine}).encode()
    answer = http_request(server, path=target, headers=headers, body=body)
    assert answer.json["status"] == "SUCCEEDED"


def test_boto3_as_it_comes_when_the_name_resolves(server, sfn, monkeypatch):
    machine, real = express(sfn, PASS), socket.getaddrinfo
    asked = []

    def resolve(host, *rest, **more):
        asked.append(host)
        return real("127.0.0.1" if host == "sync-localhost" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    plain = boto("stepfunctions", At(f"http://localhost:{server.port}"), inject_host_prefix=True)
    assert sync(plain, machine)["status"] == "SUCCEEDED"
    assert "sync-localhost" in asked


class At:
    """A server by another name."""

    def __init__(self, url):
        self.url = url
