"""SIGTERM and SIGINT: no more requests, what is in flight is answered, functions get their time, and all within a bound."""

import json
import signal
import socket
import threading

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support import functions, histories
from support.clients import boto
from support.machines import chain, create, finished, history, one_state, types
from support.wait import until

SOURCE = """
import os, time

def handler(event, context):
    folder = os.environ["FOLDER"]
    log = os.open(os.path.join(folder, "calls.log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(log, (event["name"] + "\\n").encode())
    os.close(log)
    while os.path.exists(os.path.join(folder, "hold")):
        time.sleep(0.02)
    return event["name"]
"""
ENOUGH = 25
"""Seconds within which a server must end that is not told to wait longer; the machine may be slow."""


class World:
    """A server with a function that works for as long as the file `hold` is there, and notes its calls."""

    def __init__(self, new_server, *flags):
        self.server = new_server(*flags).start()
        self.folder = self.server.folder
        self.hold = self.folder / "hold"
        self.hold.touch()
        self.sfn, self.functions = boto("stepfunctions", self.server), boto("lambda", self.server)
        self.function = functions.create(self.functions, SOURCE, name="work", Timeout=300, Environment={"Variables": {"FOLDER": str(self.folder)}})
        self.machine = create(self.sfn, chain(
            Call={"Type": "Task", "Resource": functions.arn("work"), "Parameters": {"name.$": "$$.Execution.Name"}}, Done={"Type": "Succeed"}))

    def calls(self):
        """The names that the function was called with so far."""
        log = self.folder / "calls.log"
        return log.read_text().split() if log.exists() else []

    def start(self, count):
        """So many executions, each in its call; their ARNs."""
        arns = [self.sfn.start_execution(stateMachineArn=self.machine, name=f"e{number}")["executionArn"] for number in range(count)]
        until(lambda: len(self.calls()) == count, "the calls to begin")
        return arns

    def signal(self, which=signal.SIGTERM):
        """Sends it, and waits until the server takes no more connections."""
        self.server.process.send_signal(which)
        until(self.refuses, "connections to be refused")

    def refuses(self):
        """Whether a new connection is refused."""
        try:
            socket.create_connection(("127.0.0.1", self.server.port), timeout=5).close()
        except OSError:
            return True
        return False

    def ended(self, seconds=ENOUGH):
        """The exit status, when there is one."""
        return self.server._ended(seconds)


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_functions_get_their_time(new_server, which):
    """Their answers are on the disk before the end: nothing is called again."""
    world = World(new_server, "--drain-seconds", "60")
    arns = world.start(6)
    world.signal(which)
    world.hold.unlink()
    assert world.ended() == 0, world.server.log_tail()
    world.server.start()
    for arn in arns:
        assert finished(world.sfn, arn)["status"] == "SUCCEEDED"
        assert types(history(world.sfn, arn)).count("LambdaFunctionStarted") == 1
    assert sorted(world.calls()) == [f"e{number}" for number in range(6)]


def test_functions_that_take_longer_are_called_again(new_server):
    """The bound holds, and the histories say that there was another call."""
    world = World(new_server, "--drain-seconds", "1")
    arns = world.start(3)
    world.signal()
    assert world.ended() == 0, world.server.log_tail()
    world.server.wait_until_no_process_is_left()
    world.hold.unlink()
    world.server.start()
    for arn in arns:
        assert finished(world.sfn, arn)["status"] == "SUCCEEDED"
        events = history(world.sfn, arn)
        histories.check(events)
        assert types(events).count("LambdaFunctionStarted") == 2
    assert sorted(world.calls()) == sorted(2 * [f"e{number}" for number in range(3)])


def test_calls_that_have_not_begun_wait_for_the_next_start(new_server):
    """More calls than processes: what was not called by the end is called after it, once."""
    world = World(new_server, "--drain-seconds", "1", "--function-processes", "1")
    arns = [world.sfn.start_execution(stateMachineArn=world.machine, name=f"e{number}")["executionArn"] for number in range(5)]
    until(world.calls, "a call to begin")
    world.signal()
    assert world.ended() == 0
    world.hold.unlink()
    world.server.start()
    for arn in arns:
        assert finished(world.sfn, arn)["status"] == "SUCCEEDED"
        histories.check(history(world.sfn, arn))


def test_a_request_in_flight_is_answered(new_server):
    """A call of Lambda's own API, which lasts as long as its function."""
    world = World(new_server, "--drain-seconds", "60")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(functions.invoke(world.functions, "work", {"name": "direct"})[0]))
    thread.start()
    until(world.calls, "the call to begin")
    world.signal()
    world.hold.unlink()
    thread.join()
    assert answers == ["direct"]
    assert world.ended() == 0


def test_a_long_poll_is_ended(new_server):
    """A worker that waits for a task hears that there is none, at once."""
    world = World(new_server, "--drain-seconds", "60")
    activity = world.sfn.create_activity(name="nothing-to-do")["activityArn"]
    answers, before = [], _connections(world.server.port)

    def poll():
        try:
            answers.append(boto("stepfunctions", world.server).get_activity_task(activityArn=activity).get("taskToken"))
        except BotoCoreError:
            answers.append("closed before it was read")

    threads = [threading.Thread(target=poll) for _ in range(5)]
    for thread in threads:
        thread.start()
    until(lambda: _connections(world.server.port) >= before + 5 and world.server.answers(), "the workers to ask")
    assert world.server.terminate(ENOUGH) == 0
    for thread in threads:
        thread.join()
    assert None in answers, answers


def _connections(port):
    """How many clients are connected to this port."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return sum(1 for row in rows if row[2].endswith(f":{port:04X}") and row[3] == "01")


def test_a_long_request_leaves_calls_their_share(new_server):
    """It is given up after half of the time, and no more calls are made meanwhile; those under way have the other half."""
    world = World(new_server, "--drain-seconds", "20")
    waits = create(world.sfn, chain(Wait={"Type": "Wait", "Seconds": 200}, Done={"Type": "Succeed"}), type="EXPRESS")
    arns = world.start(1)
    body = json.dumps({"stateMachineArn": waits})
    request = f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.StartSyncExecution\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    with socket.create_connection(("127.0.0.1", world.server.port)) as waiting:
        waiting.sendall(request.encode())
        world.signal()
        until(lambda: "requests are given up" in world.server.log(), "the request to be given up")
        world.hold.unlink()
        assert world.ended() == 0, world.server.log_tail()
    world.server.start()
    assert finished(world.sfn, arns[0])["status"] == "SUCCEEDED"
    assert types(history(world.sfn, arns[0])).count("LambdaFunctionStarted") == 1


def test_clients_that_do_nothing_do_not_hold_it_up(new_server):
    world = World(new_server, "--drain-seconds", "60")
    parts = [b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"]
    held = [socket.create_connection(("127.0.0.1", world.server.port)) for _ in range(30)]
    for number, connection in enumerate(held):
        connection.sendall(parts[number % 3])
    assert world.server.terminate(ENOUGH) == 0
    for connection in held:
        connection.close()


def test_a_second_signal_ends_it_at_once(new_server):
    world = World(new_server, "--drain-seconds", "600")
    arns = world.start(2)
    world.signal()
    world.server.alive()
    world.server.process.send_signal(signal.SIGTERM)
    assert world.ended() == 1
    assert "at once" in world.server.log()
    world.server.wait_until_no_process_is_left()
    world.hold.unlink()
    world.server.start()
    for arn in arns:
        assert finished(world.sfn, arn)["status"] == "SUCCEEDED"


def test_under_load(new_server):
    """Starts, calls and waits when the signal comes: everything acknowledged is there and goes on, again and again."""
    world = World(new_server)
    world.hold.unlink()
    short = create(world.sfn, one_state({"Type": "Pass"}))
    acknowledged, stop = [], threading.Event()

    def load(number):
        client = boto("stepfunctions", world.server)
        count = 0
        while not stop.is_set():
            count += 1
            machine = short if count % 2 else world.machine
            try:
                acknowledged.append(client.start_execution(stateMachineArn=machine, name=f"t{number}-{count}")["executionArn"])
            except (BotoCoreError, ClientError):
                stop.wait(0.05)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            goal = len(acknowledged) + 60
            until(lambda: len(acknowledged) >= goal, "some starts")
            assert world.server.terminate(ENOUGH) == 0, world.server.log_tail()
            world.server.start()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    for arn in acknowledged:
        described = finished(world.sfn, arn)
        assert described["status"] == "SUCCEEDED", described
    for arn in acknowledged[::7]:
        histories.check(history(world.sfn, arn))
    ran = world.calls()
    assert len(ran) == len(set(ran)), "a call that ended was made again"
    assert json.loads(world.sfn.describe_execution(executionArn=acknowledged[0])["input"]) == {}
