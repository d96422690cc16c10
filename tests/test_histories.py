"""Histories byte for byte: key order, white space, 1 against 1.0, as the raw answers carry them.

The recorded conformance cases lost these when they were recorded; what stands here is their complement. Only times and
request ids are replaced before comparing.
"""

import json
import re

import pytest

from support.clients import states
from support.machines import ROLE, chain, create, finished, one_state

TIMESTAMP = re.compile(r'"timestamp":\d{10}(?:\.\d{1,3})?')


def raw_history(server, arn, **more):
    """The answer's events, one a line, without their times."""
    answer = states(server, "GetExecutionHistory", {"executionArn": arn, "maxResults": 1000, **more})
    assert answer.status == 200, answer.text
    text = TIMESTAMP.sub('"timestamp":T', answer.text)
    assert text.startswith('{"events":[') and text.endswith("]}"), text
    return text[len('{"events":['):-len("]}")].replace('},{"timestamp"', '}\n{"timestamp"')


def run_raw(server, sfn, definition, given):
    """Runs a machine on an input text; its ARN when it has ended."""
    machine = create(sfn, definition)
    arn = sfn.start_execution(stateMachineArn=machine, input=given)["executionArn"]
    finished(sfn, arn)
    return arn


def event(kind, number, previous, details="", member=""):
    """One event's text; `details` are the members of its details object, already written."""
    tail = f',"{member}":{{{details}}}' if member else ""
    return f'{{"timestamp":T,"type":"{kind}","id":{number},"previousEventId":{previous}{tail}}}'


def started(given):
    return event("ExecutionStarted", 1, 0,
                 f'"input":{q(given)},"inputDetails":{{"truncated":false}},"roleArn":"{ROLE}"',
                 "executionStartedEventDetails")


def entered(kind, number, previous, name, given):
    return event(f"{kind}StateEntered", number, previous,
                 f'"name":"{name}","input":{q(given)},"inputDetails":{{"truncated":false}}', "stateEnteredEventDetails")


def exited(kind, number, previous, name, output):
    return event(f"{kind}StateExited", number, previous,
                 f'"name":"{name}","output":{q(output)},"outputDetails":{{"truncated":false}}', "stateExitedEventDetails")


def succeeded(number, previous, output):
    return event("ExecutionSucceeded", number, previous, f'"output":{q(output)},"outputDetails":{{"truncated":false}}',
                 "executionSucceededEventDetails")


def q(text):
    """A JSON string as the server writes it: only what must be escaped is."""
    return json.dumps(text, ensure_ascii=False)


ODD_TEXTS = {
    "white space": '{ "b" : 1.0,\n\t"a":[1,  2e3] , "" : null }',
    "key order": '{"z":1,"a":2,"m":{"y":1,"b":2}}',
    "numbers": '[1,1.0,1.50,100,1e2,1E+2,-0,-0.0,0.1,12345678901234567890,1.7976931348623157e308,3.141592653589793238]',
    "escapes": r'{"u":"\u00e9\u0041\/","q":"\"\\","e":"é","nul":"\u0000","pair":"\ud83d\ude00"}',
    "a scalar": " 1.0 ",
    "a string": '"just text"',
    "null": "null",
    "duplicate keys": '{"a":1,"b":2,"a":3}',
    "outside the BMP": '{"emoji":"😀","text":"日本語"}',
}


