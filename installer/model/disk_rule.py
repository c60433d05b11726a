"""A disk described by what it is instead of by its name, and which disks of a machine that fits (spec R72)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from installer.model.host import Disk
from installer.model.units import exact_size


class Pick(StrEnum):
    """Which one of several fitting disks is meant."""

    SMALLEST = "smallest"
    LARGEST = "largest"


@dataclass(frozen=True)
class DiskRule:
    """What a disk must be like; empty or None does not count. Sizes in bytes, both ends included."""

    serial: str = ""
    wwn: str = ""
    model: str = ""
    min_bytes: int | None = None
    max_bytes: int | None = None
    pick: Pick | None = None

    def fits(self, disk: Disk) -> bool:
        """Say whether a disk is as the rule wants it, `pick` aside. Case and runs of blanks do not count."""
        texts = ((self.serial, disk.serial), (self.wwn, disk.wwn), (self.model, disk.model))
        if any(wanted and _plain(wanted) != _plain(found) for wanted, found in texts):
            return False
        least, most = self.min_bytes, self.max_bytes
        return (least is None or disk.size_bytes >= least) and (most is None or disk.size_bytes <= most)

    def picked(self, disks: Sequence[Disk]) -> tuple[Disk, ...]:
        """Return the disks that `pick` leaves of fitting ones: several when they have the same size."""
        if self.pick is None or not disks:
            return tuple(disks)
        sizes = [disk.size_bytes for disk in disks]
        wanted = min(sizes) if self.pick is Pick.SMALLEST else max(sizes)
        return tuple(disk for disk in disks if disk.size_bytes == wanted)

    def attributes(self) -> Iterator[tuple[str, str]]:
        """Yield the answerfile's attributes that stand for this rule, with their values."""
        pairs = (
            ("serial", self.serial),
            ("wwn", self.wwn),
            ("model", self.model),
            ("min-size", "" if self.min_bytes is None else exact_size(self.min_bytes)),
            ("max-size", "" if self.max_bytes is None else exact_size(self.max_bytes)),
            ("pick", self.pick.value if self.pick else ""),
        )
        return ((name, value) for name, value in pairs if value)

    def __str__(self) -> str:
        return " ".join(f'{name}="{value}"' for name, value in self.attributes())


def _plain(text: str) -> str:
    # udev writes blanks of a model as underscores, and a WWN with 0x
    return re.sub(r"[\s_]+", " ", text).strip().casefold().removeprefix("0x")
