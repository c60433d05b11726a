"""Reading attributes of sysfs and identities of disks from it, for machines where udev has no database."""

from __future__ import annotations

import os
import re

SYSFS_BLOCK = "/sys/class/block"
VPD_HEADER = 4  # SPC-4 7.8.1: device type, page code, two bytes of length


def read_attribute(path: str) -> str:
    """Return an attribute without its white space around it, or nothing when it is not there or cannot be read."""
    return read_bytes(path).decode("utf-8", "replace").strip(" \n\t\0")


def read_bytes(path: str) -> bytes:
    """Return a binary attribute, or nothing when it is not there or cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def names(directory: str) -> tuple[str, ...]:
    """Return the sorted names in a directory, none when it is not there."""
    try:
        return tuple(sorted(os.listdir(directory)))
    except OSError:
        return ()


def natural(name: str) -> tuple[int, str]:
    """Return a key that sorts kernel names as a person does: sdb before sdaa, eth2 before eth10."""
    return len(name), name


def parse_vpd_serial(page: bytes) -> str:
    """Return the unit serial number of a SCSI vital product data page 0x80 (SPC-4 7.8.15), as sysfs's vpd_pg80."""
    if len(page) <= VPD_HEADER or page[1] != 0x80:
        return ""
    return page[VPD_HEADER : VPD_HEADER + page[3]].decode("ascii", "replace").strip(" \0")


def parse_wwid(text: str) -> str:
    """Return a world wide name as udev writes it from sysfs's wwid: `naa.5000c5…` is 0x5000c5…, `eui.…` stays."""
    match = re.fullmatch(r"naa\.([0-9a-f]{16})[0-9a-f]*", text)
    if match:
        return f"0x{match[1]}"
    return text if re.fullmatch(r"(eui|uuid)\.[0-9a-f.-]+", text) else ""


def disk_serial(name: str, root: str = SYSFS_BLOCK) -> str:
    """Return the serial number of a whole disk by its kernel name, empty when it has none."""
    device = f"{root}/{name}"
    return (
        read_attribute(f"{device}/serial")  # virtio
        or read_attribute(f"{device}/device/serial")  # NVMe, MMC
        or parse_vpd_serial(read_bytes(f"{device}/device/vpd_pg80"))  # SCSI, and SATA through libata
    )


def disk_wwn(name: str, root: str = SYSFS_BLOCK) -> str:
    """Return the world wide name of a whole disk by its kernel name, empty when it has none."""
    return parse_wwid(read_attribute(f"{root}/{name}/wwid") or read_attribute(f"{root}/{name}/device/wwid"))
