"""Data folders of the past: how they are written, and what must be in them for as long as there are later programs.

    target/test-venv/bin/python tests/support/stores.py format-3     writes tests/stores/format-3

Each change of what is kept (a new version, tag or table of rows, see runtime/src/generation.rs) gets a folder of its own,
written by the program that makes the change: the folders that are there stay as they are. What a folder must show is in
its `contents.json`; executions that were going on when it was written must end as `EXPECTED` says.
"""

import datetime
import json
import shutil
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import functions  # noqa: E402
from support.clients import boto  # noqa: E402
from support.machines import chain, create, finished, history, types  # noqa: E402
from support.server import ROOT, Server  # noqa: E402
from support.wait import until  # noqa: E402

FOLDER = ROOT / "tests" / "stores"
CURRENT = FOLDER / "format-2"
SOON = 60
"""Seconds after which the waits of open executions end: later than the folder is written, earlier than anybody reads it."""

EXPRESS = "express"
"""Ran when the folder was written, and has no row of its own but that: it is run again from its start."""

ECHO = "def handler(event, context):\n    return {'echo': event}\n"

WORK = """
import time

def handler(event, context):
    if event.get("retry") == 0:
        raise RuntimeError("the first attempt fails")
    time.sleep(max(0, event["until"] - time.time()))
    return {"n": event["n"]}
"""

FINISHED = {
    "pass": ("SUCCEEDED", {"a": 1}), "fails": ("FAILED", {}), "query": ("SUCCEEDED", {"price": 2, "count": 21}),
    "call": ("SUCCEEDED", {"n": 1}), "many": ("SUCCEEDED", {"items": [1, 2, 3]}), "redriven": ("FAILED", {"a": "b"}),
}
GOING_ON = {"waits": {"x": "y"}, "branches": {"items": [1, 2]}, "listed": {"items": ["a", "b"]}, "works": {"n": 5}, "tries": {"n": 6},
            "nested": {"items": [[1, 2], [3]]}, "offered": {}, "taken": {}, "token": {}}
"""Executions that wait for a timer, for a function's answer, for the next attempt, for branches and iterations, for a worker,
for the worker's answer, and for whoever has the token."""
EXPECTED = {
    "waits": {"given": {"x": "y"}, "words": ["é", "1.0"]}, "branches": [{"items": [1, 2]}, {"items": [1, 2]}], "listed": ["a", "b"],
    "works": {"n": 5}, "tries": {"n": 6}, "nested": [{"sum": 3}, {"sum": 3}],
    "offered": "too late", "taken": "too late", "token": "too late",
    "versioned/by-version": {"revision": 1}, "versioned/by-alias": {"revision": 1},
}
"""What those must end with that go on."""


