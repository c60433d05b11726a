"""The firmware's boot entries, as efibootmgr(8) lists them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

# Boot0003* Label<TAB>HD(4,GPT,<partition's UUID>,0x800,0x100000)/File(\EFI\…); newer versions leave File( ) out
ENTRY = re.compile(r"Boot([0-9A-Fa-f]{4})[* ] ?.*\tHD\([0-9]+,GPT,([0-9A-Fa-f-]{36}),[^)]*\)/(?:File\()?([^)\t]*)")


@dataclass(frozen=True)
class BootEntry:
    """An entry that starts a file of a partition: number in four hexadecimal digits, the partition's UUID, the file."""

    number: str
    partition_uuid: str
    loader: str


def parse_boot_entries(lines: Sequence[str]) -> tuple[BootEntry, ...]:
    """Return the entries of `efibootmgr --verbose` that start a file of a GPT's partition; others do not matter."""
    found = (ENTRY.match(line) for line in lines)
    return tuple(BootEntry(match[1], match[2].lower(), match[3]) for match in found if match)


def replaced_entries(
    entries: Sequence[BootEntry], directory: str, esp_uuid: str, present: Collection[str]
) -> tuple[str, ...]:
    """Return the numbers of the entries that a new one for the ESP replaces.

    Those are the ones with a loader in our directory on this ESP, and on partitions that no disk has any more: each
    installation gives the ESP a new UUID. Entries of other hosts on other disks of the machine stay. `directory` ends
    with a backslash. `present` are the UUIDs of all partitions; when the ESP itself is not among them, it is not to be
    trusted.
    """
    uuids = {uuid.lower() for uuid in present}
    known = esp_uuid in uuids
    return tuple(
        entry.number
        for entry in entries
        if entry.loader.lower().startswith(directory.lower())
        and (entry.partition_uuid == esp_uuid or (known and entry.partition_uuid not in uuids))
    )


def first_in_order(lines: Sequence[str]) -> str:
    """Return the number of the first entry in the firmware's order, where efibootmgr puts a new one; empty if none."""
    found = (re.match(r"BootOrder: ([0-9A-Fa-f]{4})", line) for line in lines)
    return next((match[1] for match in found if match), "")
