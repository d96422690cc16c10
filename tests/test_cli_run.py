"""`stepwell run`: a definition executed without a server; its output, its history, its exit status."""

import json
import signal
import time

import pytest

from support import histories, processes
from support.commands import Commands
from support.machines import chain, one_state, types
from support.wait import until

DAY = 86_400
ACCOUNT_OF_OTHERS = "999988887777"


@pytest.fixture
def stepwell(tmp_path):
    """The command, in a folder of its own; it leaves nothing behind."""
    commands = Commands(tmp_path / "work")
    yield commands
    assert commands.left_behind() == [] and processes.working_for(commands.temporary) == []


def task(function, **more):
    """A Task state that calls a function."""
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "OutputPath": "$.Payload",
            "Parameters": {"FunctionName": function, "Payload.$": "$"}, **more}


def direct(function, account=ACCOUNT_OF_OTHERS, region="eu-central-1"):
    """The same by the function's ARN."""
    return {"Type": "Task", "Resource": f"arn:aws:lambda:{region}:{account}:function:{function}"}


def events(stepwell, *words, **options):
    """The history, which must be a true one."""
    said = stepwell("run", *words, "--history", "json", **options)
    shown = said.json["events"]
    histories.check(shown)
    return shown


def test_the_output_and_nothing_else(stepwell):
    name = stepwell.write("sum.asl.json", chain(
        Add={"Type": "Pass", "Parameters": {"sum.$": "States.MathAdd($.a, 1)", "price": 1.5, "in.$": "$", "name.$": "$$.StateMachine.Name"}}))
    said = stepwell("run", name, "--input", '{ "a": 2,  "x": 1.0 }')
    assert (said.status, said.err) == (0, "")
    assert said.out == '{"price":1.5,"in":{"a":2,"x":1.0},"name":"sum","sum":3}\n'


def test_input_from_everywhere(stepwell):
    name = stepwell.write("echo.yaml", "StartAt: A\nStates: {A: {Type: Pass, End: true}}\n")
    stepwell.write("input.json", "[1]")
    assert stepwell("run", name).out == "{}\n"
    assert stepwell("run", name, "--input-file", "input.json").out == "[1]\n"
    assert stepwell("run", name, "--input-file", "-", given='"x"').out == '"x"\n'
    definition = json.dumps(one_state({"Type": "Pass"}))
    assert stepwell("run", "-", "--input", "7", given=definition).out == "7\n"


@pytest.mark.parametrize("words, said", [
    (["--input", "{"], "the input is not JSON: Unexpected end-of-input"),
    (["--input", '{"a": nope}'], "(line 1, column"),
    (["--input", ""], "the input is not JSON"),
    (["--input-file", "missing.json"], "cannot read missing.json"),
    (["--input", "1", "--input-file", "-"], "cannot be used with"),
    (["--input", json.dumps("x" * 100_000), "--name", "has space"], "letters, digits"),
    (["--role-arn", "nobody"], "arn:aws:iam::"),
    (["--functions", "missing"], "missing is not a folder"),
    (["--lambda-endpoint", "ftp://x"], "cannot be used"),
    (["--time", "slow"], "possible values: real, skip"),
])
def test_wrong_usage(stepwell, words, said):
    name = stepwell.write("a.json", one_state({"Type": "Pass"}))
    done = stepwell("run", name, *words)
    assert (done.status, done.out) == (2, "") and said in done.err


def test_inputs_over_the_limit(stepwell):
    name, large = stepwell.write("a.json", one_state({"Type": "Pass"})), stepwell.write("large.json", json.dumps("x" * 262_143))
    done = stepwell("run", name, "--input-file", large)
    assert done.status == 2 and "the input has 262145 bytes" in done.err
    assert stepwell("run", "-", "--input-file", "-").status == 2


def test_an_invalid_definition_is_shown_as_validate_shows_it(stepwell):
    name = stepwell.write("bad.asl.yaml", "StartAt: A\nStates:\n  A:\n    Type: Pass\n    Nxt: A\n")
    done = stepwell("run", name)
    assert (done.status, done.out) == (2, "")
    assert done.err == stepwell("validate", name).out and "--> bad.asl.yaml:5:5" in done.err
    assert stepwell("run", "missing.json").err.startswith("stepwell: cannot read missing.json: ")


