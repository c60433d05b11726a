"""A used host is installed over in a virtual machine, and its backup is put back: both start.

By BIOS with guests on LVM, and by UEFI with guests in an ext file system.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from installer.model.host import Firmware
from installer.model.wishes import StorageType
from tests.end_to_end.command import PASSWORD
from tests.end_to_end.conftest import install_at_a_desk
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.laboratory import INSTALL_S, Laboratory
from tests.end_to_end.over_host import KEPT_ENTRIES, VOLUME, entries, part_sha256, what_is_kept
from tests.end_to_end.test_reinstall import DONE, REINSTALL
from tests.end_to_end.virtual_machine import OVMF_VARIABLES, Bus, Hardware, VirtualMachine

pytestmark = [pytest.mark.vm, pytest.mark.root, pytest.mark.rare]
RESTORE = "<restore><backup-disk>sda</backup-disk></restore>\n"
MACHINES = {Firmware.BIOS: "qemu", Firmware.UEFI: "qemu-uefi"}
STORAGE = {Firmware.BIOS: StorageType.LVM, Firmware.UEFI: StorageType.EXT}
OWN_ENTRY = r'BdsDxe: starting Boot[0-9A-F]{4} "XenServer" from HD\(4,GPT'


@dataclass(frozen=True)
class Room:
    """A machine with one disk, its firmware's memory, and the laboratory that it stands in."""

    lab: Laboratory
    disk: Path
    hardware: Hardware
    storage: StorageType

    def start_host(self, begins: str = "") -> VirtualMachine:
        """Start what is on the disk and log in; a UEFI says how it `begins`."""
        host = self.lab.start(replace(self.hardware, memory_mib=1536))
        if begins and self.hardware.firmware is Firmware.UEFI:
            host.wait_for(begins)
        host.log_in(PASSWORD)
        firmware = host.run("test -d /sys/firmware/efi && echo uefi || echo bios")
        assert firmware == self.hardware.firmware.value
        return host

    def install(self, name: str, text: str) -> None:
        """Start the boot image with answers, until the machine restarts."""
        answers = self.lab.serve(name, text)
        said = self.lab.boot_image(self.hardware, f"answerfile={answers} install").wait_for_end(INSTALL_S)
        assert DONE in said, said[-2000:]
        assert "took no boot entry" not in said


def _room(lab: Laboratory, repository: Path, firmware: Firmware) -> Room:
    """Install a host at a desk for a machine of this firmware, which has no boot entry for it yet."""
    desk = lab.directory / "desk"
    desk.mkdir()
    storage = STORAGE[firmware]
    disk = install_at_a_desk(repository, desk, "--machine", MACHINES[firmware], storage=storage).image
    variables = lab.directory / "variables"
    shutil.copyfile(OVMF_VARIABLES, variables)
    hardware = replace(lab.hardware(disk, bus=Bus.IDE), firmware=firmware, variables=variables)
    return Room(lab, disk, hardware, storage)


def _use(room: Room) -> dict[str, str]:
    """Leave data on a guest's disk and marks on the host; returns what must be the same afterwards."""
    host = room.start_host()
    if room.storage is StorageType.LVM:
        group = host.run("vgs --noheadings -o vg_name").strip()
        host.run(f"lvcreate -qq -y -L 32M -n {VOLUME} {group}")
        host.run(f"dd if=/dev/urandom of=/dev/{group}/{VOLUME} bs=1M count=32 conv=fsync 2>/dev/null")
    else:
        written = f"dd if=/dev/urandom of=/mnt/{VOLUME} bs=1M count=32 2>/dev/null"
        host.run(f"mount /dev/sda3 /mnt && {written}; umount /mnt")
    host.run("echo custom >/root/custom; mkdir -p /etc/xensource")
    host.run("echo secret-of-the-pool >/etc/xensource/ptoken; chmod 600 /etc/xensource/ptoken")
    host.run("mkdir -p /etc/iscsi; echo InitiatorName=iqn.2026-11.org.example:h >/etc/iscsi/initiatorname.iscsi")
    host.until("ls /etc/ssh", "ssh_host_ed25519_key.pub")
    found = what_is_kept(host, room.storage)
    assert re.fullmatch("[0-9a-f]{64}", found["volume"]) and found["volume"] != hashlib.sha256().hexdigest()
    host.run("sync")
    host.power_off()
    return found


@pytest.mark.parametrize("firmware", [Firmware.BIOS, Firmware.UEFI])
def test_host_is_installed_over_and_its_backup_is_put_back(
    lab: Laboratory, repository: Path, firmware: Firmware
) -> None:
    """Every byte of the guest storage stays, who the host is and its settings too; Restore brings the old one back."""
    lab.served.joinpath("repository").symlink_to(repository.resolve())
    room = _room(lab, repository, firmware)
    disk = room.disk
    before = _use(room)
    parts = partitions(disk)
    root, backup, storage = parts[:3]
    guests, inventory = part_sha256(disk, storage), entries(read_file(disk, root, "/etc/xensource-inventory"))

    room.install("over.xml", REINSTALL.format(base=lab.base))
    assert parts == partitions(disk)
    assert part_sha256(disk, storage) == guests
    now = entries(read_file(disk, root, "/etc/xensource-inventory"))
    assert {name: now[name] for name in KEPT_ENTRIES} == {name: inventory[name] for name in KEPT_ENTRIES}
    assert read_file(disk, backup, "/root/custom") == "custom\n"
    host = room.start_host(OWN_ENTRY)
    assert what_is_kept(host, room.storage) == before
    assert "No such file" in host.run("ls /root/custom")
    assert host.run("systemctl --failed --no-legend") == ""
    host.power_off()
    guests = part_sha256(disk, storage)

    room.install("restore.xml", RESTORE)
    assert part_sha256(disk, storage) == guests
    host = room.start_host(OWN_ENTRY)
    assert host.run("cat /root/custom") == "custom"
    assert what_is_kept(host, room.storage) == before
    assert host.run("systemctl --failed --no-legend") == ""
