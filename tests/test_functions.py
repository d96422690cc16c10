"""The function host through the API: what functions are given, what they answer, how they fail, and that none outlives the server."""

import base64
import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support import functions, processes
from support.clients import boto, http_request
from support.functions import invoke
from support.machines import create, finished, history, one_state, run, unique
from support.server import ACCOUNT, REGION
from support.wait import until

ECHO = "def handler(event, context):\n    return event\n"
HANG = "import time\ndef handler(event, context):\n    time.sleep(3600)\n"
PID = "import os\ndef handler(event, context):\n    return os.getpid()\n"


@pytest.fixture(scope="module")
def client(server):
    return boto("lambda", server)


@pytest.fixture(scope="module")
def echo(client):
    return functions.create(client, ECHO)


@pytest.mark.parametrize("event", [{}, None, 1.5, "text", [1, {"a": None}], {"ü": "😀"}], ids=repr)
def test_an_event_comes_back(client, echo, event):
    answer = client.invoke(FunctionName=echo, Payload=json.dumps(event).encode())
    assert (answer["StatusCode"], answer["ExecutedVersion"], json.loads(answer["Payload"].read())) == (200, "$LATEST", event)
    assert "FunctionError" not in answer


def test_a_function_is_told_who_it_is(client):
    source = """
import os
def handler(event, context):
    return {"env": dict(os.environ), "cwd": os.getcwd(), "name": context.function_name, "arn": context.invoked_function_arn,
            "request": context.aws_request_id, "memory": context.memory_limit_in_mb,
            "left": context.get_remaining_time_in_millis()}
"""
    name = functions.create(client, source, Environment={"Variables": {"OWN": "value"}}, MemorySize=256)
    told, answer = invoke(client, name)
    assert told["env"]["OWN"] == "value" and told["env"]["AWS_REGION"] == REGION
    assert told["env"]["AWS_LAMBDA_FUNCTION_NAME"] == name and told["env"]["LAMBDA_TASK_ROOT"] == told["cwd"]
    assert (told["name"], told["arn"], told["memory"]) == (name, functions.arn(name), "256")
    assert told["request"] == answer["ResponseMetadata"]["RequestId"]
    assert 10_000 < told["left"] <= 20_000
    assert not [variable for variable in told["env"] if variable.startswith("STEPWELL")]


def test_node(client):
    files = {"index.mjs": "export const handler = async (event, context) => "
                          "({ got: event, name: context.functionName, node: process.version.slice(0, 1) });\n"}
    name = functions.create(client, files, runtime="nodejs22.x", handler="index.handler")
    assert invoke(client, name, {"a": [1]})[0] == {"got": {"a": [1]}, "name": name, "node": "v"}
    files = {"index.js": "exports.handler = async () => { throw new TypeError('no'); };\n"}
    name = functions.create(client, files, runtime="nodejs22.x", handler="index.handler")
    payload, answer = invoke(client, name)
    assert answer["FunctionError"] == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("TypeError", "no") and payload["trace"]


def test_an_executable(client):
    bootstrap = """#!/usr/bin/env python3
import os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        request, body = event.headers["Lambda-Runtime-Aws-Request-Id"], event.read()
    urllib.request.urlopen(api + request + "/response", data=b'{"answer":' + body + b"}")
"""
    name = functions.create(client, {"bootstrap": bootstrap}, runtime="provided.al2023", handler="unused")
    assert invoke(client, name, 42)[0] == {"answer": 42}