def test_failure_goes_to_standard_error(stepwell):
    name = stepwell.write("fail.json", one_state({"Type": "Fail", "Error": "OutOfTea", "Cause": "no tea\n\x1b[2Jleft"}))
    done = stepwell("run", name)
    assert (done.status, done.out) == (1, "")
    assert "FAILED after" in done.err and "error: OutOfTea\n" in done.err and "cause: no tea\n" in done.err and "\x1b" not in done.err
    assert stepwell("run", name, "--quiet").err == ""


def test_a_timeout_has_its_own_status(stepwell):
    name = stepwell.write("slow.json", {**one_state({"Type": "Wait", "Seconds": 60}), "TimeoutSeconds": 5})
    done = stepwell("run", name, "--time", "skip")
    assert (done.status, done.out) == (3, "") and "TIMED_OUT after 5.0" in done.err


def test_no_execution_lasts_longer_than_a_year(stepwell):
    name = stepwell.write("century.json", one_state({"Type": "Wait", "Seconds": 99_999_999}))
    done = stepwell("run", name, "--time", "skip")
    assert (done.status, done.out) == (3, "") and "TIMED_OUT after 365 d" in done.err and "one year" in done.err


def test_waits_that_are_skipped(stepwell):
    """A year's wait, a heap of shorter ones side by side, in the order in which they would end."""
    branches = [chain(**{f"W{n}": {"Type": "Wait", "Seconds": n * DAY}, f"P{n}": {"Type": "Pass"}}) for n in (3, 1, 2)]
    name = stepwell.write("year.json", chain(
        Both={"Type": "Parallel", "Branches": branches, "ResultPath": None},
        Long={"Type": "Wait", "Seconds": 361 * DAY},
        Until={"Type": "Wait", "TimestampPath": "$.until"},
        Now={"Type": "Pass", "Parameters": {"entered.$": "$$.State.EnteredTime", "started.$": "$$.Execution.StartTime"}},
    ))
    began = time.time()
    shown = events(stepwell, name, "--time", "skip", "--input", '{"until": "2001-01-01T00:00:00Z"}')
    assert began - 1 <= shown[0]["timestamp"] <= time.time()
    at = {event["stateExitedEventDetails"]["name"]: event["timestamp"] - shown[0]["timestamp"]
          for event in shown if event["type"] == "WaitStateExited"}
    order = ["W1", "W2", "W3", "Long", "Until"]
    assert sorted(at, key=at.get) == order
    for state, days in zip(order, (1, 2, 3, 364, 364), strict=True):
        assert days * DAY <= at[state] < (days + 1) * DAY


def test_real_time_is_real(stepwell):
    name = stepwell.write("second.json", one_state({"Type": "Wait", "Seconds": 1}))
    shown = events(stepwell, name)
    assert 1 <= shown[-1]["timestamp"] - shown[0]["timestamp"] < DAY


def test_backoffs_are_skipped_and_functions_are_not(stepwell):
    """A Retry waits for days between attempts, each of which really runs."""
    stepwell.write("functions/flaky.py", """
import os, tempfile, time
path = os.path.join(tempfile.gettempdir(), "attempts")
class Busy(Exception): pass
def handler(event, context):
    with open(path, "a") as file: file.write("x")
    if os.path.getsize(path) < 4: raise Busy("try again")
    time.sleep(0.5)
    return {"attempts": os.path.getsize(path), "given": event}
""")
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 10 * DAY, "BackoffRate": 2, "MaxAttempts": 3}]
    name = stepwell.write("retry.json", chain(A=task("flaky", Retry=retry, TimeoutSeconds=30)))
    shown = events(stepwell, name, "--time", "skip", "--functions", "functions", "--input", '{"n": 1}')
    at = [event["timestamp"] for event in shown if event["type"] == "TaskScheduled"]
    assert [round((later - sooner) / DAY) for sooner, later in zip(at, at[1:])] == [10, 20, 40]
    assert types(shown).count("TaskFailed") == 3
    # A function that runs does not let time jump to its timeout.
    assert json.loads(shown[-1]["executionSucceededEventDetails"]["output"]) == {"attempts": 4, "given": {"n": 1}}
    assert 0.5 <= shown[-1]["timestamp"] - at[-1] < 30


