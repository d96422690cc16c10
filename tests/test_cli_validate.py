"""`stepwell validate`: every problem of every file, at its line and column, in four formats."""

import json
import os
import random

import pytest

from support.commands import Commands
from support.machines import PASS, chain, one_state

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.fixture
def stepwell(tmp_path):
    """The command, in a folder of its own."""
    return Commands(tmp_path / "work")


def found(stepwell, content, name="one.asl.json", *flags):
    """The one file's entry of the JSON report."""
    said = stepwell("validate", "--format", "json", *flags, stepwell.write(name, content))
    [entry] = said.json
    assert said.status == (0 if entry["result"] == "OK" else 1), said
    return entry


def only(stepwell, content, name="one.asl.json", *flags):
    """The one diagnostic of the one file."""
    diagnostics = found(stepwell, content, name, *flags)["diagnostics"]
    assert len(diagnostics) == 1, diagnostics
    return diagnostics[0]


def place(diagnostic):
    return diagnostic["line"], diagnostic["column"], diagnostic["endLine"], diagnostic["endColumn"]


BAD_JSON = """{
  "StartAt": "Ship",
  "States": {
    "Ship": {
      "Type": "Task",
      "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f",
      "TimeoutSecond": 3,
      "Next": "Doen"
    },
    "Done": {"Type": "Succeed"}
  }
}
"""

BAD_YAML = """# Orders.
StartAt: Ship
States:
  Ship:
    Type: Task
    Resource: arn:aws:lambda:us-east-1:123456789012:function:f
    TimeoutSecond: 3   # a typo
    "Next": 'Doen'
  Done: {Type: Succeed}
"""


def test_valid_files_say_so_and_end_well(stepwell):
    files = [stepwell.write("a.asl.json", PASS), stepwell.write("b.asl.yaml", "StartAt: A\nStates: {A: {Type: Succeed}}\n")]
    said = stepwell("validate", *files)
    assert (said.status, said.err) == (0, "")
    assert said.out == "2 files: all valid; 0 errors, 0 warnings\n"
    assert stepwell("validate", files[0]).out == "a.asl.json: valid; 0 errors, 0 warnings\n"


def test_the_text_points_at_every_problem(stepwell):
    said = stepwell("validate", stepwell.write("bad.asl.json", BAD_JSON))
    assert said.status == 1 and said.err == "" and "\x1b" not in said.out
    assert said.out == """\
error[SCHEMA_VALIDATION_FAILED]: Field 'TimeoutSecond' is not supported
 --> bad.asl.json:7:7
  |
7 |       "TimeoutSecond": 3,
  |       ^^^^^^^^^^^^^^^
  = at: /States/Ship
  = help: did you mean 'TimeoutSeconds'?

error[MISSING_TRANSITION_TARGET]: Missing 'Next' target: Doen
 --> bad.asl.json:8:15
  |
8 |       "Next": "Doen"
  |               ^^^^^^
  = at: /States/Ship/Next
  = help: did you mean 'Done'?

error[MISSING_TRANSITION_TARGET]: State "Done" is not reachable.
  --> bad.asl.json:10:5
   |
10 |     "Done": {"Type": "Succeed"}
   |     ^^^^^^
   = at: /States/Done

bad.asl.json: not valid; 3 errors, 0 warnings
"""


@pytest.mark.parametrize("name, content, places", [
    ("bad.asl.json", BAD_JSON, [(7, 7, 7, 22), (8, 15, 8, 21), (10, 5, 10, 11)]),
    ("bad.asl.yaml", BAD_YAML, [(7, 5, 7, 18), (8, 13, 8, 19), (9, 3, 9, 7)]),
    ("bad.asl.yml", BAD_YAML.replace("\n", "\r\n"), [(7, 5, 7, 18), (8, 13, 8, 19), (9, 3, 9, 7)]),
])
def test_both_syntaxes_have_places(stepwell, name, content, places):
    diagnostics = found(stepwell, content.encode(), name)["diagnostics"]
    assert [place(one) for one in diagnostics] == places
    assert [one.get("suggestion") for one in diagnostics] == ["TimeoutSeconds", "Done", None]
    assert [one["code"] for one in diagnostics] == ["SCHEMA_VALIDATION_FAILED"] + 2 * ["MISSING_TRANSITION_TARGET"]
    assert diagnostics[1]["location"] == "/States/Ship/Next"


