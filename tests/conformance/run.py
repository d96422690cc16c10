#!/usr/bin/env python3
"""Runs the cases recorded from AWS against the server, with its own Lambda API, and holds it to what passed before.

tests/conformance/passing.txt lists the ids of cases that pass, sorted; a listed case that no longer passes is a failure.
`--update-passing` adds those that pass now; nothing ever leaves the list by itself.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.server import Server  # noqa: E402

HERE = Path(__file__).resolve().parent
PASSING = HERE / "passing.txt"


def run(cases, report, output):
    """Runs the runner against a server of its own; the results by id."""
    with tempfile.TemporaryDirectory(prefix="stepwell-conformance-") as folder:
        server = Server(folder).start()
        try:
            command = [
                sys.executable, str(cases / "run_cases.py"), "--endpoint", server.url, "--lambda-endpoint", server.url,
                "--services-endpoint", server.url,
                "--class", "ab", "--report", str(report),
            ]
            # The cases quote botocore's messages as its legacy retry mode words them.
            env = {**os.environ, "AWS_RETRY_MODE": "legacy"}
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, env=env, check=True, timeout=1500)
            server.alive()
        finally:
            server.stop()
    return {result["id"]: result for result in json.loads(report.read_text())["results"]}


def listed():
    """The ids that must pass."""
    return [line for line in PASSING.read_text().splitlines() if line] if PASSING.exists() else []


def passes(result):
    """PASS, or PASS~: equal once events of concurrent branches are put in another valid order."""
    return result is not None and result["result"] in ("PASS", "PASS~")


def update(results):
    """Adds what passes now; nothing leaves the list."""
    ids = sorted(set(listed()) | {name for name, result in results.items() if passes(result)})
    added = len(ids) - len(listed())
    PASSING.write_text("".join(name + "\n" for name in ids))
    print(f"{PASSING.name}: {added} added, {len(ids)} in all")


def main():
    """Runs, compares, reports."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--cases", type=Path, required=True)
    arguments.add_argument("--report", type=Path, required=True)
    arguments.add_argument("--update-passing", action="store_true")
    given = arguments.parse_args()
    if not (given.cases / "run_cases.py").exists():
        print(f"SKIPPED: the recorded cases are not on this machine ({given.cases})")
        given.report.write_text(json.dumps({"passed": 0, "failed": 0, "skipped": 1}))
        return 0
    runs = given.report.with_suffix(".runner.json")
    results = run(given.cases, runs, None)
    if given.update_passing:
        # Twice: a case that passes by luck is not listed.
        again = run(given.cases, runs, subprocess.DEVNULL)
        update({name: result for name, result in results.items() if passes(again.get(name))})
    skipped = sum(result["result"] == "SKIP" for result in results.values())
    lost = [name for name in listed() if not passes(results.get(name))]
    for name in lost:
        result = results.get(name, {"result": "gone"})
        print(f"NO LONGER PASSES: {name} ({result['result']}: {str(result.get('why', ''))[:300]})")
    unlisted = sum(passes(result) for result in results.values()) - (len(listed()) - len(lost))
    if unlisted:
        print(f"{unlisted} cases pass that are not listed yet: scripts/test --update-passing")
    given.report.write_text(json.dumps({"passed": len(listed()) - len(lost), "failed": len(lost), "skipped": skipped}))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
