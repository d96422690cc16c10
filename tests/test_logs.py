"""CloudWatch Logs: groups, streams and events, and what executions log at which level."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from support.clients import boto, http_request
from support.machines import PASS, ROLE, chain, create, finished, one_state, run, types, unique
from support.server import ACCOUNT, REGION
from support.wait import until

FAILS = one_state({"Type": "Fail", "Error": "Bad", "Cause": "a cause"})


@pytest.fixture(scope="session")
def logs(server):
    """A client of the logs."""
    return boto("logs", server)


@pytest.fixture
def group(logs):
    """A group of the test's own."""
    name = f"/aws/vendedlogs/states/{unique('group')}"
    logs.create_log_group(logGroupName=name)
    return name


def arn_of(group):
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"


def logging_to(group, level="ALL", data=True):
    destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn_of(group)}}]
    return {"level": level, "includeExecutionData": data, "destinations": destinations}


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def filtered(logs, group, **more):
    """All events of a group, page by page."""
    events, token = [], {}
    while True:
        answer = logs.filter_log_events(logGroupName=group, **token, **more)
        events += answer["events"]
        if "nextToken" not in answer:
            return events
        token = {"nextToken": answer["nextToken"]}


def logged(logs, group, count):
    """What executions have logged, once it is so much."""
    def all_of_it():
        events = filtered(logs, group)
        return events if len(events) >= count else None

    events = until(all_of_it, f"{count} events in {group}")
    assert len(events) == count, events
    return [json.loads(event["message"]) for event in events]


def milliseconds():
    return int(time.time() * 1000)


def test_a_group_is_made_found_and_removed(logs):
    name = unique("/group")
    logs.create_log_group(logGroupName=name, tags={"a": "1"})
    assert refused(logs.create_log_group, logGroupName=name) == (
        "ResourceAlreadyExistsException", "The specified log group already exists")
    [shown] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert (shown["logGroupName"], shown["arn"], shown["logGroupArn"]) == (name, arn_of(name), arn_of(name)[:-2])
    assert (shown["storedBytes"], shown["metricFilterCount"], shown["logGroupClass"]) == (0, 0, "STANDARD")
    assert "retentionInDays" not in shown
    logs.put_retention_policy(logGroupName=name, retentionInDays=14)
    assert logs.describe_log_groups(logGroupNamePattern=name[3:])["logGroups"][0]["retentionInDays"] == 14
    logs.delete_retention_policy(logGroupName=name)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    logs.delete_log_group(logGroupName=name)
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] == []
    assert refused(logs.delete_log_group, logGroupName=name) == (
        "ResourceNotFoundException", "The specified log group does not exist.")


def test_groups_are_listed_page_by_page(logs):
    prefix = unique("/many")
    names = [f"{prefix}/{number:02}" for number in range(7)]
    for name in reversed(names):
        logs.create_log_group(logGroupName=name)
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix, PaginationConfig={"PageSize": 3})
    pages = [[group["logGroupName"] for group in page["logGroups"]] for page in pages]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sum(pages, []) == names


def test_tags_by_arn_and_by_name(logs):
    name = unique("/tagged")
    logs.create_log_group(logGroupName=name, tags={"a": "1", "b": "2"})
    arn = arn_of(name)[:-2]
    logs.tag_resource(resourceArn=arn, tags={"c": "3"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2", "c": "3"}
    logs.tag_log_group(logGroupName=name, tags={"d": "4"})
    logs.untag_log_group(logGroupName=name, tags=["b"])
    assert logs.list_tags_log_group(logGroupName=name)["tags"] == {"c": "3", "d": "4"}
    many = {f"k{number}": "" for number in range(51)}
    assert refused(logs.tag_resource, resourceArn=arn, tags=many)[0] == "TooManyTagsException"
    assert refused(logs.list_tags_for_resource, resourceArn=arn + "x")[0] == "ResourceNotFoundException"


def test_events_are_put_got_and_filtered(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    assert refused(logs.create_log_stream, logGroupName=group, logStreamName="one")[0] == "ResourceAlreadyExistsException"
    now = milliseconds()
    events = [{"timestamp": now + number, "message": f"message {number}"} for number in range(25)]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events[:20])
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events[20:])

    got, token = [], {}
    while True:
        answer = logs.get_log_events(logGroupName=group, logStreamName="one", startFromHead=True, limit=10, **token)
        got += answer["events"]
        if token.get("nextToken") == answer["nextForwardToken"]:
            break
        token = {"nextToken": answer["nextForwardToken"]}
    assert [(event["timestamp"], event["message"]) for event in got] == [(e["timestamp"], e["message"]) for e in events]

    last = logs.get_log_events(logGroupName=group, logStreamName="one", limit=3)
    assert [event["message"] for event in last["events"]] == ["message 22", "message 23", "message 24"]
    before = logs.get_log_events(logGroupName=group, logStreamName="one", limit=3, nextToken=last["nextBackwardToken"])
    assert [event["message"] for event in before["events"]] == ["message 19", "message 20", "message 21"]

    found = filtered(logs, group, filterPattern="\"message 1\"", limit=4)
    assert [event["message"] for event in found] == ["message 1"] + [f"message {n}" for n in range(10, 20)]
    assert len({event["eventId"] for event in found}) == 11
    assert filtered(logs, group, startTime=now + 5, endTime=now + 6)[0]["message"] == "message 5"
    assert filtered(logs, group, logStreamNames=["another"]) == []

    [stream] = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="o")["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (now, now + 24)
    logs.delete_log_stream(logGroupName=group, logStreamName="one")
    assert logs.describe_log_streams(logGroupName=group)["logStreams"] == []
    assert refused(logs.get_log_events, logGroupName=group, logStreamName="one") == (
        "ResourceNotFoundException", "The specified log stream does not exist.")


def test_streams_are_listed_by_name_and_by_their_last_event(logs, group):
    now = milliseconds()
    for position, name in enumerate(["c", "a", "b"]):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        event = {"timestamp": now + position, "message": "m"}
        logs.put_log_events(logGroupName=group, logStreamName=name, logEvents=[event])

    def names(**more):
        pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, PaginationConfig={"PageSize": 2}, **more)
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]

    assert names() == ["a", "b", "c"]
    assert names(orderBy="LastEventTime", descending=True) == ["b", "a", "c"]