def test_columns_count_characters(stepwell):
    text = '{"StartAt": "Ä", "States": {"Ä": {"Type": "Pass", "Comment": "日本 \U0001f680", "Nxt": 1, "End": true}}}'
    one = only(stepwell, text)
    column = text.index('"Nxt"') + 1
    assert place(one) == (1, column, 1, column + 5)
    shown = stepwell("validate", "one.asl.json").out.splitlines()
    source, marks = shown[3].split("| ", 1)[1], shown[4].split("| ", 1)[1]
    # Three characters in front are two columns wide.
    assert marks.index("^") == source.index('"Nxt"') + 3 and marks.count("^") == 5


def test_escaped_names_are_found(stepwell):
    text = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "a\\\\\\"b" : 1, "End": true}}}'
    one = only(stepwell, text)
    assert text[one["column"] - 1:one["endColumn"] - 1] == '"a\\\\\\"b"'


@pytest.mark.parametrize("state, wrong, meant", [
    ({"Type": "Task", "Resouce": LAMBDA}, "Resouce", "Resource"),
    ({"Type": "Task", "Resource": LAMBDA, "retry": []}, "retry", "Retry"),
    ({"Type": "Task", "Resource": LAMBDA, "timeout_seconds": 3}, "timeout_seconds", "TimeoutSeconds"),
    ({"Type": "Pass", "Paramters": {}}, "Paramters", "Parameters"),
    ({"Type": "Wait", "Secons": 1}, "Secons", "Seconds"),
    # A Pass state has no Resource: it is not suggested.
    ({"Type": "Pass", "Resourc": {}}, "Resourc", None),
    # What is there already was not meant.
    ({"Type": "Pass", "Comment": "", "Coment": ""}, "Coment", None),
])
def test_fields_that_were_meant(stepwell, state, wrong, meant):
    diagnostics = found(stepwell, one_state(state))["diagnostics"]
    [one] = [one for one in diagnostics if one["message"] == f"Field '{wrong}' is not supported"]
    assert one.get("suggestion") == meant


def test_values_and_resources_that_were_meant(stepwell):
    definition = chain(
        A={"Type": "Chioce", "Choices": []},
        B={"Type": "Task", "Resource": "arn:aws:states:::lamda:invoke", "Retry": [{"ErrorEquals": ["E"], "JitterStrategy": "full"}]},
        C={"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTasktoken"},
    )
    suggestions = [one.get("suggestion") for one in found(stepwell, definition)["diagnostics"]]
    assert {"Choice", "FULL", "arn:aws:states:::lambda:invoke", "arn:aws:states:::sqs:sendMessage.waitForTaskToken"} <= set(suggestions)


def test_states_that_were_meant(stepwell):
    inner = {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "Next": "Outer"}, "Last": {"Type": "Pass", "End": True}}}
    definition = {"StartAt": "par", "States": {
        "Par": {"Type": "Parallel", "Branches": [inner], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Otuer"}], "Next": "Outer"},
        "Outer": {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "outer"}], "Default": "Zebra"},
    }}
    told = {one.get("location"): one for one in found(stepwell, definition)["diagnostics"]}
    assert told["/StartAt"]["suggestion"] == "Par"
    assert told["/States/Par/Catch[0]/Next"]["suggestion"] == "Outer"
    assert "suggestion" not in told["/States/Outer/Default"] and "help" not in told["/States/Outer/Default"]
    # It is there, but out of reach.
    crossing = told["/States/Par/Branches[0]/States/Inner/Next"]
    assert "suggestion" not in crossing and "another States object" in crossing["help"]


def test_a_required_field_that_is_misspelt(stepwell):
    diagnostics = found(stepwell, '{"StartAt": "A", "States": {"A": {"type": "Succeed"}}}')["diagnostics"]
    assert diagnostics[0]["help"] == "there is a field 'type': did you mean 'Type'?"


