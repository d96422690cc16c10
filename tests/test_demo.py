"""The main job in one command: `stepwell demo`."""

import re
import signal
import subprocess
import sys
from pathlib import Path

from support.clients import boto
from support.histories import check
from support.machines import finished, history
from support.server import Server, free_port, run_to_end
from support.wait import until


def ended(done):
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_once_runs_all_orders_and_ends_well(tmp_path):
    port, data = free_port(), tmp_path / "data"
    flags = ["demo", "--once", "--listen", f"127.0.0.1:{port}", "--data-dir", data]
    told = ended(run_to_end(*flags, cwd=tmp_path, seconds=180))
    assert "\x1b" not in told, "colours where nobody looks at a terminal"
    assert told.count("SUCCEEDED") >= 2 and told.count("FAILED") >= 1 and "OrderFailed" in told
    # The commands with which to go on by hand.
    assert f"--endpoint-url http://127.0.0.1:{port}" in told and "aws stepfunctions" in told
    assert "TaskScheduled" in told and "ExecutionSucceeded" in told
    # Again on the same folder: nothing is in the way of itself.
    ended(run_to_end(*flags, cwd=tmp_path, seconds=180))

    # What it has made is what the server serves; the histories are whole, and the flaky order's shows its backoff.
    own = Server(tmp_path / "server", data_dir=data).start()
    try:
        sfn = boto("stepfunctions", own)
        machines = sfn.list_state_machines()["stateMachines"]
        assert len(machines) == 1
        executions = sfn.list_executions(stateMachineArn=machines[0]["stateMachineArn"])["executions"]
        assert len(executions) >= 8 and {one["status"] for one in executions} == {"SUCCEEDED", "FAILED"}
        failures = []
        for one in executions:
            events = history(sfn, one["executionArn"])
            check(events)
            failures.append(sum(event["type"] == "TaskFailed" for event in events))
        assert 2 in failures, "no order failed twice before it succeeded"
    finally:
        own.stop()


def run_by_hand(command, folder):
    """As a person would who pastes it into a shell."""
    env = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(folder), "AWS_PAGER": "", "AWS_ACCESS_KEY_ID": "test",
           "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, timeout=60,
                          check=False)
    assert done.returncode == 0 and done.stdout.strip(), f"{command}\n-> {done.returncode}: {done.stderr}"


def test_it_serves_on_until_it_is_told_to_end(tmp_path):
    own = Server(tmp_path)
    own.command = lambda: [Server.command(own)[0], "demo", "--listen", f"127.0.0.1:{own.port}", "--data-dir", str(own.data_dir)]
    own.start()
    try:
        until(lambda: own.alive() and "until Ctrl-C" in own.log(), "the orders to end", seconds=180)
        commands = re.findall(r"^ *(aws (?:.*\\\n)*.*--endpoint-url \S+)$", own.log(), re.MULTILINE)
        assert len(commands) >= 5, own.log_tail()
        for command in commands:
            run_by_hand(command, tmp_path)
        sfn = boto("stepfunctions", own)
        machine = sfn.list_state_machines()["stateMachines"][0]["stateMachineArn"]
        order = sfn.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"][-1]
        given = sfn.describe_execution(executionArn=order["executionArn"])["input"]
        again = sfn.start_execution(stateMachineArn=machine, input=given)["executionArn"]
        assert finished(sfn, again, seconds=60)["status"] == "SUCCEEDED"
        own.process.send_signal(signal.SIGINT)
        assert own.process.wait(30) == 0
    finally:
        own.stop()


def test_a_taken_port_is_said(server, tmp_path):
    done = run_to_end("demo", "--once", "--listen", f"127.0.0.1:{server.port}", "--data-dir", tmp_path / "data", cwd=tmp_path)
    assert done.returncode != 0 and str(server.port) in done.stderr


def test_what_is_missing_is_said(tmp_path):
    """Without Python and Node.js on the machine."""
    done = run_to_end("demo", "--once", "--listen", f"127.0.0.1:{free_port()}", "--data-dir", tmp_path / "data", cwd=tmp_path,
                      env={"PATH": str(tmp_path)})
    said = done.stdout + done.stderr
    assert done.returncode != 0 and "python3" in said and "node" in said and "missing" in said, said
