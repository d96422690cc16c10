"""The server is killed at random moments under load and started again; everything acknowledged goes on and ends.

Hundreds of executions stand in a Wait, in a retry's backoff, in a running function, inside Parallel and Map when SIGKILL
comes. The functions log every invocation to a file of their own, so that what really ran is matched with the histories.

    STEPWELL_SEED=7 STEPWELL_KILL_SEEDS=1 STEPWELL_KILL_ROUNDS=5 STEPWELL_KILL_EXECUTIONS=200   (tests/kill_many.sh runs many seeds)
"""

import json
import os
import random
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support import functions, histories
from support.clients import boto
from support.machines import create, execution_arn, history
from support.wait import until

BASE_SEED = int(os.environ.get("STEPWELL_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
SEEDS = range(BASE_SEED, BASE_SEED + int(os.environ.get("STEPWELL_KILL_SEEDS", "2")))
ROUNDS = int(os.environ.get("STEPWELL_KILL_ROUNDS", "5"))
EXECUTIONS = int(os.environ.get("STEPWELL_KILL_EXECUTIONS", "200"))
STARTERS = 4
LINES = 3
END_SECONDS = 180
"""How long all may take to end after the last kill."""

SOURCE = """
import json, os, time

def handler(event, context):
    line = json.dumps({key: event.get(key) for key in ("execution", "task", "item", "retry")}) + "\\n"
    log = os.open(os.environ["CALLS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(log, line.encode())
    os.close(log)
    if event["task"] == "Flaky" and event["retry"] == 0:
        raise RuntimeError("the first attempt fails")
    time.sleep(event["busy"])
    return {"task": event["task"], "item": event.get("item")}
"""


def payload(task, busy, **more):
    """What a task's function is given: enough to find its place in the history again."""
    return {"execution.$": "$$.Execution.Name", "task": task, "retry.$": "$$.State.RetryCount", "busy": busy, **more}


def definition(name):
    """Every place in which an execution can stand when the server dies."""
    optimised = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "ResultSelector": {"result.$": "$.Payload"}}
    direct = {"Type": "Task", "Resource": functions.arn(name)}

    def invoke(*arguments, **more):
        return {"FunctionName": name, "Payload": payload(*arguments, **more)}

    backoff = [{"ErrorEquals": ["RuntimeError"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1.0}]
    pause_then_left = {"StartAt": "Pause", "States": {
        "Pause": {"Type": "Wait", "Seconds": 1, "Next": "Left"},
        "Left": {**direct, "Parameters": payload("Left", 0.01), "End": True}}}
    slow = {"StartAt": "Slow", "States": {"Slow": {**optimised, "Parameters": invoke("Slow", 0.4), "End": True}}}
    line = {"StartAt": "Line", "States": {
        "Line": {**direct, "Parameters": payload("Line", 0.01, **{"item.$": "$$.Map.Item.Index"}), "Next": "Rest"},
        "Rest": {"Type": "Wait", "Seconds": 1, "End": True}}}
    return {"StartAt": "Flaky", "States": {
        "Flaky": {**optimised, "Parameters": invoke("Flaky", 0.01), "Retry": backoff, "ResultPath": "$.flaky", "Next": "Both"},
        "Both": {"Type": "Parallel", "Branches": [pause_then_left, slow], "ResultPath": "$.both", "Next": "Lines"},
        "Lines": {"Type": "Map", "ItemsPath": "$.lines", "MaxConcurrency": 2, "ItemProcessor": line, "ResultPath": "$.lines", "Next": "Last"},
        "Last": {"Type": "Wait", "Seconds": 1, "Next": "Done"},
        "Done": {"Type": "Succeed"},
    }}


def expected_output(name):
    """What every execution must end with."""
    def done(task, item=None):
        return {"task": task, "item": item}

    return {"order": name, "flaky": {"result": done("Flaky")}, "both": [done("Left"), {"result": done("Slow")}],
            "lines": [done("Line", item) for item in range(LINES)]}


EXPECTED_EVENTS = Counter({
    "ExecutionStarted": 1, "ExecutionSucceeded": 1, "TaskStateEntered": 3 + LINES, "TaskStateExited": 3 + LINES,
    "TaskScheduled": 3, "TaskFailed": 1, "TaskSucceeded": 2,
    "LambdaFunctionScheduled": 1 + LINES, "LambdaFunctionSucceeded": 1 + LINES,
    "WaitStateEntered": 2 + LINES, "WaitStateExited": 2 + LINES,
    "ParallelStateEntered": 1, "ParallelStateStarted": 1, "ParallelStateSucceeded": 1, "ParallelStateExited": 1,
    "MapStateEntered": 1, "MapStateStarted": 1, "MapStateSucceeded": 1, "MapStateExited": 1,
    "MapIterationStarted": LINES, "MapIterationSucceeded": LINES, "SucceedStateEntered": 1, "SucceedStateExited": 1,
})


class Load:
    """Threads that start executions, each until the server has acknowledged it, over as many crashes as it takes."""

    def __init__(self, server, machine, seed):
        self.server, self.machine, self.seed = server, machine, seed
        self.acknowledged, self.surprises, self.already = {}, [], 0
        self.lock, self.stop = threading.Lock(), threading.Event()
        names = [f"order-{seed}-{number}" for number in range(EXECUTIONS)]
        self.threads = [threading.Thread(target=self._run, args=(names[n::STARTERS], random.Random(seed * 100 + n))) for n in range(STARTERS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, failed, *_):
        if failed:
            self.stop.set()
        for thread in self.threads:
            thread.join()

    def done(self):
        """Whether all is started."""
        return not any(thread.is_alive() for thread in self.threads)

    def _run(self, names, rng):
        client = boto("stepfunctions", self.server, connect_timeout=2, read_timeout=20)
        for name in names:
            if self.stop.wait(rng.expovariate(1 / 0.12)):
                return
            try:
                self._start(client, name)
            except Exception as surprise:  # noqa: BLE001 - whatever it is, it must be shown
                self.surprises.append(f"{name}: {surprise!r}")
                return

    def _start(self, client, name):
        """The answer may be lost: then the name may be taken, by this very execution."""
        given, lost = json.dumps({"order": name, "lines": list(range(LINES))}), False
        deadline = time.monotonic() + 90
        while not self.stop.is_set():
            assert time.monotonic() < deadline, "not acknowledged in 90 s"
            try:
                answer = client.start_execution(stateMachineArn=self.machine, name=name, input=given)
                return self._acknowledge(name, answer["executionArn"])
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "ExecutionAlreadyExists" and lost:
                    self.already += 1
                    return self._acknowledge(name, execution_arn(self.machine, name))
                if code not in ("ThrottlingException", "ServiceUnavailable"):
                    raise
                lost = True
            except BotoCoreError:
                lost = True
            self.stop.wait(0.05)

    def _acknowledge(self, name, arn):
        with self.lock:
            assert name not in self.acknowledged
            self.acknowledged[name] = arn


class Killer:
    """Kills and restarts, at moments drawn from the seed."""

    def __init__(self, server, load, seed):
        self.server, self.load, self.random = server, load, random.Random(seed)

    def round(self):
        """One kill: after some time, after some acknowledged starts, or while the server is still recovering."""
        kind = self.random.choice(["time", "starts", "recovery"])
        if kind == "starts":
            goal = len(self.load.acknowledged) + self.random.randrange(1, 25)
            until(lambda: len(self.load.acknowledged) >= goal or self.load.done(), f"{goal} starts", every=0.001)
        else:
            self.load.stop.wait(self.random.uniform(0.05, 2.5))
        self.server.alive()
        self.server.kill()
        self.server.spawn()
        if kind == "recovery":
            self.load.stop.wait(self.random.uniform(0.0, 0.3))
            if self.server.process.poll() is None:
                self.server.kill()
                self.server.spawn()
        self.server.wait_until_it_answers()


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_acknowledged_ends_once(new_server, seed):
    print(f"STEPWELL_SEED={seed} STEPWELL_KILL_SEEDS=1 STEPWELL_KILL_ROUNDS={ROUNDS} STEPWELL_KILL_EXECUTIONS={EXECUTIONS}")
    server = new_server().start()
    sfn, calls = boto("stepfunctions", server), server.folder / "calls.log"
    name = functions.create(boto("lambda", server), SOURCE, name="work", Environment={"Variables": {"CALLS": str(calls)}}, Timeout=30)
    machine = create(sfn, definition(name), name="orders")
    with Load(server, machine, seed) as load:
        killer = Killer(server, load, seed)
        for _ in range(ROUNDS):
            killer.round()
    assert not load.surprises, load.surprises
    assert len(load.acknowledged) == EXECUTIONS
    statuses = wait_until_all_ended(sfn, machine, load.acknowledged)
    assert set(statuses.values()) == {"SUCCEEDED"}, explain(sfn, load.acknowledged, statuses)
    # One more kill: what is checked is what is on the disk.
    server.restart()
    check_everything(server, machine, load.acknowledged, logged(calls))
    assert "panicked" not in server.log(), server.log_tail()
    print(f"{len(load.acknowledged)} executions, {load.already} with a lost answer, {server.log().count('serving')} starts of the server")


def wait_until_all_ended(sfn, machine, acknowledged):
    """Name to status; none twice, none unknown, all acknowledged ones there."""
    until(lambda: not sfn.list_executions(stateMachineArn=machine, statusFilter="RUNNING", maxResults=1)["executions"],
          "all executions to end", END_SECONDS, every=0.2)
    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=machine, PaginationConfig={"PageSize": 97})
    listed = [one for page in pages for one in page["executions"]]
    assert Counter(one["name"] for one in listed) == Counter(acknowledged.keys())
    assert {one["name"]: one["executionArn"] for one in listed} == acknowledged
    return {one["name"]: one["status"] for one in listed}


def explain(sfn, acknowledged, statuses):
    """The first execution that did not succeed."""
    name = next(name for name, status in statuses.items() if status != "SUCCEEDED")
    described = sfn.describe_execution(executionArn=acknowledged[name])
    events = [(event["id"], event["previousEventId"], event["type"]) for event in history(sfn, acknowledged[name])]
    return f"{Counter(statuses.values())}; {name}: {described.get('error')} {described.get('cause')} {events}"


def logged(calls):
    """How often the functions say that they ran: (execution, task, item, retry) to count."""
    lines = [json.loads(line) for line in calls.read_text().splitlines()]
    return Counter((line["execution"], line["task"], line["item"], line["retry"]) for line in lines)


def check_everything(server, machine, acknowledged, calls):
    """Every history, and the functions' own log against all of them."""
    with ThreadPoolExecutor(4) as pool:
        checked = pool.map(lambda one: check_execution(server, *one, calls), acknowledged.items())
        keys = {key for of_one in checked for key in of_one}
    assert set(calls) <= keys, f"ran without being scheduled: {sorted(map(str, set(calls) - keys))[:5]}"
    assert machine


def check_execution(server, name, arn, calls):
    """One execution's output and history; the keys of its attempts."""
    sfn = boto("stepfunctions", server)
    described = sfn.describe_execution(executionArn=arn)
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", expected_output(name)), name
    events = history(sfn, arn)
    histories.check(events)
    assert histories.without_restarts(events) == EXPECTED_EVENTS, name
    return check_calls(name, events, calls)


def check_calls(name, events, calls):
    """A function ran at most as often as the history says that it was started, and at least once for a task that ended."""
    starts = defaultdict(int)
    for attempt in histories.attempts(events):
        key = key_of(name, attempt.scheduled)
        assert key not in starts, f"scheduled twice: {key}"
        starts[key] = len(attempt.started)
        assert 1 <= calls[key] <= starts[key], f"{key} ran {calls[key]} times, and was started {starts[key]} times"
    return starts


def key_of(name, scheduled):
    """Which task's which attempt a Scheduled event is about."""
    if scheduled["type"] == "TaskScheduled":
        event = json.loads(scheduled["taskScheduledEventDetails"]["parameters"])["Payload"]
    else:
        event = json.loads(scheduled["lambdaFunctionScheduledEventDetails"]["input"])
    assert event["execution"] == name
    return name, event["task"], event.get("item"), event["retry"]
