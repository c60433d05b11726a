"""Which firmware a disk is started by, told by its partition table, and what does not fit this machine's."""

from __future__ import annotations

from dataclasses import replace

from installer.model.host import Disk, Firmware

ESP = ("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "0xef")  # UEFI specification, 5.2 and 5.3
BIOS_BOOT = "21686148-6449-6e6f-744e-656564454649"  # GRUB manual, BIOS installation
OTHER = {
    Firmware.BIOS: "switch its firmware to start in BIOS (legacy) mode",
    Firmware.UEFI: "switch its firmware to start in UEFI mode",
}


def table_firmware(disk: Disk) -> Firmware | None:
    """Return what starts the disk; None where the table does not tell or is made for either."""
    types = {part.type.lower() for part in disk.parts}
    uefi = any(kind in types for kind in ESP)
    bios = BIOS_BOOT in types or (disk.table == "dos" and not uefi)
    return None if uefi == bios else Firmware.UEFI if uefi else Firmware.BIOS


def for_firmware(disk: Disk, firmware: Firmware) -> Disk:
    """Return the disk with its host and backup refused when another firmware than the machine's starts it."""
    own = table_firmware(disk)
    if own is None or own is firmware or not (disk.installed or disk.backup):
        return disk
    refused = f"it is started by {own.name}, and this machine was started by {firmware.name}"
    hint = f"{OTHER[own]} and begin again"
    installed, backup = disk.installed, disk.backup
    if installed and not installed.refused:
        installed = replace(installed, refused=refused, hint=hint)
    if backup and not backup.refused:
        backup = replace(backup, refused=refused, hint=hint)
    return replace(disk, installed=installed, backup=backup)
