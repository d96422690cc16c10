"""A real `stepwell serve` on a port and a data folder of its own: start, kill, restart, read its log."""

import ctypes
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path

from . import processes
from .wait import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
ACCOUNT = "123456789012"
REGION = "us-east-1"

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def binary():
    """The server under test: what `cargo build` made, or `STEPWELL_BIN`."""
    path = Path(os.environ.get("STEPWELL_BIN", TARGET / "debug" / "stepwell"))
    assert path.exists(), f"{path} is not there: build it first (cargo build), or run scripts/test"
    return path


def free_port():
    """A port that nobody listens on, below the range from which the system takes the ports of outgoing connections."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def environment(extra=()):
    """Nothing of the caller's configuration; the interpreters that functions need come first in PATH."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '/usr/bin:/bin')}"
    return {**kept, "PATH": path, "NO_COLOR": "1", **dict(extra)}


class Server:
    """One data folder, one port, and at most one process that serves them."""

    running = []
    """All servers whose process was started and not yet seen to end: the tests' hooks show their logs."""

    def __init__(self, folder, *flags, env=(), data_dir=None):
        self.folder = Path(folder)
        self.data_dir = Path(data_dir) if data_dir else self.folder / "data"
        self.log_path = self.folder / "server.log"
        self.port = free_port()
        self.flags = list(flags)
        self.env = dict(env)
        self.process = None

    @property
    def url(self):
        """Where clients go."""
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        """The arguments of the process."""
        listen = ["--listen", f"127.0.0.1:{self.port}", "--data-dir", str(self.data_dir)]
        return [str(binary()), "serve", *listen, *self.flags]

    def spawn(self):
        """Starts the process without waiting for anything."""
        assert self.process is None, "it runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env=environment(self.env), preexec_fn=_die_with_parent,
            )
        Server.running.append(self)

    def start(self):
        """Starts the process and waits until it answers."""
        self.spawn()
        self.wait_until_it_answers()
        return self

    def wait_until_it_answers(self, seconds=PATIENCE):
        """Waits for the first answer; fails at once when the process ends instead."""
        until(lambda: self.alive() and self.answers(), f"an answer of {self.url}", seconds, every=0.005)

    def alive(self):
        """Whether the process runs; fails when it has ended by itself."""
        assert self.process is not None, "it was never started"
        code = self.process.poll()
        assert code is None, f"the server ended with {code}; its log:\n{self.log_tail()}"
        return True

    def answers(self):
        """Whether a new connection gets an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def kill(self):
        """SIGKILL: the process gets no chance to write anything more."""
        self.process.kill()
        self._ended(PATIENCE)

    def terminate(self, seconds=PATIENCE):
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self._ended(seconds)

    def restart(self):
        """SIGKILL and a new process on the same folder and port."""
        self.kill()
        return self.start()

    def stop(self):
        """Ends whatever runs and checks that nothing is left behind."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self._ended(PATIENCE)
        self.wait_until_no_process_is_left()

    def wait_until_no_process_is_left(self):
        """The server's own and its functions'."""
        def gone():
            left = processes.working_for(self.data_dir)
            return not left or None

        try:
            until(gone, f"the end of all processes of {self.data_dir}")
        except AssertionError:
            left = processes.working_for(self.data_dir)
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            raise AssertionError("left behind: " + "; ".join(map(processes.show, left))) from None

    def log(self):
        """Everything that all processes of this server have printed."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=60):
        """The end of it."""
        return "\n".join(self.log().splitlines()[-lines:])

    def _ended(self, seconds):
        code = self.process.wait(seconds)
        self.process = None
        Server.running.remove(self)
        return code


def run_to_end(*flags, env=(), cwd=None, seconds=PATIENCE):
    """Runs `stepwell` until it ends by itself: for what must be refused."""
    return subprocess.run(
        [str(binary()), *map(str, flags)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
        env=environment(env), cwd=cwd, check=False,
    )


def _die_with_parent():
    """In the child: no server outlives a test run that was killed."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
