"""A mixed load over kills, and what must be true afterwards.

Workers start, stop, update, publish and read, each operation until it is acknowledged, while the server is killed every few
seconds. Everything that is checked was seen through the API, or written by the functions into a log of their own; nothing
here knows how the server works.
"""

import http.client
import json
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from . import functions, grammar, histories
from .clients import boto
from .machines import ROLE, TERMINAL, chain, execution_arn
from .wait import until

SOURCE = """
import json, os, time

def handler(event, context):
    line = json.dumps([event["execution"], event["task"], event.get("item"), event["retry"]]) + "\\n"
    log = os.open(os.environ["CALLS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(log, line.encode())
    os.close(log)
    if event["retry"] < event["fails"]:
        raise RuntimeError("as it was told to")
    time.sleep(event["busy"])
    return {"task": event["task"], "item": event.get("item")}
"""
FUNCTION = functions.arn("mixed")
ITEMS = [0, 1, 2]
VERSIONS = 900
"""A machine can have a thousand."""
AT_ONCE = {"IntervalSeconds": 1, "BackoffRate": 1.0}


def _call(task, busy=0.01, fails=0, optimised=False, **more):
    given = {"execution.$": "$$.Execution.Name", "task": task, "retry.$": "$$.State.RetryCount", "busy": busy, "fails": fails, **more}
    if optimised:
        return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "mixed", "Payload": given},
                "ResultSelector": {"task.$": "$.Payload.task", "item.$": "$.Payload.item"}}
    return {"Type": "Task", "Resource": FUNCTION, "Parameters": given}


def _revised(revision):
    return chain(Tell={"Type": "Pass", "Result": {"revision": revision}}, Done={"Type": "Succeed"})


