"""What an installation that was killed leaves behind: a loop device on its image file. Its mounts end with it.

A loop device is ours to detach when the installer noted it down, it is still the same attachment (the kernel's
sequence number of disks, Linux 5.15), and nobody holds the lock of the image file, which a living installer does.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from backend.probe.snapshot import loop_of_file
from backend.probe.sysfs import SYSFS_BLOCK, read_attribute
from installer.model.errors import DiskRefused

NOTES = "/run/lock"  # lost with the loop devices when the machine starts anew
DETACH_WAITS_S = (0.2, 0.5, 1, 2)


def note_path(device: str) -> str:
    """Return the file that notes down which image the installer attached to a loop device."""
    return f"{NOTES}/installer-{os.path.basename(device)}.image"


def note_text(device: str, path: str) -> str:
    """Return what the note says: the attachment, and the file by device and inode."""
    status = os.stat(path)
    attachment = read_attribute(f"{SYSFS_BLOCK}/{os.path.basename(device)}/diskseq")
    return f"{attachment} {status.st_dev} {status.st_ino}\n"


def is_left_behind(device: str, path: str) -> bool:
    """Say whether an installer attached this image to this loop device and has ended without detaching it."""
    try:
        return Path(note_path(device)).read_text(encoding="ascii") == note_text(device, path)
    except (OSError, UnicodeDecodeError):
        return False


def check_detached(path: str) -> None:
    """Raise DiskRefused for an image file on a loop device; one that is just being let go of is waited for."""
    for wait_s in DETACH_WAITS_S:
        if not loop_of_file(path):
            return
        time.sleep(wait_s)
    if loop := loop_of_file(path):
        hint = f"`fuser -vm {loop}` tells what uses it; end that and start again"
        raise DiskRefused(f"the file is still, or by now, attached to {loop}", where=path, hint=hint)


def check_unlocked(path: str) -> None:
    """Raise DiskRefused while another installer works on an image file; it holds the file's lock (flock(2))."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DiskRefused("another installer uses it", where=path, hint="wait until it has ended") from None
    finally:
        os.close(descriptor)
