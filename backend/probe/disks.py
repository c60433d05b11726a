"""Whole disks of the machine: size, model, identity and what is on them. Nothing is written or activated."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyudev

from backend.probe.contents import Contents, read_contents
from backend.probe.firmware import read_firmware
from backend.probe.holders import parse_holders
from backend.probe.in_use import NOT_A_DISK, open_refusal, reasons
from backend.probe.phrases import host_phrase, sentence
from backend.probe.snapshot import read_snapshot
from backend.probe.sysfs import SYSFS_BLOCK, disk_serial, disk_wwn, names, natural, read_attribute
from installer.model.firmware_of_table import for_firmware
from installer.model.host import Disk
from installer.model.storage import in_named_groups, storage_groups

if TYPE_CHECKING:
    from backend.system import System

BY_ID = "/dev/disk/by-id"
SIZE_UNIT = 512  # sysfs counts in these whatever the disk's sectors are (Documentation/ABI/stable/sysfs-block)
VIRTUAL = re.compile(r"loop[0-9]+")
TRANSPORTS = (  # parts of a device's path in sysfs, the narrowest first
    ("/usb", "usb"),
    ("/session", "iscsi"),
    ("/ctlr_", "fcoe"),  # a controller below the network interface (Documentation/ABI/testing/sysfs-bus-fcoe)
    ("/rport-", "fc"),
    ("/end_device-", "sas"),
    ("/ata", "sata"),
    ("/nvme", "nvme"),
    ("/mmc_host/", "mmc"),
    ("/vbd-", "xen"),
    ("/virtio", "virtio"),
)


@dataclass(frozen=True)
class RawDisk:
    """What sysfs and udev say of a block device: texts as they are there, `properties` empty without a database."""

    name: str
    sys_path: str
    attributes: Mapping[str, str]
    properties: Mapping[str, str]
    links: tuple[str, ...] = ()


ATTRIBUTES = (
    "size",
    "ro",
    "removable",
    "hidden",
    "queue/logical_block_size",
    "queue/physical_block_size",
    "queue/rotational",
    "device/model",
    "device/name",
)
MEDIUM = "iso9660"  # on a disk and not a disc: an installation medium that was written to a stick


def parse_disk(raw: RawDisk) -> Disk:
    """Return the facts of a disk from what sysfs and udev say; what udev found out wins over sysfs."""
    attribute, udev = raw.attributes, raw.properties
    name = raw.name.replace("!", "/")  # as the kernel writes a slash: cciss!c0d0
    return Disk(
        name=name,
        path=f"/dev/{name}",
        size_bytes=_number(attribute.get("size", "")) * SIZE_UNIT,
        sector_bytes=_number(attribute.get("queue/logical_block_size", "")) or SIZE_UNIT,
        model=_words(attribute.get("device/model") or attribute.get("device/name") or udev.get("ID_MODEL", "")),
        serial=_words(udev.get("ID_SERIAL_SHORT") or attribute.get("serial", "")),
        wwn=_words(udev.get("ID_WWN_WITH_EXTENSION") or udev.get("ID_WWN") or attribute.get("wwn", "")),
        by_id=tuple(sorted(link for link in raw.links if link.startswith(f"{BY_ID}/") and link.isprintable())),
        transport=next((name for part, name in TRANSPORTS if part in raw.sys_path), ""),
        removable=attribute.get("removable") == "1",
        read_only=attribute.get("ro") == "1",
        physical_sector_bytes=_number(attribute.get("queue/physical_block_size", "")),
        rotational={"0": False, "1": True}.get(attribute.get("queue/rotational", "")),
    )


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def _words(text: str) -> str:
    """Return a text of the hardware's as one line of words; it may hold anything."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def is_whole_disk(raw: RawDisk) -> bool:
    """Say whether an installation could go there: a disk with a medium, no partition, no virtual or optical device."""
    if NOT_A_DISK.fullmatch(raw.name) or VIRTUAL.fullmatch(raw.name):
        return False
    return raw.attributes.get("hidden") != "1" and _number(raw.attributes.get("size", "")) > 0


