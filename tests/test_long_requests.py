"""Requests that wait for minutes take neither the places, the memory nor the turns of those that do not.

Most of them are made on a server with few places (its descriptors are limited), so that little is needed to fill them.
"""

import json
import socket
from contextlib import ExitStack

import pytest

from support.clients import boto, http_request, states
from support.machines import PASS, create, unique
from support.wait import until

LIMITED = ["bash", "-c", 'ulimit -n 640 && exec "$@"', "bash"]
"""512 descriptors are the server's own: 128 connections, of which 64 may wait."""
MANY = 140


@pytest.fixture
def small(new_server):
    """A server with few places, and a machine that is over at once, an express one, and one that waits."""
    server = new_server()
    command = server.command()
    server.command = lambda: [*LIMITED, *command]
    server.start()
    sfn = boto("stepfunctions", server)
    server.machine = create(sfn, PASS, name="pass")
    server.express = create(sfn, PASS, name="express", type="EXPRESS")
    waits = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 250, "End": True}}}
    server.waits = create(sfn, waits, name="waits", type="EXPRESS")
    return server


def connect(server, data):
    """A connection that has sent this."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    try:
        connection.sendall(data)
    except OSError:
        pass
    return connection


def request(operation, members, path="/"):
    """The bytes of one."""
    body = members if isinstance(members, bytes) else json.dumps(members).encode()
    return (f"POST {path} HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.{operation}\r\n"
            f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


def answered(server):
    """Short requests are."""
    assert http_request(server, "GET", "/health").status == 200
    started = states(server, "StartExecution", {"stateMachineArn": server.machine, "name": unique("other")})
    assert started.status == 200, started.text
    assert states(server, "ListStateMachines", {}).status == 200


def memory(server):
    """Resident, in MiB."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def test_requests_that_wait_leave_places_to_others(small):
    """As long as their clients are there they wait; when they are gone, others may wait in their stead."""
    start = request("StartSyncExecution", {"stateMachineArn": small.waits})
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(connect(small, start))
        for _ in range(5):
            answered(small)
        one_more = states(small, "StartSyncExecution", {"stateMachineArn": small.express})
        assert one_more.error == "ThrottlingException", one_more.text
    until(lambda: states(small, "StartSyncExecution", {"stateMachineArn": small.express}).status == 200, "their turns to be given back")
    answered(small)


def test_workers_that_hang_up_leave_nothing(small):
    activity = states(small, "CreateActivity", {"name": "work"}).json["activityArn"]
    for _ in range(3):
        for _ in range(MANY):
            connect(small, request("GetActivityTask", {"activityArn": activity})).close()
        answered(small)
    until(lambda: states(small, "StartSyncExecution", {"stateMachineArn": small.express}).status == 200, "their turns to be given back")


def test_what_a_request_is_not_asked_for_is_not_kept(small):
    """Members that nobody knows cost their bytes while they are read, and nothing while the request waits."""
    start = b'{"stateMachineArn":"%s","x":[%s[]]}' % (small.waits.encode(), b"[]," * 500_000)
    before = memory(small)
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(connect(small, request("StartSyncExecution", start)))
            answered(small)
        assert memory(small) < before + 150


def test_bodies_that_were_read_leave_their_room(small):
    """90 MB of them wait; there is room for as much again."""
    filling = json.dumps({"stateMachineArn": small.waits, "x": "x" * 1_500_000})
    large = json.dumps({"stateMachineArn": small.machine, "input": json.dumps("x" * 200_000)})
    with ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(connect(small, request("StartSyncExecution", filling.encode())))
        until(lambda: states(small, "StartExecution", large).status == 200, "room for a large body")
        one_more = states(small, "StartSyncExecution", filling.replace(small.waits, small.express))
        assert one_more.status == 200, one_more.text


def test_the_largest_body_is_that_of_the_operation(small):
    """Not that of the path, which says nothing about an operation that a header names."""
    for path in ["/", "/2015-03-31/functions"]:
        with connect(small, request("ListStateMachines", b'{"x":"' + b"x" * 5_000_000 + b'"}', path)) as connection:
            assert b" 413 " in connection.recv(65_536).splitlines()[0]
    answered(small)


def test_tests_that_nobody_waits_for_end(small):
    """Four evaluate for as long as they may, and more than there is room for wait; their clients have hung up."""
    items = {"big": [{}] * 80_000}
    heavy = {"Type": "Map", "ItemsPath": "$.big", "ItemSelector": {"a.$": "States.MathAdd(States.ArrayLength($.big[?(@.x==1)]), 1)"},
             "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}, "End": True}
    evaluates = request("TestState", {"definition": json.dumps(heavy), "input": json.dumps(items, separators=(",", ":")), "mock": {"result": "[]"}})
    waits = request("TestState", {"definition": json.dumps({"Type": "Wait", "Seconds": 300, "End": True})})
    passes = {"definition": json.dumps({"Type": "Pass", "End": True})}
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(connect(small, evaluates))
        tested = states(small, "TestState", passes)
        assert tested.status == 200 and tested.json["status"] == "SUCCEEDED", tested.text
    for _ in range(5):
        with ExitStack() as stack:
            for _ in range(60):
                stack.enter_context(connect(small, waits))
            answered(small)
    until(lambda: states(small, "TestState", passes).status == 200, "tests to be given up")
