"""The partition table to be written: plain data between planner, system and tests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TableType(StrEnum):
    """Partition table formats, as libparted calls them."""

    MBR = "msdos"
    GPT = "gpt"

    @property
    def shown(self) -> str:
        """The name people use."""
        return self.name


class PartitionUse(StrEnum):
    """What a partition is for; it decides type id and flags."""

    ROOT = "root"
    BACKUP = "backup"
    STORAGE = "storage"
    STORAGE_EXT = "storage (ext3)"
    ESP = "ESP"
    BIOS_BOOT = "BIOS boot"


@dataclass(frozen=True)
class Partition:
    """One partition: number in the table, start and size in bytes (whole sectors), and in a GPT its UUID."""

    number: int
    use: PartitionUse
    start_bytes: int
    size_bytes: int
    uuid: str = ""

    @property
    def end_bytes(self) -> int:
        """The first byte after the partition."""
        return self.start_bytes + self.size_bytes


@dataclass(frozen=True)
class PartitionTable:
    """A whole table; `disk_id` is an MBR's disk signature in eight hexadecimal digits, or a GPT's UUID.

    Partitions stand in the order of their numbers, which need not be that of their places.
    """

    type: TableType
    disk_id: str
    partitions: tuple[Partition, ...]

    def partition(self, use: PartitionUse) -> Partition | None:
        """Return the partition of that use, or None."""
        return next((partition for partition in self.partitions if partition.use is use), None)
