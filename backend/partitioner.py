"""Partition tables by libparted, and the way from a partition's number to its device node."""

from __future__ import annotations

import os
from collections.abc import Callable

import parted

from backend.descriptors import let_go, open_on
from backend.table import Partition, PartitionTable, PartitionUse, TableType
from installer.model.errors import DeviceError
from installer.model.units import KIB, MIB, align_down

SYSFS_BLOCK = "/sys/class/block"
FILLER = 64 * KIB
FILE_SYSTEMS = {
    PartitionUse.ROOT: "ext3",
    PartitionUse.BACKUP: "ext3",
    PartitionUse.STORAGE_EXT: "ext3",
    PartitionUse.ESP: "fat32",
}
FLAGS = {
    PartitionUse.STORAGE: parted.PARTITION_LVM,
    PartitionUse.ESP: parted.PARTITION_BOOT,  # of a GPT; pyparted has no name for libparted's flag esp
    PartitionUse.BIOS_BOOT: parted.PARTITION_BIOS_GRUB,
}


def write_partition_table(device_path: str, table: PartitionTable) -> None:
    """Replace the table of a whole disk; libparted tells the kernel (BLKPG), also where it parses no tables itself.

    Raises DeviceError with libparted's reason.
    """

    def write() -> None:
        # libparted remembers size and sectors by the path, which may have been another disk's the last time
        parted.getDevice(device_path).removeFromCache()
        device = parted.getDevice(device_path)
        disk = parted.freshDisk(device, table.type.value)
        for partition in _without_gaps(table, device.sectorSize * device.length):
            _add(disk, device, partition, table.type)
        for number in _gaps(table):
            disk.deletePartition(next(part for part in disk.partitions if part.number == number))
        disk.commit()

    before = open_on(device_path)
    try:
        _with_reason(device_path, write)
    except BaseException:
        # libparted keeps a device open whose last writes failed (linux_close), and so it could not be let go of
        let_go(open_on(device_path) - before)
        raise


def _gaps(table: PartitionTable) -> tuple[int, ...]:
    """Return the numbers below the highest one that no partition has."""
    used = [partition.number for partition in table.partitions]
    return tuple(number for number in range(1, max(used)) if number not in used)


def _without_gaps(table: PartitionTable, disk_bytes: int) -> tuple[Partition, ...]:
    """Return the partitions by number with small ones in the gaps: libparted always gives out the lowest free number.

    Only a GPT keeps the other numbers when those are removed again; the last but one MiB of the disk is free for them.
    """
    start = align_down(disk_bytes, MIB) - 2 * MIB
    fillers = (
        Partition(number, PartitionUse.BACKUP, start + index * FILLER, FILLER)
        for index, number in enumerate(_gaps(table))
    )
    return tuple(sorted((*table.partitions, *fillers), key=lambda partition: partition.number))


def _add(disk: parted.Disk, device: parted.Device, partition: Partition, kind: TableType) -> None:
    geometry = parted.Geometry(
        device=device,
        start=partition.start_bytes // device.sectorSize,
        length=partition.size_bytes // device.sectorSize,
    )
    name = FILE_SYSTEMS.get(partition.use)
    filesystem = parted.FileSystem(type=name, geometry=geometry) if name else None
    new = parted.Partition(disk=disk, type=parted.PARTITION_NORMAL, fs=filesystem, geometry=geometry)
    disk.addPartition(partition=new, constraint=parted.Constraint(exactGeom=geometry))
    if new.number != partition.number:
        raise DeviceError(
            f"libparted numbered the {partition.use} partition {new.number} instead of {partition.number}"
        )
    if partition.use is PartitionUse.ROOT and kind is TableType.MBR:  # in a GPT it would make an ESP
        new.setFlag(parted.PARTITION_BOOT)
    if partition.use in FLAGS:
        new.setFlag(FLAGS[partition.use])


def _with_reason(device_path: str, action: Callable[[], None]) -> None:
    try:
        action()
    except (parted.DeviceException, parted.DiskException, parted.PartitionException, parted.IOException) as error:
        raise DeviceError(
            f"the partition table of {device_path} cannot be written: {error}",
            hint="is another program using the disk? `lsblk` and `fuser` tell",
        ) from error


def partition_node(device_path: str, number: int, sysfs_block: str = SYSFS_BLOCK) -> str:
    """Return the node of a disk's partition, found by its parent and number in sysfs.

    Raises DeviceError when the kernel knows no such partition.
    """
    disk = os.path.basename(os.path.realpath(device_path))
    directory = f"{sysfs_block}/{disk}"
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else ():
        try:
            with open(f"{directory}/{name}/partition", encoding="ascii") as stream:
                found = int(stream.read())
        except (FileNotFoundError, NotADirectoryError):
            continue
        if found == number:
            return f"/dev/{name.replace('!', '/')}"
    raise DeviceError(f"the kernel shows no partition {number} on {device_path}")
