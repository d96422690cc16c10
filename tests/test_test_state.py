"""TestState: one state, run for real or with a mock; what it shows, what it refuses, and that it keeps nothing."""

import copy
import json
import os
import random

import pytest
from botocore.exceptions import ClientError

from support import functions
from support.clients import boto, states
from support.machines import ROLE, unique

INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
          "Parameters": {"FunctionName.$": "$.name", "Payload.$": "$.event"}, "End": True}
MAP = {"Type": "Map", "ItemsPath": "$.items", "ItemSelector": {"v.$": "$$.Map.Item.Value"}, "MaxConcurrency": 3,
       "ItemProcessor": {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}, "Next": "After"}


def test(sfn, state, data=None, **more):
    """The answer, with texts parsed where they are JSON."""
    more.setdefault("inspectionLevel", "DEBUG")
    if data is not None:
        more["input"] = json.dumps(data)
    answer = sfn.test_state(definition=json.dumps(state), **more)
    answer.pop("ResponseMetadata")
    return parsed(answer)


def parsed(value):
    if isinstance(value, dict):
        return {key: parsed(inner) for key, inner in value.items()}
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def refused(sfn, state, **more):
    with pytest.raises(ClientError) as caught:
        test(sfn, state, **more)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


test.__test__ = False


def test_a_function_is_really_called(sfn, server):
    name = functions.create(boto("lambda", server), "def handler(event, context):\n    return {'got': event}\n")
    answer = test(sfn, {**INVOKE, "ResultSelector": {"got.$": "$.Payload.got"}}, {"name": name, "event": [1]}, roleArn=ROLE)
    assert answer["status"] == "SUCCEEDED" and answer["output"] == {"got": [1]}
    shown = answer["inspectionData"]
    assert shown["afterParameters"] == {"FunctionName": name, "Payload": [1]}
    assert shown["result"]["StatusCode"] == 200 and shown["result"]["Payload"] == {"got": [1]}
    assert shown["afterResultSelector"] == shown["afterResultPath"] == {"got": [1]}


def test_a_function_that_fails_is_caught(sfn, server):
    name = functions.create(boto("lambda", server), "def handler(event, context):\n    raise ValueError('no')\n")
    state = {**INVOKE, "Catch": [{"ErrorEquals": ["TypeError"], "Next": "A"}, {"ErrorEquals": ["ValueError"], "Next": "B"}]}
    answer = test(sfn, state, {"name": name, "event": {}}, roleArn=ROLE)
    assert (answer["status"], answer["error"], answer["nextState"]) == ("CAUGHT_ERROR", "ValueError", "B")
    assert answer["cause"]["errorMessage"] == "no" and answer["output"]["Error"] == "ValueError"
    assert answer["inspectionData"]["errorDetails"] == {"catchIndex": 1}


def test_a_wait_waits(sfn):
    answer = test(sfn, {"Type": "Wait", "Seconds": 1, "Next": "N"}, {"a": 1}, inspectionLevel="INFO")
    assert answer == {"status": "SUCCEEDED", "output": {"a": 1}, "nextState": "N"}


def test_a_choice_in_each_language(sfn):
    rules = {"Choices": [{"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Big"}], "Default": "Small"}
    assert test(sfn, {"Type": "Choice", **rules}, {"n": 6})["nextState"] == "Big"
    rules = {"Choices": [{"Condition": "{% $states.input.n > $least %}", "Next": "Big"}], "Default": "Small"}
    state = {"Type": "Choice", "QueryLanguage": "JSONata", **rules}
    answer = test(sfn, state, {"n": 6}, variables=json.dumps({"least": 6}))
    assert answer["nextState"] == "Small"
    assert answer["inspectionData"] == {"input": {"n": 6}, "variables": {"least": 6}}


def test_a_jsonata_task_shows_its_arguments_and_result(sfn):
    state = {"Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::lambda:invoke", "End": True,
             "Arguments": {"FunctionName": "{% $states.input.f %}"}, "Output": "{% $states.result.Payload %}",
             "Assign": {"seen": "{% $states.result.Payload %}"}}
    answer = test(sfn, state, {"f": "name"}, mock={"result": json.dumps({"Payload": "p"})})
    assert answer == {"status": "SUCCEEDED", "output": "p", "inspectionData": {
        "input": {"f": "name"}, "afterArguments": {"FunctionName": "name"}, "result": {"Payload": "p"},
        "variables": {"seen": "p"}}}


def test_a_map_with_a_mock(sfn):
    answer = test(sfn, MAP, {"items": [1, 2]}, mock={"result": "[10, 20]"})
    assert (answer["status"], answer["output"], answer["nextState"]) == ("SUCCEEDED", [10, 20], "After")
    assert answer["inspectionData"] == {
        "input": {"items": [1, 2]}, "afterInputPath": {"items": [1, 2]}, "afterItemsPath": [1, 2],
        "afterItemSelector": [{"v": 1}, {"v": 2}], "maxConcurrency": 3,
        "afterResultSelector": [10, 20], "afterResultPath": [10, 20]}


