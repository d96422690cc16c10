"""A disk without space under the whole server: what was acknowledged is kept, the process says why it ends, and goes on when
there is space again."""

import json
import subprocess
import threading

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support import histories
from support.clients import boto
from support.machines import chain, create, execution_arn, finished, history
from support.wait import until

SMALL, LARGE = "size=24m", "size=512m"


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own; a function that makes it large."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", SMALL, "none", folder], capture_output=True, check=False).returncode != 0:
        pytest.skip("this system lets nobody mount a small disk")
    yield folder, lambda: subprocess.run(["mount", "-o", f"remount,{LARGE}", folder], check=True)
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(server, machine, number, acknowledged, stop):
    """Starts executions with large inputs until the server is gone."""
    client, count = boto("stepfunctions", server), 0
    while not stop.is_set():
        count += 1
        name = f"t{number}-{count}"
        try:
            client.start_execution(stateMachineArn=machine, name=name, input=json.dumps({"name": name, "filling": "x" * 50_000}))
        except (BotoCoreError, ClientError):
            return
        acknowledged.append(name)


def test_what_was_acknowledged_outlives_a_full_disk(new_server, disk):
    folder, enlarge = disk
    server = new_server(data_dir=folder / "data").start()
    sfn = boto("stepfunctions", server)
    machine = create(sfn, chain(One={"Type": "Pass"}, Pause={"Type": "Wait", "Seconds": 2}, Two={"Type": "Succeed"}), name="fills")
    acknowledged, stop = [], threading.Event()
    threads = [threading.Thread(target=fill, args=(server, machine, number, acknowledged, stop)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: server.process.poll() is not None, "the server to end", seconds=120)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert server._ended(1) == 1
    assert "No space left on device" in server.log() and "everything that was acknowledged is kept" in server.log(), server.log_tail()
    assert "panicked" not in server.log(), server.log_tail()
    assert len(acknowledged) > 20
    # Without space it does not start either, or ends again; what is there stays there.
    server.spawn()
    until(lambda: server.process.poll() is not None or server.answers(), "an answer or an end")
    if server.process.poll() is None:
        server.kill()
    else:
        assert server._ended(1) == 1
    enlarge()
    server.start()
    for name in acknowledged:
        described = finished(sfn, execution_arn(machine, name))
        assert described["status"] == "SUCCEEDED"
        assert json.loads(described["input"])["name"] == name
    for name in acknowledged[::10]:
        histories.check(history(sfn, execution_arn(machine, name)))
    assert server.terminate() == 0
