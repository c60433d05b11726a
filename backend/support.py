"""The archive of logs for whoever is asked for help: the masked log and the machine's facts, no secret in it."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from backend.system import System
from installer.model.errors import UsageError
from installer.model.host import Host
from installer.model.machine_file import dump_host


def save_bundle(system: System, log_path: str, host: Host | None, directory: str) -> str:
    """Pack the directory of the log and the facts into a directory; returns the archive's path. Raises UsageError."""
    if not os.path.isdir(directory):
        raise UsageError("there is no such directory", where=directory, hint="mount a disk in the shell first")
    name = f"installer-logs-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz"
    path = os.path.join(os.path.abspath(directory), name)
    logs = ("-C", os.path.dirname(log_path), os.path.basename(log_path)) if log_path else ()
    with system.scratch_file("machine.json", dump_host(host) if host else "") as facts:
        own = ("-C", os.path.dirname(facts), os.path.basename(facts))
        why = f"the logs cannot be saved in {directory}"
        system.run(("tar", "--create", "--gzip", f"--file={path}", *logs, *own), why=why)
    return path
