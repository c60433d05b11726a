"""What a power cut leaves of a disk while the host on it is installed over: the states there may be, and no other."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

from backend.probe.contents import read_contents
from backend.real_system import temporary_system
from tests.end_to_end.disk_image import PartitionOnImage, read_file
from tests.end_to_end.over_host import entries, part_sha256
from tests.end_to_end.write_log import Replay

BOOT_CODE_BYTES = 440  # of an MBR, before the disk's signature


class Left(StrEnum):
    """What a machine can do that starts from the disk."""

    OLD = "the old host boots"
    KEPT = "the old host boots; a later run keeps its files anew"
    UNFINISHED = "does not boot; the installer finds what was kept and goes on"
    NEW = "the new host is there"


@dataclass(frozen=True)
class Before:
    """The disk before the run, as far as it tells what the run changed."""

    root: PartitionOnImage
    boot_code: bytes
    root_sha256: str
    installed_at: str

    @classmethod
    def of(cls, disk: Path, root: PartitionOnImage) -> Before:
        """Look at a disk."""
        return cls(root, boot_code(disk), part_sha256(disk, root), installed_at(disk, root))


def boot_code(disk: Path) -> bytes:
    """Return what a BIOS starts."""
    with disk.open("rb") as stream:
        return stream.read(BOOT_CODE_BYTES)


def installed_at(disk: Path, root: PartitionOnImage) -> str:
    """Return when the host on a disk was installed; empty where its file system is not whole enough to tell."""
    try:
        return entries(read_file(disk, root, "/etc/xensource-inventory")).get("INSTALLATION_DATE", "")
    except subprocess.CalledProcessError:  # debugfs does not open what mkfs has only begun
        return ""


def what_is_left(disk: Path, before: Before) -> Left:
    """Return the state of a disk. Raises AssertionError when it is none of those there may be."""
    with temporary_system() as system:
        found = read_contents(system, str(disk)).existing.installed
    assert found is not None, "the installer finds no host, and nothing that was kept of one"
    assert not found.refused, f"the host cannot be installed over: {found.refused}"
    bootable, whole = boot_code(disk) == before.boot_code, part_sha256(disk, before.root) == before.root_sha256
    if found.unfinished and found.step == "kept":
        assert whole and bootable, "the old host was changed before the journal says so"
        return Left.KEPT
    if found.unfinished:
        return Left.UNFINISHED
    if whole and bootable:
        return Left.OLD
    date = installed_at(disk, before.root)
    assert date and date != before.installed_at, "the old host is neither whole nor kept"
    assert any(boot_code(disk)[2:]), "the new host has no boot code, and nothing says that it is unfinished"
    return Left.NEW


def cuts(replay: Replay, seed: int, count: int) -> Iterator[tuple[int, str]]:
    """Yield numbers of writes after which the power is cut, rising: as they were made, and up to the flush before.

    The last one is the end of the run.
    """
    random = Random(seed)
    points = {*random.sample(range(1, len(replay.writes)), min(count, len(replay.writes) - 1)), len(replay.writes)}
    both = {(point, "all writes") for point in points}
    both |= {(replay.last_flush(point), "up to the last flush") for point in points}
    yield from sorted(both)


def table(found: Sequence[Left]) -> str:
    """Return how often each state was met."""
    counted = Counter(found)
    return "\n".join(f"{counted[state]:6}  {state}" for state in Left)
