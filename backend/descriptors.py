"""Descriptors of this process that keep a device or a file system busy after what opened them was broken off."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress


def open_on(device_path: str) -> set[int]:
    """Return the descriptors that are open on a device; none when it is gone."""
    try:
        node = os.stat(device_path)
    except OSError:
        return set()
    return _descriptors(lambda descriptor: os.path.samestat(os.fstat(descriptor), node))


def open_in(mount_ids: Collection[str]) -> set[int]:
    """Return the descriptors of files and directories in some mounts (proc_pid_fdinfo(5), `mnt_id`)."""

    def fits(descriptor: int) -> bool:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as stream:
            return any(line.removeprefix("mnt_id:").strip() in mount_ids for line in stream if "mnt_id:" in line)

    return _descriptors(fits)


def _descriptors(fits: Callable[[int], bool]) -> set[int]:
    found: set[int] = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # that of the listing itself
            if fits(int(name)):
                found.add(int(name))
    return found


def let_go(descriptors: Iterable[int]) -> None:
    """Close descriptors that nobody will use again.

    Each is replaced by one of /dev/null (dup(2)), as its owner, if it has one, may still close the number later,
    and must not close what has been opened in the meantime.
    """
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        for descriptor in descriptors:
            os.dup2(null, descriptor, inheritable=False)
    finally:
        os.close(null)
