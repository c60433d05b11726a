"""Running devices made of disks that nothing uses: what has to be stopped before the disks can be taken."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backend.probe.in_use import Numbers, below, title, volume_group
from backend.probe.snapshot import BlockDevice, Snapshot
from installer.model.storage import Holder, HolderKind

# beginnings of a device-mapper UUID (libdevmapper.h and the tools' own); what has another is a plain mapping
MAPPED = {"LVM": HolderKind.LVM, "mpath": HolderKind.MULTIPATH, "CRYPT": HolderKind.CRYPT}


def parse_holders(snapshot: Snapshot) -> Mapping[str, tuple[Holder, ...]]:
    """Return the running devices on each disk, those on top of others first: the order in which they are stopped.

    Whether any of them is used is not looked at: `backend.probe.in_use.reasons` excludes those disks.
    """
    devices = {device.name: device for device in snapshot.devices}
    numbers = Numbers(snapshot)
    found: dict[str, list[tuple[int, Holder]]] = {}
    for device in snapshot.devices:
        if not _is_holder(device):
            continue
        chain = tuple(name for name, _ in below(device.name, devices, numbers))
        disks = tuple(sorted(name for name in chain if _is_lowest(devices[name], numbers)))
        for disk in disks:
            found.setdefault(disk, []).append((_height(device.name, devices, numbers), _holder(device, disks)))
    return {
        disk: tuple(holder for _, holder in sorted(pairs, key=lambda pair: (-pair[0], pair[1].device)))
        for disk, pairs in found.items()
    }


def _is_holder(device: BlockDevice) -> bool:
    return bool(device.slaves) or (bool(device.backing_number) and device.backing_file.startswith("/dev/"))


def _is_lowest(device: BlockDevice, numbers: Numbers) -> bool:
    return not device.slaves and not device.parent and not numbers.devices(device.backing_number)


def _height(name: str, devices: Mapping[str, BlockDevice], numbers: Numbers, seen: frozenset[str] = frozenset()) -> int:
    """Return how many layers there are from a device down to the lowest disk; rings of devices end the count."""
    if name in seen or name not in devices:
        return 0
    device = devices[name]
    lower = (*device.slaves, *numbers.devices(device.backing_number), *((device.parent,) if device.parent else ()))
    return 1 + max((_height(step, devices, numbers, seen | {name}) for step in lower), default=0)


def _holder(device: BlockDevice, disks: tuple[str, ...]) -> Holder:
    kind = _kind(device)
    name = title(device)
    return Holder(device.name, name, kind, disks, volume_group(name) if kind is HolderKind.LVM else "")


def _kind(device: BlockDevice) -> HolderKind:
    if device.dm_name:
        return MAPPED.get(device.dm_uuid.partition("-")[0], HolderKind.MAPPING)
    if re.fullmatch(r"md([0-9]+|_.+)", device.name):
        return HolderKind.ARRAY
    return HolderKind.LOOP if device.backing_number else HolderKind.OTHER