def test_the_data_of_an_item_reader(sfn):
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"},
              "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}}
    state = {key: value for key, value in MAP.items() if key != "ItemsPath"} | {"ItemReader": reader}
    state["ItemProcessor"] = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **MAP["ItemProcessor"]}
    given = {"stateConfiguration": {"mapItemReaderData": "n,m\n1,2\n"}, "mock": {"result": "[5]"}}
    assert test(sfn, state, {}, **given)["inspectionData"]["afterItemSelector"] == [{"v": {"n": "1", "m": "2"}}]
    code, message = refused(sfn, state, mock={"result": "[5]"})
    assert code == "ValidationException" and "ItemReader data must be specified" in message


def test_what_is_answered_later_has_a_token(sfn):
    state = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
             "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}}
    made_up = test(sfn, state, mock={"result": '"answered"'})
    assert made_up["output"] == "answered" and made_up["inspectionData"]["afterParameters"]["MessageBody"]["token"]
    given = test(sfn, state, mock={"result": "5"}, context=json.dumps({"Task": {"Token": "mine"}}))
    assert given["inspectionData"]["afterParameters"]["MessageBody"] == {"token": "mine"}
    code, message = refused(sfn, state, roleArn=ROLE)
    assert code == "InvalidDefinition" and "when a mock is not specified" in message


def test_a_state_inside_a_map_stands_in_its_first_iteration(sfn):
    inner = {"Type": "Pass", "Parameters": {"index.$": "$$.Map.Item.Index", "value.$": "$$.Map.Item.Value"}, "End": True}
    outer = {**MAP, "ItemProcessor": {"StartAt": "In", "States": {"In": inner}}, "Next": None}
    outer = {key: value for key, value in outer.items() if value is not None} | {"End": True}
    machine = {"StartAt": "Outer", "States": {"Outer": outer}}
    assert test(sfn, machine, {"a": 1}, stateName="In")["output"] == {"index": 0, "value": {"a": 1}}


