#!/usr/bin/env python3
"""What all runners of scripts/test did, in one table; the last line is the plain closing line.

Fails when anything failed, when a runner left no report, and when more is skipped than tests/skips.max allows:
a test that is skipped is not a test that passes.
"""

import argparse
import json
import re
import sys
import xml.etree.ElementTree as xml
from collections import namedtuple
from pathlib import Path

Count = namedtuple("Count", "passed failed skipped")


def nextest(log):
    """From nextest's summary: `Summary [  1.2s] 10 tests run: 9 passed (1 slow), 1 failed, 2 skipped`."""
    lines = [line for line in plain(log).splitlines() if re.search(r"Summary \[.*tests? run:", line)]
    return Count(number(lines[-1], "passed"), number(lines[-1], "failed") + number(lines[-1], "timed out"), number(lines[-1], "skipped"))


def doctest(log):
    """From every `test result: ok. 1 passed; 0 failed; 2 ignored; ...`."""
    lines = [line for line in plain(log).splitlines() if line.startswith("test result:")]
    assert lines
    return Count(*(sum(number(line, word) for line in lines) for word in ("passed", "failed", "ignored")))


def pytest(report):
    """From the JUnit file."""
    suites = xml.parse(report).getroot().iter("testsuite")
    sums = [[int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")] for suite in suites]
    tests, failures, errors, skipped = map(sum, zip(*sums))
    return Count(tests - failures - errors - skipped, failures + errors, skipped)


def conformance(report):
    """From what tests/conformance/run.py writes."""
    found = json.loads(report.read_text())
    return Count(found["passed"], found["failed"], found["skipped"])


def plain(log):
    """A log without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", log.read_text(errors="replace"))


def number(line, word):
    """The number before a word, 0 if there is none."""
    found = re.search(rf"(\d+) {word}", line)
    return int(found.group(1)) if found else 0


def limits(path):
    """Runner to allowed skips."""
    lines = [line.split("#")[0].split() for line in path.read_text().splitlines()]
    return {words[0]: int(words[1]) for words in lines if words}


def main():
    """Prints the table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--reports", type=Path, required=True)
    arguments.add_argument("--limits", type=Path, required=True)
    arguments.add_argument("--failed-steps", type=int, default=0)
    given = arguments.parse_args()
    runners = {
        "nextest": lambda: nextest(given.reports / "nextest.log"),
        "doctest": lambda: doctest(given.reports / "doctest.log"),
        "pytest": lambda: pytest(given.reports / "pytest.xml"),
        "conformance": lambda: conformance(given.reports / "conformance.json"),
    }
    allowed, wrong, counts = limits(given.limits), given.failed_steps > 0, []
    print(f"{'runner':12} {'passed':>7} {'failed':>7} {'skipped':>8} {'allowed':>8}")
    for name, read in runners.items():
        try:
            count = read()
        except (OSError, AssertionError, IndexError, ValueError, xml.ParseError) as error:
            print(f"{name:12} no report: {error!r}")
            wrong = True
            continue
        counts.append(count)
        print(f"{name:12} {count.passed:7} {count.failed:7} {count.skipped:8} {allowed[name]:8}")
        if count.skipped > allowed[name]:
            print(f"             more is skipped than {given.limits} allows")
        wrong |= count.failed > 0 or count.skipped > allowed[name]
    total = Count(*(sum(column) for column in zip(*counts))) if counts else Count(0, 0, 0)
    # A failed step without a failed test (formatting, lints, the build) is a failure too.
    failed = total.failed if total.failed or not wrong else max(1, given.failed_steps)
    print(f"{total.passed} passed, {failed} failed, {total.skipped} skipped")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
