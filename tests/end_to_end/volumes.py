"""Logical volumes on disk images, made and filled at a desk by lvm alone; which bytes of the image are whose."""

from __future__ import annotations

import hashlib
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "LVM_SUPPRESS_FD_WARNINGS": "1"}


@dataclass(frozen=True)
class Volume:
    """A logical volume's only extents on the image, in bytes, and what it was filled with."""

    name: str
    start_bytes: int
    size_bytes: int
    sha256: str


def make_storage(image: Path, place: tuple[int, int], group: str, names: tuple[str, ...]) -> tuple[Volume, ...]:
    """Make a volume group in a part of an image, start and size in bytes, and a volume in it by each name."""
    with _attached(image, place) as loop:
        _lvm("pvcreate", loop, loop)
        _lvm("vgcreate", loop, group, loop)
        rows = _volumes(loop, group, names)
    return tuple(_filled(image, place[0], name, *numbers) for name, *numbers in rows)


def add_volumes(image: Path, place: tuple[int, int], names: tuple[str, ...]) -> tuple[Volume, ...]:
    """Make and fill volumes in the volume group that is there in a part of an image."""
    with _attached(image, place) as loop:
        group = _lvm("vgs", loop, "--noheadings", "-o", "vg_name").strip()
        rows = _volumes(loop, group, names)
    return tuple(_filled(image, place[0], name, *numbers) for name, *numbers in rows)


def check_volumes(image: Path, volumes: tuple[Volume, ...]) -> list[str]:
    """Return the names of the volumes whose bytes have changed."""
    with image.open("rb") as stream:
        changed = []
        for volume in volumes:
            stream.seek(volume.start_bytes)
            if hashlib.sha256(stream.read(volume.size_bytes)).hexdigest() != volume.sha256:
                changed.append(volume.name)
    return changed


def run_tool(*argv: str, text: str = "") -> str:
    """Run a program with a text on its standard input; returns what it said. Raises AssertionError when it fails."""
    result = subprocess.run(argv, input=text, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert result.returncode == 0, f"{argv}: {result.stdout}{result.stderr}"
    return result.stdout


@contextmanager
def _attached(image: Path, place: tuple[int, int]) -> Iterator[str]:
    start, size = place
    loop = run_tool("losetup", "-f", "--show", f"--offset={start}", f"--sizelimit={size}", str(image)).strip()
    try:
        yield loop
    finally:
        run_tool("losetup", "-d", loop)


def _lvm(command: str, loop: str, *argv: str) -> str:
    """Run a command of lvm that sees one loop device and nothing else."""
    return run_tool(command, "--devices", loop, "--config", "backup{backup=0 archive=0}", "--yes", *argv)


def _volumes(loop: str, group: str, names: tuple[str, ...]) -> list[tuple[str, int, int, int, int]]:
    """Make volumes; returns name, first extent, extents, size of one and where they begin, of each in the group."""
    for name in names:
        _lvm("lvcreate", loop, "--driverloaded", "n", "-an", "-Zn", "-Wn", "-L", "8M", "-n", name, group)
    fields = "lv_name,pvseg_start,pvseg_size,vg_extent_size,pe_start"
    shown = ("--segments", "--noheadings", "--nosuffix", "--units=b", "--separator=|", "-o", fields)
    rows = [line.strip().split("|") for line in _lvm("pvs", loop, *shown, loop).splitlines()]
    return [(name, int(first), int(count), int(extent), int(data)) for name, first, count, extent, data in rows if name]


def _filled(image: Path, storage_start: int, name: str, first: int, count: int, extent: int, data: int) -> Volume:
    """Fill a volume of one piece: `count` extents from the `first` on, where the extents begin at `data`."""
    start, size = storage_start + data + first * extent, count * extent
    contents = random.Random(name).randbytes(size)
    with image.open("r+b") as stream:
        stream.seek(start)
        stream.write(contents)
    return Volume(name, start, size, hashlib.sha256(contents).hexdigest())
