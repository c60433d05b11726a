"""Disk arithmetic: which partitions a disk gets. Pure, in bytes.

Numbers and sizes are those of 4.0.1 (guide 2.1, spec R50): 1 root, 2 backup, 3 guest storage. What the firmware starts
from, in a GPT, is number 4 and lies first: a BIOS reaches it there on a disk of any size, and guest storage stays last.
"""

from __future__ import annotations

from dataclasses import replace

from backend.identities import GptIdentities, Identities
from backend.table import Partition, PartitionTable, PartitionUse, TableType
from installer.model.errors import DiskRefused
from installer.model.host import Disk, Firmware
from installer.model.units import GB, MIB, align_down, human_size

DOM0_PARTITION = 4096 * MIB
FIRST_PARTITION = 1 * MIB
ALIGNMENT = 1 * MIB
SMALLEST_DISK = 16 * GB
MBR_LIMIT_SECTORS = 2**32  # start and length of an MBR entry are 32 bits wide
# FAT32 has 65,525 clusters or more (fatgen103), of one sector or more: 256 MiB on a disk with sectors of 4 KiB
ESP_BYTES = 512 * MIB
BIOS_BOOT_BYTES = 1 * MIB  # for GRUB's core image of some 160 KB
BOOT_NUMBER = 4


def primary_table(disk: Disk, firmware: Firmware, identities: Identities, *, storage: bool) -> PartitionTable:
    """Return the table of the primary disk: MBR for a BIOS as in 4.0.1, GPT for UEFI and for disks beyond 2 TiB.

    Raises DiskRefused for disks below 16 GB.
    """
    size_bytes, sector_bytes = disk.size_bytes, disk.sector_bytes
    if firmware is Firmware.UEFI:
        return gpt_table(size_bytes, PartitionUse.ESP, identities.gpt, storage=storage)
    if size_bytes > MBR_LIMIT_SECTORS * sector_bytes:
        return gpt_table(size_bytes, PartitionUse.BIOS_BOOT, identities.gpt, storage=storage)
    return mbr_table(size_bytes, sector_bytes, storage=storage, disk_id=identities.disk_id)


def gpt_table(size_bytes: int, boot: PartitionUse, identities: GptIdentities, *, storage: bool) -> PartitionTable:
    """Return a GPT with an ESP or a BIOS-boot partition as number 4, before the others.

    Both copies of the table fit the MiB that stays free at each end, with sectors of 512 and of 4096 bytes.
    Raises DiskRefused for disks below 16 GB.
    """
    _refuse_small(size_bytes)
    boot_bytes = ESP_BYTES if boot is PartitionUse.ESP else BIOS_BOOT_BYTES
    partitions = _dom0_and_storage(size_bytes, FIRST_PARTITION + boot_bytes, storage=storage)
    partitions.append(Partition(BOOT_NUMBER, boot, FIRST_PARTITION, boot_bytes))
    named = (replace(part, uuid=identities.partition_uuids[part.number - 1]) for part in partitions)
    return PartitionTable(TableType.GPT, identities.disk_uuid, tuple(named))


def mbr_table(size_bytes: int, sector_bytes: int, *, storage: bool, disk_id: str) -> PartitionTable:
    """Return the table of the primary disk of a BIOS machine.

    Raises DiskRefused for disks below 16 GB or beyond what MBR can address.
    """
    _refuse_small(size_bytes)
    if size_bytes > MBR_LIMIT_SECTORS * sector_bytes:
        raise DiskRefused(f"{human_size(size_bytes)} is more than an MBR partition table can address")
    partitions = _dom0_and_storage(size_bytes, FIRST_PARTITION, storage=storage)
    return PartitionTable(TableType.MBR, disk_id, tuple(partitions))


def _refuse_small(size_bytes: int) -> None:
    if size_bytes < SMALLEST_DISK:
        raise DiskRefused(f"{human_size(size_bytes)} is too small: the primary disk needs {human_size(SMALLEST_DISK)}")


def _dom0_and_storage(size_bytes: int, start_bytes: int, *, storage: bool) -> list[Partition]:
    """Return numbers 1 to 3, one after the other from `start_bytes` on."""
    root = Partition(1, PartitionUse.ROOT, start_bytes, DOM0_PARTITION)
    backup = Partition(2, PartitionUse.BACKUP, root.end_bytes, DOM0_PARTITION)
    partitions = [root, backup]
    if storage:
        # the last MiB stays free: a whole-disk backup GPT or RAID superblock written later finds nothing to destroy
        end = align_down(size_bytes, ALIGNMENT) - ALIGNMENT
        partitions.append(Partition(3, PartitionUse.STORAGE, backup.end_bytes, end - backup.end_bytes))
    return partitions
