"""Bad input gets AWS's own error type, message and status, and costs nothing that was stored."""

import json
import os
import random
import socket
import threading
import urllib.parse

import pytest

from support.clients import boto, http_request, states
from support.machines import PASS, ROLE, chain, create, execution_arn, finished, machine_arn, one_state, unique
from support.server import ACCOUNT, REGION
from support.wait import until

SEED = int(os.environ.get("STEPWELL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
FUZZ_REQUESTS = int(os.environ.get("STEPWELL_FUZZ_REQUESTS", "4000"))
UNKNOWN = machine_arn("not-there")
UNKNOWN_EXECUTION = execution_arn(UNKNOWN, "not-there")
NAMESPACE = "com.amazonaws.swf.service.v2.model#"


@pytest.fixture(scope="module")
def kept(server, sfn):
    """What was stored before, as bytes: a machine, an execution that ended, one that waits."""
    ended = create(sfn, PASS, name=unique("kept"), tags=[{"key": "k", "value": "v"}])
    waits = create(sfn, one_state({"Type": "Wait", "Seconds": 86_400}), name=unique("kept-waiting"))
    one = sfn.start_execution(stateMachineArn=ended, name="one", input='{ "a" : 1.0 }')["executionArn"]
    two = sfn.start_execution(stateMachineArn=waits, name="two", input="{}")["executionArn"]
    finished(sfn, one)
    asked = [
        ("DescribeStateMachine", {"stateMachineArn": ended}), ("DescribeStateMachine", {"stateMachineArn": waits}),
        ("ListTagsForResource", {"resourceArn": ended}),
        ("DescribeExecution", {"executionArn": one}), ("GetExecutionHistory", {"executionArn": one}),
        ("DescribeExecution", {"executionArn": two}), ("GetExecutionHistory", {"executionArn": two}),
        ("ListExecutions", {"stateMachineArn": ended}), ("ListExecutions", {"stateMachineArn": waits}),
    ]
    return {"machine": ended, "execution": one, "waiting": two,
            "bytes": [(operation, body, states(server, operation, body).body) for operation, body in asked]}


@pytest.fixture(autouse=True)
def nothing_is_lost(server, kept):
    """After each test the same process answers the same bytes."""
    process = server.process.pid
    yield
    assert server.alive() and server.process.pid == process
    for operation, body, before in kept["bytes"]:
        assert states(server, operation, body).body == before, f"{operation} {body} answers something else now"
    assert "panicked" not in server.log()


def check(answer, error, message, status=400):
    assert (answer.status, answer.error, answer.message) == (status, error, message)
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    assert answer.headers["x-amzn-requestid"]


NO_JSON = {
    "empty": b"", "half": b'{"stateMachineArn":', "words": b"not json", "not utf-8": b'{"name":"\xff\xfe"}', "nul": b"\0",
    "trailing": b"{} {}", "single quotes": b"{'a':1}", "deep": b"[" * 100_000, "deep object": b'{"a":' * 50_000,
    "closed deep": b"[" * 50_000 + b"]" * 50_000,
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON.keys())
@pytest.mark.parametrize("operation", ["StartExecution", "CreateStateMachine", "ListStateMachines"])
def test_a_body_that_is_no_json_object(server, operation, body):
    answer = states(server, operation, body)
    assert (answer.status, answer.error) == (400, "SerializationException")


WRONG_TYPES = {
    "number for text": ("StartExecution", {"stateMachineArn": 5}),
    "boolean for text": ("StartExecution", {"stateMachineArn": UNKNOWN, "name": True}),
    "object for text": ("StartExecution", {"stateMachineArn": UNKNOWN, "input": {"a": 1}}),
    "list for text": ("CreateStateMachine", {"name": ["a"], "definition": "{}", "roleArn": ROLE}),
    "text for integer": ("ListStateMachines", {"maxResults": "10"}),
    "decimal for integer": ("ListStateMachines", {"maxResults": 1.5}),
    "text for boolean": ("GetExecutionHistory", {"executionArn": UNKNOWN_EXECUTION, "reverseOrder": "true"}),
    "text for list": ("TagResource", {"resourceArn": UNKNOWN, "tags": "a"}),
    "text for structure": ("CreateStateMachine", {"name": "a", "definition": "{}", "roleArn": ROLE, "loggingConfiguration": "ALL"}),
    "a list as the whole": ("StartExecution", []),
    "a text as the whole": ("StartExecution", '"text"'),
    "null as the whole": ("StartExecution", "null"),
    "text for a tag": ("TagResource", {"resourceArn": UNKNOWN, "tags": ["a"]}),
    "number for a tag's key": ("TagResource", {"resourceArn": UNKNOWN, "tags": [{"key": 1, "value": "v"}]}),
    "number for a tag key": ("UntagResource", {"resourceArn": UNKNOWN, "tagKeys": [1]}),
    "number for a logging level": ("CreateStateMachine", {"name": "a", "definition": "{}", "roleArn": ROLE, "loggingConfiguration": {"level": 1}}),
    "text for tracing": ("CreateStateMachine", {"name": "a", "definition": "{}", "roleArn": ROLE, "tracingConfiguration": {"enabled": "yes"}}),
}


@pytest.mark.parametrize(("operation", "body"), WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
def test_a_member_of_the_wrong_type(server, operation, body):
    answer = states(server, operation, body)
    assert (answer.status, answer.error) == (400, "SerializationException"), answer.text


def violation(path, value, rule):
    return f"1 validation error detected: Value {value} at '{path}' failed to satisfy constraint: {rule}"


LONG = "x" * 81
BROKEN_CONSTRAINTS = {
    "nothing given": ("StartExecution", {}, violation("stateMachineArn", "null", "Member must not be null")),
    "two missing": ("TagResource", {},
                    "2 validation errors detected: Value null at 'resourceArn' failed to satisfy constraint: Member must not be "
                    "null; Value null at 'tags' failed to satisfy constraint: Member must not be null"),
    "long name": ("StartExecution", {"stateMachineArn": UNKNOWN, "name": LONG},
                  violation("name", f"'{LONG}'", "Member must have length less than or equal to 80")),
    "empty name": ("StartExecution", {"stateMachineArn": UNKNOWN, "name": ""},
                   violation("name", "''", "Member must have length greater than or equal to 1")),
    "large input": ("StartExecution", {"stateMachineArn": UNKNOWN, "input": '"' + "y" * 262_143 + '"'},
                    "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have size less than "
                    "or equal to 262144 bytes in UTF-8 encoding"),
    "too many results": ("ListStateMachines", {"maxResults": 1001},
                         violation("maxResults", "'1001'", "Member must have value less than or equal to 1000")),
    "negative results": ("ListStateMachines", {"maxResults": -1},
                         violation("maxResults", "'-1'", "Member must have value greater than or equal to 0")),
    "huge results": ("ListStateMachines", {"maxResults": 10 ** 15},
                     violation("maxResults", f"'{10 ** 15}'", "Member must have value less than or equal to 1000")),
    "long token": ("ListStateMachines", {"nextToken": "t" * 1025},
                   violation("nextToken", f"'{'t' * 1025}'", "Member must have length less than or equal to 1024")),
    "unknown status": ("ListExecutions", {"stateMachineArn": UNKNOWN, "statusFilter": "DONE"},
                       violation("statusFilter", "'DONE'", "Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, "
                                 "PENDING_REDRIVE, ABORTED, FAILED, RUNNING]")),
    "unknown type": ("CreateStateMachine", {"name": "a", "definition": "{}", "roleArn": ROLE, "type": "FAST"},
                     violation("type", "'FAST'", "Member must satisfy enum value set: [STANDARD, EXPRESS]")),
    "long error": ("StopExecution", {"executionArn": UNKNOWN_EXECUTION, "error": "e" * 257},
                   violation("error", f"'{'e' * 257}'", "Member must have length less than or equal to 256")),
}


@pytest.mark.parametrize(("operation", "body", "message"), BROKEN_CONSTRAINTS.values(), ids=BROKEN_CONSTRAINTS.keys())
def test_a_broken_constraint(server, operation, body, message):
    answer = states(server, operation, body)
    check(answer, "ValidationException", message)
    assert answer.json["__type"] == "com.amazon.coral.validate#ValidationException"


BAD_ARNS = {
    "no ARN": ("DescribeStateMachine", {"stateMachineArn": "nonsense"}, "Invalid ARN prefix: nonsense"),
    "empty": ("StartExecution", {"stateMachineArn": ""}, "Invalid ARN prefix: "),
    "an execution for a machine": ("StartExecution", {"stateMachineArn": UNKNOWN_EXECUTION},
                                   "Resource type not valid in this context: execution"),
    "a machine for an execution": ("DescribeExecution", {"executionArn": UNKNOWN},
                                   "Resource type not valid in this context: stateMachine"),
    "an express execution": ("GetExecutionHistory", {"executionArn": f"arn:aws:states:{REGION}:{ACCOUNT}:express:m:e:u"},
                             "Resource type not valid in this context: express"),
    "an express execution to stop": ("StopExecution", {"executionArn": f"arn:aws:states:{REGION}:{ACCOUNT}:express:m:e:u"},
                                     "Resource type not valid in this context: express"),
}


@pytest.mark.parametrize(("operation", "body", "detail"), BAD_ARNS.values(), ids=BAD_ARNS.keys())
def test_an_arn_that_is_none_or_of_the_wrong_kind(server, operation, body, detail):
    check(states(server, operation, body), "InvalidArn", f"Invalid Arn: '{detail}'")


def test_unknown_machines_and_executions(server):
    machine, execution = {"stateMachineArn": UNKNOWN}, {"executionArn": UNKNOWN_EXECUTION}
    no_machine = f"State Machine Does Not Exist: '{UNKNOWN}'"
    no_execution = f"Execution Does Not Exist: '{UNKNOWN_EXECUTION}'"
    for operation, body in (("StartExecution", machine), ("DescribeStateMachine", machine), ("ListExecutions", machine),
                            ("UpdateStateMachine", {**machine, "roleArn": ROLE})):
        check(states(server, operation, body), "StateMachineDoesNotExist", no_machine)
    for operation in ("DescribeExecution", "StopExecution", "GetExecutionHistory", "DescribeStateMachineForExecution"):
        check(states(server, operation, execution), "ExecutionDoesNotExist", no_execution)
    for operation, more in (("TagResource", {"tags": [{"key": "k", "value": "v"}]}), ("UntagResource", {"tagKeys": ["k"]}),
                            ("ListTagsForResource", {})):
        answer = states(server, operation, {"resourceArn": UNKNOWN, **more})
        check(answer, "ResourceNotFound", f"Resource not found: '{UNKNOWN}'")
        assert answer.json["resourceName"] == UNKNOWN
    deleted = states(server, "DeleteStateMachine", machine)
    assert (deleted.status, deleted.json) == (200, {})


def test_another_account_or_region_is_not_here(server, kept):
    for arn in (kept["machine"].replace(ACCOUNT, "210987654321"), kept["machine"].replace(REGION, "eu-west-3")):
        answer = states(server, "DescribeStateMachine", {"stateMachineArn": arn})
        check(answer, "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    for arn in (kept["execution"].replace(ACCOUNT, "210987654321"), kept["execution"].replace(REGION, "eu-west-3")):
        check(states(server, "DescribeExecution", {"executionArn": arn}), "ExecutionDoesNotExist",
              f"Execution Does Not Exist: '{arn}'")


BAD_NAMES = ["a b", "a\tb", *[f"a{c}b" for c in "<>{}[]?*\"#%\\^|~`$&,;:/"], "a\x01b", "a\x7fb", "a\x9fb"]


@pytest.mark.parametrize("name", BAD_NAMES, ids=[ascii(name) for name in BAD_NAMES])
def test_a_name_with_a_forbidden_character(server, kept, name):
    created = {"name": name, "definition": json.dumps(PASS), "roleArn": ROLE}
    check(states(server, "CreateStateMachine", created), "InvalidName", f"Invalid Name: '{name}'")
    started = {"stateMachineArn": kept["machine"], "name": name}
    check(states(server, "StartExecution", started), "InvalidName", f"Invalid Name: '{name}'")


BAD_INPUTS = {
    "empty": ("", "Invalid execution input."),
    "a word": ("not json", "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' "
                           "or 'false')"),
    "single quotes": ("{'a':1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
}


@pytest.mark.parametrize(("given", "detail"), BAD_INPUTS.values(), ids=BAD_INPUTS.keys())
def test_an_input_that_is_no_json(server, kept, given, detail):
    answer = states(server, "StartExecution", {"stateMachineArn": kept["machine"], "input": given})
    check(answer, "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{detail}'")


@pytest.mark.parametrize("given", ["[" * 5000, "[" * 5000 + "]" * 5000, '{"a":' * 5000 + "1" + "}" * 5000, "1e", "-", '"\\x"', '"'])
def test_odd_inputs_are_refused_or_run(server, sfn, given):
    machine = create(sfn, chain(A={"Type": "Pass", "Parameters": {"x.$": "$"}}, B={"Type": "Pass"}))
    answer = states(server, "StartExecution", {"stateMachineArn": machine, "input": given})
    if answer.status == 400:
        assert answer.error == "InvalidExecutionInput"
    else:
        finished(sfn, answer.json["executionArn"])


def test_the_order_of_checks_of_start_execution(server, kept):
    """Measured on AWS: ARN shape, constraints, machine, name's characters, input, name in use."""
    bad_name, bad_input = "no spaces", "not json"
    for body, error in (
        ({"stateMachineArn": "x", "name": LONG, "input": bad_input}, "InvalidArn"),
        ({"stateMachineArn": UNKNOWN, "name": LONG, "input": bad_input}, "ValidationException"),
        ({"stateMachineArn": UNKNOWN, "name": bad_name, "input": bad_input}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": kept["machine"], "name": bad_name, "input": bad_input}, "InvalidName"),
        ({"stateMachineArn": kept["machine"], "name": "one", "input": bad_input}, "InvalidExecutionInput"),
        ({"stateMachineArn": kept["machine"], "name": "one"}, "ExecutionAlreadyExists"),
    ):
        answer = states(server, "StartExecution", body)
        assert (answer.status, answer.error) == (400, error), answer.text


def test_a_name_is_used_once(server, sfn, kept):
    started = {"stateMachineArn": kept["machine"], "name": "one", "input": '{ "a" : 1.0 }'}
    check(states(server, "StartExecution", started), "ExecutionAlreadyExists",
          f"Execution Already Exists: '{kept['execution']}'")
    waiting = kept["waiting"].replace(":execution:", ":stateMachine:").rsplit(":", 1)[0]
    same = states(server, "StartExecution", {"stateMachineArn": waiting, "name": "two", "input": "{}"})
    assert same.json["executionArn"] == kept["waiting"]
    other = states(server, "StartExecution", {"stateMachineArn": waiting, "name": "two", "input": "{ }"})
    check(other, "ExecutionAlreadyExists", f"Execution Already Exists: '{kept['waiting']}'")


def test_tokens(server, kept):
    first = states(server, "ListStateMachines", {"maxResults": 1}).json
    token = first["nextToken"]
    bad = ["garbage", token[:-2], token + "AA", token[:5] + ("A" if token[5] != "A" else "B") + token[6:], "ä" * 10]
    for given in bad:
        check(states(server, "ListStateMachines", {"maxResults": 1, "nextToken": given}), "InvalidToken",
              "Invalid Token: 'Invalid token'")
    elsewhere = {"stateMachineArn": kept["machine"], "nextToken": token}
    check(states(server, "ListExecutions", elsewhere), "InvalidToken", "Invalid Token: 'Invalid token'")
    assert states(server, "ListStateMachines", {"maxResults": 1, "nextToken": token}).status == 200


BAD_DEFINITIONS = {
    "no states": ("{}", "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"),
    "no object": ("[]", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"),
    "dangling Next": (json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}), "MISSING_TRANSITION_TARGET"),
    "unknown type": (json.dumps({"StartAt": "A", "States": {"A": {"Type": "Jump", "End": True}}}), "SCHEMA_VALIDATION_FAILED"),
    "no JSON": ("{", "INVALID_JSON_DESCRIPTION"),
    "no JSONata": (json.dumps({"QueryLanguage": "JSONata", **one_state({"Type": "Pass", "Output": "{% 1 + %}"})}),
                   "INVALID_JSONATA_EXPRESSION"),
    "unassigned variable": (json.dumps(one_state({"Type": "Pass", "InputPath": "$x"})), "$x"),
    "reserved variable": (json.dumps(one_state({"Type": "Pass", "Assign": {"states": 1}})), "RESERVED_VARIABLE_NAME"),
}


@pytest.mark.parametrize(("definition", "part"), BAD_DEFINITIONS.values(), ids=BAD_DEFINITIONS.keys())
def test_a_definition_that_is_none(server, definition, part):
    name = unique("bad")
    answer = states(server, "CreateStateMachine", {"name": name, "definition": definition, "roleArn": ROLE})
    assert (answer.status, answer.error) == (400, "InvalidDefinition"), answer.text
    assert answer.message.startswith("Invalid State Machine Definition: '") and part in answer.message
    validated = states(server, "ValidateStateMachineDefinition", {"definition": definition}).json
    assert validated["result"] == "FAIL" and validated["diagnostics"]
    gone = states(server, "DescribeStateMachine", {"stateMachineArn": machine_arn(name)})
    assert gone.error == "StateMachineDoesNotExist"


def test_a_valid_definition_that_this_version_cannot_run(server):
    definition = json.dumps(one_state({
        "Type": "Map", "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "PARQUET"},
                                      "Parameters": {"Bucket": "b", "Key": "k"}}, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                                         **one_state({"Type": "Pass"}, "B")}}))
    validated = states(server, "ValidateStateMachineDefinition", {"definition": definition}).json
    assert (validated["result"], validated["diagnostics"]) == ("OK", [])
    warned = states(server, "ValidateStateMachineDefinition", {"definition": definition, "severity": "WARNING"}).json
    assert [found["code"] for found in warned["diagnostics"]] == ["NOT_SUPPORTED_YET"]
    answer = states(server, "CreateStateMachine", {"name": unique("map"), "definition": definition, "roleArn": ROLE})
    assert (answer.status, answer.error) == (400, "InvalidDefinition") and "not support" in answer.message


def test_a_definition_too_large_or_too_deep(server):
    large = json.dumps(one_state({"Type": "Pass", "Comment": "x" * 1_048_576}))
    answer = states(server, "CreateStateMachine", {"name": "large", "definition": large, "roleArn": ROLE})
    assert (answer.status, answer.error) == (400, "ValidationException"), answer.text[:300]
    deep = json.dumps(PASS)
    for _ in range(400):
        deep = ('{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[' + deep + "]}}}")
    answer = states(server, "CreateStateMachine", {"name": "deep", "definition": deep, "roleArn": ROLE})
    assert (answer.status, answer.error) == (400, "InvalidDefinition"), answer.text[:300]


def test_a_name_taken_by_another_definition(server, kept):
    name = kept["machine"].rsplit(":", 1)[1]
    other = {"name": name, "definition": json.dumps(PASS) + " ", "roleArn": ROLE}
    check(states(server, "CreateStateMachine", other), "StateMachineAlreadyExists",
          f"State Machine Already Exists: '{kept['machine']}'")


def test_updates_and_tags_that_are_refused(server, kept):
    nothing = states(server, "UpdateStateMachine", {"stateMachineArn": kept["machine"]})
    check(nothing, "MissingRequiredParameter",
          "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified")
    many = [{"key": f"k{number}", "value": "v"} for number in range(51)]
    check(states(server, "TagResource", {"resourceArn": kept["machine"], "tags": many}), "TooManyTags",
          f"Too many tags: '{kept['machine']}'")
    reserved = states(server, "TagResource", {"resourceArn": kept["machine"], "tags": [{"key": "aws:x", "value": "v"}]})
    assert (reserved.status, reserved.error) == (400, "ValidationException")
    logging = {"stateMachineArn": kept["machine"], "loggingConfiguration": {"level": "ALL"}}
    check(states(server, "UpdateStateMachine", logging), "InvalidLoggingConfiguration",
          "Invalid Logging Configuration: Must specify exactly one Log Destination.")
    described = {"name": "v", "definition": json.dumps(PASS), "roleArn": ROLE, "versionDescription": "d"}
    check(states(server, "CreateStateMachine", described), "ValidationException",
          "Version description can only be set when publish is true")


def test_unknown_operations_and_services_are_named(server):
    for target, named in (("AWSStepFunctions.Nonsense", "Nonsense"), ("AmazonSQS.SendMessage", "AmazonSQS.SendMessage"),
                          ("AWSStepFunctions.", ""), ("x", "x"), (".", "")):
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
        answer = http_request(server, headers=headers, body=b"{}")
        assert (answer.status, answer.error) == (400, "UnknownOperationException"), answer.text
        assert named in answer.message
    for method, path in (("GET", "/"), ("POST", "/"), ("PUT", "/nowhere"), ("GET", "/%ff%00"), ("DELETE", "/a/b?c=%zz"),
                         ("PATCH", "/2015-03-31/nowhere"), ("OPTIONS", "/")):
        answer = http_request(server, method, path)
        assert 400 <= answer.status < 500, f"{method} {path}: {answer.status} {answer.body[:200]}"


def test_a_body_over_the_limit_is_413(server):
    answer = states(server, "StartExecution", b'{"input":"' + b"x" * (5 << 20) + b'"}')
    assert answer.status == 413 and answer.error == "RequestEntityTooLargeException"


def test_a_request_from_a_web_page_is_refused(server):
    """A page that a developer visits must not be able to create functions here through the browser."""
    body = json.dumps({"FunctionName": unique("page"), "Runtime": "python3.12"})
    headers = {"Origin": "https://attacker.example", "Content-Type": "text/plain"}
    answer = http_request(server, path="/2015-03-31/functions", headers=headers, body=body)
    assert answer.status == 403


def test_a_member_that_would_take_much_memory_is_refused(server):
    body = json.dumps({"FunctionName": unique("large"), "Layers": [0] * 100_000})
    answer = http_request(server, path="/2015-03-31/functions", headers={"Content-Type": "application/json"}, body=body)
    assert answer.status == 400 and b"too large" in answer.body


def test_the_target_must_be_step_functions(server, kept):
    headers = {"X-Amz-Target": "AWSStepFunctions.x.ListStateMachines"}
    answer = states(server, "ListStateMachines", {}, headers=headers)
    assert (answer.status, answer.error) == (400, "UnknownOperationException")


# Hostile connections


class Raw:
    """A bare TCP connection."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends; a server that has closed already is fine."""
        try:
            self.socket.sendall(data)
        except OSError:
            pass
        return self

    def finish(self):
        """Nothing more will be sent."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return self

    def read(self):
        """Everything until the server closes."""
        parts = []
        try:
            while part := self.socket.recv(65_536):
                parts.append(part)
        except OSError:
            pass
        return b"".join(parts)


HOSTILE = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n",
    "HTTP/9": b"GET / HTTP/9.9\r\n\r\n",
    "a huge header": b"GET / HTTP/1.1\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n",
    "a huge path": b"GET /" + b"z" * 200_000 + b" HTTP/1.1\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nabc",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 9\r\n\r\nabc",
    "a bad chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    "a huge chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc",
    "control characters": b"GET / HTTP/1.1\r\nX: \x00\x01\x02\r\n\r\n",
    "a bare newline": b"\n",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_http_costs_the_connection_only(server, data):
    with Raw(server) as raw:
        answer = raw.send(data).finish().read()
        assert not answer or answer.startswith(b"HTTP/1."), answer[:100]
        assert b" 200 " not in answer.split(b"\r\n")[0]


def test_half_requests_hold_nobody_up(server):
    """Two hundred connections that stop in the middle; everybody else is served meanwhile."""
    halves = [b"", b"POS", b"POST / HTTP/1.1\r\nHost: x\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"]
    held = [Raw(server).send(halves[number % len(halves)]) for number in range(200)]
    try:
        assert states(server, "ListStateMachines", {}).status == 200
        assert server.answers()
    finally:
        for raw in held:
            raw.socket.close()


def test_a_client_that_leaves_early_loses_only_its_answer(server, sfn, kept):
    """The request is complete, so it takes effect although nobody waits for the answer."""
    name = unique("left")
    body = json.dumps({"stateMachineArn": kept["waiting"].replace(":execution:", ":stateMachine:").rsplit(":", 1)[0],
                       "name": name, "input": "{}"}).encode()
    head = (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.0\r\n"
            b"X-Amz-Target: AWSStepFunctions.StartExecution\r\nContent-Length: %d\r\n\r\n" % len(body))
    arn = kept["waiting"].rsplit(":", 1)[0] + ":" + name
    with Raw(server) as raw:
        raw.send(head + body)
        until(lambda: states(server, "DescribeExecution", {"executionArn": arn}).status == 200, "the start to take effect")
    sfn.stop_execution(executionArn=arn)
    # It is in the machine's list now: what `kept` compares is asked again.
    for position, (operation, asked, _) in enumerate(kept["bytes"]):
        kept["bytes"][position] = (operation, asked, states(server, operation, asked).body)


def test_many_requests_on_one_connection_in_one_write(server):
    one = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    with Raw(server) as raw:
        raw.send(one * 50 + b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert raw.read().count(b"HTTP/1.1 200") == 51


# Random requests


OPERATIONS = [
    "CreateStateMachine", "UpdateStateMachine", "DescribeStateMachine", "ListStateMachines", "StartExecution", "StopExecution",
    "DescribeExecution", "ListExecutions", "GetExecutionHistory", "DescribeStateMachineForExecution", "TagResource",
    "UntagResource", "ListTagsForResource", "ValidateStateMachineDefinition", "SendTaskSuccess", "TestState", "Nonsense",
]
MEMBERS = ["name", "definition", "roleArn", "type", "stateMachineArn", "executionArn", "input", "maxResults", "nextToken",
           "resourceArn", "tags", "tagKeys", "statusFilter", "reverseOrder", "loggingConfiguration", "includedData", "error",
           "publish", "severity", "encryptionConfiguration", "traceHeader", "mapRunArn", "mock", "context", "variables",
           "stateName", "stateConfiguration", "inspectionLevel", "revealSecrets"]


class Chaos:
    """Requests at random from a seed: nearly right ones, bytes turned over, and noise."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def request(self):
        """Method, path, headers, body."""
        return self.random.choices([self.of_states, self.of_iam, self.of_lambda], [6, 2, 2])[0]()

    def of_iam(self):
        """Forms of IAM and STS."""
        r = self.random
        action = r.choice(["CreateRole", "GetRole", "ListRoles", "PutRolePolicy", "AttachRolePolicy", "CreatePolicy", "TagRole",
                           "UpdateAssumeRolePolicy", "DeleteRole", "GetCallerIdentity", "AssumeRole", self.text()])
        names = ["RoleName", "Path", "AssumeRolePolicyDocument", "PolicyName", "PolicyDocument", "PolicyArn", "Marker", "MaxItems",
                 "Tags.member.1.Key", "Tags.member.99999999999.Key", "PathPrefix", "Description", "MaxSessionDuration"]
        policy = {"Version": "2012-10-17", "Statement": self.any(4)}
        values = [self.text, lambda: json.dumps(policy), lambda: f"fuzz-{r.randrange(20)}", lambda: ROLE, lambda: str(r.randrange(-5, 2000))]
        pairs = [("Action", action), ("Version", "2010-05-08"), *[(name, r.choice(values)()) for name in r.sample(names, r.randrange(6))]]
        scope = f"AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/{r.choice(['iam', 'sts'])}/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": scope}
        return "POST", "/", headers, self.damaged(urllib.parse.urlencode(pairs, errors="surrogatepass").encode())

    def of_lambda(self):
        """Requests of Lambda's REST API."""
        r = self.random
        name = r.choice([f"fuzz-{r.randrange(20)}", urllib.parse.quote(self.text(), safe="", errors="surrogatepass")])
        method, path = r.choice([("POST", ""), ("GET", ""), ("GET", f"/{name}"), ("DELETE", f"/{name}"), ("PUT", f"/{name}/code"),
                                 ("PUT", f"/{name}/configuration"), ("POST", f"/{name}/invocations"), ("GET", f"/{name}/policy"),
                                 ("GET", f"?MaxItems={r.randrange(-5, 20_000)}&Marker={name}")])
        members = {"FunctionName": f"fuzz-{r.randrange(20)}", "Runtime": r.choice(["python3.12", "nodejs22.x", self.text()]), "Role": ROLE,
                   "Handler": "h.h", "Code": {"ZipFile": r.choice(["", "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==", self.text()])},
                   "Timeout": self.any(1), "MemorySize": self.any(1), "Environment": self.any(3), "Layers": self.any(2), "Tags": self.any(2)}
        body = {member: members[member] if r.random() < 0.8 else self.any(2) for member in r.sample(list(members), r.randrange(len(members)))}
        return method, "/2015-03-31/functions" + path, {"Content-Type": "application/json"}, self.damaged(json.dumps(body).encode())

    def of_states(self):
        """Requests of Step Functions."""
        r = self.random
        target = r.choice(OPERATIONS) if r.random() < 0.95 else self.text()
        headers = {"Content-Type": r.choice(["application/x-amz-json-1.0", "text/xml", "application/x-www-form-urlencoded"])}
        if r.random() < 0.9:
            headers["X-Amz-Target"] = "AWSStepFunctions." + _header(target)
        if r.random() < 0.2:
            headers["Authorization"] = _header(r.choice([
                "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0",
                "AWS4-HMAC-SHA256 Credential=" + self.text(), self.text(), "AWS4-HMAC-SHA256 Credential=a/b/../../iam/x, Signature="]))
        method = "POST" if r.random() < 0.95 else r.choice(["GET", "PUT", "DELETE", "HEAD"])
        path = "/" if r.random() < 0.9 else r.choice([
            "/2015-03-31/functions", "/2015-03-31/functions/" + "x" * r.randrange(300), "/2015-03-31/functions/a%2fb/invocations",
            "/?Action=ListRoles&Version=2010-05-08", "/health", "/" + "%2e" * r.randrange(50)])
        return method, path, headers, self.body()

    def body(self):
        """Mostly an object of known members with values of any kind."""
        r = self.random
        value = {member: self.value(member) for member in r.sample(MEMBERS, r.randrange(0, 7))}
        return self.damaged(json.dumps(value).encode())

    def damaged(self, body):
        """Sometimes with bytes turned over or cut off."""
        r, data = self.random, bytearray(body)
        if r.random() < 0.25 and data:
            for _ in range(r.randrange(1, 6)):
                data[r.randrange(len(data))] = r.randrange(256)
        return bytes(data[: r.randrange(len(data) + 1)] if r.random() < 0.1 else data)

    def value(self, member):
        """A likely value, or any."""
        r = self.random
        likely = {
            "definition": self.definition, "roleArn": lambda: ROLE, "name": lambda: f"fuzz-{r.randrange(20)}",
            "stateMachineArn": lambda: machine_arn(f"fuzz-{r.randrange(20)}"),
            "executionArn": lambda: execution_arn(machine_arn(f"fuzz-{r.randrange(20)}"), f"fuzz-{r.randrange(20)}"),
            "resourceArn": lambda: machine_arn(f"fuzz-{r.randrange(20)}"), "input": lambda: json.dumps(self.any(3)),
            "tags": lambda: [{"key": self.text(), "value": self.text()}],
        }
        return likely[member]() if member in likely and r.random() < 0.7 else self.any(3)

    def definition(self):
        """A state machine that is nearly one."""
        r = self.random
        kind = r.choice(["Pass", "Wait", "Choice", "Map", "Parallel", "Succeed", "Fail", "Task", self.text()])
        fields = ["Next", "End", "Seconds", "Choices", "Branches", "ItemProcessor", "Result", "Parameters", "InputPath", "Retry",
                  "Catch", "ResultPath", "TimeoutSeconds", "Resource", "OutputPath", "Default"]
        state = {"Type": kind, **{field: self.any(4) for field in r.sample(fields, r.randrange(5))}}
        if r.random() < 0.7:
            state["End"] = True
        return json.dumps({"StartAt": "A", "States": {"A": state}})

    def any(self, depth):
        """Any JSON value."""
        r = self.random
        kinds = [lambda: None, lambda: r.random() < 0.5, lambda: r.choice([0, -1, 1, 2 ** 31, 2 ** 63, 10 ** 30]),
                 lambda: r.choice([0.5, 1e308, -1e-308]), self.text]
        if depth:
            kinds += [lambda: [self.any(depth - 1) for _ in range(r.randrange(4))],
                      lambda: {self.text(): self.any(depth - 1) for _ in range(r.randrange(4))}]
        return r.choice(kinds)()

    def text(self):
        """Texts that parsers dislike."""
        r = self.random
        return r.choice(["", "$", "$.", "$.a[", "$$.x", "$.a[?(@.b==", "States.Format('{}', $.a", "States.ArrayRange(0,9999999999,1)",
                         "States.Base64Decode('%%')", "{% $x %}", "arn:aws:states:::lambda:invoke", "arn:", ":::::", "é\u0000\ud7ff",
                         "\U0001f600" * 30, "x" * r.randrange(400), "2016-13-99T99:99:99Z", "$['", "a.$", "$..*"])


def _header(text):
    """What http.client can send."""
    return "".join(c for c in text if 32 <= ord(c) < 127)


def test_random_requests(new_server):
    """Whatever comes: an answer of the right form, the same process, nothing lost."""
    print(f"STEPWELL_SEED={SEED} STEPWELL_FUZZ_REQUESTS={FUZZ_REQUESTS}")
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    machine = create(sfn, PASS, name="kept")
    arn = sfn.start_execution(stateMachineArn=machine, name="kept", input='{ "a":1 }')["executionArn"]
    before = states(own, "GetExecutionHistory", {"executionArn": finished(sfn, arn)["executionArn"]}).body
    chaos = [Chaos(SEED + number) for number in range(4)]
    broken = []
    threads = [threading.Thread(target=_bombard, args=(own, one, FUZZ_REQUESTS // len(chaos), broken)) for one in chaos]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not broken, f"STEPWELL_SEED={SEED}: {len(broken)} of {FUZZ_REQUESTS}, the first: {broken[0]}"
    assert own.alive() and "panicked" not in own.log()
    assert states(own, "GetExecutionHistory", {"executionArn": arn}).body == before
    own.restart()
    assert states(own, "GetExecutionHistory", {"executionArn": arn}).body == before


def _bombard(server, chaos, count, broken):
    for _ in range(count):
        request = chaos.request()
        try:
            answer = http_request(server, *request, timeout=30)
        except OSError as error:
            broken.append((request, repr(error)))
            return
        if answer.status >= 500 or (answer.status == 400 and not answer.body and request[0] != "HEAD"):
            broken.append((request, answer))