def test_placeholders(stepwell):
    definition = one_state({"Type": "Task", "Resource": "${FunctionArn}", "Comment": "${Unknown} of ${FunctionArn}"})
    one = only(stepwell, definition)
    assert "--substitutions FunctionArn=VALUE" in one["help"] and one["location"] == "/States/A/Resource"
    assert found(stepwell, definition, "one.asl.json", "--substitutions", f"FunctionArn={LAMBDA}")["result"] == "OK"
    # What is still wrong is shown where it stands in the file.
    still = only(stepwell, definition, "one.asl.json", "--substitutions", "FunctionArn=x", "--substitutions", "Other=y")
    assert place(still) == place(one) and "help" not in still
    for wrong in ("FunctionArn", "=x"):
        assert stepwell("validate", "--substitutions", wrong, "one.asl.json").status == 2


def test_yaml_anchors_and_merge_keys(stepwell):
    text = """
StartAt: A
States:
  A: &task
    Type: Task
    Resource: arn:aws:states:::lambda:invoke
    Parameters: {FunctionName: f}
    Retry: &retry
      - ErrorEquals: [States.ALL]
        MaxAttempts: 2
    Next: B
  B:
    <<: *task
    Retry: *retry
    Next: C
  C:
    <<: [{Type: Pass}, {Type: Fail, Comment: from the second}]
    End: true
"""
    assert found(stepwell, text, "a.yaml")["result"] == "OK"
    # What is wrong within an anchor is shown there.
    wrong = found(stepwell, text.replace("MaxAttempts: 2", "MaxAttempts: two"), "a.yaml")["diagnostics"]
    assert {place(one) for one in wrong} == {(10, 22, 10, 25)}
    assert [one["location"] for one in wrong] == [f"/States/{name}/Retry[0]/MaxAttempts" for name in "AB"]


@pytest.mark.parametrize("text, message, where", [
    ("StartAt: [A\nStates: {}", None, 2),
    ("StartAt: A\nStartAt: B\n", "the key 'StartAt' is there twice", 2),
    ("StartAt: A\n---\nStartAt: B\n", "a definition is one YAML document; here a second one begins", 2),
    ("a: &x [*x]", None, 1),
    ("? [a]\n: b\n", "the name of a field must be a string", 1),
    ("a: .inf", "JSON has no number .inf; quote it if it is a string", 1),
    ("a:\n  <<: 1\n", "'<<' takes a mapping, or a list of mappings", None),
    ("StartAt: !Ref Name\n", "a definition cannot have the tag !Ref", 1),
])
def test_yaml_that_is_none(stepwell, text, message, where):
    one = only(stepwell, text, "a.yaml")
    assert one["code"] == "INVALID_YAML" and message in (None, one["message"]) and where in (None, one["line"])


def test_yaml_scalars_are_what_the_core_schema_says(stepwell):
    good = 'StartAt: 1\nStates: {1: {Type: Wait, Timestamp: 2030-01-01T00:00:00Z, Next: "2"}, "2": {Type: Wait, Seconds: 0x10, End: True}}\n'
    wrong = found(stepwell, good, "a.yaml")["diagnostics"]
    assert [one["location"] for one in wrong if one["code"] == "SCHEMA_VALIDATION_FAILED"] == ["/StartAt"]
    assert wrong[0]["help"] == "YAML reads this as a number; quote it to make it a string"
    assert found(stepwell, good.replace("StartAt: 1", "StartAt: '1'"), "a.yaml")["result"] == "OK"


def test_json_that_is_none(stepwell):
    one = only(stepwell, '{\n  "StartAt": "A",\n  "States": {]\n}\n')
    assert one["code"] == "INVALID_JSON_DESCRIPTION" and (one["line"], one["column"]) == (3, 14)
    assert one["message"] == "Unexpected close marker ']': expected '}' (for Object starting at line 3, column 13)"
    cut = only(stepwell, '{\n  "StartAt": "A"\n\n\n')
    assert (cut["line"], cut["column"]) == (2, 17)
    bare = only(stepwell, '{"TimeoutSeconds": ${Limit}}')
    assert (bare["line"], bare["column"]) == (1, 20) and "'${Limit}' is a placeholder outside of a string" in bare["help"]
    for blank in ("", " \n"):
        assert only(stepwell, blank)["message"] == "Definition must be a valid JSON object"


