"""`stepwell` as a command that ends by itself: what it is given, what it says."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .server import binary, environment
from .wait import PATIENCE


@dataclass
class Said:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        """Standard output, parsed."""
        return json.loads(self.out)


class Commands:
    """Commands in a folder of their own; temporary files go below it, so that what is left can be seen."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir(parents=True)

    def write(self, name, content):
        """A file in the folder: text, bytes, or a value to be written as JSON. Its name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
        return name

    def options(self, env=()):
        """Where and as whom the command runs."""
        return {"cwd": self.folder, "env": environment({"TMPDIR": str(self.temporary), **dict(env)})}

    def __call__(self, *words, given="", env=(), seconds=PATIENCE):
        """Runs `stepwell` with these arguments and this standard input to its end."""
        data = given if isinstance(given, bytes) else given.encode()
        done = subprocess.run(
            [str(binary()), *map(str, words)], input=data, capture_output=True, timeout=seconds, check=False, **self.options(env),
        )
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    def spawn(self, *words):
        """Starts `stepwell` without waiting."""
        return subprocess.Popen(
            [str(binary()), *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            **self.options(),
        )

    def left_behind(self):
        """Temporary files that are still there."""
        return sorted(path.name for path in self.temporary.iterdir())
