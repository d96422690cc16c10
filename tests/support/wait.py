"""Waiting on conditions. The only place of the tests that lets time pass."""

import threading
import time

PATIENCE = 30.0
"""Seconds that something may take which should happen soon: a loaded machine of two cores is slow, not wrong."""

_TICK = threading.Event()


def until(condition, what, seconds=PATIENCE, every=0.02):
    """The first true answer of `condition()`; fails, saying what it waited for, when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain for {what}; last answer: {answer!r}")
        _TICK.wait(every)
