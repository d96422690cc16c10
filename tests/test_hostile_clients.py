"""Slow and hostile clients cost themselves their connection, and nobody else an answer.

Every test does its mischief and asks meanwhile, as somebody else, for what a client asks for. Being answered is the
assertion; how soon is not, beyond the patience of a client.
"""

import json
import os
import random
import resource
import socket
import threading
from contextlib import ExitStack, contextmanager

import pytest

from support.clients import boto, http_request, states
from support.machines import PASS, chain, create, run, unique
from support.wait import until

SEED = int(os.environ.get("STEPWELL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
PLACES = 8_192
"""Connections that the server has places for, where the system grants it the descriptors."""
HALF_HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module", autouse=True)
def descriptors():
    """This process holds as many connections as the server."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def own(new_server):
    """A server with a machine."""
    server = new_server().start()
    server.machine = create(boto("stepfunctions", server), PASS, name="pass")
    return server


def connect(server):
    """A bare connection; its sends do not wait."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


@contextmanager
def connections(server, count, first=b""):
    """So many at once, each having sent this."""
    with ExitStack() as stack:
        held = []
        for _ in range(count):
            held.append(stack.enter_context(connect(server)))
            send(held[-1], first)
        yield held


def send(connection, data):
    """Sends; a server that has closed already is fine. False if it has."""
    try:
        connection.sendall(data)
    except OSError:
        return False
    return True


def closed(connection):
    """Whether the server has closed it; what it has answered is read and forgotten."""
    connection.setblocking(False)
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def others_are_served(server):
    """A new client starts, reads and lists, one call per connection."""
    name = unique("other")
    started = states(server, "StartExecution", {"stateMachineArn": server.machine, "name": name, "input": "{}"})
    assert started.status == 200, started.text
    described = states(server, "DescribeExecution", {"executionArn": started.json["executionArn"]})
    assert described.json["status"] == "SUCCEEDED", described.text
    assert states(server, "ListStateMachines", {}).status == 200


def memory(server):
    """Resident, in MiB."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def post(operation, body, more=""):
    """A request, whole."""
    return (f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.{operation}\r\n{more}"
            f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


@pytest.mark.parametrize("first", [b"", HALF_HEAD], ids=["nothing sent", "half a head"])
def test_more_half_open_connections_than_places(own, descriptors, first):
    """The oldest of them make room: a new client need not wait until they are given up."""
    if descriptors < PLACES + 2_000:
        pytest.skip("this system grants too few descriptors")
    with connections(own, PLACES + 500, first) as held:
        others_are_served(own)
        assert any(map(closed, held[:1_000])), "none of the oldest was closed for the others"
        assert not all(map(closed, held[-1_000:]))
        # Those who go on are served as well.
        assert send(held[-1], b"Host: y\r\n\r\n") or not first
        others_are_served(own)


def test_idle_connections_that_were_served_before(own, descriptors):
    """A pool's idle connection is closed rather than a new client refused; the pool opens another."""
    if descriptors < PLACES + 2_000:
        pytest.skip("this system grants too few descriptors")
    whole = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    with connections(own, PLACES + 200, whole) as held:
        others_are_served(own)
        assert send(held[-1], whole)


TRICKLES = {
    "a head": (b"POST / HTTP/1.1\r\n", b"x"),
    "endless headers": (b"POST / HTTP/1.1\r\n", b"X-Header: value\r\n"),
    "a body": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", b"x"),
    "chunks": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
}


@pytest.mark.parametrize(("first", "drop"), TRICKLES.values(), ids=TRICKLES.keys())
def test_trickles(own, first, drop):
    """A few bytes at a time, on many connections, as long as the server takes them."""
    with connections(own, 300, first) as held:
        for _ in range(20):
            for connection in held:
                send(connection, drop)
            others_are_served(own)


def test_a_head_of_a_byte_now_and_then_ends(own):
    """The time for a head is for the whole of it: bytes that keep coming do not prolong it."""
    with connect(own) as connection:
        send(connection, b"GET / HTTP/1.1\r\nX: ")
        connection.setblocking(False)

        def given_up():
            return not send(connection, b"x") or closed(connection)

        until(given_up, "the connection to be closed", seconds=60, every=0.5)


def test_headers_without_end_are_cut_off(own):
    with connect(own) as connection:
        send(connection, b"GET / HTTP/1.1\r\n")
        sent = 0
        while sent < 10_000_000 and send(connection, b"X-Header: " + b"y" * 1_000 + b"\r\n"):
            sent += 1_000
        assert sent < 10_000_000, "10 MB of headers were taken"
    others_are_served(own)


def test_bodies_that_never_come_hold_no_room(own):
    """A length that is promised is not granted."""
    promise = b"PUT /2015-03-31/functions/x/code HTTP/1.1\r\nHost: x\r\nContent-Length: 70000000\r\n\r\n"
    with connections(own, 1_000, promise):
        others_are_served(own)
        assert states(own, "StartExecution", {"stateMachineArn": own.machine, "input": json.dumps("x" * 200_000)}).status == 200
        assert memory(own) < 300


def test_large_bodies_that_stop_before_their_end(own):
    """The sum of all bodies is bounded; whoever stopped sending gives way to those who send."""
    part = b'{"definition":"' + b"x" * 2_900_000
    head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.CreateStateMachine\r\nContent-Length: 3000000\r\n\r\n"
    before = memory(own)
    with connections(own, 150, head + part) as held:
        others_are_served(own)
        # 435 MB were sent; some of it was refused.
        assert memory(own) < before + 300
        large = json.dumps({"stateMachineArn": own.machine, "input": json.dumps("x" * 200_000)})
        until(lambda: states(own, "StartExecution", large).status == 200, "room for a large body")
        until(lambda: any(map(closed, held)), "one that stopped sending to be closed")
    until(lambda: states(own, "StartExecution", large).status == 200, "all room to be given back")


def test_too_many_bodies_at_once_are_throttled_as_aws_does(own):
    """Those that are refused hear what SDKs try again."""
    body = json.dumps({"name": "large", "definition": "x" * 2_900_000}).encode()
    refusals, rest = [], body[-1_000:]

    def refused(connection):
        connection.settimeout(30)
        try:
            answer = connection.recv(65_536)
        except OSError:
            return
        if b"ThrottlingException" in answer:
            refusals.append(answer)

    with connections(own, 80, post("CreateStateMachine", body)[:-1_000]) as held:
        for connection in held:
            send(connection, rest)
        threads = [threading.Thread(target=refused, args=(connection,)) for connection in held]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for answer in refusals:
        assert b" 400 " in answer.splitlines()[0] and b'"message":"Rate exceeded"' in answer
    others_are_served(own)


def test_a_reader_that_never_reads_its_answer(own):
    """Long histories are asked for and not read, over and over on each connection."""
    sfn = boto("stepfunctions", own)
    long = create(sfn, chain(**{f"S{number}": {"Type": "Pass"} for number in range(300)}))
    arn = run(sfn, long, {"filling": "x" * 20_000})["executionArn"]
    asks = post("GetExecutionHistory", json.dumps({"executionArn": arn, "maxResults": 1000}).encode())
    with connections(own, 60, asks) as held:
        for connection in held:
            connection.setblocking(False)
            send(connection, asks * 20)
        others_are_served(own)
        # 60 x 21 answers of 12 MB each would be 15 GB.
        until(lambda: memory(own) < 700, "answers that nobody reads to be given up")
        others_are_served(own)
    until(lambda: memory(own) < 400, "the memory to be given back")


def test_an_answer_that_is_not_read_is_given_up(own):
    """After a while, although nobody else needs the room."""
    sfn = boto("stepfunctions", own)
    long = create(sfn, chain(**{f"S{number}": {"Type": "Pass"} for number in range(300)}))
    arn = run(sfn, long, {"filling": "x" * 20_000})["executionArn"]
    with connect(own) as connection:
        send(connection, post("GetExecutionHistory", json.dumps({"executionArn": arn, "maxResults": 1000}).encode()))
        connection.setblocking(False)
        until(lambda: not send(connection, b"x"), "the connection to be closed", seconds=60, every=0.5)
    others_are_served(own)


def test_pipelined_requests_without_end_and_nothing_read(own):
    """Answers without a body are not gathered for somebody who does not read them."""
    deletes = b"DELETE /2015-03-31/tags/none?tagKeys=a HTTP/1.1\r\nHost: x\r\n\r\n" * 2_000
    before = memory(own)
    with connections(own, 8) as held:
        for connection in held:
            connection.settimeout(1)
        for _ in range(15):
            for connection in held:
                send(connection, deletes)
            others_are_served(own)
    assert memory(own) < before + 100


def test_pipelined_requests_are_answered_in_order(own):
    name = unique("pipelined")
    start = post("StartExecution", json.dumps({"stateMachineArn": own.machine, "name": name, "input": "{}"}).encode())
    arn = own.machine.replace(":stateMachine:", ":execution:") + ":" + name
    describe = post("DescribeExecution", json.dumps({"executionArn": arn}).encode(), "Connection: close\r\n")
    with connect(own) as connection:
        send(connection, start + describe)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    assert answer.count(b"HTTP/1.1 200") == 2 and answer.index(b"startDate") < answer.index(b"SUCCEEDED")


LIES = {
    "more was promised": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{}",
    "less was promised": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}and much more",
    "twice": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "a length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "beyond all numbers": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999999\r\n\r\n{}",
    "a chunk beyond all numbers": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx",
    "a huge chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
    "a chunk's endless extension": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 100_000,
    "endless trailers": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-T: y\r\n" * 100_000,
}


@pytest.mark.parametrize("data", LIES.values(), ids=LIES.keys())
def test_lengths_that_lie(own, data):
    with connect(own) as connection:
        send(connection, data)
        try:
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65_536)
        except OSError:
            answer = b""
        assert not answer or answer.startswith(b"HTTP/1.1 4"), answer[:200]
    others_are_served(own)


