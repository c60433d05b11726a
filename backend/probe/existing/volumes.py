"""The logical volumes of local storage, and which of them belong to which virtual machine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from backend.probe.existing.ext import UnreadableFilesystem
from backend.probe.existing.layout import VOLUME_GROUPS
from backend.probe.existing.tree import opened
from backend.probe.lvm import parse_physical_volume
from installer.model.existing import GuestRecord
from installer.model.storage import LVM, Part

PREFIXES = ("LV-", "VHD-")  # before the identity of what a volume holds
# as 3.2 calls them, by docs/decisions/0036: the machine's identity, then which of its disks it is
_OF_GUEST = re.compile(r"LV-([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?:\.[A-Za-z0-9_.-]{1,32})?")


def read_volumes(path: str, parts: Sequence[Part]) -> tuple[str, ...]:
    """Return the names of the logical volumes in the local storage on a disk, none where it cannot be read."""
    names: list[str] = []
    for part in parts:
        if any(found.type == LVM and found.group.startswith(tuple(VOLUME_GROUPS)) for found in part.signatures):
            try:
                with opened(path, part.start_bytes, part.size_bytes) as read:
                    volume = parse_physical_volume(read)
            except UnreadableFilesystem:
                continue
            names += volume.volumes if volume else ()
    return tuple(dict.fromkeys(names))


def on_volumes(guests: Sequence[GuestRecord], volumes: Sequence[str]) -> tuple[GuestRecord, ...]:
    """Return virtual machines with the names of their logical volumes where the database only has identities."""
    by_identity = {
        name.removeprefix(prefix): name for name in volumes for prefix in PREFIXES if name.startswith(prefix)
    }
    return tuple(
        replace(guest, volumes=tuple(by_identity.get(volume, volume) for volume in guest.volumes)) for guest in guests
    )


def guests_by_volumes(volumes: Sequence[str]) -> tuple[GuestRecord, ...]:
    """Return a nameless record for each virtual machine that volumes tell of; a volume of no such name has its own."""
    found: dict[str, list[str]] = {}
    for name in sorted(volumes):
        match = _OF_GUEST.fullmatch(name)
        found.setdefault(match[1].lower() if match else name, []).append(name)
    return tuple(
        GuestRecord(uuid, f"LV-{uuid}" if _OF_GUEST.fullmatch(names[0]) else uuid, volumes=tuple(names))
        for uuid, names in found.items()
    )