# Failures: the payload, as Lambda words it. `ID` stands for the request's id.
EXIT = "import {module}\ndef handler(event, context):\n    {call}\n"
FAILURES = {
    "an exception": ("def handler(event, context):\n    raise ValueError('no ' + event['what'])\n",
                     {"errorType": "ValueError", "errorMessage": "no luck", "requestId": "ID",
                      "stackTrace": ['  File "/var/task/handler.py", line 2, in handler\n    raise ValueError(\'no \' + event[\'what\'])\n']}),
    "an exit": (EXIT.format(module="sys", call="sys.exit(3)"),
                {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: ID Error: Runtime exited with error: exit status 3"}),
    "a clean exit": (EXIT.format(module="os", call="os._exit(0)"),
                     {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: ID Error: Runtime exited without providing a reason"}),
    "a crash": (EXIT.format(module="os, signal", call="os.kill(os.getpid(), signal.SIGSEGV)"),
                {"errorType": "Runtime.ExitError",
                 "errorMessage": "RequestId: ID Error: Runtime exited with error: signal: segmentation fault"}),
    "a large answer": ("def handler(event, context):\n    return 'x' * 6_400_000\n",
                       {"errorType": "Function.ResponseSizeTooLarge",
                        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes)."}),
    "a missing module": ("import no_such_module\n",
                         {"errorType": "Runtime.ImportModuleError", "requestId": "ID", "stackTrace": [],
                          "errorMessage": "Unable to import module 'handler': No module named 'no_such_module'"}),
    "a missing handler": ("x = 1\n",
                          {"errorType": "Runtime.HandlerNotFound", "requestId": "ID", "stackTrace": [],
                           "errorMessage": "Handler 'handler' missing on module 'handler'"}),
}


@pytest.mark.parametrize(("source", "expected"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_reads_as_on_lambda(client, source, expected):
    payload, answer = invoke(client, functions.create(client, source), {"what": "luck"})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    request = answer["ResponseMetadata"]["RequestId"]
    assert json.loads(json.dumps(payload).replace(request, "ID")) == expected


def test_an_answer_that_is_no_json(client):
    payload, answer = invoke(client, functions.create(client, "def handler(event, context):\n    return {'a': object()}\n"))
    assert (answer["FunctionError"], payload["errorType"]) == ("Unhandled", "Runtime.MarshalError")
    assert payload["errorMessage"].startswith("Unable to marshal response: ")


def test_a_timeout(client):
    name = functions.create(client, HANG, Timeout=1)
    payload, answer = invoke(client, name)
    request = answer["ResponseMetadata"]["RequestId"]
    assert answer["FunctionError"] == "Unhandled"
    assert payload == {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {request} Error: Task timed out after 1.00 seconds"}


def test_more_memory_than_allowed(client):
    source = "def handler(event, context):\n    return len(bytearray(400_000_000))\n"
    payload, answer = invoke(client, functions.create(client, source, MemorySize=128))
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] in ("Runtime.OutOfMemory", "MemoryError", "Runtime.ExitError"), payload


def test_a_function_works_after_each_failure(client):
    source = """
import os, sys
def handler(event, context):
    if event == "exit": sys.exit(1)
    if event == "raise": raise ValueError()
    if event == "large": return "x" * 6_400_000
    return event
"""
    name = functions.create(client, source)
    for broken in ("exit", "raise", "large"):
        assert invoke(client, name, broken)[1]["FunctionError"] == "Unhandled"
        assert invoke(client, name, "well")[0] == "well"


def test_the_log_tail(client):
    source = "import sys\ndef handler(event, context):\n    print('to out', event)\n    print('to err', file=sys.stderr)\n    return 1\n"
    _, answer = invoke(client, functions.create(client, source), {"n": 1}, LogType="Tail")
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    request = answer["ResponseMetadata"]["RequestId"]
    assert lines[0] == f"START RequestId: {request} Version: $LATEST"
    assert "to out {'n': 1}" in lines and "to err" in lines
    assert any(line.startswith(f"END RequestId: {request}") for line in lines)
    assert any(line.startswith(f"REPORT RequestId: {request}\tDuration: ") for line in lines)


def test_a_warm_process_is_used_again_and_new_code_gets_a_new_one(client):
    name = functions.create(client, PID)
    first = invoke(client, name)[0]
    assert [invoke(client, name)[0] for _ in range(5)] == [first] * 5
    client.update_function_code(FunctionName=name, ZipFile=functions.zipped({"handler.py": PID.replace("getpid()", "getpid() * -1")}))
    assert invoke(client, name)[0] < 0
    until(lambda: not os.path.exists(f"/proc/{first}"), "the end of the process with the old code")


def test_invocations_run_side_by_side(client):
    """Two invocations that can only end together."""
    source = """
import os, time
def handler(event, context):
    mine, other = event
    open(mine, "w").close()
    end = time.monotonic() + 15
    while not os.path.exists(other):
        if time.monotonic() > end: raise TimeoutError(other)
        time.sleep(0.01)
    return "met"
"""
    name = functions.create(client, source)
    left, right = (f"/tmp/{unique('stepwell-meeting')}" for _ in range(2))
    try:
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda event: invoke(client, name, event)[0], [[left, right], [right, left]]))
    finally:
        for path in (left, right):
            if os.path.exists(path):
                os.unlink(path)
    assert answers == ["met", "met"]


def test_a_burst_is_answered_completely(client, echo):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: invoke(client, echo, n)[0], range(200)))
    assert answers == list(range(200))


def test_reserved_concurrency_throttles(client):
    name = functions.create(client, ECHO)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as refused:
        invoke(client, name)
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_the_limit_of_processes_queues(new_server):
    own = new_server("--function-processes", "2").start()
    client = boto("lambda", own)
    name = functions.create(client, PID)
    with ThreadPoolExecutor(12) as pool:
        pids = set(pool.map(lambda _: invoke(client, name)[0], range(60)))
    assert 1 <= len(pids) <= 2


def test_an_asynchronous_event(client, tmp_path):
    seen = tmp_path / "seen"
    name = functions.create(client, f"def handler(event, context):\n    open({str(seen)!r}, 'w').write(event['say'])\n")
    answer = client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"say": "hello"}')
    assert answer["StatusCode"] == 202 and answer["Payload"].read() == b""
    until(lambda: seen.exists() and seen.read_text() == "hello", "the event to arrive")


def test_a_dry_run_runs_nothing(client, echo):
    assert client.invoke(FunctionName=echo, InvocationType="DryRun", Payload=b"{}")["StatusCode"] == 204


# Bad input


def refusal(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response = refused.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def test_refusals_of_the_lambda_api(client, echo):
    nobody = unique("nobody")
    not_there = f"Function not found: {functions.arn(nobody)}"
    assert refusal(client.get_function, FunctionName=nobody) == (404, "ResourceNotFoundException", not_there)
    assert refusal(client.delete_function, FunctionName=nobody) == (404, "ResourceNotFoundException", not_there)
    assert refusal(client.invoke, FunctionName=nobody) == (404, "ResourceNotFoundException", not_there + ":$LATEST")
    new = {"FunctionName": unique("new"), "Runtime": "python3.12", "Role": functions.ROLE, "Handler": "h.h",
           "Code": {"ZipFile": functions.zipped({"h.py": ECHO})}}
    assert refusal(client.create_function, **{**new, "FunctionName": echo}) == (
        409, "ResourceConflictException", f"Function already exist: {echo}")
    status, code, _ = refusal(client.create_function, **{**new, "Code": {"ZipFile": b"no zip"}})
    assert (status, code) == (400, "InvalidParameterValueException")
    status, code, said = refusal(client.create_function, **{**new, "Runtime": "cobol85"})
    assert (status, code) == (400, "InvalidParameterValueException") and "cobol85" in said
    status, code, said = refusal(client.create_function, **{**new, "FunctionName": "no spaces"})
    assert (status, code) == (400, "ValidationException") and "functionName" in said
    status, code, _ = refusal(client.create_function, **{**new, "Timeout": 901})
    assert (status, code) == (400, "ValidationException")
    status, code, _ = refusal(client.invoke, FunctionName=echo, Payload=b"not json")
    assert (status, code) == (400, "InvalidRequestContentException")
    status, code, _ = refusal(client.invoke, FunctionName=echo, Payload=b'"' + b"x" * 6_291_456 + b'"')
    assert (status, code) == (413, "RequestEntityTooLargeException")
    assert refusal(client.get_function, FunctionName=new["FunctionName"])[0] == 404
    assert invoke(client, echo, "still there")[0] == "still there"


def test_a_zip_that_leads_out_of_its_folder_is_refused(client):
    for path in ("../outside.py", "a/../../outside.py"):
        status, code, _ = refusal(client.create_function, FunctionName=unique("zip"), Runtime="python3.12", Role=functions.ROLE,
                                  Handler="h.h", Code={"ZipFile": functions.zipped({path: ECHO, "h.py": ECHO})})
        assert (status, code) == (400, "InvalidParameterValueException"), path


def test_an_absolute_path_in_a_zip_stays_below_its_folder(client):
    outside = f"/tmp/{unique('stepwell-outside')}/handler.py"
    functions.create(client, {outside: ECHO, "handler.py": ECHO})
    assert not os.path.exists(outside)


def test_raw_requests_that_are_none(server, echo):
    base = "/2015-03-31/functions"
    for method, path, body, statuses in (
        ("POST", base, b"{", {400}), ("POST", base, b"[]", {400}), ("POST", base, b'{"FunctionName":1}', {400}), ("PUT", base, b"", {403, 404, 405}),
        ("GET", base + "?MaxItems=abc", b"", {400}), ("GET", f"{base}/{'x' * 3000}", b"", {400, 404, 414}),
        ("POST", f"{base}/{echo}/invocations", b"\xff", {400}), ("GET", f"{base}/%00", b"", {400, 404}),
    ):
        answer = http_request(server, method, path, body=body)
        assert answer.status in statuses, f"{method} {path[:80]}: {answer.status} {answer.body[:200]}"


# In a workflow


def task(name, **more):
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": name, "Payload.$": "$"}, **more}


def test_both_forms_in_a_workflow(sfn, client, echo):
    direct = run(sfn, create(sfn, one_state({"Type": "Task", "Resource": functions.arn(echo)})), '{ "b": 1.0, "a": 1 }')
    assert json.loads(direct["output"]) == {"b": 1.0, "a": 1}
    optimised = json.loads(run(sfn, create(sfn, one_state(task(echo))), '{"a": 1}')["output"])
    assert optimised["Payload"] == {"a": 1} and optimised["StatusCode"] == 200 and optimised["ExecutedVersion"] == "$LATEST"
    assert optimised["SdkHttpMetadata"]["HttpStatusCode"] == 200


def failure_of(sfn, name, given="{}"):
    machine = create(sfn, one_state(task(name)))
    arn = sfn.start_execution(stateMachineArn=machine, input=given)["executionArn"]
    described = finished(sfn, arn)
    assert described["status"] == "FAILED", described
    failed = [event for event in history(sfn, arn) if event["type"] == "TaskFailed"][0]["taskFailedEventDetails"]
    assert (failed["error"], failed["cause"]) == (described["error"], described["cause"])
    assert (failed["resourceType"], failed["resource"]) == ("lambda", "invoke")
    return described["error"], described["cause"]


def test_how_failures_look_in_a_workflow(sfn, client):
    error, cause = failure_of(sfn, functions.create(client, "def handler(event, context):\n    raise ValueError('no')\n"))
    assert error == "ValueError" and json.loads(cause)["errorMessage"] == "no"
    error, cause = failure_of(sfn, functions.create(client, HANG, Timeout=1))
    assert error == "Sandbox.Timedout" and json.loads(cause)["errorMessage"].endswith("Task timed out after 1.00 seconds")
    error, cause = failure_of(sfn, functions.create(client, EXIT.format(module="sys", call="sys.exit(1)")))
    assert error == "Runtime.ExitError" and json.loads(cause)["errorType"] == "Runtime.ExitError"
    nobody = unique("nobody")
    error, cause = failure_of(sfn, nobody)
    assert error == "Lambda.ResourceNotFoundException"
    assert cause.startswith(f"Function not found: arn:aws:lambda:{REGION}:{ACCOUNT}:function:{nobody}:$LATEST (Service: AWSLambda; "
                            "Status Code: 404; Error Code: ResourceNotFoundException; Request ID: ")
    error, cause = failure_of(sfn, functions.create(client, "def handler(event, context):\n    return 'x' * 300_000\n"))
    assert (error, cause) == ("States.DataLimitExceeded", "The state/task 'lambda' returned a result with a size exceeding the maximum "
                              "number of bytes service limit.")


def test_retry_with_backoff_and_catch(sfn, client, tmp_path):
    """Fails twice, then succeeds; one that never does is caught."""
    count = tmp_path / "count"
    source = f"""
def handler(event, context):
    with open({str(count)!r}, "a") as file:
        file.write("x")
    if event.get("never") or len(open({str(count)!r}).read()) < 3:
        raise RuntimeError("not yet")
    return "done"
"""
    retry = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1.5}]
    name = functions.create(client, source)
    machine = create(sfn, one_state(task(name, Retry=retry, ResultSelector={"r.$": "$.Payload"})))
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    assert json.loads(finished(sfn, arn)["output"]) == {"r": "done"}
    events = history(sfn, arn)
    moments = {kind: [event["timestamp"] for event in events if event["type"] == kind] for kind in ("TaskScheduled", "TaskFailed")}
    waited = [(scheduled - failed).total_seconds()
              for scheduled, failed in zip(moments["TaskScheduled"][1:], moments["TaskFailed"], strict=True)]
    assert len(waited) == 2 and 1.0 <= waited[0] < 10 and 1.5 <= waited[1] < 10, waited
    caught = {"StartAt": "A", "States": {
        "A": {**task(name, Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "B"}]), "Next": "B"},
        "B": {"Type": "Pass", "End": True}}}
    output = json.loads(run(sfn, create(sfn, caught), '{"never": true}')["output"])
    assert output["error"]["Error"] == "RuntimeError" and json.loads(output["error"]["Cause"])["errorMessage"] == "not yet"


