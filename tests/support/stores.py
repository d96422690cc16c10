"""Data folders of the past: how they are written, and what must be in them for as long as there are later programs.

    target/test-venv/bin/python tests/support/stores.py     writes tests/stores/format-1 anew

Only with a program that writes that format, and only while nothing of it was released: a released one stays as it is.
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
CURRENT = FOLDER / "format-1"
SOON = 40
"""Seconds after which the waits of open executions end: later than the folder is written, earlier than anybody reads it."""

ECHO = "def handler(event, context):\n    return {'echo': event}\n"

FINISHED = {
    "pass": ("SUCCEEDED", {"a": 1}), "fails": ("FAILED", {}), "query": ("SUCCEEDED", {"price": 2, "count": 21}),
    "call": ("SUCCEEDED", {"n": 1}), "many": ("SUCCEEDED", {"items": [1, 2, 3]}),
}
GOING_ON = {"waits": {"x": "y"}, "branches": {"items": [1, 2]}, "listed": {"items": ["a", "b"]}}


def definitions(function):
    """Machines by name: those that end at once, and those that wait."""
    wait = {"Type": "Wait", "Timestamp": _soon()}
    line = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}
    return {
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
        "listed": chain(Each={"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "ItemProcessor": chain(Hold=wait)}),
    }


def _soon():
    due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=SOON)
    return due.strftime("%Y-%m-%dT%H:%M:%SZ")


def fill(server):
    """Makes everything on a server."""
    sfn, client = boto("stepfunctions", server), boto("lambda", server)
    function = functions.create(client, ECHO, name="kept")
    for name, definition in definitions(function).items():
        machine = create(sfn, definition, name=name)
        given = FINISHED[name][1] if name in FINISHED else GOING_ON[name]
        arn = sfn.start_execution(stateMachineArn=machine, name="one", input=json.dumps(given))["executionArn"]
        if name in FINISHED:
            assert finished(sfn, arn)["status"] == FINISHED[name][0]
        else:
            entered = 2 if name == "branches" else 1
            until(lambda: types(history(sfn, arn)).count("WaitStateEntered") == entered, f"{name} to wait")


def contents(server):
    """What can be read of all executions: descriptions and histories."""
    sfn, found = boto("stepfunctions", server), {}
    for machine in sfn.list_state_machines()["stateMachines"]:
        for execution in sfn.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]:
            arn = execution["executionArn"]
            description = sfn.describe_execution(executionArn=arn)
            kept = {key: description[key] for key in ("status", "input", "output", "error", "cause") if key in description}
            events = [[e["id"], e["previousEventId"], e["type"]] for e in history(sfn, arn)]
            found[machine["name"]] = {**kept, "events": events}
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
    write(CURRENT)
    print(sum(path.stat().st_size for path in CURRENT.rglob("*") if path.is_file()), "bytes in", CURRENT)
