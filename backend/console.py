"""The terminal: a shell on it, and on which other one an installer works already."""

from __future__ import annotations

import os
import re

from backend.probe.sysfs import read_attribute
from backend.process import run_interactive

SHELLS = ("/bin/bash", "/bin/sh")
LOCKS = "/proc/locks"
# proc(5): number, kind, ..., pid, major:minor:inode; flock(2) is FLOCK
FLOCK = re.compile(r"[0-9]+: FLOCK +ADVISORY +WRITE +([0-9]+) [0-9a-f]+:[0-9a-f]+:([0-9]+) .*")


def run_on_terminal(thread: int | None = None) -> None:
    """Run a login shell on this process's terminal until it is left.

    It sees what is mounted for one thread of this process alone, such as the target during an installation.
    """
    shell = next((path for path in SHELLS if os.access(path, os.X_OK)), SHELLS[-1])
    inside = ("nsenter", f"--mount=/proc/{os.getpid()}/task/{thread}/ns/mnt", "--") if thread else ()
    run_interactive((*inside, shell, "-l", "-i"))


def parse_locks(text: str, inode: int) -> int | None:
    """Return the process that holds flock(2) on a file, by /proc/locks."""
    for line in text.splitlines():
        match = FLOCK.fullmatch(line)
        if match and int(match[2]) == inode:
            return int(match[1])
    return None


def terminal_of_holder(path: str) -> str:
    """Return the terminal of the process that has locked a file, or what it is called when it has none."""
    process = parse_locks(read_attribute(LOCKS), os.stat(path).st_ino)
    if process is None:
        return "another console"
    try:
        return os.readlink(f"/proc/{process}/fd/0").removeprefix("/dev/")
    except OSError:
        return f"another console (process {process})"
