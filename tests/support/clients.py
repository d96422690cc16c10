"""The clients people use: boto3, the `aws` command line, and bare HTTP for what those refuse to send."""

import http.client
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

from .server import REGION

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def boto(service, server, region=REGION, **config):
    """A boto3 client that does not retry, and sends what it is told without looking at it first."""
    settings = {
        "retries": {"total_max_attempts": 1}, "parameter_validation": False, "inject_host_prefix": False,
        "connect_timeout": 5, "read_timeout": 60, **config,
    }
    return boto3.session.Session().client(
        service, endpoint_url=server.url, region_name=region, aws_access_key_id="test", aws_secret_access_key="test",
        config=Config(**settings),
    )


class Cli:
    """The unmodified `aws` command against one server."""

    def __init__(self, server, folder, region=REGION):
        self.server, self.folder, self.region = server, Path(folder), region

    def __call__(self, *words, region=None):
        """The parsed answer (None where the command prints nothing); fails with the command's own words."""
        done = self.run(*words, region=region)
        assert done.returncode == 0, f"aws {' '.join(map(str, words))}\n-> {done.returncode}: {done.stderr.strip()}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refused(self, *words):
        """What the command says when the server refuses."""
        done = self.run(*words)
        assert done.returncode != 0, f"aws {' '.join(map(str, words))} was not refused: {done.stdout}"
        return done.stderr.strip()

    def run(self, *words, region=None):
        """Runs it."""
        command = [str(Path(sys.executable).parent / "aws"), *map(str, words), "--endpoint-url", self.server.url]
        env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.folder), **CREDENTIALS,
            "AWS_DEFAULT_REGION": region or self.region, "AWS_DEFAULT_OUTPUT": "json", "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
        }
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, cwd=self.folder, timeout=120,
            check=False,
        )


@dataclass
class Answer:
    """What came back over bare HTTP."""

    status: int
    headers: dict
    body: bytes

    @property
    def text(self):
        """The body as text."""
        return self.body.decode()

    @property
    def json(self):
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def error(self):
        """The error's type without its namespace: what SDKs call it."""
        return self.json["__type"].rpartition("#")[2]

    @property
    def message(self):
        """The error's message."""
        return self.json["message"]


def http_request(server, method="POST", path="/", headers=(), body=b"", timeout=60):
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def states(server, operation, body, headers=()):
    """A Step Functions request, unsigned; `body` is text, bytes or a value to be written as JSON."""
    if not isinstance(body, (str, bytes)):
        body = json.dumps(body)
    data = body.encode() if isinstance(body, str) else body
    fixed = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AWSStepFunctions.{operation}"}
    return http_request(server, headers={**fixed, **dict(headers)}, body=data)
