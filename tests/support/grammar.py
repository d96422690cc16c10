"""Which histories there can be: what each event follows from, and that nothing is left open.

Knows AWS's events and nothing of any server. `check` takes the events of an execution that ended, as the API gives them.
"""

from collections import Counter

from . import histories

EXITED = {f"{kind}StateExited" for kind in ("Pass", "Wait", "Choice", "Succeed", "Task", "Parallel", "Map")}
ENTERED = {f"{kind}StateEntered" for kind in ("Pass", "Wait", "Choice", "Succeed", "Fail", "Task", "Parallel", "Map")}
ENDS = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}
BEGINNINGS = {"ExecutionStarted", "ParallelStateStarted", "MapIterationStarted"}


def _task(kind):
    """The events of one way to call: a call that is made again after a crash is started again."""
    started, ends = f"{kind}Started", {f"{kind}{end}" for end in ("Failed", "TimedOut")}
    return {
        f"{kind}Scheduled": {"TaskStateEntered"} | ends, started: {f"{kind}Scheduled", started},
        f"{kind}Succeeded": {started}, f"{kind}Failed": {started}, f"{kind}TimedOut": {started},
    }


FOLLOWS = {
    **{entered: BEGINNINGS | EXITED for entered in ENTERED},
    **{exited: {exited.replace("Exited", "Entered")} for exited in EXITED - {"TaskStateExited", "ParallelStateExited", "MapStateExited"}},
    **_task("LambdaFunction"), **_task("Task"),
    "TaskStateExited": {f"{kind}{end}" for kind in ("Task", "LambdaFunction") for end in ("Succeeded", "Failed", "TimedOut")},
    "ParallelStateStarted": {"ParallelStateEntered"}, "ParallelStateSucceeded": EXITED, "ParallelStateExited": EXITED,
    "MapStateStarted": {"MapStateEntered"}, "MapIterationStarted": EXITED | {"MapStateStarted"},
    "MapIterationSucceeded": EXITED, "MapStateSucceeded": {"MapIterationSucceeded"}, "MapStateExited": {"MapIterationSucceeded"},
    "ExecutionSucceeded": EXITED, "ExecutionFailed": {"FailStateEntered"},
}
"""Each type, and the types of the events that it can follow from. What is not here is not expected."""
FORKS = {"ParallelStateStarted", "MapStateStarted"}
"""More than one event may follow from these: branches and iterations."""
NOTES = {"ParallelStateSucceeded", "MapIterationSucceeded", "MapStateSucceeded"}
"""Beside the path: what follows next follows from the same event (but for the end of the last iteration)."""


def check(events):
    """Fails with the reason when this cannot be the history of an execution that ended."""
    aborted = events[-1]["type"] == "ExecutionAborted"
    if not aborted:
        histories.check(events)
    assert [event["id"] for event in events] == list(range(1, len(events) + 1)), "ids with a gap or out of order"
    by_id = {event["id"]: event for event in events}
    followers = Counter()
    for event in events[1:]:
        if event["type"] == "ExecutionAborted":
            assert event is events[-1], "goes on after its end"
            continue
        # The first state's predecessor is 0 on AWS, not the ExecutionStarted before it.
        before = by_id[event["previousEventId"] or (1 if event["id"] == 2 else 0)]
        assert event["type"] in FOLLOWS, f"not expected: {event}"
        assert before["type"] in FOLLOWS[event["type"]], f"{event['type']} ({event['id']}) follows from {before['type']} ({before['id']})"
        assert event["timestamp"] >= before["timestamp"], f"before what it follows from: {event}"
        followers[before["id"], event["type"] in NOTES] += 1
    for (number, _), count in followers.items():
        assert count == 1 or by_id[number]["type"] in FORKS, f"{count} events follow from {by_id[number]}"
    _pairs(events, by_id)
    if not aborted:
        left = Counter(_name(event) for event in events if event["type"] in ENTERED and event["type"] != "FailStateEntered")
        left.subtract(_name(event) for event in events if event["type"] in EXITED)
        assert not any(left.values()), f"entered and not left, or left twice: {+left} {-left}"


def _pairs(events, by_id):
    """A state that is left is the one that was entered last on the same path."""
    for event in events:
        if event["type"] not in EXITED or event["type"] in ("ParallelStateExited", "MapStateExited"):
            continue
        before = event
        while before["type"] not in ENTERED:
            before = by_id[before["previousEventId"]]
        assert _name(before) == _name(event), f"{_name(before)} was entered and {_name(event)} left"


def _name(event):
    kind = "stateEnteredEventDetails" if event["type"] in ENTERED else "stateExitedEventDetails"
    return event[kind]["name"]
