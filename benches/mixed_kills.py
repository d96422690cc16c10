#!/usr/bin/env python3
"""Minutes of mixed load with a kill every few seconds; then everything is checked.

    target/test-venv/bin/python benches/mixed_kills.py --minutes 10 [--every 3] [--seed N] [--workers 8] [--pace 0.1]

Pass chains, waits, function calls with retries, Parallel and Map, failures that are caught, stops, updates and versions, and
reads meanwhile; SIGKILL after 0.3 to 6 s, at random from the seed, a fifth of the time again during recovery. Afterwards:
nothing acknowledged is lost, no call was made twice without its history saying so, every history is what one can be
(tests/support/mixed.py, which knows nothing of the server). The server is target/debug/stepwell, or STEPWELL_BIN. Prints one
JSON line; fails with the first thing that is not true, and keeps the folder then.
"""
import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support import mixed  # noqa: E402
from support.server import Server  # noqa: E402


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--minutes", type=float, default=10)
    arguments.add_argument("--every", type=float, default=3, help="seconds between kills, on average")
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1_000_000))
    arguments.add_argument("--workers", type=int, default=8)
    arguments.add_argument("--pace", type=float, default=0.1, help="seconds between two operations of a worker, on average")
    options = arguments.parse_args()
    print(f"seed {options.seed}", file=sys.stderr)
    folder = Path(tempfile.mkdtemp(prefix="stepwell-mixed-"))
    server, began = Server(folder).start(), time.monotonic()
    try:
        with mixed.Load(server, options.seed, options.workers, options.pace) as load:
            killer = mixed.Killer(server, options.seed, options.every)
            while time.monotonic() - began < 60 * options.minutes and not load.surprises:
                killer.round()
        loaded = time.monotonic()
        again = mixed.check(load, patience=600)
    except BaseException:
        print(f"the folder is kept: {folder}", file=sys.stderr)
        server.stop()
        raise
    server.stop()
    shutil.rmtree(folder)
    print(json.dumps({
        "minutes": round((loaded - began) / 60, 1), "kills": killer.kills, "executions": len(load.begun), "calls_made_again": again,
        "checked_s": round(time.monotonic() - loaded), "seed": options.seed, **load.counts}))


if __name__ == "__main__":
    main()
