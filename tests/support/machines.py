"""Definitions, and what tests do with machines and executions all the time."""

import json
import uuid

from .server import ACCOUNT, REGION
from .wait import PATIENCE, until

ROLE = f"arn:aws:iam::{ACCOUNT}:role/unknown-to-this-server"
TERMINAL = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}


def unique(prefix):
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def one_state(state, name="A"):
    """A machine of one state, which ends it."""
    ends = {} if state["Type"] in ("Succeed", "Fail", "Choice") else {"End": True}
    return {"StartAt": name, "States": {name: {**state, **ends}}}


def chain(**states):
    """A machine whose states follow one another in the order given."""
    names = list(states)
    linked = {}
    for position, (name, state) in enumerate(states.items()):
        last = position + 1 == len(names)
        link = {} if state["Type"] in ("Succeed", "Fail") else {"End": True} if last else {"Next": names[position + 1]}
        linked[name] = {**state, **link}
    return {"StartAt": names[0], "States": linked}


PASS = one_state({"Type": "Pass"})


def create(sfn, definition, name=None, role=ROLE, **more):
    """A state machine's ARN."""
    text = definition if isinstance(definition, str) else json.dumps(definition)
    answer = sfn.create_state_machine(name=name or unique("machine"), definition=text, roleArn=role, **more)
    return answer["stateMachineArn"]


def execution_arn(machine_arn, name):
    """The ARN of an execution."""
    return machine_arn.replace(":stateMachine:", ":execution:") + ":" + name


def machine_arn(name, region=REGION, account=ACCOUNT):
    """The ARN of a machine."""
    return f"arn:aws:states:{region}:{account}:stateMachine:{name}"


def finished(sfn, arn, seconds=PATIENCE):
    """The description of an execution once it has ended."""
    def ended():
        description = sfn.describe_execution(executionArn=arn)
        return description if description["status"] in TERMINAL else None

    return until(ended, f"the end of {arn}", seconds)


def run(sfn, machine, given="{}", seconds=PATIENCE, name=None):
    """Starts an execution and waits for its end."""
    text = given if isinstance(given, str) else json.dumps(given)
    arn = sfn.start_execution(stateMachineArn=machine, input=text, name=name or unique("run"))["executionArn"]
    return finished(sfn, arn, seconds)


def history(sfn, arn, page=1000):
    """All events, in order."""
    events, token = [], {}
    while True:
        answer = sfn.get_execution_history(executionArn=arn, maxResults=page, **token)
        events += answer["events"]
        if "nextToken" not in answer:
            return events
        token = {"nextToken": answer["nextToken"]}


def types(events):
    """Their types."""
    return [event["type"] for event in events]
