"""What the kernel has complained of since the machine started, the faults of its disks above all, for the bundle."""

from __future__ import annotations

import os
from contextlib import suppress

KMSG = "/dev/kmsg"  # Linux, Documentation/ABI/testing/dev-kmsg
RECORD_BYTES = 8192  # the longest record there is
WARNING = 4  # syslog(3); what is less grave may tell the command line, and with it a password
LAST = 500


def complaints(path: str = KMSG) -> str:
    """Return the last warnings and errors, a line each, with the seconds since the start; empty where none may read."""
    records: list[bytes] = []
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            records = _records(descriptor)
        finally:
            os.close(descriptor)
    lines = [line for record in records if (line := _line(record.decode(errors="replace")))]
    return "".join(f"{line}\n" for line in lines[-LAST:])


def _records(descriptor: int) -> list[bytes]:
    """Read to the end; every read(2) gives one record."""
    found: list[bytes] = []
    while True:
        try:
            record = os.read(descriptor, RECORD_BYTES)
        except BrokenPipeError:  # what was to be read next has been overwritten: reading goes on behind it
            continue
        except BlockingIOError:
            return found
        if not record:
            return found
        found.append(record)


def _line(record: str) -> str:
    """Return a record's text when it is grave and the kernel's own: `PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT`."""
    head, _, text = record.partition(";")
    fields = head.split(",")
    if len(fields) < 3 or not fields[0].isdecimal() or not fields[2].isdecimal() or int(fields[0]) > WARNING:
        return ""
    return f"[{int(fields[2]) / 1e6:12.6f}] {text.splitlines()[0]}" if text else ""