def test_functions_in_every_form(stepwell):
    """Files and folders, Python and Node.js, by name, by somebody's ARN, with version or alias."""
    stepwell.write("code/single.py", "def handler(event, context):\n    return ['single', context.function_name]\n")
    stepwell.write("code/classic/lambda_function.py", "import logging, other\nhandler = logging.NullHandler()\n"
                                                      "def lambda_handler(event, context):\n    return other.answer\n")
    stepwell.write("code/classic/other.py", "answer = 'classic'\n")
    stepwell.write("code/only/some_name.py", "async_ = 1\nhandler = lambda event, context: 'only'\n")
    stepwell.write("code/module.mjs", "export const handler = async (event, context) => ['module', event];\n")
    stepwell.write("code/common.js", "exports.handler = (event, context, done) => done(null, 'common');\n")
    stepwell.write("code/sam/app.mjs", "export const lambdaHandler = async () => 'sam';\n")
    states = {
        "A": task("single:live"), "B": direct("classic"), "C": task(f"arn:aws:lambda:us-west-2:{ACCOUNT_OF_OTHERS}:function:only"),
        "D": direct("module:7"), "E": task("common"), "F": direct("sam"),
    }
    states["D"]["InputPath"] = "$.x"
    branches = [one_state(state, name) for name, state in states.items()]
    name = stepwell.write("forms.json", chain(All={"Type": "Parallel", "Branches": branches}))
    done = stepwell("run", name, "--functions", "code", "--input", '{"x": 5}')
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out) == [["single", "single"], "classic", "only", ["module", 5], "common", "sam"]
    # Nothing was written to where the code is.
    assert sorted(path.name for path in (stepwell.folder / "code").rglob("*") if path.is_dir()) == ["classic", "only", "sam"]


def test_a_functions_error_is_the_executions(stepwell):
    stepwell.write("code/bad/index.mjs", "console.log('looking for tea'); export async function handler() { const error = new Error('no tea'); error.name = 'OutOfTea'; throw error; }")
    name = stepwell.write("bad.json", chain(A=task("bad")))
    done = stepwell("run", name, "--functions", "code")
    assert (done.status, done.out) == (1, "") and "error: OutOfTea\n  cause: no tea\n" in done.err
    assert "log of bad:" in done.err and "looking for tea" in done.err and "RequestId: " not in done.err.split("looking for tea")[0]


def test_the_shop(stepwell):
    """The example's orders, with its functions as they lie in its folder."""
    from support.server import ROOT
    shop = ROOT / "examples" / "order-processing"
    words = ["run", shop / "state-machine.asl.json", "--functions", shop / "functions", "--time", "skip", "--input-file"]
    good = stepwell(*words, shop / "orders" / "good.json", seconds=90)
    assert good.status == 0 and isinstance(good.json, dict), good
    invalid = stepwell(*words, shop / "orders" / "invalid.json", seconds=90)
    assert invalid.status == 1 and "error: InvalidOrder" in invalid.err


def test_functions_that_are_not_there(stepwell):
    stepwell.write("code/empty/README", "")
    for function, hint in (("gone", "there is no code/gone.py"), ("empty", "none of the files in code/empty")):
        name = stepwell.write("gone.json", chain(A=task(function)))
        done = stepwell("run", name, "--functions", "code")
        assert done.status == 1 and "error: Lambda.ResourceNotFoundException" in done.err
        assert f"function:{function}" in done.err and hint in done.err
    nowhere = stepwell("run", name)
    assert nowhere.status == 1 and "hint: nothing is known of the function empty" in nowhere.err and "--functions DIR" in nowhere.err


def test_other_machines_are_not_there(stepwell):
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:other"
    name = stepwell.write("parent.json", chain(A={"Type": "Task", "Resource": "arn:aws:states:::states:startExecution",
                                                 "Parameters": {"StateMachineArn": arn, "Input": {}}}))
    done = stepwell("run", name)
    assert done.status == 1 and "StepFunctions.StateMachineDoesNotExistException" in done.err and "stepwell serve" in done.err