@pytest.mark.parametrize("given", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_the_clients_text_passes_through_untouched(server, sfn, given):
    arn = run_raw(server, sfn, chain(First={"Type": "Pass"}, Wait={"Type": "Wait", "Seconds": 0}, Last={"Type": "Succeed"}), given)
    assert raw_history(server, arn).split("\n") == [
        started(given),
        entered("Pass", 2, 0, "First", given),
        exited("Pass", 3, 2, "First", given),
        entered("Wait", 4, 3, "Wait", given),
        exited("Wait", 5, 4, "Wait", given),
        entered("Succeed", 6, 5, "Last", given),
        exited("Succeed", 7, 6, "Last", given),
        succeeded(8, 7, given),
    ]
    described = states(server, "DescribeExecution", {"executionArn": arn}).json
    assert (described["input"], described["output"]) == (given, given)


WRITTEN = {
    # What the service computes is written compactly, in the order of the template or of the input.
    "InputPath writes the part compactly": (
        {"Type": "Pass", "InputPath": "$.part"}, '{ "part" : { "b" : 1, "a" : [ 1 , 2.0 ] } }', '{"b":1,"a":[1,2.0]}'),
    "Parameters: what is written first, what is computed after it": (
        {"Type": "Pass", "Parameters": {"z": 1, "y.$": "$.v", "x": {"w": [True, None, "s"]}}}, '{"v" :1.0}',
        '{"z":1,"x":{"w":[true,null,"s"]},"y":1.0}'),
    "computed members come in the order of a Java HashMap": (
        {"Type": "Pass", "Parameters": {"i.$": "$.v", "d.$": "$.v", "order.$": "$.v", "lines.$": "$.v"}}, '{"v":1}',
        '{"d":1,"i":1,"lines":1,"order":1}'),
    "a Result is written as the definition has it": (
        {"Type": "Pass", "Result": {"b": 1, "a": [1.5, {}], "c": []}}, "{}", '{"b":1,"a":[1.5,{}],"c":[]}'),
    "ResultPath appends at the end": (
        {"Type": "Pass", "Result": 1, "ResultPath": "$.new"}, '{"z": 1, "a": 2}', '{"z":1,"a":2,"new":1}'),
    "ResultPath replaces in place": (
        {"Type": "Pass", "Result": 9, "ResultPath": "$.z"}, '{"z": 1, "a": 2}', '{"z":9,"a":2}'),
    "ResultPath null leaves the text alone": (
        {"Type": "Pass", "Result": 1, "ResultPath": None}, '{ "a" :1 }', '{ "a" :1 }'),
    "OutputPath picks": (
        {"Type": "Pass", "OutputPath": "$.a[1]"}, '{"a": [1, {"b" : 2.50}]}', '{"b":2.50}'),
    "an integer stays one, a decimal stays one": (
        {"Type": "Pass", "Parameters": {"d.$": "$.d", "i.$": "$.i"}}, '{"i":10,"d":10.0}', '{"d":10.0,"i":10}'),
    "a large integer keeps its digits": (
        {"Type": "Pass", "Parameters": {"n.$": "$.n"}}, '{"n":12345678901234567890}', '{"n":12345678901234567890}'),
    "text is written as it is read": (
        {"Type": "Pass", "Parameters": {"t.$": "$.t"}}, r'{"t":"\u00e9\ud83d\ude00 \"q\" \\ \n\t"}',
        '{"t":"é😀 \\"q\\" \\\\ \\n\\t"}'),
    "the last of two equal keys wins": (
        {"Type": "Pass", "Parameters": {"v.$": "$"}}, '{"a":1,"b":2,"a":3}', '{"v":{"a":3,"b":2}}'),
    "MathAdd of integers is an integer": (
        {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}}, '{"n":41}', '{"n":42}'),
    "JsonToString is compact": (
        {"Type": "Pass", "Parameters": {"s.$": "States.JsonToString($)"}}, '{ "b" : 1.0, "a" : [ ] }',
        r'{"s":"{\"b\":1.0,\"a\":[]}"}'),
    "StringToJson keeps what it reads": (
        {"Type": "Pass", "Parameters": {"j.$": "States.StringToJson($.s)"}}, r'{"s":"{ \"b\" : 1.0 }"}', '{"j":{"b":1.0}}'),
}


@pytest.mark.parametrize(("state", "given", "output"), WRITTEN.values(), ids=WRITTEN.keys())
def test_what_the_service_writes(server, sfn, state, given, output):
    arn = run_raw(server, sfn, one_state(state), given)
    assert raw_history(server, arn).split("\n") == [
        started(given),
        entered("Pass", 2, 0, "A", given),
        exited("Pass", 3, 2, "A", output),
        succeeded(4, 3, output),
    ]


def test_parallel_and_map(server, sfn):
    branch = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}
    item = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    definition = chain(
        P={"Type": "Parallel", "Branches": [branch]},
        M={"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": item},
    )
    given = '[ 1.0 , 2 ]'
    arn = run_raw(server, sfn, definition, given)
    nested = "[[1.0,2]]"
    index = '"name":"M","index":0'
    assert raw_history(server, arn).split("\n") == [
        started(given),
        entered("Parallel", 2, 0, "P", given),
        event("ParallelStateStarted", 3, 2),
        entered("Pass", 4, 3, "B", given),
        exited("Pass", 5, 4, "B", given),
        event("ParallelStateSucceeded", 6, 5),
        exited("Parallel", 7, 5, "P", nested),
        entered("Map", 8, 7, "M", nested),
        event("MapStateStarted", 9, 8, '"length":1', "mapStateStartedEventDetails"),
        event("MapIterationStarted", 10, 9, index, "mapIterationStartedEventDetails"),
        entered("Pass", 11, 10, "I", "[1.0,2]"),
        exited("Pass", 12, 11, "I", "[1.0,2]"),
        event("MapIterationSucceeded", 13, 12, index, "mapIterationSucceededEventDetails"),
        event("MapStateSucceeded", 14, 13),
        exited("Map", 15, 13, "M", nested),
        succeeded(16, 15, nested),
    ]


