"""What an installation over a host must leave as it was, seen from outside and by who logs in to the host."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from installer.model.wishes import StorageType
from tests.end_to_end.disk_image import PartitionOnImage
from tests.end_to_end.virtual_machine import VirtualMachine

BLOCK_BYTES = 2**20
ZEROS = bytes(BLOCK_BYTES)
VOLUME = "LV-guest"  # the logical volume, or the file in a repository of the type ext, of a virtual machine
# what prints each thing that an installation over the host must not change
KEPT = {
    "host name": "hostname",
    "ssh host key": "cat /etc/ssh/ssh_host_ed25519_key.pub",
    "keys of root": "cat /root/.ssh/authorized_keys",
    "time zone": "readlink -f /etc/localtime",
    "keymap": "cat /etc/sysconfig/keyboard",
    "network": "cat /etc/sysconfig/network-scripts/ifcfg-*",
    "password": "grep ^root: /etc/shadow | cut -d: -f2 | sha256sum | cut -d' ' -f1",
    "pool": "stat -c '%a %u' /etc/xensource/ptoken; cat /etc/xensource/ptoken",
    "iSCSI name": "cat /etc/iscsi/initiatorname.iscsi",
}
GUESTS = {
    StorageType.LVM: f"cat /dev/VG_XenStorage-*/{VOLUME} | sha256sum | cut -d' ' -f1",
    StorageType.EXT: f"mount -o ro,noload /dev/sda3 /mnt && cat /mnt/{VOLUME} | sha256sum | cut -d' ' -f1; umount /mnt",
}
KEPT_ENTRIES = (
    "INSTALLATION_UUID",
    "CONTROL_DOMAIN_UUID",
    "DEFAULT_SR_UUID",
    "DEFAULT_SR_TYPE",
    "MANAGEMENT_INTERFACE",
)


def what_is_kept(host: VirtualMachine, storage: StorageType = StorageType.LVM) -> dict[str, str]:
    """Return what an installation over the host must not change, as the host itself has it."""
    commands = {**KEPT, "volume": GUESTS[storage]}
    return {name: host.run(command) for name, command in commands.items()}


def part_sha256(image: Path, part: PartitionOnImage) -> str:
    """Return the hash of every block of a partition that is not all zeros, with its place; holes are not read."""
    digest = hashlib.sha256()
    descriptor = os.open(image, os.O_RDONLY)
    try:
        place, end = part.start_bytes, part.start_bytes + part.size_bytes
        while place < end:
            try:
                place = max(place, os.lseek(descriptor, place, os.SEEK_DATA) // BLOCK_BYTES * BLOCK_BYTES)
            except OSError:  # ENXIO: only a hole follows
                break
            if place >= end:
                break
            data = os.pread(descriptor, min(BLOCK_BYTES, end - place), place)
            if data != ZEROS[: len(data)]:
                digest.update(f"{place}:".encode() + data)
            place += len(data)
    finally:
        os.close(descriptor)
    return digest.hexdigest()


def entries(inventory: str) -> dict[str, str]:
    """Return the entries of an inventory."""
    return dict(re.findall(r"^([A-Z_]+)='(.*)'$", inventory, re.MULTILINE))