@pytest.mark.parametrize("state, more, message", [
    (INVOKE, {"mock": {"result": "{}", "errorOutput": {"error": "E"}}},
     "A test mock should have only one of the following fields: [result, errorOutput]."),
    (INVOKE, {"mock": {"result": "{"}}, "Mocked result must be valid JSON"),
    (INVOKE, {"mock": {"result": "{}", "fieldValidationMode": "LAX"}},
     "1 validation error detected: Value 'LAX' at 'mock.fieldValidationMode' failed to satisfy constraint: Member must "
     "satisfy enum value set: [STRICT, PRESENT, NONE]"),
    (INVOKE, {"mock": {"result": '{"StatusCode": "200"}'}},
     "Mock result schema validation error: Field 'StatusCode' must be a number"),
    (INVOKE, {"context": "{}", "roleArn": ROLE}, "TestState does not support Context when a mock is not specified."),
    (INVOKE, {"context": "[]", "mock": {"result": "{}"}},
     "Invalid Context object provided: Context object must be a JSON object"),
    (INVOKE, {"context": '{"State": {"RetryCount": "1"}}', "mock": {"result": "{}"}},
     "Invalid Context object provided: State.RetryCount must be a number"),
    (INVOKE, {"stateConfiguration": {"retrierRetryCount": 1}, "roleArn": ROLE},
     "TestState does not support RetrierRetryCount when a mock is not specified."),
    (INVOKE, {"stateConfiguration": {"retrierRetryCount": -1}, "mock": {"result": "{}"}},
     "1 validation error detected: Value '-1' at 'stateConfiguration.retrierRetryCount' failed to satisfy constraint: "
     "Member must have value greater than or equal to 0"),
    (MAP, {"stateConfiguration": {"errorCausedByState": "Out"}, "mock": {"errorOutput": {"error": "E"}}},
     "State 'Out' does not exist in the tested state"),
    (MAP, {"stateConfiguration": {"mapIterationFailureCount": 3}, "mock": {"result": "[]"}, "input": '{"items": [1, 2]}'},
     "Map iteration failure count must be less than or equal to the number of Map iterations"),
    ({"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "N"}]}, {"mock": {"result": "{}"}},
     "State type 'Choice' is not supported when a mock is specified"),
    (INVOKE, {"variables": "[]", "mock": {"result": "{}"}}, "Variables must be a JSON object"),
    ({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, {"stateName": "B"},
     "State 'B' does not exist in the definition"),
])
def test_what_is_refused(sfn, state, more, message):
    assert refused(sfn, state, **more) == ("ValidationException", message)


def test_a_validation_mode_of_none_looks_at_nothing(sfn):
    mock = {"result": '{"StatusCode": "200", "Payload": {}}', "fieldValidationMode": "NONE"}
    assert test(sfn, INVOKE, {"name": "f", "event": {}}, mock=mock)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("body", [
    {"definition": json.dumps(INVOKE), "mock": 5}, {"definition": json.dumps(INVOKE), "mock": {"result": {}}},
    {"definition": json.dumps(MAP), "mock": {"errorOutput": []}}, {"definition": 1},
    {"definition": json.dumps(MAP), "mock": {"result": "[]"}, "stateConfiguration": {"mapIterationFailureCount": "1"}},
])
def test_wrong_types_are_refused(server, body):
    answer = states(server, "TestState", body)
    assert (answer.status, answer.error) == (400, "SerializationException")


def test_a_wrong_state_is_told_by_the_name_that_the_service_gives_it(sfn):
    code, message = refused(sfn, {"Type": "Pass", "Nxt": "A"})
    assert code == "InvalidDefinition" and "/States/StateName" in message


def test_an_input_that_is_none(sfn):
    with pytest.raises(ClientError) as caught:
        sfn.test_state(definition=json.dumps({"Type": "Pass", "End": True}), input="{")
    assert caught.value.response["Error"]["Code"] == "InvalidExecutionInput"


def test_nothing_is_kept(sfn):
    before = sfn.list_state_machines()["stateMachines"]
    test(sfn, {"Type": "Pass", "Result": unique("kept"), "End": True})
    assert sfn.list_state_machines()["stateMachines"] == before


STATES = [
    INVOKE, MAP, {"Type": "Pass", "Parameters": {"a.$": "$.b"}, "ResultPath": "$.c", "Next": "N"},
    {"Type": "Wait", "SecondsPath": "$.wait", "End": True}, {"Type": "Succeed"}, {"Type": "Fail", "ErrorPath": "$.b"},
    {"Type": "Choice", "Choices": [{"Variable": "$.b", "IsPresent": True, "Next": "N"}], "Default": "D"},
    {"Type": "Parallel", "Branches": [{"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}], "End": True},
    {"Type": "Map", "QueryLanguage": "JSONata", "Items": "{% $states.input.items %}", "ToleratedFailurePercentage": "{% $v %}",
     "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "In",
                       "States": {"In": {"Type": "Pass", "End": True}}}, "End": True},
    {"Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True,
     "Arguments": {"StateMachineArn": "{% $states.context.Task.Token %}"}, "Assign": {"v": "{% $states.result %}"},
     "Retry": [{"ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL"}]},
    {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}},
]
REQUEST = {
    "input": '{"b": [1, {"c": "d"}], "wait": 0, "items": [1, 2]}', "inspectionLevel": "TRACE", "variables": '{"v": 50}',
    "mock": {"result": "[[1], [2]]", "fieldValidationMode": "PRESENT"}, "stateName": "In", "context": '{"Execution": {"Id": "i"}}',
    "stateConfiguration": {"retrierRetryCount": 1, "mapIterationFailureCount": 1, "errorCausedByState": "In",
                           "mapItemReaderData": "[1]"},
}
ODD = [None, True, 0, -1, 1e300, "", "$", "$.b", "$$", "{% $states %}", "\u0000", [], {}, [[]], {"a": {}}, "x" * 70_000,
       {"errorOutput": {"error": "E"}}, {"result": "5"}, '{"Task": {"Token": "t"}}']
MODELLED = {"InvalidDefinition", "InvalidExecutionInput", "ValidationException", "InvalidArn", "SerializationException"}


def changed(r, value):
    """The value with some part of it replaced, or gone."""
    value = copy.deepcopy(value)
    place = value
    while isinstance(place, dict) and place and r.random() < 0.7:
        key = r.choice(list(place))
        if not isinstance(place[key], dict) or not place[key] or r.random() < 0.3:
            if r.random() < 0.3:
                del place[key]
            else:
                place[key] = r.choice(ODD)
            break
        place = place[key]
    return value


def test_random_tests_are_answered(server):
    seed = int(os.environ.get("STEPWELL_SEED", random.randrange(2**32)))
    print(f"STEPWELL_SEED={seed}")
    r = random.Random(seed)
    for _ in range(400):
        body = {name: REQUEST[name] for name in r.sample(list(REQUEST), r.randrange(5))}
        state = r.choice(STATES)
        body = changed(r, {"definition": json.dumps(changed(r, state) if r.random() < 0.5 else state), **body})
        answer = states(server, "TestState", body)
        asked = json.dumps(body)[:2000]
        assert answer.status in (200, 400), f"{answer.status} {answer.text} for {asked}"
        if answer.status == 400:
            assert answer.error in MODELLED, f"{answer.text} for {asked}"
        else:
            assert answer.json["status"] in ("SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR")
