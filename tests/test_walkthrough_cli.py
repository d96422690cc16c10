"""The walkthrough by hand: the unmodified aws command line, every command of it, with the answers that AWS gives."""

import base64
import json

import pytest

from support import functions
from support.clients import Cli, boto
from support.machines import PASS, ROLE as MADE_UP_ROLE
from support.machines import TERMINAL, create, execution_arn, machine_arn, one_state, unique
from support.server import ACCOUNT, REGION
from support.wait import until

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
TRUST_LAMBDA = json.loads(json.dumps(TRUST).replace("states.", "lambda."))
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}]}
NOT_ASSUMABLE = ("An error occurred (AccessDeniedException) when calling the CreateStateMachine operation: Neither the global "
                 "service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.")


def text(value):
    return json.dumps(value)


def refusal(said):
    """The error line of the command, without the note of its retries."""
    return said.splitlines()[-1].replace("aws: [ERROR]: ", "").replace(" (reached max retries: 0)", "").strip()


def test_sts(aws):
    assert aws("sts", "get-caller-identity").keys() == {"UserId", "Account", "Arn"}
    assert aws("sts", "get-caller-identity")["Account"] == ACCOUNT


def test_iam(aws):
    name = unique("role")
    made = aws("iam", "create-role", "--role-name", name, "--assume-role-policy-document", text(TRUST),
               "--description", "for the walkthrough")["Role"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/{name}"
    assert (made["RoleName"], made["Path"], made["AssumeRolePolicyDocument"]) == (name, "/", TRUST)
    assert made["RoleId"].startswith("AROA") and made["CreateDate"]
    got = aws("iam", "get-role", "--role-name", name)["Role"]
    assert (got["Arn"], got["Description"], got["AssumeRolePolicyDocument"]) == (made["Arn"], "for the walkthrough", TRUST)
    assert name in [role["RoleName"] for role in aws("iam", "list-roles")["Roles"]]

    again = refusal(aws.refused("iam", "create-role", "--role-name", name, "--assume-role-policy-document", text(TRUST)))
    assert again == ("An error occurred (EntityAlreadyExists) when calling the CreateRole operation: "
                     f"Role with name {name} already exists.")

    assert aws("iam", "put-role-policy", "--role-name", name, "--policy-name", "calls", "--policy-document", text(POLICY)) is None
    assert aws("iam", "list-role-policies", "--role-name", name)["PolicyNames"] == ["calls"]
    inline = aws("iam", "get-role-policy", "--role-name", name, "--policy-name", "calls")
    assert inline == {"RoleName": name, "PolicyName": "calls", "PolicyDocument": POLICY}

    made = aws("iam", "create-policy", "--policy-name", f"policy-of-{name}", "--policy-document", text(POLICY))["Policy"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:policy/policy-of-{name}" and made["DefaultVersionId"] == "v1"
    assert aws("iam", "attach-role-policy", "--role-name", name, "--policy-arn", made["Arn"]) is None
    attached = aws("iam", "list-attached-role-policies", "--role-name", name)["AttachedPolicies"]
    assert attached == [{"PolicyName": f"policy-of-{name}", "PolicyArn": made["Arn"]}]
    assert aws("iam", "get-policy", "--policy-arn", made["Arn"])["Policy"]["AttachmentCount"] == 1

    held = refusal(aws.refused("iam", "delete-role", "--role-name", name))
    assert held.startswith("An error occurred (DeleteConflict) when calling the DeleteRole operation: Cannot delete entity, must")
    aws("iam", "detach-role-policy", "--role-name", name, "--policy-arn", made["Arn"])
    aws("iam", "delete-role-policy", "--role-name", name, "--policy-name", "calls")
    aws("iam", "update-assume-role-policy", "--role-name", name, "--policy-document", text(TRUST_LAMBDA))
    assert aws("iam", "get-role", "--role-name", name)["Role"]["AssumeRolePolicyDocument"] == TRUST_LAMBDA
    aws("iam", "delete-policy", "--policy-arn", made["Arn"])
    assert aws("iam", "delete-role", "--role-name", name) is None
    gone = refusal(aws.refused("iam", "get-role", "--role-name", name))
    assert gone == ("An error occurred (NoSuchEntity) when calling the GetRole operation: "
                    f"The role with name {name} cannot be found.")


def test_the_trust_of_a_role_counts(aws):
    name = unique("untrusting")
    role = aws("iam", "create-role", "--role-name", name, "--assume-role-policy-document", text(TRUST_LAMBDA))["Role"]["Arn"]
    create_machine = ["stepfunctions", "create-state-machine", "--name", name, "--definition", text(PASS), "--role-arn", role]
    assert refusal(aws.refused(*create_machine)) == NOT_ASSUMABLE
    aws("iam", "update-assume-role-policy", "--role-name", name, "--policy-document", text(TRUST))
    assert aws(*create_machine)["stateMachineArn"] == machine_arn(name)


def test_a_role_never_seen_is_accepted_with_a_warning(aws, server):
    name = unique("made-up")
    made = aws("stepfunctions", "create-state-machine", "--name", name, "--definition", text(PASS),
               "--role-arn", f"arn:aws:iam::{ACCOUNT}:role/{name}")
    assert made["stateMachineArn"] == machine_arn(name)
    warnings = [line for line in server.log().splitlines() if f"role/{name}" in line]
    assert len(warnings) == 1 and "WARN" in warnings[0]


def test_strict_roles(new_server, tmp_path):
    strict = new_server("--strict-roles").start()
    aws = Cli(strict, tmp_path)
    create_machine = ["stepfunctions", "create-state-machine", "--name", "m", "--definition", text(PASS), "--role-arn"]
    assert refusal(aws.refused(*create_machine, MADE_UP_ROLE)) == NOT_ASSUMABLE
    role = aws("iam", "create-role", "--role-name", "known", "--assume-role-policy-document", text(TRUST))["Role"]["Arn"]
    assert aws(*create_machine, role)["stateMachineArn"] == machine_arn("m")


def test_the_region_of_the_signature_and_the_account_of_the_settings(new_server, tmp_path):
    own = new_server("--account", "210987654321").start()
    aws = Cli(own, tmp_path, region="eu-west-3")
    assert aws("sts", "get-caller-identity")["Account"] == "210987654321"
    made = aws("stepfunctions", "create-state-machine", "--name", "m", "--definition", text(PASS),
               "--role-arn", "arn:aws:iam::210987654321:role/r")
    assert made["stateMachineArn"] == "arn:aws:states:eu-west-3:210987654321:stateMachine:m"
    started = aws("stepfunctions", "start-execution", "--state-machine-arn", made["stateMachineArn"], "--name", "e")
    assert started["executionArn"] == "arn:aws:states:eu-west-3:210987654321:execution:m:e"
    assert aws("stepfunctions", "list-state-machines", region="ap-south-1")["stateMachines"] == []


def test_lambda(aws, tmp_path):
    name, code = unique("hello"), tmp_path / "code.zip"
    code.write_bytes(functions.zipped({"handler.py": "def handler(event, context):\n    return {'hello': event['name']}\n"}))
    made = aws("lambda", "create-function", "--function-name", name, "--runtime", "python3.12", "--role", functions.ROLE,
               "--handler", "handler.handler", "--zip-file", f"fileb://{code}", "--timeout", "10",
               "--environment", "Variables={GREETING=hello}")
    assert made["FunctionArn"] == functions.arn(name)
    assert (made["Runtime"], made["Handler"], made["Timeout"], made["MemorySize"]) == ("python3.12", "handler.handler", 10, 128)
    assert made["CodeSize"] == code.stat().st_size and made["Environment"] == {"Variables": {"GREETING": "hello"}}
    aws("lambda", "wait", "function-active-v2", "--function-name", name)
    assert name in [one["FunctionName"] for one in aws("lambda", "list-functions")["Functions"]]
    got = aws("lambda", "get-function", "--function-name", name)
    assert got["Configuration"]["CodeSha256"] == made["CodeSha256"] and got["Configuration"]["State"] == "Active"

    answer = invoke(aws, name, {"name": "world"}, tmp_path)
    assert answer == ({"hello": "world"}, {"StatusCode": 200, "ExecutedVersion": "$LATEST"})

    code.write_bytes(functions.zipped({"handler.py": "def handler(event, context):\n    raise ValueError('no ' + event['name'])\n"}))
    updated = aws("lambda", "update-function-code", "--function-name", name, "--zip-file", f"fileb://{code}")
    assert updated["CodeSha256"] != made["CodeSha256"]
    aws("lambda", "wait", "function-updated-v2", "--function-name", name)
    payload, answer = invoke(aws, name, {"name": "world"}, tmp_path, "--log-type", "Tail")
    assert answer["FunctionError"] == "Unhandled" and answer["StatusCode"] == 200
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "no world")
    assert "ValueError" in base64.b64decode(answer["LogResult"]).decode()

    again = refusal(aws.refused("lambda", "create-function", "--function-name", name, "--runtime", "python3.12", "--role",
                                functions.ROLE, "--handler", "handler.handler", "--zip-file", f"fileb://{code}"))
    assert again == ("An error occurred (ResourceConflictException) when calling the CreateFunction operation: "
                     f"Function already exist: {name}")
    aws("lambda", "delete-function", "--function-name", name)
    gone = refusal(aws.refused("lambda", "get-function", "--function-name", name))
    assert gone == ("An error occurred (ResourceNotFoundException) when calling the GetFunction operation: "
                    f"Function not found: {functions.arn(name)}")


def invoke(aws, name, event, folder, *more):
    out = folder / "out.json"
    given = folder / "event.json"
    given.write_text(text(event))
    # fileb:// is read as bytes by both major versions of the command line.
    answer = aws("lambda", "invoke", "--function-name", name, "--payload", f"fileb://{given}", *more, str(out))
    return json.loads(out.read_text()), answer


def test_state_machines(aws):
    name = unique("machine")
    sfn = "stepfunctions"
    valid = aws(sfn, "validate-state-machine-definition", "--definition", text(PASS))
    assert valid == {"result": "OK", "diagnostics": [], "truncated": False}
    bad = aws(sfn, "validate-state-machine-definition", "--definition", text({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}))
    assert bad["result"] == "FAIL"
    assert bad["diagnostics"][0]["severity"] == "ERROR" and bad["diagnostics"][0]["location"] == "/States/A"
    refused = aws.refused(sfn, "create-state-machine", "--name", name, "--definition", "{}", "--role-arn", MADE_UP_ROLE)
    assert refusal(refused) == (
        "An error occurred (InvalidDefinition) when calling the CreateStateMachine operation: Invalid State Machine Definition: "
        "'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'")

    made = aws(sfn, "create-state-machine", "--name", name, "--definition", text(PASS), "--role-arn", MADE_UP_ROLE,
               "--tags", "key=team,value=orders")
    arn = made["stateMachineArn"]
    assert arn == machine_arn(name) and made.keys() == {"stateMachineArn", "creationDate"}
    again = aws(sfn, "create-state-machine", "--name", name, "--definition", text(PASS), "--role-arn", MADE_UP_ROLE)
    assert again == made
    listed = [one for one in aws(sfn, "list-state-machines")["stateMachines"] if one["name"] == name]
    assert listed == [{"stateMachineArn": arn, "name": name, "type": "STANDARD", "creationDate": made["creationDate"]}]
    described = aws(sfn, "describe-state-machine", "--state-machine-arn", arn)
    assert described == {
        "stateMachineArn": arn, "name": name, "status": "ACTIVE", "definition": text(PASS), "roleArn": MADE_UP_ROLE,
        "type": "STANDARD", "creationDate": made["creationDate"],
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False}, "tracingConfiguration": {"enabled": False},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }

    changed = one_state({"Type": "Succeed"})
    updated = aws(sfn, "update-state-machine", "--state-machine-arn", arn, "--definition", text(changed))
    assert updated.keys() == {"updateDate", "revisionId"}
    assert aws(sfn, "update-state-machine", "--state-machine-arn", arn, "--definition", text(changed))["revisionId"] == updated["revisionId"]
    described = aws(sfn, "describe-state-machine", "--state-machine-arn", arn)
    assert (described["definition"], described["revisionId"]) == (text(changed), updated["revisionId"])

    aws(sfn, "tag-resource", "--resource-arn", arn, "--tags", "key=stage,value=test", "key=team,value=billing")
    tags = aws(sfn, "list-tags-for-resource", "--resource-arn", arn)["tags"]
    assert {tag["key"]: tag["value"] for tag in tags} == {"stage": "test", "team": "billing"}
    aws(sfn, "untag-resource", "--resource-arn", arn, "--tag-keys", "team", "absent")
    assert aws(sfn, "list-tags-for-resource", "--resource-arn", arn)["tags"] == [{"key": "stage", "value": "test"}]

    aws(sfn, "delete-state-machine", "--state-machine-arn", arn)
    until(lambda: aws.run(sfn, "describe-state-machine", "--state-machine-arn", arn).returncode != 0, "the deletion")
    gone = refusal(aws.refused(sfn, "describe-state-machine", "--state-machine-arn", arn))
    assert gone == ("An error occurred (StateMachineDoesNotExist) when calling the DescribeStateMachine operation: "
                    f"State Machine Does Not Exist: '{arn}'")