def definitions(function):
    """Machines by name: those that end at once, and those that wait."""
    soon = _soon()
    wait = {"Type": "Wait", "Timestamp": soon.strftime("%Y-%m-%dT%H:%M:%SZ")}
    work = {"Type": "Task", "Resource": functions.arn("work")}
    line = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}
    def in_vain(resource, **more):
        late = {"Type": "Pass", "Result": "too late", "End": True}
        catch = [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]
        task = {"Type": "Task", "Resource": resource, "TimeoutSeconds": SOON, "Catch": catch, "End": True, **more}
        return {"StartAt": "Ask", "States": {"Ask": task, "Late": late}}

    return {
        "offered": in_vain(_activity("offered")), "taken": in_vain(_activity("taken")),
        "token": in_vain("arn:aws:states:::lambda:invoke.waitForTaskToken",
                         Parameters={"FunctionName": function, "Payload": {"token.$": "$$.Task.Token"}}),
        "pass": chain(One={"Type": "Pass", "Result": {"kept": True}, "ResultPath": "$.r"}, Two={"Type": "Pass"}),
        "fails": chain(One={"Type": "Fail", "Error": "Kept", "Cause": "for later"}),
        "query": {"QueryLanguage": "JSONata", **chain(
            Count={"Type": "Pass", "Assign": {"total": "{% $states.input.price * $states.input.count %}"}},
            Tell={"Type": "Pass", "Output": {"total": "{% $total %}"}})},
        "call": chain(Call={"Type": "Task", "Resource": functions.arn(function)}),
        "many": chain(Each={"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": line}),
        "waits": {"QueryLanguage": "JSONata", **chain(
            Note={"Type": "Pass", "Assign": {"kept": {"given": "{% $states.input %}", "words": ["é", "1.0"]}}},
            Pause=wait, Tell={"Type": "Pass", "Output": "{% $kept %}"})},
        "branches": chain(Both={"Type": "Parallel", "Branches": [chain(Left=wait), chain(Right={"Type": "Pass"}, Rest=wait)]}, End={"Type": "Succeed"}),
        "redriven": chain(One={"Type": "Pass"}, Two={"Type": "Fail", "Error": "Kept", "Cause": "twice"}),
        "works": chain(Call={**work, "Parameters": {"n.$": "$.n", "until": soon.timestamp()}}),
        "tries": chain(Call={**work, "Parameters": {"n.$": "$.n", "until": 0, "retry.$": "$$.State.RetryCount"},
                             "Retry": [{"ErrorEquals": ["RuntimeError"], "IntervalSeconds": SOON}]}),
        "nested": {"QueryLanguage": "JSONata", **chain(Each={
            "Type": "Map", "Items": "{% $states.input.items %}", "Assign": {"outer": "{% $states.result %}"}, "ItemProcessor": chain(
                Note={"Type": "Pass", "Assign": {"sum": "{% $sum($states.input) %}"}}, Hold=wait,
                Tell={"Type": "Pass", "Output": {"sum": "{% $sum %}"}})})},
        "listed": chain(Each={"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "ItemProcessor": chain(Hold=wait)}),
    }


def _activity(name):
    return f"arn:aws:states:us-east-1:123456789012:activity:{name}"


def _soon():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(seconds=SOON)


def fill(server):
    """Makes everything on a server."""
    sfn, client = boto("stepfunctions", server), boto("lambda", server)
    function = functions.create(client, ECHO, name="kept")
    functions.create(client, WORK, name="work", Timeout=300)
    for name in ("offered", "taken"):
        sfn.create_activity(name=name)
    for name, definition in definitions(function).items():
        machine = create(sfn, definition, name=name)
        given = FINISHED[name][1] if name in FINISHED else GOING_ON[name]
        arn = sfn.start_execution(stateMachineArn=machine, name="one", input=json.dumps(given))["executionArn"]
        if name in FINISHED:
            assert finished(sfn, arn)["status"] == FINISHED[name][0]
        else:
            if name == "taken":
                assert sfn.get_activity_task(activityArn=_activity(name), workerName="worker")["taskToken"]
            kind, count = WAITING.get(name, ("WaitStateEntered", 1))
            until(lambda: types(history(sfn, arn)).count(kind) == count, f"{name} to wait")
    _redrive(sfn)
    _versions(sfn)
    _express(sfn)


WAITING = {"branches": ("WaitStateEntered", 2), "nested": ("WaitStateEntered", 2), "works": ("LambdaFunctionStarted", 1),
           "tries": ("LambdaFunctionFailed", 1), "offered": ("ActivityScheduled", 1), "taken": ("ActivityStarted", 1),
           "token": ("TaskSubmitted", 1)}
"""The events that show that an execution has come to where it waits."""


def _redrive(sfn):
    """Once, with a token: it fails again."""
    arn = _arn("redriven", "one")
    sfn.redrive_execution(executionArn=arn, clientToken="kept")
    until(lambda: types(history(sfn, arn)).count("ExecutionFailed") == 2, "the second end")


def _versions(sfn):
    """Version 1 and an alias for it, and an execution that goes on with each, while the machine is at its next revision."""
    hold = {"Type": "Wait", "Timestamp": _soon().strftime("%Y-%m-%dT%H:%M:%SZ")}

    def text(revision):
        return json.dumps(chain(Hold=hold, Tell={"Type": "Pass", "Result": {"revision": revision}}))

    machine = create(sfn, text(1), name="versioned")
    version = sfn.publish_state_machine_version(stateMachineArn=machine, description="the first")["stateMachineVersionArn"]
    routes = [{"stateMachineVersionArn": version, "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    sfn.update_state_machine(stateMachineArn=machine, definition=text(2))
    for name, target in (("by-version", version), ("by-alias", alias)):
        arn = sfn.start_execution(stateMachineArn=target, name=name, input="{}")["executionArn"]
        until(lambda: "WaitStateEntered" in types(history(sfn, arn)), f"{name} to wait")


def _express(sfn):
    """One that runs."""
    work = {"Type": "Task", "Resource": functions.arn("work"), "Parameters": {"n": 7, "until": _soon().timestamp()}}
    machine = create(sfn, chain(Call=work), name=EXPRESS, type="EXPRESS")
    sfn.start_execution(stateMachineArn=machine, name="one", input="{}")


def _arn(machine, execution):
    return f"arn:aws:states:us-east-1:123456789012:execution:{machine}:{execution}"


def arn_of(key):
    """The execution that `contents` calls so."""
    machine, _, execution = key.partition("/")
    return _arn(machine, execution or "one")


def contents(server):
    """What can be read of all executions: descriptions and histories."""
    sfn, found = boto("stepfunctions", server), {}
    for machine in sfn.list_state_machines()["stateMachines"]:
        if machine["type"] == "EXPRESS":
            continue
        for execution in sfn.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]:
            arn = execution["executionArn"]
            description = sfn.describe_execution(executionArn=arn)
            shown = ("status", "input", "output", "error", "cause", "redriveCount", "stateMachineVersionArn", "stateMachineAliasArn")
            kept = {key: description[key] for key in shown if key in description}
            events = [[e["id"], e["previousEventId"], e["type"]] for e in history(sfn, arn)]
            name = machine["name"] if execution["name"] == "one" else f"{machine['name']}/{execution['name']}"
            found[name] = {**kept, "events": events}
    return found


def write(folder):
    """Writes the data folder, and `contents.json` beside it: what it showed to those who wrote it."""
    with tempfile.TemporaryDirectory() as temporary:
        server = Server(temporary).start()
        fill(server)
        shown = contents(server)
        # As after a crash: what the index has not got is in the log.
        server.kill()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        data = folder / "data"
        shutil.copytree(server.data_dir / "store", data / "store", ignore=shutil.ignore_patterns("lock"))
        shutil.copytree(server.data_dir / "functions" / "code", data / "functions" / "code", symlinks=True)
        _shorten(data / "store")
    (folder / "contents.json").write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n")


def _shorten(store):
    """Segments are mostly zeros: only what comes before them is kept, and `unpack` puts them back."""
    for segment in store.glob("log-*"):
        content = segment.read_bytes()
        segment.write_bytes(content.rstrip(b"\0"))
        segment.with_name(segment.name + ".length").write_text(f"{len(content)}\n")


def unpack(folder, to):
    """A data folder from one of the past."""
    shutil.copytree(folder / "data", to)
    for note in (to / "store").glob("*.length"):
        segment = note.with_suffix("")
        content = segment.read_bytes()
        segment.write_bytes(content.ljust(int(note.read_text()), b"\0"))
        note.unlink()


if __name__ == "__main__":
    written = FOLDER / sys.argv[1]
    assert not written.exists(), f"{written} is there, and stays as it is"
    write(written)
    print(sum(path.stat().st_size for path in written.rglob("*") if path.is_file()), "bytes in", written)
