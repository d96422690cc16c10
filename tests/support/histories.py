"""Whether a history can be true: no gap, no second end, every task's events in their places."""

from collections import Counter

ENDS = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}
SCHEDULED = {"TaskScheduled", "LambdaFunctionScheduled"}
STARTED = {"TaskStarted", "LambdaFunctionStarted"}
OUTCOMES = {"TaskSucceeded", "TaskFailed", "TaskTimedOut", "LambdaFunctionSucceeded", "LambdaFunctionFailed", "LambdaFunctionTimedOut"}


class Attempt:
    """One attempt of one task: its Scheduled event and what followed from it."""

    def __init__(self, scheduled):
        self.scheduled, self.started, self.outcomes = scheduled, [], []

    @property
    def succeeded(self):
        """Whether it has an outcome, and that is a success."""
        return [event["type"].endswith("Succeeded") for event in self.outcomes] == [True]


def attempts(events):
    """All attempts, from the chain of `previousEventId`."""
    by_id, found = {event["id"]: event for event in events}, {}
    for event in events:
        if event["type"] in SCHEDULED:
            found[event["id"]] = Attempt(event)
        elif event["type"] in STARTED | OUTCOMES:
            before = event
            while before["type"] not in SCHEDULED:
                before = by_id[before["previousEventId"]]
                assert before["type"] in SCHEDULED | STARTED | {"TaskSubmitted"}, f"{event} follows from {before}"
            attempt = found[before["id"]]
            (attempt.started if event["type"] in STARTED else attempt.outcomes).append(event)
    return list(found.values())


def check(events):
    """Fails with the reason when the history of an execution that ended cannot be true."""
    ids = [event["id"] for event in events]
    assert ids == list(range(1, len(events) + 1)), f"ids with a gap or out of order: {ids}"
    assert events[0]["type"] == "ExecutionStarted"
    for event in events:
        assert 0 <= event["previousEventId"] < event["id"], f"follows from nothing that was before: {event}"
    moments = [event["timestamp"] for event in events]
    assert moments == sorted(moments), "time goes back"
    ends = [event["id"] for event in events if event["type"] in ENDS]
    assert ends == [len(events)], f"ends at {ends} of {len(events)}"
    kinds = Counter(event["type"] for event in events)
    assert kinds["ExecutionStarted"] == 1, "started twice"
    for attempt in attempts(events):
        assert attempt.started, f"never started: {attempt.scheduled}"
        assert len(attempt.outcomes) == 1, f"{len(attempt.outcomes)} outcomes of {attempt.scheduled}"


def without_restarts(events):
    """How often each type occurs, except Started: a task that was sent again after a crash has one more."""
    return Counter(event["type"] for event in events if event["type"] not in STARTED)