def test_what_is_wrong_is_refused(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = milliseconds()

    def put(*events, stream="s"):
        given = [{"timestamp": timestamp, "message": message} for timestamp, message in events]
        return {"logGroupName": group, "logStreamName": stream, "logEvents": given}

    unordered = refused(logs.put_log_events, **put((now, "a"), (now - 1, "b")))
    assert unordered == ("InvalidParameterException",
                         "Log events in a single PutLogEvents request must be in chronological order.")
    assert refused(logs.put_log_events, **put((now, "x" * 1_048_576)))[0] == "InvalidParameterException"
    assert refused(logs.put_log_events, **put((now, "a"), stream="t"))[0] == "ResourceNotFoundException"
    answer = logs.put_log_events(**put((now - 15 * 86_400_000, "old"), (now, "good"), (now + 3 * 3_600_000, "new")))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    assert [event["message"] for event in filtered(logs, group)] == ["good"]
    for name in ("", "a b", "x" * 513):
        assert refused(logs.create_log_group, logGroupName=name)[0] == "InvalidParameterException"
    for pattern in ("{ $.a", "[a, b]", "%a%"):
        assert refused(logs.filter_log_events, logGroupName=group, filterPattern=pattern)[0] == "InvalidParameterException"
    assert refused(logs.get_log_events, logGroupName=group, logStreamName="s", nextToken="f/x")[0] == "InvalidParameterException"
    assert refused(logs.put_retention_policy, logGroupName=group, retentionInDays=2)[0] == "InvalidParameterException"
    assert refused(logs.put_retention_policy, logGroupName=unique("/no"), retentionInDays=1)[0] == "ResourceNotFoundException"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"logGroupName": 1}', b'{"logGroupName": null}', b"\xff"])
@pytest.mark.parametrize("operation", ["CreateLogGroup", "PutLogEvents", "FilterLogEvents", "TagResource", "TagLogGroup", "No"])
def test_bad_requests_get_an_answer(server, operation, body):
    answer = http_request(server, headers={"X-Amz-Target": f"Logs_20140328.{operation}"}, body=body)
    assert answer.status == 400 and answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert answer.error and answer.message


@pytest.mark.parametrize("machine_type", ["STANDARD", "EXPRESS"])
def test_an_execution_logs_its_events(sfn, logs, group, machine_type):
    definition = one_state({"Type": "Pass", "Result": {"x": 1}}, name="S")
    machine = create(sfn, definition, type=machine_type, loggingConfiguration=logging_to(group))
    arn = sfn.start_execution(stateMachineArn=machine, input='{"in": 1}')["executionArn"]
    messages = logged(logs, group, 4)
    for message in messages:
        assert list(message) == ["id", "type", "details", "previous_event_id", "event_timestamp", "execution_arn",
                                 "redrive_count"]
        assert message["execution_arn"] == arn
        assert int(message.pop("event_timestamp")) > 1_700_000_000_000
    told = [(m["id"], m["type"], m["previous_event_id"], m["redrive_count"]) for m in messages]
    assert told == [("1", "ExecutionStarted", "0", "0"), ("2", "PassStateEntered", "0", "0"),
                    ("3", "PassStateExited", "2", "0"), ("4", "ExecutionSucceeded", "3", "0")]
    assert messages[0]["details"] == {"input": '{"in": 1}', "inputDetails": {"truncated": False}, "roleArn": ROLE}
    assert messages[1]["details"] == {"name": "S", "input": '{"in": 1}', "inputDetails": {"truncated": False}}
    assert messages[3]["details"] == {"output": '{"x":1}', "outputDetails": {"truncated": False}}
    [stream] = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert stream["logStreamName"].startswith(f"states/{machine.rpartition(':')[2]}/")


