"""The sentence that tells a person what is on a disk which is about to be overwritten. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from installer.model.existing import Backup, InstalledHost
from installer.model.storage import BTRFS, GroupKind, Part, Signature, StorageGroup

GPT_END = "gpt-end"  # a backup table at the end of the disk, and none at its start
AMBIVALENT = "ambivalent"
TABLES = {"gpt": "GPT", "dos": "MBR"}
BLANK = {True: "blank", False: "unknown data", None: ""}
HOST_LABEL = re.compile(r"root-[a-z]{8}")  # of this product's control domains (spec R50)
MARK_FILE = "/installation-unfinished"
UNFINISHED_LABEL = "root-unfinished"  # of one that is not complete yet; ext3 has room for 16 bytes

# types of partitions by which another system is recognised: those of GPT (UEFI specification and the systems' own
# documentation) and of MBR
SYSTEMS = {
    "e3c9e316-0b5c-4db8-817d-f92df00215ae": "Windows",  # Microsoft reserved
    "5808c8aa-7e8f-42e0-85d2-e1e90434cfb3": "Windows",  # logical disk manager metadata
    "de94bba4-06d1-4d40-a16a-bfd50179d6ac": "Windows",  # recovery environment
    "0x42": "Windows",  # dynamic disk
    "0x27": "Windows",  # recovery environment
    "aa31e02a-400f-11db-9590-000c2911d1b8": "VMware ESX",  # VMFS
    "9d275380-40ad-11db-bf97-000c2911d1b8": "VMware ESX",  # vmkcore
    "0xfb": "VMware ESX",
    "0xfc": "VMware ESX",
    "516e7cb4-6ecf-11d6-8ff8-00022d09712b": "FreeBSD",
    "516e7cb6-6ecf-11d6-8ff8-00022d09712b": "FreeBSD",
    "516e7cba-6ecf-11d6-8ff8-00022d09712b": "FreeBSD",
    "0xa5": "FreeBSD",
    "0xa6": "OpenBSD",
    "824cc7a0-36a8-11e3-890a-952519ad3f61": "OpenBSD",
    "6a82cb45-1dd2-11b2-99a6-080020736631": "Solaris",
    "7c3457ef-0000-11aa-aa11-00306543ecac": "macOS",  # APFS
    "48465300-0000-11aa-aa11-00306543ecac": "macOS",  # HFS+
    "0xaf": "macOS",
}
WINDOWS_DATA = ("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "0x7")  # a hint of Windows only together with NTFS


def describe(signature: Signature, group: StorageGroup | None = None, disk: str = "") -> str:
    """Return the phrase for one signature; `group` is what it is part of, `disk` where it stands."""
    kind, label = signature.type, signature.label
    named = f" labelled {label}" if label else ""
    if signature.kind is not None and (kind != BTRFS or signature.members > 1 or _others(group, disk)):
        return _member(signature) + _company(signature, group, disk)
    if kind == "swap":
        return f"swap space{named}"
    if kind == "crypto_LUKS":
        return f"encrypted volume{named}"
    if kind == AMBIVALENT:
        return "several signatures"
    return f"{kind} file system{named}"


def _member(signature: Signature) -> str:
    if signature.kind is GroupKind.LVM:
        return f"LVM: {signature.group}" if signature.group else "LVM physical volume"
    if signature.kind is GroupKind.ARRAY:
        return f"member of the array {signature.label}" if signature.label else "member of an array"
    if signature.kind is GroupKind.POOL:
        return f"ZFS pool {signature.label}" if signature.label else "member of a ZFS pool"
    return f"btrfs file system{f' labelled {signature.label}' if signature.label else ''}"


def _others(group: StorageGroup | None, disk: str) -> tuple[str, ...]:
    return tuple(other for other in group.disks if other != disk) if group else ()


def _company(signature: Signature, group: StorageGroup | None, disk: str) -> str:
    """Return what the group has besides: on other disks, and on devices that are not there."""
    others = _others(group, disk)
    if group and signature.members > len(group.places):
        missing = f" ({len(group.places)} of {signature.members} devices present)"
    else:
        missing = ""
    return (f" also on {', '.join(others)}" if others else "") + missing


def installed_host(parts: Iterable[Part]) -> str:
    """Return the label of this product's control domain on a disk, or nothing."""
    return next((label for label in _ext_labels(parts) if HOST_LABEL.fullmatch(label)), "")


def _ext_labels(parts: Iterable[Part]) -> tuple[str, ...]:
    return tuple(found.label for part in parts for found in part.signatures if found.type.startswith("ext"))


def system_of(parts: Iterable[Part]) -> str:
    """Return the operating system that a disk's partitions look like, or nothing."""
    parts = tuple(parts)
    if label := installed_host(parts):
        return f"an installed host ({label})"
    if UNFINISHED_LABEL in _ext_labels(parts):
        return "an installation that was not finished"
    for part in parts:
        ntfs = any(found.type == "ntfs" for found in part.signatures)
        system = "Windows" if ntfs and part.type in WINDOWS_DATA else SYSTEMS.get(part.type, "")
        if system:
            return system
    return ""


def host_phrase(installed: InstalledHost | None, backup: Backup | None) -> str:
    """Return what there is of this product: `XenServer 4.0.1-1 host "xen1", 3 virtual machines; backup of …`."""
    told = []
    if installed:
        name, count = installed.settings.hostname, len(installed.guests)
        guests = f", {count} virtual machine{'' if count == 1 else 's'}" if count else ""
        broken_off = ", its replacement broken off" if installed.unfinished else ""
        told.append(f"{installed.title} host" + (f' "{name}"' if name else "") + guests + broken_off)
    if backup:
        of = f" of {backup.title}" if backup.version else ""
        name = f' host "{backup.hostname}"' if backup.hostname else ""
        told.append(f"{'unusable ' if backup.refused else ''}backup{of}{name}")
    return "; ".join(told)


def sentence(
    disk: str,
    table: str,
    parts: Iterable[Part],
    blank: bool | None,
    groups: Iterable[StorageGroup] = (),
    host: str = "",
) -> str:
    """Return the sentence for a disk, such as `GPT: Windows, 3 partitions (ntfs file system)`, `LVM: data`, `blank`.

    `blank` says whether both its ends are zeros, None when they cannot be read; `host` is what `host_phrase` returns.
    """
    parts = tuple(parts)
    by_key = {(group.kind, group.uuid): group for group in groups}

    def phrases(some: Iterable[Part]) -> tuple[str, ...]:
        found = (signature for part in some for signature in part.signatures)
        lines = (
            describe(item, by_key.get((item.kind, item.group_uuid)) if item.kind else None, disk) for item in found
        )
        return tuple(dict.fromkeys(lines))

    whole = phrases(part for part in parts if not part.number)
    if table == GPT_END:
        whole = (*whole, "remains of a GPT at its end")
    elif table:
        partitions = tuple(part for part in parts if part.number)
        return ", ".join((_table(table, host or system_of(partitions), len(partitions), phrases(partitions)), *whole))
    return ", ".join(whole) or BLANK[blank]


def _table(table: str, system: str, count: int, inside: tuple[str, ...]) -> str:
    counted = f"{count} partition{'' if count == 1 else 's'}" if count else "no partitions"
    shown = f" ({', '.join(inside)})" if inside else ""
    return f"{TABLES.get(table, table)}: {f'{system}, ' if system else ''}{counted}{shown}"