def test_templates_are_told_from_definitions(stepwell):
    templates = {
        "t.yaml": "Transform: AWS::Serverless-2016-10-31\nResources:\n  M:\n    Type: AWS::Serverless::StateMachine\n"
                  "    Properties: {Role: !GetAtt R.Arn, DefinitionUri: !Sub 's/${x}.json'}\n",
        "t.json": json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}),
    }
    for name, text in templates.items():
        one = only(stepwell, text, name)
        assert one["code"] == "NOT_A_DEFINITION" and "CloudFormation or SAM template" in one["message"] and "DefinitionUri" in one["help"]


def test_standard_input(stepwell):
    assert stepwell("validate", "-", given=json.dumps(PASS)).out == "<stdin>: valid; 0 errors, 0 warnings\n"
    said = stepwell("validate", "-", given=BAD_YAML)
    assert said.status == 1 and "--> <stdin>:7:5" in said.out


def test_express(stepwell):
    definition = one_state({"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a"})
    express = found(stepwell, definition, "e.json", "--type", "EXPRESS")["diagnostics"]
    assert "Express state machine does not support Activity ARN" in [one["message"] for one in express]
    assert found(stepwell, PASS, "e.json", "--type", "express")["result"] == "OK"


def test_warnings_do_not_fail(stepwell):
    definition = one_state({"Type": "Pass", "Parameters": {"a": "$.b"}})
    entry = found(stepwell, definition)
    assert (entry["result"], entry["errors"], entry["warnings"]) == ("OK", 0, 1)
    assert entry["diagnostics"][0]["severity"] == "WARNING" and entry["diagnostics"][0]["code"] == "NO_DOLLAR"
    assert "warning[NO_DOLLAR]" in stepwell("validate", "one.asl.json").out
    assert found(stepwell, definition, "one.asl.json", "--no-warnings")["diagnostics"] == []


def test_what_cannot_be_read(stepwell):
    good = stepwell.write("good.json", PASS)
    stepwell.write("binary.json", bytes(range(256)))
    stepwell.write("zero.json", b'{"a": "\0"}')
    for name in ("missing.json", "binary.json", "zero.json", "."):
        said = stepwell("validate", good, name)
        assert said.status == 2 and name in said.err and "2 files: 1 valid, 1 not" in said.out
        report = stepwell("validate", "--format", "json", good, name).json
        assert [entry["result"] for entry in report] == ["OK", "FAIL"]
        assert report[1]["diagnostics"][0]["code"] == "UNREADABLE_FILE"
    assert stepwell("validate").status == 2 and stepwell("validate", "--format", "xml", good).status == 2


@pytest.mark.parametrize("bytes_over", [1, 8 << 20])
def test_files_over_the_limit(stepwell, bytes_over):
    text = json.dumps({**PASS, "Comment": ""})
    padding = (1 << 20) - len(text) + bytes_over
    one = only(stepwell, json.dumps({**PASS, "Comment": "x" * padding}), "large.json")
    assert one["message"] == "Definition exceeds the limit of 1048576 bytes"


def test_many_problems_are_capped(stepwell):
    states = {f"S{n}": {"Type": "Pass", "Next": f"T{n}"} for n in range(1500)}
    name = stepwell.write("many.json", {"StartAt": "S0", "States": states})
    said = stepwell("validate", name)
    assert said.status == 1 and said.out.count("error[") == 100
    assert "many.json: 900 more beyond the first 100 are not shown" in said.out
    [entry] = stepwell("validate", "--format", "json", name).json
    assert len(entry["diagnostics"]) == 100 and entry["truncated"] and entry["errors"] == 1000


def test_yaml_bombs_are_defused(stepwell):
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    deep = "[" * 200 + "]" * 200
    deeper = "".join("  " * n + "- \n" if n < 0 else " " * n + "a:\n" for n in range(3000))
    merges = "a0: &a0 {k: 1}\n" + "".join(f"a{n}: &a{n}\n  <<: *a{n - 1}\n  k{n}: 1\n" for n in range(1, 3000))
    for text in (laughs, laughs.replace("x", "${K}"), deep, deeper, merges, "- " * 5000):
        said = stepwell("validate", "--substitutions", "K=" + "y" * 1000, stepwell.write("bomb.yaml", text))
        assert said.status == 1 and "panicked" not in said.err, said.err[-500:]