def test_a_states_timeout_does_not_wait_for_the_function(sfn, client):
    name = functions.create(client, HANG, Timeout=600)
    described = run(sfn, create(sfn, one_state(task(name, TimeoutSeconds=1))))
    assert (described["status"], described.get("error")) == ("FAILED", "States.Timeout")


def test_a_stopped_execution_does_not_wait_for_the_function(sfn, client):
    name = functions.create(client, HANG, Timeout=600)
    arn = sfn.start_execution(stateMachineArn=create(sfn, one_state(task(name))))["executionArn"]
    until(lambda: "TaskStarted" in [event["type"] for event in history(sfn, arn)], "the task to start")
    sfn.stop_execution(executionArn=arn)
    assert sfn.describe_execution(executionArn=arn)["status"] == "ABORTED"


def test_another_lambda_endpoint(new_server, server, client, echo):
    own = new_server("--lambda-endpoint", server.url).start()
    sfn = boto("stepfunctions", own)
    for state in (task(echo), {"Type": "Task", "Resource": functions.arn(echo)}):
        described = run(sfn, create(sfn, one_state(state)), '{"n": 1}')
        assert described["status"] == "SUCCEEDED" and '"n":1' in described["output"].replace(" ", ""), described
    error, cause = failure_of(sfn, unique("nobody"))
    assert error == "Lambda.ResourceNotFoundException" and "Status Code: 404" in cause
    server_that_is_gone = new_server("--lambda-endpoint", "http://127.0.0.1:9").start()
    error, _ = failure_of(boto("stepfunctions", server_that_is_gone), echo)
    assert error.startswith("Lambda."), error


