"""Versions and aliases: what is published stays as it was, an alias shifts traffic and takes it back in one call."""

import collections
import json
import random
import re
import subprocess
import threading

import pytest
from botocore.exceptions import ClientError

from support.clients import CREDENTIALS, boto, states
from support.machines import PASS, chain, create, finished, machine_arn, one_state, run, unique
from support.server import ACCOUNT, REGION, ROOT, environment

OTHER_ROLE = "arn:aws:iam::123456789012:role/another-unknown-to-this-server"


def says(word, **more):
    """A machine whose output tells which definition ran."""
    return one_state({"Type": "Pass", "Result": word, **more})


def waits(word):
    """The same, not before it is stopped or a day is over."""
    return chain(Waiting={"Type": "Wait", "Seconds": 86_400}, Says={"Type": "Pass", "Result": word})


def released(sfn, *definitions, name=None):
    """A machine with a version of each definition; its ARN and theirs."""
    machine = create(sfn, definitions[0], name=name, publish=True)
    versions = [f"{machine}:1"]
    for definition in definitions[1:]:
        versions.append(update(sfn, machine, definition, publish=True)["stateMachineVersionArn"])
    return machine, versions


def update(sfn, machine, definition, **more):
    return sfn.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition), **more)


def route(*shares):
    """A routing configuration: versions and weights."""
    return [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in shares]


def alias_to(sfn, name, *shares, **more):
    answer = sfn.create_state_machine_alias(name=name, routingConfiguration=route(*shares), **more)
    return answer["stateMachineAliasArn"]


def said(sfn, arn):
    """The output of an execution."""
    return json.loads(finished(sfn, arn)["output"])


