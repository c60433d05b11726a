"""Whether a disk is divided as a host of this product is, and which firmware it is started by. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from backend.probe.phrases import HOST_LABEL, describe
from installer.model.existing import BACKUP_PARTITION, ROOT_PARTITION
from installer.model.storage import Part
from installer.model.wishes import StorageType

# of local storage: LVM, and ext on a volume of its own (docs/decisions/0036)
VOLUME_GROUPS = {"VG_XenStorage-": StorageType.LVM, "XSLocalEXT-": StorageType.EXT}
ENCRYPTED = "crypto_LUKS"
# 4096 MB each (guide 2.1), as fdisk rounded it to cylinders, and what a person may have made of it
SMALLEST, LARGEST = 3_800_000_000, 8 * 2**30
TABLES = ("dos", "gpt")


def part_of(parts: Sequence[Part], number: int) -> Part | None:
    """Return the partition of a number, or None."""
    return next((part for part in parts if part.number == number), None)


def has_ext(part: Part | None) -> bool:
    """Say whether a partition holds an ext file system."""
    return part is not None and any(found.type in ("ext2", "ext3", "ext4") for found in part.signatures)


def is_encrypted(part: Part | None) -> bool:
    """Say whether a partition holds an encrypted volume."""
    return part is not None and any(found.type == ENCRYPTED for found in part.signatures)


def root_label(parts: Sequence[Part]) -> str:
    """Return the label of the file system on partition 1."""
    root = part_of(parts, ROOT_PARTITION)
    labels = [found.label for found in root.signatures if found.type.startswith("ext")] if root else []
    return labels[0] if labels else ""


def looks_like_host(parts: Sequence[Part]) -> bool:
    """Say whether a disk is marked as a host's, even where nothing on it can be read.

    By the label of its root file system, or by the local storage behind partitions 1 and 2; storage alone is no host.
    """
    if HOST_LABEL.fullmatch(root_label(parts)):
        return True
    groups = [found.group for part in parts if part.number > BACKUP_PARTITION for found in part.signatures]
    divided = part_of(parts, ROOT_PARTITION) and part_of(parts, BACKUP_PARTITION)
    return bool(divided) and any(group.startswith(tuple(VOLUME_GROUPS)) for group in groups)


def layout_refusal(table: str, parts: Sequence[Part], size_bytes: int) -> str:
    """Return what about the partitions of a disk of that size is not as in a host of this product, or nothing."""
    root, backup = part_of(parts, ROOT_PARTITION), part_of(parts, BACKUP_PARTITION)
    if table not in TABLES or root is None:
        return "the disk has no partition 1 in a partition table"
    if backup is None:
        return "partition 2, the place of the backup, is missing"
    if not SMALLEST <= root.size_bytes <= LARGEST or not SMALLEST <= backup.size_bytes <= LARGEST:
        return "partitions 1 and 2 have not the size of a control domain and its backup"
    if backup.start_bytes < root.end_bytes:
        return "partition 2 does not lie behind partition 1"
    if beyond := [part.number for part in parts if part.end_bytes > size_bytes]:
        return f"partition {min(beyond)} ends behind the end of the disk"
    if used := [found for found in backup.signatures if not found.type.startswith("ext")]:
        return f"partition 2, the place of the backup, is used by something else ({describe(used[0])})"
    return ""