def test_chunks_of_a_byte_do_not_cost_more_than_they_weigh(own):
    """A million frames of one byte each."""
    before = memory(own)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.ListStateMachines\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connect(own) as connection:
        send(connection, head)
        for _ in range(10):
            send(connection, b"1\r\n \r\n" * 100_000)
        assert memory(own) < before + 50
    others_are_served(own)


def test_a_storm_of_connections(own):
    """A connection per request from many threads, some of which leave before they are answered."""
    print(f"STEPWELL_SEED={SEED}")
    start = post("StartExecution", json.dumps({"stateMachineArn": own.machine, "input": "{}"}).encode())
    stop, failures = threading.Event(), []

    def storm(rng):
        while not stop.is_set():
            try:
                with connect(own) as connection:
                    send(connection, start[:rng.randrange(1, len(start) + 1)] if rng.random() < 0.5 else start)
                    if rng.random() < 0.3:
                        connection.recv(1_024)
            except OSError as error:
                failures.append(error)

    threads = [threading.Thread(target=storm, args=(random.Random(SEED + number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(15):
            others_are_served(own)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert len(failures) < 100, failures[:3]
    # What was asked for and not waited for was done, and is over.
    until(lambda: not states(own, "ListExecutions", {"stateMachineArn": own.machine, "statusFilter": "RUNNING"}).json["executions"],
          "all executions to end")


def test_no_more_executions_than_may_be_open(new_server):
    """What every open execution costs is bounded by their number; others can be started when some have ended."""
    server = new_server("--quota", "open-executions=5").start()
    sfn = boto("stepfunctions", server)
    waits = create(sfn, chain(W={"Type": "Wait", "Seconds": 86_400}))
    arns = [sfn.start_execution(stateMachineArn=waits)["executionArn"] for _ in range(5)]
    refused = states(server, "StartExecution", {"stateMachineArn": waits, "name": "one-more"})
    assert (refused.status, refused.error) == (400, "ExecutionLimitExceeded"), refused.text
    gone = states(server, "DescribeExecution", {"executionArn": arns[0].rsplit(":", 1)[0] + ":one-more"})
    assert gone.error == "ExecutionDoesNotExist"
    sfn.stop_execution(executionArn=arns[0])
    until(lambda: states(server, "StartExecution", {"stateMachineArn": waits}).status == 200, "a place for another")


def test_the_health_of_the_server_is_known_meanwhile(own):
    with connections(own, 2_000, HALF_HEAD):
        assert http_request(own, "GET", "/health").status == 200
