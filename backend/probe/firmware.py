"""How the machine was started: BIOS or UEFI, and whether that starts signed programs only."""

from __future__ import annotations

import os

from installer.model.host import Firmware

SYSFS_EFI = "/sys/firmware/efi"  # there only after a start by UEFI (Documentation/ABI/testing/sysfs-firmware-efi)

# UEFI 2.10, 3.3: one byte, 1 while it is enforced; efivarfs puts four bytes of attributes before it
SECURE_BOOT = "efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
ATTRIBUTE_BYTES = 4


def read_firmware(directory: str = SYSFS_EFI) -> Firmware:
    """Return how the kernel, or Xen below it, was started."""
    return Firmware.UEFI if os.path.isdir(directory) else Firmware.BIOS


def read_secure_boot(directory: str = SYSFS_EFI) -> bool:
    """Return whether the firmware enforces Secure Boot; a firmware without the variable does not know it."""
    try:
        with open(f"{directory}/{SECURE_BOOT}", "rb") as stream:
            return stream.read()[ATTRIBUTE_BYTES:] == b"\x01"
    except OSError:
        return False
