"""The server is killed at random moments under load and started again; everything acknowledged goes on and ends.

Hundreds of executions stand in a Wait, in a retry's backoff, in a running function, inside Parallel and Map when SIGKILL
comes. The functions log every invocation to a file of their own, so that what really ran is matched with the histories.

    STEPWELL_SEED=7 STEPWELL_KILL_SEEDS=1 STEPWELL_KILL_ROUNDS=8 STEPWELL_KILL_EXECUTIONS=300

tests/kill_many.sh runs many seeds.
"""

import json
import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support import functions, histories
from support.clients import boto
from support.machines import chain, create, execution_arn, history
from support.wait import until

BASE_SEED = int(os.environ.get("STEPWELL_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
SEEDS = range(BASE_SEED, BASE_SEED + int(os.environ.get("STEPWELL_KILL_SEEDS", "3")))
ROUNDS = int(os.environ.get("STEPWELL_KILL_ROUNDS", "8"))
EXECUTIONS = int(os.environ.get("STEPWELL_KILL_EXECUTIONS", "300"))
STARTERS = 6
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


SHORT = chain(First={"Type": "Pass"}, Second={"Type": "Pass", "Result": 1, "ResultPath": "$.second"}, Third={"Type": "Succeed"})
"""Needs nothing but the server, so that it has ended when its start is answered: a lost answer is ExecutionAlreadyExists."""
SHORT_EVENTS = Counter({
    "ExecutionStarted": 1, "ExecutionSucceeded": 1, "PassStateEntered": 2, "PassStateExited": 2, "SucceedStateEntered": 1,
    "SucceedStateExited": 1,
})


def expected_output(name, short):
    """What every execution must end with."""
    if short:
        return {"order": name, "lines": list(range(LINES)), "second": 1}

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

    def __init__(self, server, machines, seed):
        self.server, self.machines = server, machines
        self.acknowledged, self.surprises, self.lost, self.started_before = {}, [], 0, 0
        self.lock, self.stop = threading.Lock(), threading.Event()
        names = [f"{'short' if number % 3 == 0 else 'order'}-{seed}-{number}" for number in range(EXECUTIONS)]
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
        while names and not self.stop.is_set():
            # Bursts, so that a kill meets starts whose answers are under way.
            burst = rng.randrange(1, 9)
            for name in names[:burst]:
                try:
                    self._start(client, name)
                except Exception as surprise:  # noqa: BLE001 - whatever it is, it must be shown
                    self.surprises.append(f"{name}: {surprise!r}")
                    return
            names = names[burst:]
            self.stop.wait(rng.uniform(0, 0.3 * burst))

    def _start(self, client, name):
        """The answer may be lost: then the name may be taken, by this very execution."""
        given, lost = json.dumps({"order": name, "lines": list(range(LINES))}), False
        machine, deadline = self.machines[name.split("-")[0]], time.monotonic() + 90
        while not self.stop.is_set():
            assert time.monotonic() < deadline, "not acknowledged in 90 s"
            began = time.time()
            try:
                answer = client.start_execution(stateMachineArn=machine, name=name, input=given)
                before = answer["startDate"].timestamp() < began - 0.002
                assert lost or not before, "started before it was asked for"
                return self._acknowledge(name, answer["executionArn"], lost, before)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "ExecutionAlreadyExists" and lost:
                    return self._acknowledge(name, execution_arn(machine, name), lost, True)
                if code not in ("ThrottlingException", "ServiceUnavailable"):
                    raise
                lost = True
            except BotoCoreError:
                lost = True
            self.stop.wait(0.05)

    def _acknowledge(self, name, arn, lost, before):
        with self.lock:
            assert name not in self.acknowledged
            self.acknowledged[name] = arn
            self.lost, self.started_before = self.lost + lost, self.started_before + before


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


def moment(number):
    return {"id": number, "previousEventId": max(0, number - 1), "timestamp": number}


def a_true_history():
    kinds = ["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskStarted", "TaskSucceeded", "TaskStateExited",
             "ExecutionSucceeded"]
    details = {"taskScheduledEventDetails": {"parameters": json.dumps({"Payload": {"execution": "e", "task": "T", "retry": 0}})}}
    return [{**moment(number), "type": kind, **(details if kind == "TaskScheduled" else {})} for number, kind in enumerate(kinds, 1)]


BROKEN = {
    "a gap": lambda events: events[:2] + events[3:],
    "the same id twice": lambda events: [*events, events[-1]],
    "no end": lambda events: events[:-1],
    "two ends": lambda events: [*events, {**moment(9), "type": "ExecutionFailed"}],
    "from the future": lambda events: [*events[:3], {**events[3], "previousEventId": 6}, *events[4:]],
    "two outcomes": lambda events: [*events[:6], {**moment(7), "type": "TaskFailed", "previousEventId": 4}, {**events[7], "previousEventId": 6}],
    "no outcome": lambda events: [*events[:5], {**moment(6), "type": "TaskStateExited"}, {**moment(7), "type": "ExecutionSucceeded"}],
    "time goes back": lambda events: [*events[:3], {**events[3], "timestamp": 0}, *events[4:]],
    "no start": lambda events: [{**events[0], "type": "PassStateEntered"}, *events[1:]],
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN.keys())
def test_the_checker_notices(damage):
    histories.check(a_true_history())
    with pytest.raises((AssertionError, KeyError)):
        histories.check(damage(a_true_history()))


def test_the_checker_compares_with_what_ran():
    key = ("e", "T", None, 0)
    for ran, fits in ((0, False), (1, True), (2, True), (3, False)):
        try:
            assert check_calls("e", a_true_history(), Counter({key: ran})) == {key: 2}
            assert fits, f"{ran} invocations of a task that was started twice are not noticed"
        except AssertionError:
            assert not fits


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_acknowledged_ends_once(new_server, seed):
    print(f"STEPWELL_SEED={seed} STEPWELL_KILL_SEEDS=1 STEPWELL_KILL_ROUNDS={ROUNDS} STEPWELL_KILL_EXECUTIONS={EXECUTIONS}")
    server = new_server().start()
    sfn, calls = boto("stepfunctions", server), server.folder / "calls.log"
    name = functions.create(boto("lambda", server), SOURCE, name="work", Environment={"Variables": {"CALLS": str(calls)}}, Timeout=30)
    machines = {"order": create(sfn, definition(name), name="order"), "short": create(sfn, SHORT, name="short")}
    began = time.monotonic()
    with Load(server, machines, seed) as load:
        killer = Killer(server, load, seed)
        for _ in range(ROUNDS):
            killer.round()
    loaded = time.monotonic()
    assert not load.surprises, load.surprises
    assert len(load.acknowledged) == EXECUTIONS
    statuses = wait_until_all_ended(sfn, machines, load.acknowledged)
    assert set(statuses.values()) == {"SUCCEEDED"}, explain(sfn, load.acknowledged, statuses)
    ended = time.monotonic()
    # One more kill: what is checked is what is on the disk.
    server.restart()
    again = check_everything(sfn, load.acknowledged, logged(calls))
    assert "panicked" not in server.log(), server.log_tail()
    print(f"{len(load.acknowledged)} executions ended once; {load.lost} starts without an answer, {load.started_before} of them had happened; "
          f"{again} tasks sent again, "
          f"{server.log().count(' serving ')} starts of the server; {loaded - began:.0f} s of load and kills, {ended - loaded:.0f} s "
          f"until the last end, {time.monotonic() - ended:.0f} s of checking")


def wait_until_all_ended(sfn, machines, acknowledged):
    """Name to status; none twice, none unknown, all acknowledged ones there."""
    listed = []
    for machine in machines.values():
        until(lambda: not sfn.list_executions(stateMachineArn=machine, statusFilter="RUNNING", maxResults=1)["executions"],
              "all executions to end", END_SECONDS, every=0.2)
        pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=machine, PaginationConfig={"PageSize": 97})
        listed += [one for page in pages for one in page["executions"]]
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


def check_everything(sfn, acknowledged, calls):
    """Every history, and the functions' own log against all of them; how many tasks were sent again."""
    with ThreadPoolExecutor(4) as pool:
        checked = list(pool.map(lambda one: check_execution(sfn, *one, calls), acknowledged.items()))
    starts = {key: count for of_one in checked for key, count in of_one.items()}
    assert set(calls) <= set(starts), f"ran without being scheduled: {sorted(map(str, set(calls) - set(starts)))[:5]}"
    return sum(starts.values()) - len(starts)


def check_execution(sfn, name, arn, calls):
    """One execution's output and history; its attempts, and how often each was started."""
    short, described = name.startswith("short"), sfn.describe_execution(executionArn=arn)
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", expected_output(name, short)), name
    events = history(sfn, arn)
    histories.check(events)
    assert histories.without_restarts(events) == (SHORT_EVENTS if short else EXPECTED_EVENTS), name
    return check_calls(name, events, calls)


def check_calls(name, events, calls):
    """A function ran at most as often as the history says that it was started, and at least once for a task that ended."""
    starts = {}
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