def test_nothing_in_a_file_reaches_the_terminal(stepwell):
    name = stepwell.write("evil.json", json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "\x1b[2J\u202e": 1, "End": True}}},
                                                  ensure_ascii=False).replace("\\u001b", "\x1b"))
    evil = stepwell.write("evil.yaml", 'StartAt: A\nStates: {A: {Type: Pass, "\\e[2J\u202e": 1, End: true}}\n')
    out = stepwell("validate", name, evil).out
    assert "\x1b" not in out and "\u202e" not in out and "[2J" in out


def test_github(stepwell):
    name = stepwell.write("a,b:50%.json", BAD_JSON.replace("TimeoutSecond", "50%\\nTimeoutSecond"))
    said = stepwell("validate", "--format", "github", name)
    assert said.status == 1
    lines = said.out.splitlines()
    assert lines[0] == (
        "::error file=a%2Cb%3A50%25.json,line=7,endLine=7,col=7,endColumn=26,title=SCHEMA_VALIDATION_FAILED::"
        "Field '50%25%0ATimeoutSecond' is not supported (at /States/Ship)%0Adid you mean 'TimeoutSeconds'?"
    )
    assert lines[1].endswith("::Missing 'Next' target: Doen (at /States/Ship/Next)%0Adid you mean 'Done'?")
    assert [line for line in lines[:-1] if not line.startswith("::error ")] == []


def test_sarif(stepwell):
    files = [stepwell.write("bad one.asl.yaml", BAD_YAML), stepwell.write("warn.json", one_state({"Type": "Pass", "Parameters": {"a": "$.b"}}))]
    said = stepwell("validate", "--format", "sarif", *files)
    log = said.json
    assert said.status == 1 and log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json")
    [run] = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "stepwell" and run["columnKind"] == "unicodeCodePoints"
    rules = [rule["id"] for rule in driver["rules"]]
    assert len(rules) == len(set(rules)) and all(rule["shortDescription"]["text"] for rule in driver["rules"])
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"] and result["message"]["text"]
        [location] = result["locations"]
        region = location["physicalLocation"]["region"]
        assert 1 <= region["startLine"] <= region["endLine"] and 1 <= region["startColumn"]
    assert [result["level"] for result in run["results"]] == ["error"] * 3 + ["warning"]
    first = run["results"][0]["locations"][0]["physicalLocation"]
    assert first["artifactLocation"]["uri"] == "bad%20one.asl.yaml"
    assert first["region"] == {"startLine": 7, "startColumn": 5, "endLine": 7, "endColumn": 18}
    absolute = stepwell("validate", "--format", "sarif", stepwell.folder / files[0]).json
    uri = absolute["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == (stepwell.folder / files[0]).as_uri()


def test_random_damage_ends_in_a_report(stepwell):
    """Whatever a file holds: a report and an exit status, never a panic."""
    seed = int(os.environ.get("STEPWELL_SEED") or random.randrange(1 << 32))
    print(f"STEPWELL_SEED={seed}")
    dice = random.Random(seed)
    names = []
    for number in range(150):
        text = list(dice.choice([BAD_JSON, BAD_YAML, json.dumps(PASS)]))
        for _ in range(dice.randrange(1, 6)):
            at = dice.randrange(len(text))
            text[at:at + dice.randrange(3)] = dice.choice("{}[]:,&*!|>'\"#%@`-? \n\t\\0aÄ\U0001f680") * dice.randrange(1, 3)
        names.append(stepwell.write(f"damaged/{number}.{dice.choice(['json', 'yaml', 'asl'])}", "".join(text)))
    said = stepwell("validate", "--format", "json", *names)
    assert said.status in (0, 1) and said.err == "", said.err
    assert [entry["file"] for entry in said.json] == names
    for entry in said.json:
        lines = (stepwell.folder / entry["file"]).read_text().split("\n")
        for one in entry["diagnostics"]:
            if "line" in one:
                assert 1 <= one["line"] <= len(lines) and 1 <= one["column"] <= len(lines[one["line"] - 1]) + 1, (entry["file"], one)
    assert "panicked" not in stepwell("validate", *names).err