def test_a_fail_state_has_only_what_it_says(server, sfn):
    for said, details in (({}, ""), ({"Error": "E"}, '"error":"E"'), ({"Cause": "C"}, '"cause":"C"'),
                          ({"Cause": "C", "Error": "E"}, '"error":"E","cause":"C"')):
        arn = run_raw(server, sfn, one_state({"Type": "Fail", **said}), "{ }")
        assert raw_history(server, arn).split("\n") == [
            started("{ }"),
            entered("Fail", 2, 0, "A", "{ }"),
            event("ExecutionFailed", 3, 2, details, "executionFailedEventDetails"),
        ]


def test_a_runtime_error_quotes_the_input(server, sfn):
    given = '{ "b" : 1.0, "a":2 }'
    definition = one_state({"Type": "Pass", "Parameters": {"x.$": "$.no"}})
    arn = run_raw(server, sfn, definition, given)
    failed = json.loads(raw_history(server, arn).split("\n")[-1].replace('"timestamp":T', '"timestamp":0'))
    assert failed["executionFailedEventDetails"] == {
        "error": "States.Runtime",
        "cause": "An error occurred while executing the state 'A' (entered at the event id #2). The JSONPath '$.no' specified "
                 'for the field \'x.$\' could not be found in the input \'{"b":1.0,"a":2}\'',
    }


def test_a_stopped_execution_ends_with_aborted(server, sfn):
    machine = create(sfn, one_state({"Type": "Wait", "Seconds": 3600}))
    arn = sfn.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    sfn.stop_execution(executionArn=arn, error="E", cause='say "why"')
    assert raw_history(server, arn).split("\n") == [
        started("{}"),
        entered("Wait", 2, 0, "A", "{}"),
        event("ExecutionAborted", 3, 0, r'"error":"E","cause":"say \"why\""', "executionAbortedEventDetails"),
    ]


def test_pages_and_the_reverse_are_the_same_events(server, sfn):
    states_ = {f"S{number}": {"Type": "Pass"} for number in range(12)}
    arn = run_raw(server, sfn, chain(**states_), '{ "a" : 1.0 }')
    whole = raw_history(server, arn).split("\n")
    assert len(whole) == 26
    for reverse in (False, True):
        pages, token = [], {}
        while True:
            body = {"executionArn": arn, "maxResults": 7, "reverseOrder": reverse, **token}
            answer = states(server, "GetExecutionHistory", body).json
            pages.append(answer["events"])
            if "nextToken" not in answer:
                break
            token = {"nextToken": answer["nextToken"]}
        assert [len(page) for page in pages] == [7, 7, 7, 5]
        listed = [event_["id"] for page in pages for event_ in page]
        assert listed == sorted(range(1, 27), reverse=reverse)


def test_without_execution_data(server, sfn):
    arn = run_raw(server, sfn, one_state({"Type": "Pass"}), '{"secret": 1}')
    text = raw_history(server, arn, includeExecutionData=False)
    assert "secret" not in text
    assert text.split("\n")[1] == event("PassStateEntered", 2, 0, '"name":"A"', "stateEnteredEventDetails")


def test_a_history_does_not_change_when_the_server_is_killed(new_server):
    from support.clients import boto

    own = new_server().start()
    client = boto("stepfunctions", own)
    given = ODD_TEXTS["numbers"]
    arn = run_raw(own, client, chain(A={"Type": "Pass"}, W={"Type": "Wait", "Seconds": 0}), given)
    before = states(own, "GetExecutionHistory", {"executionArn": arn}).body
    described = states(own, "DescribeExecution", {"executionArn": arn}).body
    own.restart()
    assert states(own, "GetExecutionHistory", {"executionArn": arn}).body == before
    assert states(own, "DescribeExecution", {"executionArn": arn}).body == described