# The end of the server


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_no_function_outlives_the_server(new_server, how):
    """Idle ones, a busy one and what a function has started itself."""
    own = new_server().start()
    client = boto("lambda", own)
    idle = invoke(client, functions.create(client, PID))[0]
    started = own.folder / "started"
    source = f"""
import os, subprocess, time
def handler(event, context):
    child = subprocess.Popen(["sleep", "3600"])
    with open({str(started) + ".part"!r}, "w") as file:
        file.write(f"{{os.getpid()}} {{child.pid}}")
    os.rename({str(started) + ".part"!r}, {str(started)!r})
    time.sleep(3600)
"""
    busy = functions.create(client, source, Timeout=600)
    thread = threading.Thread(target=_invoke_and_lose, args=(client, busy), daemon=True)
    thread.start()
    until(started.exists, "the busy function to begin")
    own.process.send_signal(how)
    own.process.wait(30)
    pids = [idle, *map(int, started.read_text().split())]
    try:
        until(lambda: not any(_runs(pid) for pid in pids), "the functions to end", seconds=15)
    finally:
        left = [processes.show(pid) for pid in pids if _runs(pid)]
        for pid in filter(_runs, pids):
            os.kill(pid, signal.SIGKILL)
    assert not left
    thread.join(30)
    own.process = None
    own.running.remove(own)


def _invoke_and_lose(client, name):
    try:
        client.invoke(FunctionName=name)
    except (BotoCoreError, ClientError):
        pass


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_functions_are_there_after_a_kill(new_server):
    own = new_server().start()
    client = boto("lambda", own)
    name = functions.create(client, ECHO, Environment={"Variables": {"OWN": "value"}})
    before = client.get_function(FunctionName=name)["Configuration"]
    own.restart()
    after = client.get_function(FunctionName=name)["Configuration"]
    assert {key: after[key] for key in ("CodeSha256", "Environment", "FunctionArn", "Timeout")} == \
           {key: before[key] for key in ("CodeSha256", "Environment", "FunctionArn", "Timeout")}
    assert invoke(client, name, "again")[0] == "again"
