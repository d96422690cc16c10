"""A disk whose syncs take half a second: nothing is acknowledged before its sync, reads do not wait, the rest is bounded."""

import json
import threading

from support import histories
from support.clients import boto, states
from support.machines import chain, create, execution_arn, finished, history
from support.wait import until

SLOW = {"STEPWELL_TEST_SYNC_MILLIS": "500"}
CLIENTS, EACH = 64, 6


def start(server, machine, number, accepted, refused):
    """Starts one after the other."""
    for count in range(EACH):
        name = f"t{number}-{count}"
        answer = states(server, "StartExecution", {"stateMachineArn": machine, "name": name, "input": json.dumps({"name": name})})
        (accepted if answer.status == 200 else refused).append(name if answer.status == 200 else answer.error)


def test_a_slow_disk_slows_starts_and_loses_nothing(new_server):
    server = new_server(env=SLOW).start()
    sfn = boto("stepfunctions", server)
    machine = create(sfn, chain(One={"Type": "Pass"}, Two={"Type": "Wait", "Seconds": 1}, Three={"Type": "Succeed"}), name="slow")
    first = sfn.start_execution(stateMachineArn=machine, name="first")["executionArn"]
    accepted, refused = [], []
    threads = [threading.Thread(target=start, args=(server, machine, number, accepted, refused)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        # Starts wait for the disk meanwhile, readers do not.
        for _ in range(20):
            assert states(server, "DescribeExecution", {"executionArn": first}).status == 200
    finally:
        for thread in threads:
            thread.join()
    assert set(refused) <= {"ThrottlingException"} and accepted
    assert server.terminate() == 0, server.log_tail()
    server.env.clear()
    server.start()
    for name in accepted:
        described = finished(sfn, execution_arn(machine, name))
        assert (described["status"], json.loads(described["input"])) == ("SUCCEEDED", {"name": name})
    for name in accepted[::20]:
        histories.check(history(sfn, execution_arn(machine, name)))


def test_a_kill_between_write_and_sync(new_server):
    """What was acknowledged survives; of what was not, nothing is half there."""
    server = new_server(env=SLOW).start()
    sfn = boto("stepfunctions", server)
    machine = create(sfn, chain(One={"Type": "Pass"}, Two={"Type": "Succeed"}), name="killed")
    accepted, lost = [], []

    def starts(number):
        for count in range(100):
            name = f"k{number}-{count}"
            try:
                answer = states(server, "StartExecution", {"stateMachineArn": machine, "name": name})
            except OSError:
                lost.append(name)
                return
            if answer.status == 200:
                accepted.append(name)

    threads = [threading.Thread(target=starts, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: len(accepted) >= 16, "some starts")
    server.kill()
    for thread in threads:
        thread.join()
    server.env.clear()
    server.start()
    for name in accepted:
        assert finished(sfn, execution_arn(machine, name))["status"] == "SUCCEEDED"
    for name in lost:
        answer = states(server, "DescribeExecution", {"executionArn": execution_arn(machine, name)})
        assert answer.status == 400 or finished(sfn, execution_arn(machine, name))["status"] == "SUCCEEDED"