def test_a_synchronous_execution_logs_too(sfn, logs, group):
    machine = create(sfn, FAILS, type="EXPRESS", loggingConfiguration=logging_to(group, data=False))
    assert sfn.start_sync_execution(stateMachineArn=machine)["status"] == "FAILED"
    messages = logged(logs, group, 3)
    assert types(messages) == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]
    # Without payloads, but what failed is told.
    assert [m["details"] for m in messages] == [{"roleArn": ROLE}, {"name": "A"}, {"error": "Bad", "cause": "a cause"}]


@pytest.mark.parametrize("level, wanted", [
    ("ALL", ["ExecutionStarted", "PassStateEntered", "PassStateExited", "FailStateEntered", "ExecutionFailed"]),
    ("ERROR", ["FailStateEntered", "ExecutionFailed"]),
    ("FATAL", ["ExecutionFailed"]),
])
def test_a_level_says_which_events(sfn, logs, group, level, wanted):
    definition = chain(P={"Type": "Pass"}, F={"Type": "Fail", "Error": "Bad"})
    machine = create(sfn, definition, loggingConfiguration=logging_to(group, level))
    assert run(sfn, machine)["status"] == "FAILED"
    assert types(logged(logs, group, len(wanted))) == wanted


def test_an_update_changes_what_is_logged(sfn, logs, group):
    machine = create(sfn, PASS, loggingConfiguration=logging_to(group, "OFF"))
    run(sfn, machine)
    sfn.update_state_machine(stateMachineArn=machine, loggingConfiguration=logging_to(group, "ALL"))
    last = run(sfn, machine)["executionArn"]
    assert {m["execution_arn"] for m in logged(logs, group, 4)} == {last}


def test_large_payloads_are_truncated_and_many_are_written_bit_by_bit(sfn, logs, group):
    states = {f"S{number}": {"Type": "Pass"} for number in range(45)}
    machine = create(sfn, chain(**states), type="EXPRESS", loggingConfiguration=logging_to(group))
    given = json.dumps("x" * 200_000)
    assert sfn.start_sync_execution(stateMachineArn=machine, input=given)["status"] == "SUCCEEDED"
    until(lambda: filtered(logs, group, filterPattern="ExecutionSucceeded"), "the end of the execution")
    messages = logged(logs, group, 92)
    assert messages[1]["details"]["input"] == given and messages[-1]["details"]["output"] == given
    large = json.dumps("x" * 262_000)
    assert sfn.start_sync_execution(stateMachineArn=machine, input=large)["status"] == "SUCCEEDED"
    until(lambda: len(filtered(logs, group, filterPattern="ExecutionSucceeded")) == 2, "the end of the second")
    last = json.loads(filtered(logs, group, filterPattern="ExecutionSucceeded")[-1]["message"])
    assert last["details"] == {"outputDetails": {"truncated": True}}


def test_the_destination_must_be_there(sfn, logs, group):
    definition = json.dumps(PASS)

    def refusal(configuration):
        return refused(sfn.create_state_machine, name=unique("m"), definition=definition, roleArn=ROLE,
                       loggingConfiguration=configuration)

    not_found = ("InvalidLoggingConfiguration", "Invalid Logging Configuration: Log Destination not found.")
    assert refusal(logging_to(group + "x")) == not_found
    bare = logging_to(group)
    bare["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"] = arn_of(group)[:-2]
    assert refusal(bare) == not_found
    machine = create(sfn, PASS, loggingConfiguration=logging_to(group))
    logs.delete_log_group(logGroupName=group)
    assert refusal(logging_to(group)) == not_found
    # A group that goes costs no execution anything.
    assert run(sfn, machine)["status"] == "SUCCEEDED"


def test_executions_in_a_row_and_after_a_restart(new_server):
    server = new_server().start()
    sfn, logs = boto("stepfunctions", server), boto("logs", server)
    logs.create_log_group(logGroupName="g")
    waits = chain(W={"Type": "Wait", "Seconds": 2}, P={"Type": "Pass"})
    machine = create(sfn, waits, loggingConfiguration=logging_to("g"))
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    logged(logs, "g", 2)
    server.restart()
    finished(sfn, arn)
    assert [m["id"] for m in logged(logs, "g", 6)] == ["1", "2", "3", "4", "5", "6"]
    # What was logged is there when the server was told to stop.
    quick = create(sfn, PASS, type="EXPRESS", loggingConfiguration=logging_to("g"))
    for _ in range(20):
        sfn.start_execution(stateMachineArn=quick)
    assert server.terminate() == 0
    server.start()
    assert len(filtered(logs, "g")) == 6 + 20 * 4


def test_the_command_line_shows_an_express_execution(sfn, aws, group):
    machine = create(sfn, PASS, type="EXPRESS", loggingConfiguration=logging_to(group))
    sfn.start_execution(stateMachineArn=machine)

    def shown():
        events = aws("logs", "filter-log-events", "--log-group-name", group)["events"]
        return [json.loads(event["message"])["type"] for event in events] if len(events) == 4 else None

    assert until(shown, "four events")[0] == "ExecutionStarted"
