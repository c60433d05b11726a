"""Whole disks and image files, written to directly and kept from other installers. Only `real_system.py` uses this."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from backend.left_behind import check_detached
from installer.model.errors import DiskRefused

MIB = 1024 * 1024
BOOT_CODE_BYTES = 440  # of the MBR; disk signature and partition table follow (UEFI 2.10, table 5.1)
NEXT_DEVICE = b"\xcd\x18"  # INT 18h: a BIOS that goes by the signature 55AA alone tries what comes next
ERASED_BOOT_CODE = NEXT_DEVICE.ljust(BOOT_CODE_BYTES, b"\0")
LOCKS = "/run/lock"


def write_zeros(device: str, starts: Sequence[int]) -> None:
    """Overwrite one MiB at each of the starts (bytes), and the last one of the device."""
    with open(device, "r+b") as stream:  # buffered: a raw stream may write less, and only says so
        end = stream.seek(0, os.SEEK_END)
        for start in (*starts, end - MIB):
            stream.seek(max(0, start))
            stream.write(bytes(min(MIB, end - max(0, start))))
        stream.flush()
        os.fsync(stream.fileno())


def erase_boot_code(device: str) -> None:
    """Overwrite what a BIOS starts, and nothing of the partition table in the same sector."""
    with open(device, "r+b") as stream:
        stream.write(ERASED_BOOT_CODE)
        stream.flush()
        os.fsync(stream.fileno())


def create_image(path: str, size_bytes: int) -> None:
    """Make a sparse file that was not there; raises DiskRefused when it is there by now."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise DiskRefused("the file has come into being meanwhile", where=path, hint="start again") from None
    try:
        os.ftruncate(descriptor, size_bytes)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: str) -> Iterator[None]:
    """flock(2) an image file, or for a device a file that stands for it: udev reacts to locks of devices."""
    lock = path
    if stat.S_ISBLK(os.stat(path).st_mode):
        lock = f"{LOCKS}/installer-{os.stat(path).st_rdev:x}.lock"
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock == path:
            check_detached(path)
        yield
    except BlockingIOError:
        raise DiskRefused("another installer uses it", where=path, hint="wait until it has ended") from None
    finally:
        os.close(descriptor)
