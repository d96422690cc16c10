"""Everything at once under kills: the short form of benches/mixed_kills.py.

    STEPWELL_SEED=7 STEPWELL_MIXED_ROUNDS=6
"""

import os
import random

import pytest

from support import grammar, mixed

SEED = int(os.environ.get("STEPWELL_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
ROUNDS = int(os.environ.get("STEPWELL_MIXED_ROUNDS", "6"))


def test_nothing_acknowledged_is_lost_and_nothing_runs_twice_unsaid(new_server):
    print(f"STEPWELL_SEED={SEED} STEPWELL_MIXED_ROUNDS={ROUNDS}")
    server = new_server().start()
    with mixed.Load(server, SEED) as load:
        killer = mixed.Killer(server, SEED, every=1.5)
        for _ in range(ROUNDS):
            killer.round()
    again = mixed.check(load)
    print(f"{killer.kills} kills, {len(load.begun)} executions, {again} calls made again: {dict(load.counts)}")


def event(number, kind, before=None, **details):
    return {"id": number, "previousEventId": number - 1 if before is None else before, "type": kind, "timestamp": number, **details}


def entered(number, kind, name="A", before=None):
    return event(number, f"{kind}StateEntered", before, stateEnteredEventDetails={"name": name})


def exited(number, kind, name="A", before=None):
    return event(number, f"{kind}StateExited", before, stateExitedEventDetails={"name": name})


TRUE = [event(1, "ExecutionStarted"), entered(2, "Task"), event(3, "LambdaFunctionScheduled"), event(4, "LambdaFunctionStarted"),
        event(5, "LambdaFunctionStarted"), event(6, "LambdaFunctionSucceeded"), exited(7, "Task"), entered(8, "Pass", "B"),
        exited(9, "Pass", "B"), event(10, "ExecutionSucceeded")]
FALSE = {
    "a state twice": [*TRUE[:9], entered(10, "Pass", "B", 7), exited(11, "Pass", "B"), event(12, "ExecutionSucceeded")],
    "a state that is not left": [*TRUE[:8], event(9, "ExecutionSucceeded", 7)],
    "another state is left": [*TRUE[:8], exited(9, "Pass", "C"), TRUE[9]],
    "an outcome without a start": [*TRUE[:3], event(4, "LambdaFunctionStarted"), event(5, "LambdaFunctionStarted"),
                                   event(6, "LambdaFunctionSucceeded", 3), *TRUE[6:]],
    "an unknown event": [*TRUE[:9], event(10, "Surprise"), event(11, "ExecutionSucceeded", 9)],
    "an event after the end": [*TRUE, exited(11, "Pass", "B", 8)],
}


@pytest.mark.parametrize("events", FALSE.values(), ids=FALSE.keys())
def test_the_grammar_notices(events):
    grammar.check(TRUE)
    with pytest.raises((AssertionError, KeyError)):
        grammar.check(events)