DEFINITIONS = {
    "passes": chain(**{f"P{number}": {"Type": "Pass", "Result": number, "ResultPath": f"$.p{number}"} for number in range(10)}),
    "pauses": chain(Before={"Type": "Pass"}, Pause={"Type": "Wait", "Seconds": 1}, After={"Type": "Pass", "Result": 1, "ResultPath": "$.after"}),
    "calls": chain(Once={**_call("Once"), "ResultPath": "$.once"},
                   Flaky={**_call("Flaky", fails=1, optimised=True), "ResultPath": "$.flaky",
                          "Retry": [{"ErrorEquals": ["RuntimeError"], "MaxAttempts": 2, **AT_ONCE}]}),
    "fans": chain(
        Both={"Type": "Parallel", "ResultPath": "$.both", "Branches": [
            chain(Pause={"Type": "Wait", "Seconds": 1}, Left=_call("Left")), chain(Right=_call("Right", busy=0.3, optimised=True))]},
        Lines={"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ResultPath": "$.lines", "ItemProcessor": chain(
            Line=_call("Line", **{"item.$": "$$.Map.Item.Index"}), Rest={"Type": "Pass"})}),
    "catches": {"StartAt": "Never", "States": {
        "Never": {**_call("Never", fails=9), "Retry": [{"ErrorEquals": ["RuntimeError"], "MaxAttempts": 1, **AT_ONCE}],
                  "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}], "End": True},
        "Caught": {"Type": "Pass", "Parameters": {"error.$": "$.error.Error"}, "Next": "Fails"},
        "Fails": {"Type": "Fail", "Error": "Mixed", "Cause": "as it was told to"}}},
    "stops": chain(Long={"Type": "Wait", "Seconds": 86_400}),
    "revised": _revised(0),
}
WEIGHTS = {"passes": 6, "pauses": 3, "calls": 3, "fans": 2, "catches": 1, "stops": 2, "revised": 3, "update": 1, "read": 6}


def _states(**counts):
    return {f"{kind}State{part}": count for kind, count in counts.items() for part in ("Entered", "Exited")}


def _tasks(kind, scheduled, failed):
    return {f"{kind}Scheduled": scheduled, f"{kind}Failed": failed, f"{kind}Succeeded": scheduled - failed}


EVENTS = {
    "passes": {**_states(Pass=10), "ExecutionSucceeded": 1},
    "pauses": {**_states(Pass=2, Wait=1), "ExecutionSucceeded": 1},
    "calls": {**_states(Task=2), **_tasks("LambdaFunction", 1, 0), **_tasks("Task", 2, 1), "ExecutionSucceeded": 1},
    "fans": {**_states(Task=5, Pass=3, Wait=1, Parallel=1, Map=1), "ParallelStateStarted": 1, "ParallelStateSucceeded": 1,
             "MapStateStarted": 1, "MapStateSucceeded": 1, "MapIterationStarted": 3, "MapIterationSucceeded": 3,
             **_tasks("LambdaFunction", 4, 0), **_tasks("Task", 1, 0), "ExecutionSucceeded": 1},
    "catches": {**_states(Task=1, Pass=1), **_tasks("LambdaFunction", 2, 2), "FailStateEntered": 1, "ExecutionFailed": 1},
    "revised": {**_states(Pass=1, Succeed=1), "ExecutionSucceeded": 1},
}
"""How often each type occurs, but for Started: that one has a second where a call was made again."""


def _output(kind, name):
    """What an execution must end with, where that is known beforehand."""
    done = {task: {"task": task, "item": None} for task in ("Once", "Flaky", "Left", "Right")}
    given = {"name": name, "items": ITEMS}
    return {
        "passes": {**given, **{f"p{number}": number for number in range(10)}}, "pauses": {**given, "after": 1},
        "calls": {**given, "once": done["Once"], "flaky": done["Flaky"]},
        "fans": {**given, "both": [done["Left"], done["Right"]], "lines": [{"task": "Line", "item": item} for item in ITEMS]},
    }[kind]


class Refused(Exception):
    """The server's answer is an error."""


class Lost(Exception):
    """There was no answer: whether it happened is not known."""


class Client:
    """Bare HTTP on one connection: a client that never asks twice by itself."""

    def __init__(self, server):
        self.server, self.connection = server, None

    def call(self, operation, **members):
        """The answer."""
        headers = {"X-Amz-Target": f"AWSStepFunctions.{operation}", "Content-Type": "application/x-amz-json-1.0"}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            self.connection.request("POST", "/", json.dumps(members), headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection = None
            raise Lost(str(error)) from error
        if answer.status == 200:
            return json.loads(text)
        kind = json.loads(text)["__type"].rpartition("#")[2]
        if kind in ("ThrottlingException", "ServiceUnavailable"):
            raise Lost(kind)
        raise Refused(kind, text)

    def history(self, arn):
        """All events."""
        events, token = [], {}
        while True:
            answer = self.call("GetExecutionHistory", executionArn=arn, maxResults=1000, **token)
            events += answer["events"]
            if "nextToken" not in answer:
                return events
            token = {"nextToken": answer["nextToken"]}


class Load:
    """The workers, and what they were told."""

    def __init__(self, server, seed, workers=6, pace=0.2):
        self.server, self.pace, self.seed = server, pace, seed
        self.calls = server.folder / "calls.log"
        self.lock, self.updating, self.over = threading.Lock(), threading.Lock(), threading.Event()
        self.begun, self.ended, self.surprises = {}, {}, []
        self.counts = Counter()
        self.revision_asked = self.revision_told = 0
        self.versions = {}
        self.machines = {}
        self._make()
        self.threads = [threading.Thread(target=self._work, args=(number,)) for number in range(workers)]

    def _make(self):
        functions.create(boto("lambda", self.server), SOURCE, name="mixed", Timeout=60, Environment={"Variables": {"CALLS": str(self.calls)}})
        client = Client(self.server)
        for name, definition in DEFINITIONS.items():
            made = client.call("CreateStateMachine", name=name, definition=json.dumps(definition), roleArn=ROLE)
            self.machines[name] = made["stateMachineArn"]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _work(self, number):
        rng, client, count = random.Random(self.seed * 1_000 + number), Client(self.server), 0
        try:
            while not self.over.is_set():
                kind, count = rng.choices(list(WEIGHTS), WEIGHTS.values())[0], count + 1
                name = f"{kind}-{number}-{count}"
                if kind == "update":
                    self._update(client, rng)
                elif kind == "read":
                    self._read(client, rng)
                else:
                    self._start(client, kind, name, rng)
                self.over.wait(rng.uniform(0, 2 * self.pace))
        except Exception as surprise:  # noqa: BLE001 - whatever it is, it must be shown
            self.surprises.append(f"worker {number}: {surprise!r}")

    def _until_told(self, client, operation, taken=None, **members):
        """Asks until there is an answer; `taken` is the error that says that an earlier try, whose answer was lost, did it."""
        lost, deadline = False, time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                return client.call(operation, **members)
            except Lost:
                lost = True
                self.counts["lost answers"] += 1
                threading.Event().wait(0.05)
            except Refused as refused:
                if not (lost and refused.args[0] == taken):
                    raise
                return None
        raise AssertionError(f"{operation} was not acknowledged in 120 s")

    def _start(self, client, kind, name, rng):
        machine, revisions = self.machines[kind], None
        if kind == "revised":
            version = rng.choice([None, *self.versions]) if self.versions else None
            machine, revisions = version or machine, [self.versions.get(version, self.revision_told), None]
        given = json.dumps({"name": name, "items": ITEMS})
        self._until_told(client, "StartExecution", "ExecutionAlreadyExists", stateMachineArn=machine, name=name, input=given)
        if revisions:
            revisions[1] = self.versions.get(machine, self.revision_asked)
        with self.lock:
            self.begun[name] = (kind, revisions)
            self.counts[kind] += 1
        if kind == "stops":
            arn = execution_arn(self.machines[kind], name)
            self._until_told(client, "StopExecution", executionArn=arn, error="Mixed", cause=name)

    def _update(self, client, rng):
        """One at a time, so that it is known which revision is the current one."""
        with self.updating:
            self.revision_asked += 1
            asked = self.revision_asked
            self._until_told(client, "UpdateStateMachine", "ConflictException", stateMachineArn=self.machines["revised"],
                             definition=json.dumps(_revised(asked)))
            self.revision_told = asked
            self.counts["updates"] += 1
            if rng.random() < 0.3 and len(self.versions) < VERSIONS:
                made = self._until_told(client, "PublishStateMachineVersion", stateMachineArn=self.machines["revised"])
                with self.lock:
                    self.versions = {**self.versions, made["stateMachineVersionArn"]: asked}

    def _read(self, client, rng):
        """What was acknowledged is there, and what has ended stays as it was."""
        with self.lock:
            names = list(self.begun)
        if not names:
            return
        name = rng.choice(names[-500:])
        arn = execution_arn(self.machines[self.begun[name][0]], name)
        described = self._until_told(client, "DescribeExecution", executionArn=arn)
        self.counts["reads"] += 1
        if described["status"] in TERMINAL:
            with self.lock:
                self.ended.setdefault(name, described)
                assert self.ended[name] == described, f"{name} has changed after its end"


class Killer:
    """Kills and restarts at moments drawn from the seed, sometimes while the server is still recovering."""

    def __init__(self, server, seed, every):
        self.server, self.random, self.every, self.kills = server, random.Random(seed), every, 0

    def round(self):
        """One kill, and the start after it."""
        threading.Event().wait(self.random.uniform(0.3, 2 * self.every))
        self._kill()
        if self.random.random() < 0.2:
            threading.Event().wait(self.random.uniform(0, 0.3))
            self._kill()
        self.server.wait_until_it_answers(60)

    def _kill(self):
        self.server.alive()
        self.server.kill()
        self.server.spawn()
        self.kills += 1


def check(load, patience=180):
    """Everything, after the load is over; how many calls were made again."""
    assert not load.surprises, load.surprises
    client = Client(load.server)
    for machine in load.machines.values():
        until(lambda: not client.call("ListExecutions", stateMachineArn=machine, statusFilter="RUNNING", maxResults=1)["executions"],
              "all executions to end", patience, every=0.3)
    # What is checked is what is on the disk.
    load.server.restart()
    client = Client(load.server)
    listed = [one["name"] for machine in load.machines.values() for one in _listed(client, machine)]
    assert Counter(listed) == Counter(load.begun.keys()), (
        f"lost: {sorted(set(load.begun) - set(listed))[:5]}, unknown or twice: {sorted((Counter(listed) - Counter(load.begun)))[:5]}")
    logged = Counter(tuple(json.loads(line)) for line in load.calls.read_text().splitlines()) if load.calls.exists() else Counter()
    with ThreadPoolExecutor(4, initializer=_thread_client, initargs=(load.server,)) as pool:
        started = sum(pool.map(lambda name: _check_one(load, name, logged), load.begun), Counter())
    assert not set(logged) - set(started), f"ran and are in no history: {sorted(map(str, set(logged) - set(started)))[:5]}"
    assert "panicked" not in load.server.log(), load.server.log_tail()
    return sum(started.values()) - len(started)


def _listed(client, machine):
    token = {}
    while True:
        answer = client.call("ListExecutions", stateMachineArn=machine, maxResults=500, **token)
        yield from answer["executions"]
        if "nextToken" not in answer:
            return
        token = {"nextToken": answer["nextToken"]}


_LOCAL = threading.local()


def _thread_client(server):
    _LOCAL.client = Client(server)


def _check_one(load, name, logged):
    """One execution's description and history, and its calls as the functions logged them: attempt to starts."""
    kind, revisions = load.begun[name]
    arn = execution_arn(load.machines[kind], name)
    described, events = _LOCAL.client.call("DescribeExecution", executionArn=arn), _LOCAL.client.history(arn)
    assert load.ended.get(name, described) == described, f"{name} has changed after its end"
    try:
        grammar.check(events)
        _check_end(kind, name, revisions, described, events)
        return _check_calls(name, events, logged)
    except (AssertionError, KeyError) as error:
        shown = [(event["id"], event["previousEventId"], event["type"]) for event in events]
        raise AssertionError(f"{name}: {error!r} {described.get('error')} {described.get('cause')} {shown}") from error


def _check_end(kind, name, revisions, described, events):
    if kind == "stops":
        assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Mixed", name)
        return
    counts = histories.without_restarts(events)
    assert +counts == +Counter({"ExecutionStarted": 1, **EVENTS[kind]}), counts
    if kind == "catches":
        assert (described["status"], described["error"]) == ("FAILED", "Mixed")
        return
    output = json.loads(described["output"])
    assert described["status"] == "SUCCEEDED"
    if kind == "revised":
        assert revisions[0] <= output["revision"] <= revisions[1], f"{output} is not among {revisions}"
    else:
        assert output == _output(kind, name), output


def _check_calls(name, events, logged):
    """A function ran at most as often as the history says that it was started, and at least once for an outcome."""
    started = Counter()
    for attempt in histories.attempts(events):
        key = _key(attempt.scheduled)
        assert key[0] == name and key not in started, f"scheduled twice, or somebody else's: {key}"
        started[key] = len(attempt.started)
        assert 1 <= logged[key] <= started[key], f"{key} ran {logged[key]} times and was started {started[key]} times"
    return started


def _key(scheduled):
    if scheduled["type"] == "TaskScheduled":
        event = json.loads(scheduled["taskScheduledEventDetails"]["parameters"])["Payload"]
    else:
        event = json.loads(scheduled["lambdaFunctionScheduledEventDetails"]["input"])
    return event["execution"], event["task"], event.get("item"), event["retry"]