def test_functions_of_a_server(stepwell, server):
    from support import functions
    from support.clients import boto
    function = functions.create(boto("lambda", server), "def handler(event, context): return event['a'] + 1")
    name = stepwell.write("remote.json", chain(A=task(function)))
    done = stepwell("run", name, "--lambda-endpoint", server.url, "--input", '{"a": 1}')
    assert (done.status, done.out) == (0, "2\n"), done.err


def test_the_history_is_that_of_the_api(stepwell, server, sfn):
    from support import machines
    definition = chain(A={"Type": "Pass", "Result": {"a": 1.0}}, B={"Type": "Choice", "Choices": [
        {"Variable": "$.a", "NumericEquals": 1, "Next": "C"}]}, C={"Type": "Wait", "Seconds": 0}, D={"Type": "Succeed"})
    definition["States"]["B"].pop("Next")
    name = stepwell.write("same.json", definition)
    role = "arn:aws:iam::123456789012:role/somebody"
    mine = events(stepwell, name, "--role-arn", role)
    machine = machines.create(sfn, definition, role=role)
    ended = machines.run(sfn, machine)
    theirs = machines.history(sfn, ended["executionArn"])
    for event in theirs:
        event["timestamp"] = None
    assert [{**event, "timestamp": None} for event in mine] == theirs
    ids = stepwell("run", stepwell.write("ids.json", chain(A={"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Id", "r.$": "$$.Execution.RoleArn"}})),
                   "--name", "first", "--role-arn", "arn:aws:iam::222233334444:role/x").json
    assert ids == {"id": "arn:aws:states:us-east-1:222233334444:execution:ids:first", "r": "arn:aws:iam::222233334444:role/x"}


def test_the_history_as_a_table(stepwell):
    name = stepwell.write("table.json", chain(Pause={"Type": "Wait", "Seconds": 1000}, Over={"Type": "Fail", "Error": "E", "Cause": "why"}))
    done = stepwell("run", name, "--time", "skip", "--history", "table")
    lines = done.out.splitlines()
    assert done.status == 1 and lines[0].split() == ["ID", "TIME", "TYPE", "STATE", "DETAIL"] and len(lines) == 6
    assert [line.split()[2] for line in lines[1:]] == ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "FailStateEntered", "ExecutionFailed"]
    assert "1000.0" in lines[3] and lines[3].split()[3] == "Pause" and lines[5].endswith("E: why")


def test_placeholders(stepwell):
    stepwell.write("code/f.py", "def handler(event, context): return 'called'")
    name = stepwell.write("p.json", chain(A={"Type": "Task", "Resource": "${Function}"}))
    assert "--substitutions Function=VALUE" in stepwell("run", name).err
    done = stepwell("run", name, "--functions", "code", "--substitutions", "Function=arn:aws:lambda:us-east-1:123456789012:function:f")
    assert (done.status, done.out) == (0, '"called"\n'), done.err


def test_endless_loops_end(stepwell):
    name = stepwell.write("loop.json", {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1, "Next": "B"}, "B": {
        "Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "C"}], "Default": "A"}, "C": {"Type": "Succeed"}}})
    done = stepwell("run", name, "--time", "skip")
    assert done.status == 1 and "25000" in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_execution(stepwell, number):
    stepwell.write("code/long.py", "import pathlib, sys, time\ndef handler(event, context):\n"
                                   "    pathlib.Path(event['mark']).write_text('here')\n    time.sleep(600)\n")
    mark = stepwell.folder / "mark"
    name = stepwell.write("long.json", chain(A=task("long")))
    process = stepwell.spawn("run", name, "--functions", "code", "--history", "json", "--input", json.dumps({"mark": str(mark)}))
    try:
        until(lambda: mark.exists() or process.poll() is not None, "the function to run")
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 4 and "ABORTED after" in err, (process.returncode, err)
    shown = json.loads(out)["events"]
    assert types(shown) == ["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "ExecutionAborted"]
