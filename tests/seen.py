"""A part of an image file mounted beside everything that is tested, to be looked at or to be changed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST_S = 60.0


@contextmanager
def seen(image: Path, start_bytes: int, size_bytes: int, *, write: bool = False) -> Iterator[Path]:
    """Mount an ext file system in an image; afterwards the image is free again for the installer.

    A loop device goes when its last user does: an installer of another test, which has copies of all mounts, may be it.
    """
    point = image.parent / f"seen-{image.name}-{start_bytes}"
    point.mkdir(exist_ok=True)
    where = (f"--offset={start_bytes}", f"--sizelimit={size_bytes}", *(() if write else ("--read-only",)))
    loop = _output("losetup", "--find", "--show", *where, str(image)).strip()
    try:
        if write:
            _output("blockdev", "--setrw", loop)  # the kernel keeps `read-only` of whoever used this loop device before
        _output("mount", "-t", "ext4", "-o", "rw" if write else "ro,noload", loop, str(point))
        try:
            yield point
        finally:
            _output("umount", str(point))
    finally:
        _output("losetup", "--detach", loop)
        end = time.monotonic() + LONGEST_S
        while f"{loop}:" in _output("losetup", "--associated", str(image)) and time.monotonic() < end:
            time.sleep(0.1)


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout
