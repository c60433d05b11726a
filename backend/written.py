"""Whether what was written has reached the disk: the kernel writes later, and tells of what failed only who asks."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from installer.model.errors import DeviceError

FAILING = "the disk fails: `dmesg` tells of its errors; start again on another one"
MAY_FAIL = "the disk fails, or what its image file lies on: `dmesg` tells how; start again on another one"
NO_ROOM = "the file system that holds the image file is full; make room there and start again"


@contextmanager
def told_when_lost(node: str) -> Iterator[None]:
    """Raise DeviceError for a device that did not take what was written to it."""
    try:
        yield
    except OSError as error:
        hint = NO_ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT) else FAILING
        raise DeviceError(
            f"not all that was written has reached the disk: {error.strerror}", where=node, hint=hint
        ) from (error)


def sync_device(node: str) -> None:
    """Have what was written to a device on it (fsync(2)); raises DeviceError when any of it is lost."""
    with _opened(node) as descriptor, told_when_lost(node):
        os.fsync(descriptor)


@contextmanager
def all_written(node: str) -> Iterator[None]:
    """Raise DeviceError at the end when something is lost that was written meanwhile, by unmounting for the last.

    A file system in memory, which has no node, loses nothing.
    """
    if not node.startswith("/"):
        yield
        return
    with _opened(node) as descriptor:
        yield
        with told_when_lost(node):
            os.fsync(descriptor)


@contextmanager
def _opened(node: str) -> Iterator[int]:
    descriptor = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