def read_disks(system: System | None, *, idle_holders: bool = True) -> tuple[Disk, ...]:
    """Return all whole disks, sorted by name, with contents and, in `excluded`, why one is not offered.

    Without a system, which runs the programs that look at contents, those stay unknown. For `idle_holders` see
    `backend.probe.in_use.reasons`.
    """
    found = tuple(raw for raw in _enumerate() if is_whole_disk(raw))
    snapshot = read_snapshot()
    used = reasons(snapshot, idle_holders=idle_holders)
    held = reasons(snapshot)
    holders = parse_holders(snapshot)
    disks = []
    for raw in sorted(found, key=lambda raw: natural(raw.name)):
        disk = replace(parse_disk(raw), holders=holders.get(raw.name, ()))
        excluded = used.get(raw.name) or ("is read-only" if disk.read_only else "")
        if not excluded and raw.name not in held and os.geteuid() == 0:
            excluded = open_refusal(disk.path)
        disks.append(replace(disk, excluded=excluded))
    filled = with_contents(disks, [read_contents(system, disk.path) for disk in disks] if system else ())
    firmware = read_firmware()
    return without_other_paths(tuple(for_firmware(disk, firmware) for disk in filled))


def with_contents(disks: Sequence[Disk], contents: Sequence[Contents]) -> tuple[Disk, ...]:
    """Return the disks with what is on each, told in a sentence that knows of the others."""
    on_disks = in_named_groups((disk.name, found.parts) for disk, found in zip(disks, contents, strict=False))
    groups = storage_groups(on_disks)
    filled = []
    for disk, found, (_, parts) in zip(disks, contents, on_disks, strict=False):
        existing = found.existing
        told = sentence(
            disk.name, found.table, parts, found.blank, groups, host_phrase(existing.installed, existing.backup)
        )
        medium = any(one.type == MEDIUM for part in parts for one in part.signatures)
        boot_medium = medium and (disk.removable or disk.transport == "usb")
        excluded = disk.excluded or ("is an installation medium" if boot_medium else "")
        facts = replace(disk, contents=told, table=found.table, parts=parts)
        facts = replace(facts, installed=existing.installed, backup=existing.backup)
        filled.append(replace(facts, boot_medium=boot_medium, excluded=excluded))
    return (*filled, *disks[len(filled) :])


def without_other_paths(disks: Sequence[Disk]) -> tuple[Disk, ...]:
    """Exclude every path of a disk that is in use by another path: they are one and the same disk."""
    used: dict[tuple[str, str, int], Disk] = {}
    for disk in disks:
        if disk.excluded and (identity := disk.identity):
            used.setdefault(identity, disk)
    return tuple(
        replace(disk, excluded=f"is another path to {other.name}, which {other.excluded}")
        if not disk.excluded and disk.identity and (other := used.get(disk.identity))
        else disk
        for disk in disks
    )


def read_disk(path: str) -> Disk:
    """Return the facts of one block device, loop devices included, without contents and uses."""
    return parse_disk(_read(os.path.realpath(path).removeprefix("/dev/").replace("/", "!")))


def _enumerate() -> tuple[RawDisk, ...]:
    """Ask udev for the disks; libudev lists those of sysfs also where no udevd runs."""
    try:
        devices = pyudev.Context().list_devices(subsystem="block", DEVTYPE="disk")
        return tuple(_read(device.sys_name.replace("/", "!")) for device in devices)
    except ImportError:  # libudev itself is not there
        return tuple(
            _read(name) for name in names(SYSFS_BLOCK) if not os.path.exists(f"{SYSFS_BLOCK}/{name}/partition")
        )


def _read(name: str) -> RawDisk:
    directory = f"{SYSFS_BLOCK}/{name}"
    attributes = {attribute: read_attribute(f"{directory}/{attribute}") for attribute in ATTRIBUTES}
    properties, links = _udev(name)
    return RawDisk(
        name=name,
        sys_path=os.path.realpath(directory),
        attributes={**attributes, "serial": disk_serial(name), "wwn": disk_wwn(name)},
        properties=properties,
        links=links or _links_to(name),
    )


def _udev(name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    try:
        device = pyudev.Devices.from_name(pyudev.Context(), "block", name)
    except (pyudev.DeviceNotFoundError, ImportError):
        return {}, ()
    return dict(device.properties), tuple(device.device_links)


def _links_to(name: str) -> tuple[str, ...]:
    node = "/dev/" + name.replace("!", "/")
    return tuple(f"{BY_ID}/{link}" for link in names(BY_ID) if os.path.realpath(f"{BY_ID}/{link}") == node)
