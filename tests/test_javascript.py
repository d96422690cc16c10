"""AWS's SDK for JavaScript (version 3) against the server: what it parses, pages and throws."""

import json
import os
import subprocess

from support.server import ROOT, TARGET

PACKAGES = TARGET / "test-javascript"


def test_the_javascript_sdk_does_what_it_does_on_aws(new_server, tmp_path):
    server = new_server().start()
    script = PACKAGES / "smoke.mjs"
    script.write_bytes((ROOT / "tests" / "javascript" / "smoke.mjs").read_bytes())
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        ["node", str(script), server.url], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=120, check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    seen = {}
    for line in done.stdout.splitlines():
        seen.update(json.loads(line))
    assert seen == {
        "valid": "OK", "created": True, "output": '{"a":1}',
        "history": ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"],
        "work": '{"n":1}', "worked": '{"n":2}', "sync": ["SUCCEEDED", '{"a":1}', 64], "tested": "SUCCEEDED",
        "error": [True, "StateMachineDoesNotExist", 400],
    }