def refused(call, **arguments):
    """Code and message of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def listed(sfn, operation, key, **arguments):
    """A whole list, page by page."""
    items = []
    while True:
        answer = getattr(sfn, operation)(**arguments)
        items += answer[key]
        if "nextToken" not in answer:
            return items
        assert answer[key], "an empty page in the middle"
        arguments["nextToken"] = answer["nextToken"]


def versions_of(sfn, machine, **more):
    items = listed(sfn, "list_state_machine_versions", "stateMachineVersions", stateMachineArn=machine, **more)
    return [item["stateMachineVersionArn"] for item in items]


def aliases_of(sfn, machine, **more):
    items = listed(sfn, "list_state_machine_aliases", "stateMachineAliases", stateMachineArn=machine, **more)
    return [item["stateMachineAliasArn"].rpartition(":")[2] for item in items]


def executions_of(sfn, arn, **more):
    return {item["name"]: item for item in listed(sfn, "list_executions", "executions", stateMachineArn=arn, **more)}


def test_a_version_stays_as_it_was_published(sfn):
    machine = create(sfn, says("one"))
    first = sfn.publish_state_machine_version(stateMachineArn=machine, description="the first")
    version = first["stateMachineVersionArn"]
    assert version == f"{machine}:1"
    frozen = sfn.describe_state_machine(stateMachineArn=version)
    assert frozen["stateMachineArn"] == version and frozen["description"] == "the first"
    assert frozen["creationDate"] == first["creationDate"]
    assert json.loads(frozen["definition"]) == says("one") and "revisionId" not in frozen
    updated = update(sfn, machine, says("two"), roleArn=OTHER_ROLE)
    now = sfn.describe_state_machine(stateMachineArn=machine)
    assert json.loads(now["definition"]) == says("two") and now["roleArn"] == OTHER_ROLE
    assert now["stateMachineArn"] == machine and "description" not in now
    again = sfn.describe_state_machine(stateMachineArn=version)
    for answer in (again, frozen):
        answer.pop("ResponseMetadata")
    assert again == frozen
    second = sfn.publish_state_machine_version(stateMachineArn=machine, revisionId=updated["revisionId"])
    assert second["stateMachineVersionArn"] == f"{machine}:2"
    assert sfn.describe_state_machine(stateMachineArn=f"{machine}:2")["revisionId"] == updated["revisionId"]


def test_the_same_revision_is_the_same_version(sfn):
    machine = create(sfn, says("one"))
    publish = sfn.publish_state_machine_version
    code, message = refused(publish, stateMachineArn=machine, revisionId="no-such")
    assert (code, message) == (
        "ConflictException",
        "Failed to publish the State Machine version for revision no-such. The current State Machine revision is null.",
    )
    first = publish(stateMachineArn=machine, revisionId="INITIAL")
    again = publish(stateMachineArn=machine)
    assert again["stateMachineVersionArn"] == first["stateMachineVersionArn"] == f"{machine}:1"
    assert again["creationDate"] == first["creationDate"]
    # An update that changes nothing has nothing new to publish; one that does takes the next number.
    assert update(sfn, machine, says("one"), publish=True)["stateMachineVersionArn"] == f"{machine}:1"
    answer = update(sfn, machine, says("two"), publish=True, versionDescription="the second")
    assert answer["stateMachineVersionArn"] == f"{machine}:2"
    assert sfn.describe_state_machine(stateMachineArn=f"{machine}:2")["description"] == "the second"
    assert "stateMachineVersionArn" not in update(sfn, machine, says("two"))
    code, message = refused(publish, stateMachineArn=machine, revisionId="INITIAL")
    assert code == "ConflictException" and answer["revisionId"] in message


def test_creating_with_publish_is_part_of_what_is_created(sfn):
    name = unique("machine")
    arguments = {"name": name, "definition": json.dumps(PASS), "roleArn": OTHER_ROLE}
    first = sfn.create_state_machine(**arguments, publish=True, versionDescription="d")
    again = sfn.create_state_machine(**arguments, publish=True, versionDescription="d")
    assert first["stateMachineVersionArn"] == again["stateMachineVersionArn"] == f"{first['stateMachineArn']}:1"
    for other in ({}, {"publish": True}, {"publish": True, "versionDescription": "e"}):
        assert refused(sfn.create_state_machine, **arguments, **other)[0] == "StateMachineAlreadyExists"
    assert versions_of(sfn, first["stateMachineArn"]) == [first["stateMachineVersionArn"]]
    code, message = refused(sfn.create_state_machine, **{**arguments, "name": unique("m")}, versionDescription="d")
    assert (code, message) == ("ValidationException", "Version description can only be set when publish is true")


def test_numbers_are_not_used_again(sfn):
    machine, versions = released(sfn, says(1), says(2), says(3))
    assert versions_of(sfn, machine) == list(reversed(versions))
    sfn.delete_state_machine_version(stateMachineVersionArn=versions[2])
    assert versions_of(sfn, machine) == [versions[1], versions[0]]
    assert refused(sfn.describe_state_machine, stateMachineArn=versions[2]) == (
        "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{versions[2]}'")
    # The revision is no longer published: it can be again, under a number of its own.
    assert sfn.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"] == f"{machine}:4"
    for version in versions_of(sfn, machine):
        sfn.delete_state_machine_version(stateMachineVersionArn=version)
    assert versions_of(sfn, machine) == []
    assert update(sfn, machine, says(5), publish=True)["stateMachineVersionArn"] == f"{machine}:5"


def test_an_execution_tells_through_what_it_was_started(sfn):
    machine, (one, two) = released(sfn, says("one"), says("two"))
    update(sfn, machine, says("unpublished"))
    live = alias_to(sfn, "live", (one, 100))
    started = {"plain": machine, "version": two, "alias": live}
    arns = {name: sfn.start_execution(stateMachineArn=arn, name=name)["executionArn"] for name, arn in started.items()}
    assert {name: said(sfn, arn) for name, arn in arns.items()} == {"plain": "unpublished", "version": "two", "alias": "one"}
    expected = {"plain": (None, None), "version": (two, None), "alias": (one, live)}
    for name, (version, alias) in expected.items():
        shown = sfn.describe_execution(executionArn=arns[name])
        assert arns[name] == f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        for item in (shown, executions_of(sfn, machine)[name]):
            assert item["stateMachineArn"] == machine
            assert (item.get("stateMachineVersionArn"), item.get("stateMachineAliasArn")) == (version, alias)
        pinned = sfn.describe_state_machine_for_execution(executionArn=arns[name])
        assert json.loads(pinned["definition"]) == says(said(sfn, arns[name]))
    assert set(executions_of(sfn, machine)) == set(started)
    assert set(executions_of(sfn, one)) == {"alias"} == set(executions_of(sfn, live))
    assert set(executions_of(sfn, two)) == {"version"}
    assert set(executions_of(sfn, live, statusFilter="SUCCEEDED")) == {"alias"}
    assert set(executions_of(sfn, live, statusFilter="FAILED")) == set()


def test_lists_of_a_version_go_page_by_page(sfn):
    machine, (one, two) = released(sfn, says("one"), says("two"))
    names = {one: set(), two: set()}
    for number in range(25):
        version = (one, two)[number % 2]
        sfn.start_execution(stateMachineArn=version, name=f"e{number}")
        names[version].add(f"e{number}")
    for version, expected in names.items():
        assert set(executions_of(sfn, version, maxResults=3)) == expected
    token = sfn.list_executions(stateMachineArn=one, maxResults=3)["nextToken"]
    assert refused(sfn.list_executions, stateMachineArn=two, maxResults=3, nextToken=token)[0] == "InvalidToken"


def test_weights_share_the_starts_out(sfn):
    """Four hundred starts at 80 to 20: the bounds are seven standard deviations away."""
    machine, (one, two) = released(sfn, says("one"), says("two"))
    live = alias_to(sfn, "live", (one, 80), (two, 20))
    for number in range(400):
        sfn.start_execution(stateMachineArn=live, name=f"e{number}")
    items = executions_of(sfn, live, maxResults=1000).values()
    counts = collections.Counter(item["stateMachineVersionArn"] for item in items)
    assert sum(counts.values()) == 400 and set(counts) == {one, two}
    assert 24 <= counts[two] <= 136, counts
    # Nothing for a weight of nothing.
    sfn.update_state_machine_alias(stateMachineAliasArn=live, routingConfiguration=route((one, 0), (two, 100)))
    for number in range(50):
        arn = sfn.start_execution(stateMachineArn=live)["executionArn"]
        assert sfn.describe_execution(executionArn=arn)["stateMachineVersionArn"] == two


def test_a_bad_release_is_taken_back_in_one_call(aws, sfn):
    machine, (good, bad) = released(sfn, says("good"), says("bad"))
    live = alias_to(sfn, "live", (bad, 100))
    assert said(sfn, sfn.start_execution(stateMachineArn=live)["executionArn"]) == "bad"
    before = sfn.describe_state_machine_alias(stateMachineAliasArn=live)
    aws("stepfunctions", "update-state-machine-alias", "--state-machine-alias-arn", live,
        "--routing-configuration", f"stateMachineVersionArn={good},weight=100")
    for _ in range(20):
        assert said(sfn, sfn.start_execution(stateMachineArn=live)["executionArn"]) == "good"
    after = sfn.describe_state_machine_alias(stateMachineAliasArn=live)
    assert after["routingConfiguration"] == route((good, 100))
    assert after["creationDate"] == before["creationDate"] and after["updateDate"] >= before["updateDate"]
    assert set(before) - {"ResponseMetadata"} == {
        "stateMachineAliasArn", "name", "routingConfiguration", "creationDate", "updateDate"}


def test_the_commands_of_the_readme(new_server, tmp_path):
    """They run as they stand, but for the place of the definition."""
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    definition = tmp_path / "hello.asl.json"
    definition.write_text(json.dumps(says("hello")))
    hello = create(sfn, definition.read_text(), name="hello")
    section = (ROOT / "README.md").read_text().split("## Versions and aliases", 1)[1].split("\n## ", 1)[0]
    commands = re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1].replace("/tmp/hello.asl.json", str(definition))
    env = environment({**CREDENTIALS, "AWS_ENDPOINT_URL": own.url, "AWS_DEFAULT_REGION": REGION, "ACCOUNT": ACCOUNT,
                       "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true"})
    done = subprocess.run(["bash", "-euc", commands], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert versions_of(sfn, hello) == [f"{hello}:2", f"{hello}:1"]
    live = sfn.describe_state_machine_alias(stateMachineAliasArn=f"{hello}:live")
    assert live["routingConfiguration"] == route((f"{hello}:1", 100))
    assert len(executions_of(sfn, f"{hello}:live")) == 1


def test_a_running_execution_keeps_its_version(new_server):
    """The alias leads elsewhere, its version is deleted, the machine is updated, the server is killed: it goes on."""
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    slow = chain(Waiting={"Type": "Wait", "SecondsPath": "$"}, Says={"Type": "Pass", "Result": "one"})
    machine, (one, two) = released(sfn, slow, says("two"))
    live = alias_to(sfn, "live", (one, 100))
    arn = sfn.start_execution(stateMachineArn=live, input="2")["executionArn"]
    sfn.update_state_machine_alias(stateMachineAliasArn=live, routingConfiguration=route((two, 100)))
    sfn.delete_state_machine_version(stateMachineVersionArn=one)
    sfn.delete_state_machine_alias(stateMachineAliasArn=live)
    update(sfn, machine, says("three"))
    own.restart()
    assert said(sfn, arn) == "one"
    shown = sfn.describe_execution(executionArn=arn)
    assert (shown["stateMachineVersionArn"], shown["stateMachineAliasArn"]) == (one, live)
    assert json.loads(sfn.describe_state_machine_for_execution(executionArn=arn)["definition"]) == slow
    assert refused(sfn.start_execution, stateMachineArn=live)[0] == "StateMachineDoesNotExist"
    assert refused(sfn.start_execution, stateMachineArn=one)[0] == "StateMachineDoesNotExist"


def test_what_an_alias_names_cannot_be_deleted(sfn):
    machine, (one, two, three) = released(sfn, says(1), says(2), says(3))
    alias_to(sfn, "b", (one, 100))
    alias_to(sfn, "a", (two, 100), (one, 0))
    code, message = refused(sfn.delete_state_machine_version, stateMachineVersionArn=one)
    assert (code, message) == (
        "ConflictException",
        "Version to be deleted must not be referenced by an alias. "
        "Current list of aliases referencing this version: [a, b]",
    )
    sfn.delete_state_machine_version(stateMachineVersionArn=three)
    sfn.update_state_machine_alias(stateMachineAliasArn=f"{machine}:a", routingConfiguration=route((two, 100)))
    sfn.delete_state_machine_alias(stateMachineAliasArn=f"{machine}:b")
    sfn.delete_state_machine_version(stateMachineVersionArn=one)
    assert versions_of(sfn, machine) == [two] and aliases_of(sfn, machine) == ["a"]
    # What is gone may be deleted again.
    for _ in range(2):
        sfn.delete_state_machine_version(stateMachineVersionArn=one)
        sfn.delete_state_machine_alias(stateMachineAliasArn=f"{machine}:b")


def test_versions_and_aliases_go_with_their_machine(sfn):
    name = unique("machine")
    machine, (one, two) = released(sfn, says(1), says(2), name=name)
    alias_to(sfn, "live", (one, 50), (two, 50))
    sfn.delete_state_machine(stateMachineArn=machine)
    assert refused(sfn.describe_state_machine, stateMachineArn=one)[0] == "StateMachineDoesNotExist"
    assert refused(sfn.describe_state_machine_alias, stateMachineAliasArn=f"{machine}:live")[0] == "ResourceNotFound"
    assert create(sfn, says("new"), name=name) == machine
    assert versions_of(sfn, machine) == [] == aliases_of(sfn, machine)
    assert sfn.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"] == one


def test_the_same_alias_again_is_the_same_alias(sfn):
    machine, (one, two) = released(sfn, says(1), says(2))
    given = {"name": "live", "description": "d", "routingConfiguration": route((one, 100))}
    first, again = (sfn.create_state_machine_alias(**given) for _ in range(2))
    assert first["stateMachineAliasArn"] == again["stateMachineAliasArn"] == f"{machine}:live"
    assert first["creationDate"] == again["creationDate"]
    others = [{"description": "e"}, {"routingConfiguration": route((two, 100))}]
    for other in others:
        code, message = refused(sfn.create_state_machine_alias, **{**given, **other})
        assert code == "ConflictException" and "different routing configuration already exists" in message
    change = {"stateMachineAliasArn": f"{machine}:live", "description": "f", "routingConfiguration": route((two, 100))}
    first, again = (sfn.update_state_machine_alias(**change)["updateDate"] for _ in range(2))
    assert first == again == sfn.describe_state_machine_alias(stateMachineAliasArn=f"{machine}:live")["updateDate"]


def test_lists_of_aliases(sfn):
    machine, (one, two) = released(sfn, says(1), says(2))
    for number in range(7):
        alias_to(sfn, f"a{number}", ((one, two)[number % 2], 100))
    alias_to(sfn, "both", (one, 50), (two, 50))
    assert aliases_of(sfn, machine, maxResults=3) == [f"a{number}" for number in range(7)] + ["both"]
    assert aliases_of(sfn, one, maxResults=2) == ["a0", "a2", "a4", "a6", "both"]
    assert aliases_of(sfn, two) == ["a1", "a3", "a5", "both"]
    token = sfn.list_state_machine_aliases(stateMachineArn=machine, maxResults=3)["nextToken"]
    assert refused(sfn.list_state_machine_aliases, stateMachineArn=one, nextToken=token)[0] == "InvalidToken"


def test_pages_of_versions(sfn):
    machine, versions = released(sfn, *map(says, range(12)))
    assert versions_of(sfn, machine, maxResults=5) == list(reversed(versions))
    code, message = refused(sfn.list_state_machine_versions, stateMachineArn=machine, nextToken="InvalidToken")
    assert (code, message) == ("InvalidToken", "Invalid Token: 'Invalid token'")


PATTERN = r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"


@pytest.mark.parametrize("name", ["1", "0042", "a b", "ä", "a:b", "a/b", "a*", "a\n", ""])
def test_names_that_an_alias_cannot_have(server, sfn, name):
    _, (one,) = released(sfn, says(1))
    answer = states(server, "CreateStateMachineAlias", {"name": name, "routingConfiguration": route((one, 100))})
    assert (answer.status, answer.error) == (400, "ValidationException")
    assert f"Member must satisfy regular expression pattern: {PATTERN}" in answer.message


@pytest.mark.parametrize("name", ["a", "_", "-", ".", "1.0", "live-2", "x" * 80, "01_"])
def test_names_that_it_can_have(sfn, name):
    machine, (one,) = released(sfn, says("one"))
    live = alias_to(sfn, name, (one, 100))
    assert live == f"{machine}:{name}" and run(sfn, live)["output"] == '"one"'


def _wrong_routes(machine, one, two, other):
    return {
        "the machine itself": ([(machine, 100)], "must contain state machine version ARNs. Received: [" + machine + "]"),
        "an alias": ([(machine + ":live", 100)], "must contain state machine version ARNs"),
        "twice the same": ([(one, 50), (one, 50)], "must contain distinct state machine version ARNs"),
        "of two machines": ([(one, 50), (other, 50)], "must contain versions of the same state machine"),
        "too little": ([(one, 70), (two, 29)], "Sum of routing configuration weights must equal 100. Received: [70, 29]"),
        "too much": ([(one, 70), (two, 31)], "Sum of routing configuration weights must equal 100. Received: [70, 31]"),
        "nothing": ([(one, 0)], "Sum of routing configuration weights must equal 100. Received: [0]"),
    }


def test_routes_that_cannot_be(server, sfn):
    machine, (one, two) = released(sfn, says(1), says(2))
    _, (other,) = released(sfn, says(3))
    alias_to(sfn, "live", (one, 100))
    for shares, message in _wrong_routes(machine, one, two, other).values():
        for operation, target in (("CreateStateMachineAlias", {"name": "new"}),
                                  ("UpdateStateMachineAlias", {"stateMachineAliasArn": f"{machine}:live"})):
            answer = states(server, operation, {**target, "routingConfiguration": route(*shares)})
            assert (answer.status, answer.error) == (400, "ValidationException"), answer.text
            assert message in answer.message and answer.json["reason"] == "INVALID_ROUTING_CONFIGURATION"
    # Of another machine than the alias's own; of none; nothing to change.
    change = {"stateMachineAliasArn": f"{machine}:live"}
    assert refused(sfn.update_state_machine_alias, **change, routingConfiguration=route((other, 100)))[0] == "ValidationException"
    assert refused(sfn.update_state_machine_alias, **change, routingConfiguration=route((f"{machine}:9", 100)))[0] == "ResourceNotFound"
    answer = states(server, "UpdateStateMachineAlias", change)
    assert (answer.error, answer.json["reason"]) == ("ValidationException", "MISSING_REQUIRED_PARAMETER")
    assert sfn.describe_state_machine_alias(**change)["routingConfiguration"] == route((one, 100))
    assert aliases_of(sfn, machine) == ["live"]


SHAPES = [
    ([], "'[]' at 'routingConfiguration' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ([{}], "Value null at 'routingConfiguration.1.member.stateMachineVersionArn' failed to satisfy constraint"),
    ([{"stateMachineVersionArn": "V", "weight": -1}], "'-1' at 'routingConfiguration.1.member.weight' failed"),
    ([{"stateMachineVersionArn": "V", "weight": 101}], "'101' at 'routingConfiguration.1.member.weight' failed"),
    ([{"stateMachineVersionArn": "V", "weight": 1}] * 3, "Member must have length less than or equal to 2"),
    ([{"stateMachineVersionArn": "V", "weight": 1}] * 3_000, "Member must have length less than or equal to 2"),
    (None, "Value null at 'routingConfiguration' failed to satisfy constraint: Member must not be null"),
]
TYPES = ["text", {"a": 1}, 1, True, ["text"], [1], [None], [{"stateMachineVersionArn": 1, "weight": 1}],
         [{"stateMachineVersionArn": "V", "weight": "1"}], [{"stateMachineVersionArn": "V", "weight": 1.5}]]


def test_shapes_that_the_model_refuses(server):
    for routing, message in SHAPES:
        answer = states(server, "CreateStateMachineAlias", {"name": "a", "routingConfiguration": routing})
        assert (answer.status, answer.error) == (400, "ValidationException") and message in answer.message, answer.text
        assert len(answer.body) < 20_000
    for routing in TYPES:
        answer = states(server, "CreateStateMachineAlias", {"name": "a", "routingConfiguration": routing})
        assert (answer.status, answer.error) == (400, "SerializationException"), (routing, answer.text)


def test_what_is_not_there(sfn):
    machine, (one,) = released(sfn, says(1))
    nowhere = machine_arn("not-there")
    other_region = one.replace("us-east-1", "eu-west-3")
    no_machine = [
        (sfn.publish_state_machine_version, {"stateMachineArn": nowhere}),
        (sfn.publish_state_machine_version, {"stateMachineArn": one}),
        (sfn.list_state_machine_versions, {"stateMachineArn": nowhere}),
        (sfn.list_state_machine_aliases, {"stateMachineArn": nowhere}),
        (sfn.list_state_machine_aliases, {"stateMachineArn": f"{machine}:2"}),
        (sfn.list_state_machine_aliases, {"stateMachineArn": f"{machine}:none"}),
        (sfn.describe_state_machine, {"stateMachineArn": f"{machine}:2"}),
        (sfn.describe_state_machine, {"stateMachineArn": f"{machine}:none"}),
        (sfn.describe_state_machine, {"stateMachineArn": other_region}),
        (sfn.update_state_machine, {"stateMachineArn": one, "definition": json.dumps(PASS)}),
        *((call, {"stateMachineArn": f"{machine}:{qualifier}"})
          for call in (sfn.start_execution, sfn.list_executions)
          for qualifier in ("2", "0", "01", "18446744073709551615", "18446744073709551616", "none", "a b", "1:1", "")),
    ]
    for call, arguments in no_machine:
        assert refused(call, **arguments)[0] == "StateMachineDoesNotExist", (call, arguments)
    no_resource = [
        (sfn.create_state_machine_alias, {"name": "a", "routingConfiguration": route((f"{machine}:2", 100))}),
        (sfn.create_state_machine_alias, {"name": "a", "routingConfiguration": route((f"{nowhere}:1", 100))}),
        (sfn.create_state_machine_alias, {"name": "a", "routingConfiguration": route((other_region, 100))}),
        *((call, {"stateMachineAliasArn": f"{machine}{qualifier}", **more}) for qualifier in ("", ":1", ":none")
          for call, more in ((sfn.describe_state_machine_alias, {}), (sfn.update_state_machine_alias, {"description": "d"}))),
        *((sfn.list_tags_for_resource, {"resourceArn": f"{machine}:{qualifier}"}) for qualifier in ("1", "none")),
    ]
    for call, arguments in no_resource:
        assert refused(call, **arguments)[0] == "ResourceNotFound", (call, arguments)
    for gone in (f"{machine}:7", f"{nowhere}:1", other_region):
        sfn.delete_state_machine_version(stateMachineVersionArn=gone)
    for gone in (f"{machine}:none", f"{nowhere}:none"):
        sfn.delete_state_machine_alias(stateMachineAliasArn=gone)
    assert refused(sfn.delete_state_machine_version, stateMachineVersionArn=machine)[0] == "InvalidArn"
    assert versions_of(sfn, machine) == [one]


def test_limits(server, sfn):
    machine = create(sfn, says(0))
    for number in range(1, 1_001):
        body = {"stateMachineArn": machine, "definition": json.dumps(says(number)), "publish": True}
        answer = states(server, "UpdateStateMachine", body)
        assert answer.json.get("stateMachineVersionArn") == f"{machine}:{number}", answer.text
    assert refused(update, sfn=sfn, machine=machine, definition=says("more"), publish=True)[0] == "ServiceQuotaExceededException"
    # Nothing was changed by what was refused.
    assert json.loads(sfn.describe_state_machine(stateMachineArn=machine)["definition"]) == says(1_000)
    update(sfn, machine, says("more"))
    assert refused(sfn.publish_state_machine_version, stateMachineArn=machine)[0] == "ServiceQuotaExceededException"
    for number in range(100):
        alias_to(sfn, f"a{number}", (f"{machine}:{number + 1}", 100))
    code, _ = refused(sfn.create_state_machine_alias, name="more", routingConfiguration=route((f"{machine}:1", 100)))
    assert code == "ServiceQuotaExceededException"
    assert alias_to(sfn, "a99", (f"{machine}:100", 100)) == f"{machine}:a99"
    # Room again.
    sfn.delete_state_machine_alias(stateMachineAliasArn=f"{machine}:a0")
    alias_to(sfn, "more", (f"{machine}:2", 100))
    sfn.delete_state_machine_version(stateMachineVersionArn=f"{machine}:1")
    assert sfn.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"] == f"{machine}:1001"
    assert len(versions_of(sfn, machine, maxResults=300)) == 1_000
    sfn.delete_state_machine(stateMachineArn=machine)
    assert refused(sfn.list_state_machine_versions, stateMachineArn=machine)[0] == "StateMachineDoesNotExist"
    assert refused(sfn.describe_state_machine, stateMachineArn=f"{machine}:500")[0] == "StateMachineDoesNotExist"


def test_everything_is_there_after_a_kill(new_server):
    own = new_server().start()
    sfn = boto("stepfunctions", own)
    machine, (one, two) = released(sfn, says("one"), waits("two"), name="kept")
    live = alias_to(sfn, "live", (one, 30), (two, 70), description="d")
    alias_to(sfn, "gone", (one, 100))
    sfn.delete_state_machine_alias(stateMachineAliasArn=f"{machine}:gone")
    arns = [sfn.start_execution(stateMachineArn=arn, name=name)["executionArn"]
            for arn, name in ((one, "one"), (two, "two"), (live, "live"))]
    finished(sfn, arns[0])
    asked = [("DescribeStateMachine", {"stateMachineArn": arn}) for arn in (machine, one, two)]
    asked += [("DescribeStateMachineAlias", {"stateMachineAliasArn": live})]
    asked += [(operation, {"stateMachineArn": machine}) for operation in ("ListStateMachineVersions", "ListStateMachineAliases")]
    asked += [("ListExecutions", {"stateMachineArn": arn}) for arn in (machine, one, two, live)]
    asked += [("DescribeExecution", {"executionArn": arn}) for arn in arns]
    before = [states(own, *one_).body for one_ in asked]
    own.restart()
    assert [states(own, *one_).body for one_ in asked] == before
    assert sfn.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"] == two
    assert update(sfn, machine, says("three"), publish=True)["stateMachineVersionArn"] == f"{machine}:3"


def test_a_task_starts_what_an_alias_leads_to(sfn):
    _, (one, _) = released(sfn, says("one"), says("two"))
    live = alias_to(sfn, "live", (one, 100))
    parent = create(sfn, one_state({"Type": "Task", "Resource": "arn:aws:states:::states:startExecution",
                                    "Parameters": {"StateMachineArn": live, "Input": {}}}))
    child = json.loads(run(sfn, parent)["output"])["ExecutionArn"]
    assert said(sfn, child) == "one"
    assert sfn.describe_execution(executionArn=child)["stateMachineAliasArn"] == live


def test_many_at_once_agree(server, sfn):
    """Updates, publications, aliases and deletions of one machine at the same time: no number twice, no alias that
    leads nowhere, and no room that is lost."""
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    machine, _ = released(sfn, says("first"))
    published, failures = [], []

    def work(number):
        chance, client = random.Random(seed + number), boto("stepfunctions", server)
        for turn in range(25):
            try:
                _one_of_many(client, chance, machine, number, turn, published)
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("ConflictException", "ResourceNotFound"):
                    failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    versions, aliases = versions_of(sfn, machine), aliases_of(sfn, machine)
    assert len(published) == len(set(published))
    for name in aliases:
        answer = sfn.describe_state_machine_alias(stateMachineAliasArn=f"{machine}:{name}")
        assert {item["stateMachineVersionArn"] for item in answer["routingConfiguration"]} <= set(versions)
        sfn.delete_state_machine_alias(stateMachineAliasArn=f"{machine}:{name}")
    for version in versions:
        sfn.delete_state_machine_version(stateMachineVersionArn=version)
    assert versions_of(sfn, machine) == []


def _one_of_many(sfn, chance, machine, number, turn, published):
    what = chance.randrange(4)
    if what == 0:
        # A definition of its own, so the revision that is published is this one.
        answer = update(sfn, machine, says(f"{number}-{turn}"), publish=True)
        published.append(answer["stateMachineVersionArn"])
        return
    versions = versions_of(sfn, machine)
    if not versions:
        return
    name, version = f"alias-{chance.randrange(4)}", chance.choice(versions)
    if what == 1:
        alias_to(sfn, name, (version, 100))
    elif what == 2:
        sfn.update_state_machine_alias(stateMachineAliasArn=f"{machine}:{name}", routingConfiguration=route((version, 100)))
    else:
        sfn.delete_state_machine_version(stateMachineVersionArn=version)
