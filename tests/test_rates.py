"""Rate limits, when they are asked for: AWS's buckets, one for each operation, and AWS's words when one is empty."""

from support.clients import boto, states
from support.machines import PASS, create
from support.server import run_to_end


def called(server, operation, body, most):
    """How often this is answered before it is refused, and the refusal."""
    for count in range(most + 1):
        answer = states(server, operation, body)
        if answer.status != 200:
            return count, answer
    return most + 1, None


def test_a_bucket_is_emptied(new_server):
    server = new_server("--rate-limits", "aws").start()
    machine = create(boto("stepfunctions", server), PASS)
    # 100 in the bucket, and 5 more in each second that the calls take.
    count, refused = called(server, "ListStateMachines", {}, 2_000)
    assert count >= 100 and (refused.status, refused.error, refused.message) == (400, "ThrottlingException", "Rate exceeded")
    # Others are not affected, and neither is what is wrong with a call that is refused looked at.
    assert states(server, "DescribeStateMachine", {"stateMachineArn": machine}).status == 200
    assert states(server, "StartExecution", {"stateMachineArn": machine}).status == 200
    assert {states(server, "ListStateMachines", {"maxResults": -1}).error for _ in range(10)} & {"ThrottlingException"}


def test_a_client_that_tries_again_gets_through(new_server):
    """The SDK's own retries, against an empty bucket that fills."""
    server = new_server(env={"STEPWELL_RATE_LIMITS": "aws"}).start()
    called(server, "ListStateMachines", {}, 2_000)
    patient = boto("stepfunctions", server, retries={"mode": "standard", "total_max_attempts": 10})
    assert patient.list_state_machines()["stateMachines"] == []


def test_there_are_none_unless_asked_for(server):
    assert called(server, "ListActivities", {}, 150) == (151, None)


def test_a_name_that_is_none(tmp_path):
    done = run_to_end("serve", "--data-dir", tmp_path, "--rate-limits", "some")
    assert done.returncode != 0 and "--rate-limits" in done.stderr
