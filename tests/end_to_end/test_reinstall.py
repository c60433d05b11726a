"""A host is installed over in a virtual machine: its guests' storage, its identity and its settings are kept."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.command import PASSWORD
from tests.end_to_end.conftest import Installed
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.laboratory import INSTALL_S, Laboratory
from tests.end_to_end.over_host import entries, part_sha256
from tests.end_to_end.virtual_machine import Bus, VirtualMachine

pytestmark = [pytest.mark.vm, pytest.mark.root]
DONE = "the machine restarts"
KEPT_ENTRIES = (
    "INSTALLATION_UUID",
    "CONTROL_DOMAIN_UUID",
    "DEFAULT_SR_UUID",
    "DEFAULT_SR_TYPE",
    "MANAGEMENT_INTERFACE",
)
REINSTALL = """\
<installation mode="reinstall">
  <existing-installation>sda</existing-installation>
  <source type="url">{base}repository</source>
</installation>
"""


def own_disk(lab: Laboratory, installed: Installed) -> Path:
    """Return a copy of the installed disk that the test may change."""
    disk = lab.directory / "host.img"
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(installed.image), str(disk)], check=True)
    return disk


def start_host(lab: Laboratory, disk: Path) -> VirtualMachine:
    """Start the host on the disk and log in."""
    host = lab.start(lab.hardware(disk, bus=Bus.IDE, memory_mib=1536))
    host.log_in(PASSWORD)
    return host


def use_host(host: VirtualMachine) -> dict[str, str]:
    """Leave data in a guest's volume and marks on the host; returns what must be the same afterwards."""
    group = host.run("vgs --noheadings -o vg_name").strip()
    host.run(f"lvcreate -qq -y -L 32M -n LV-guest {group}")
    host.run(f"dd if=/dev/urandom of=/dev/{group}/LV-guest bs=1M count=32 conv=fsync 2>/dev/null")
    host.run("echo custom >/root/custom; mkdir -p /etc/xensource")
    host.run("echo secret-of-the-pool >/etc/xensource/ptoken; chmod 600 /etc/xensource/ptoken")
    host.run("mkdir -p /etc/iscsi; echo InitiatorName=iqn.2026-11.org.example:h >/etc/iscsi/initiatorname.iscsi")
    host.until("ls /etc/ssh", "ssh_host_ed25519_key.pub")
    found = what_is_kept(host)
    host.run("sync")
    host.power_off()
    return found


def what_is_kept(host: VirtualMachine) -> dict[str, str]:
    """Return what an installation over the host must not change."""
    commands = {
        "volume": "sha256sum /dev/VG_XenStorage-*/LV-guest",
        "host name": "hostname",
        "ssh host key": "cat /etc/ssh/ssh_host_ed25519_key.pub",
        "keys of root": "cat /root/.ssh/authorized_keys",
        "time zone": "readlink -f /etc/localtime",
        "keymap": "cat /etc/sysconfig/keyboard",
        "network": "cat /etc/sysconfig/network-scripts/ifcfg-*",
        "password": "grep ^root: /etc/shadow | cut -d: -f2 | sha256sum",
        "pool": "stat -c '%a %u' /etc/xensource/ptoken; cat /etc/xensource/ptoken",
        "iSCSI name": "cat /etc/iscsi/initiatorname.iscsi",
    }
    return {name: host.run(command) for name, command in commands.items()}


def test_host_is_installed_over_and_its_backup_is_put_back(
    lab: Laboratory, installed: Installed, repository: Path
) -> None:
    """Every byte of the guest storage stays, who the host is and its settings too; Restore brings the old one back."""
    lab.served.joinpath("repository").symlink_to(repository.resolve())
    disk = own_disk(lab, installed)
    before = use_host(start_host(lab, disk))
    root, backup, storage = partitions(disk)
    guests, inventory = part_sha256(disk, storage), entries(read_file(disk, root, "/etc/xensource-inventory"))

    answers = lab.serve("over.xml", REINSTALL.format(base=lab.base))
    hardware = lab.hardware(disk, bus=Bus.IDE)
    said = lab.boot_image(hardware, f"answerfile={answers} install").wait_for_end(INSTALL_S)
    assert DONE in said, said[-2000:]
    assert (root, backup, storage) == partitions(disk)
    assert part_sha256(disk, storage) == guests
    now = entries(read_file(disk, root, "/etc/xensource-inventory"))
    assert {name: now[name] for name in KEPT_ENTRIES} == {name: inventory[name] for name in KEPT_ENTRIES}
    assert now["INSTALLATION_DATE"] != inventory["INSTALLATION_DATE"]
    assert read_file(disk, backup, "/root/custom") == "custom\n"
    assert not read_file(disk, backup, "/.xen-installer/journal")

    host = start_host(lab, disk)
    assert what_is_kept(host) == before
    assert host.run("cat /root/custom; ls /root/custom") != "custom" and "No such file" in host.run("ls /root/custom")
    assert host.run("systemctl --failed --no-legend") == ""
    host.power_off()
    guests = part_sha256(disk, storage)

    answers = lab.serve("restore.xml", "<restore><backup-disk>sda</backup-disk></restore>\n")
    said = lab.boot_image(hardware, f"answerfile={answers} install").wait_for_end(INSTALL_S)
    assert DONE in said, said[-2000:]
    assert part_sha256(disk, storage) == guests
    host = start_host(lab, disk)
    assert host.run("cat /root/custom") == "custom"
    assert what_is_kept(host) == before