def test_executions(aws, sfn):
    name = unique("machine")
    arn = create(sfn, PASS, name=name)
    command = "stepfunctions"
    started = aws(command, "start-execution", "--state-machine-arn", arn, "--name", "first", "--input", '{"order": 1}')
    assert started.keys() == {"executionArn", "startDate"} and started["executionArn"] == execution_arn(arn, "first")
    for number in range(4):
        sfn.start_execution(stateMachineArn=arn, name=f"more-{number}")
    first = ["--execution-arn", started["executionArn"]]
    until(lambda: aws(command, "describe-execution", *first)["status"] in TERMINAL, "the end")
    described = aws(command, "describe-execution", *first)
    assert {key: value for key, value in described.items() if not key.endswith("Date")} == {
        "executionArn": started["executionArn"], "stateMachineArn": arn, "name": "first", "status": "SUCCEEDED",
        "input": '{"order": 1}', "inputDetails": {"included": True}, "output": '{"order": 1}', "outputDetails": {"included": True},
        "redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
    }
    assert described["startDate"] == started["startDate"] and described["stopDate"]

    whole = aws(command, "get-execution-history", *first)["events"]
    assert [event["id"] for event in whole] == [1, 2, 3, 4]
    assert whole[0]["executionStartedEventDetails"] == {"input": '{"order": 1}', "inputDetails": {"truncated": False}, "roleArn": MADE_UP_ROLE}
    page = aws(command, "get-execution-history", *first, "--max-items", "3", "--page-size", "2")
    assert page["events"] == whole[:3]
    rest = aws(command, "get-execution-history", *first, "--starting-token", page["NextToken"])
    assert rest["events"] == whole[3:]
    assert aws(command, "get-execution-history", *first, "--reverse-order")["events"] == whole[::-1]
    assert "order" not in text(aws(command, "get-execution-history", *first, "--no-include-execution-data"))

    newest_first = aws(command, "list-executions", "--state-machine-arn", arn)["executions"]
    assert [one["name"] for one in newest_first] == ["more-3", "more-2", "more-1", "more-0", "first"]
    assert {one["status"] for one in newest_first} == {"SUCCEEDED"}
    assert aws(command, "list-executions", "--state-machine-arn", arn, "--status-filter", "RUNNING")["executions"] == []
    paged = aws(command, "list-executions", "--state-machine-arn", arn, "--page-size", "2")["executions"]
    assert paged == newest_first

    of_first = aws(command, "describe-state-machine-for-execution", *first)
    assert (of_first["stateMachineArn"], of_first["definition"], of_first["roleArn"]) == (arn, text(PASS), MADE_UP_ROLE)


