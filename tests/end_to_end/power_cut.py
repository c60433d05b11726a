"""What a power cut leaves of a disk while the host on it is installed over: the states there may be, and no other."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

from backend.probe.contents import read_contents
from backend.real_system import temporary_system
from tests.backend.small_repository import small_repository
from tests.end_to_end.command import answerfile, installer
from tests.end_to_end.disk_image import PartitionOnImage, boot_code, partitions, read_file
from tests.end_to_end.laboratory import GIB, INSTALL_S, Laboratory
from tests.end_to_end.over_host import entries, part_sha256
from tests.end_to_end.virtual_machine import Bus
from tests.end_to_end.write_log import Replay

INVENTORY = "/etc/xensource-inventory"
IDENTITY = ("INSTALLATION_UUID", "CONTROL_DOMAIN_UUID", "DEFAULT_SR_UUID")


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
    inventory: Mapping[str, str]

    @classmethod
    def of(cls, disk: Path, root: PartitionOnImage) -> Before:
        """Look at a disk."""
        return cls(root, boot_code(disk), part_sha256(disk, root), inventory(disk, root))


def old_host(lab: Laboratory) -> Path:
    """Install a small host at a desk and put data where its guests' storage is."""
    disk = lab.directory / "before.img"
    repository = small_repository(lab.directory / "old")
    text = answerfile("", source=f'<source type="url">{repository}</source>')
    answers = lab.directory / "old.xml"
    answers.write_text(text, encoding="utf-8")
    argv = ["--answerfile", str(answers), "--target", str(disk), "--size", "16G", "install"]
    outcome = installer(*argv, cwd=lab.directory)
    assert outcome.code == 0, outcome.text
    storage = partitions(disk)[2]
    with disk.open("r+b") as stream:
        stream.seek(storage.start_bytes + GIB)
        stream.write(os.urandom(2**20))
    return disk


def inventory(disk: Path, root: PartitionOnImage) -> dict[str, str]:
    """Return what the host on a disk says of itself; nothing where its file system is not whole enough to tell."""
    try:
        return entries(read_file(disk, root, INVENTORY))
    except subprocess.CalledProcessError:  # debugfs does not open what mkfs has only begun
        return {}


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
    date = inventory(disk, before.root).get("INSTALLATION_DATE")
    assert date and date != before.inventory["INSTALLATION_DATE"], "the old host is neither whole nor kept"
    assert any(boot_code(disk)[2:]), "the new host has no boot code, and nothing says that it is unfinished"
    return Left.NEW


def bring_to_its_end(lab: Laboratory, disk: Path, answers: str, before: Before) -> None:
    """Start the installer again with the same answers; the machine is then the old one, with a new control domain."""
    machine = lab.boot_image(lab.hardware(disk, bus=Bus.AHCI), f"answerfile={answers} install")
    said = machine.wait_for_end(INSTALL_S)
    assert "the machine restarts" in said and "broken off" in said, said[-2000:]
    assert what_is_left(disk, before) is Left.NEW
    now = inventory(disk, before.root)
    assert [now[name] for name in IDENTITY] == [before.inventory[name] for name in IDENTITY]


def cuts(replay: Replay, seed: int, count: int) -> tuple[int, ...]:
    """Return after how many writes the power is cut, rising: `count` times by chance, and at the flush before each.

    What was written behind the last flush is lost there. The last one is the end of the run.
    """
    random = Random(seed)
    points = {*random.sample(range(1, len(replay.writes)), min(count, len(replay.writes) - 1)), len(replay.writes)}
    return tuple(sorted(points | {replay.last_flush(point) for point in points}))


def to_be_booted(found: Mapping[int, Left], count: int) -> tuple[int, ...]:
    """Return so many of the cuts from which the installer goes on, rising; two of three need it to boot at all."""
    kept = [cut for cut, left in found.items() if left is Left.KEPT]
    unfinished = [cut for cut, left in found.items() if left is Left.UNFINISHED]
    return tuple(sorted((*_spread(kept, count // 3), *_spread(unfinished, count - count // 3))))


def _spread(cuts: Sequence[int], count: int) -> tuple[int, ...]:
    """Return so many, from the first to the last in even distances."""
    assert len(cuts) >= count, f"only {len(cuts)} cuts for {count}"
    return tuple(cuts[round(number * (len(cuts) - 1) / max(count - 1, 1))] for number in range(count))


def table(found: Sequence[Left]) -> str:
    """Return how often each state was met."""
    counted = Counter(found)
    return "\n".join(f"{counted[state]:6}  {state}" for state in Left)
