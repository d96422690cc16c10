"""Processes as the operating system shows them: who still works for a data folder."""

import os
from pathlib import Path


def working_for(data_dir):
    """The ids of all processes whose arguments, environment or working folder name `data_dir`."""
    needle = os.fsencode(str(data_dir))
    return [pid for pid in _ids() if pid != os.getpid() and _names(pid, needle)]


def show(pid):
    """A process's arguments, for a message."""
    try:
        return f"{pid}: " + Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return f"{pid}: gone"


def _ids():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def _names(pid, needle):
    folder = Path(f"/proc/{pid}")
    try:
        if (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        texts = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes(), os.fsencode(os.readlink(folder / "cwd"))
    except OSError:
        return False
    return any(needle in text for text in texts)