def test_stop_execution(aws, sfn):
    arn = create(sfn, one_state({"Type": "Wait", "Seconds": 86_400}))
    started = sfn.start_execution(stateMachineArn=arn, name="long")["executionArn"]
    stopped = aws("stepfunctions", "stop-execution", "--execution-arn", started, "--error", "Enough", "--cause", "by hand")
    assert stopped.keys() == {"stopDate"}
    described = aws("stepfunctions", "describe-execution", "--execution-arn", started)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Enough", "by hand")
    assert described["stopDate"] == stopped["stopDate"] and "output" not in described
    events = aws("stepfunctions", "get-execution-history", "--execution-arn", started)["events"]
    assert (events[-1]["type"], events[-1]["previousEventId"]) == ("ExecutionAborted", 0)
    assert events[-1]["executionAbortedEventDetails"] == {"error": "Enough", "cause": "by hand"}
    again = aws("stepfunctions", "stop-execution", "--execution-arn", started)
    assert again == stopped


@pytest.mark.parametrize("resource", ["optimised", "direct"])
def test_a_machine_that_calls_a_function(aws, server, resource):
    client = boto("lambda", server)
    name = functions.create(client, "def handler(event, context):\n    return {'doubled': event['n'] * 2}\n")
    if resource == "optimised":
        state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                 "Parameters": {"FunctionName": name, "Payload.$": "$"}, "OutputPath": "$.Payload"}
    else:
        state = {"Type": "Task", "Resource": functions.arn(name)}
    arn = aws("stepfunctions", "create-state-machine", "--name", unique("calls"), "--definition", text(one_state(state)),
              "--role-arn", MADE_UP_ROLE)["stateMachineArn"]
    started = aws("stepfunctions", "start-execution", "--state-machine-arn", arn, "--input", '{"n": 21}')["executionArn"]
    until(lambda: aws("stepfunctions", "describe-execution", "--execution-arn", started)["status"] in TERMINAL, "the end")
    described = aws("stepfunctions", "describe-execution", "--execution-arn", started)
    assert (described["status"], json.loads(described.get("output", "null"))) == ("SUCCEEDED", {"doubled": 42}), described
    assert REGION in started
