"""Installed images boot by other roads than a BIOS with an MBR: UEFI, UEFI from 4Kn NVMe, a BIOS with a 3 TB disk."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from installer.model.host import Firmware, Nic
from installer.model.machine_file import dump_host, shipped_host
from tests.end_to_end.command import PASSWORD, answerfile, installer
from tests.end_to_end.virtual_machine import Bus, Hardware, VirtualMachine
from tests.needs import needs

pytestmark = [pytest.mark.vm, pytest.mark.root]
LOGIN_S = 1200.0  # firmware and boot loader are emulated as well; alone a machine needs a minute
MACHINES = Path(__file__).parent.parent / "machines"


@dataclass(frozen=True)
class Road:
    """What an image is installed for and what it boots on; `sizes_mib` are those of partitions 1 to 4."""

    machine: str
    disk: str
    size: str
    bus: Bus
    firmware: Firmware
    sector_bytes: int
    sizes_mib: tuple[int, int, int, int]


NVME = str(MACHINES / "sectors_4kn.json")
ROADS = {
    "uefi": Road("qemu-uefi", "sda", "16G", Bus.IDE, Firmware.UEFI, 512, (4096, 4096, 7678, 512)),
    "uefi-4kn-nvme": Road(NVME, "nvme0n1", "16G", Bus.NVME, Firmware.UEFI, 4096, (4096, 4096, 7678, 512)),
    "bios-3-tb": Road("qemu", "sda", "2861024M", Bus.AHCI, Firmware.BIOS, 512, (4096, 4096, 2852829, 1)),
}


def _installed(road: Road, repository: Path, directory: Path) -> Path:
    xml = answerfile(str(repository.resolve()), primary_disk=f"<primary-disk>{road.disk}</primary-disk>")
    directory.joinpath("answers.xml").write_text(xml, encoding="utf-8")
    words = ("--answerfile", "answers.xml", "--target", "disk.img", "--size", road.size, "--machine", road.machine)
    outcome = installer(*words, "install", cwd=directory, timeout_s=1200)
    assert outcome.code == 0, outcome.text
    return directory / "disk.img"


@pytest.mark.parametrize("name", ["uefi", pytest.param("uefi-4kn-nvme", marks=pytest.mark.rare), "bios-3-tb"])
def test_installed_image_boots_to_a_login(name: str, repository: Path, vm_directory: Path) -> None:
    """Short by design: what is in the host is the same by any road (test_whole_road.py)."""
    needs("qemu-system-x86_64", "losetup")
    road, directory = ROADS[name], vm_directory / name
    directory.mkdir()
    image = _installed(road, repository, directory)
    hardware = Hardware(
        ((image, "raw"),), snapshot=True, buses=(road.bus,), firmware=road.firmware, sector_bytes=road.sector_bytes
    )
    with VirtualMachine(hardware, directory / "console.log") as host:
        host.log_in(PASSWORD, LOGIN_S)
        assert re.search(r"^xen_major +: 4$", host.run("xl info"), re.MULTILINE)
        assert host.run("test -d /sys/firmware/efi && echo uefi || echo bios") == road.firmware.value
        assert host.run(f"lsblk -dno PTTYPE,LOG-SEC /dev/{road.disk}").split() == ["gpt", str(road.sector_bytes)]
        each = f"for p in /sys/block/{road.disk}/*/partition"
        numbered = host.run(f'{each}; do echo "$(cat $p) $(cat ${{p%partition}}size)"; done | sort -n')
        sizes = tuple(int(line.split()[1]) * 512 // 2**20 for line in numbered.splitlines())
        assert sizes == road.sizes_mib
        assert re.fullmatch(r"VG_XenStorage-[0-9a-f-]{36}", host.run("vgs --noheadings -o vg_name").strip())
        assert host.run("systemctl --failed --no-legend") == ""
    image.unlink()


BOND = '<bond name="bond0" mode="active-backup" members="52:54:00:00:00:02,eth0" />'
ON_BOND = '<admin-interface name="bond0" proto="dhcp" protov6="autoconf" />'
MACS = ("52:54:00:00:00:01", "52:54:00:00:00:02")


def test_host_is_reached_by_both_families_over_a_bond(repository: Path, vm_directory: Path) -> None:
    """QEMU's user network gives leases of 10.0.2.0/24 and advertises fec0::/64."""
    needs("qemu-system-x86_64", "losetup")
    directory = vm_directory / "bond"
    directory.mkdir()
    host = replace(shipped_host("qemu"), nics=tuple(Nic(f"eth{number}", mac) for number, mac in enumerate(MACS)))
    directory.joinpath("machine.json").write_text(dump_host(host), encoding="utf-8")
    xml = answerfile(str(repository.resolve()), admin_interface=ON_BOND, more=BOND)
    directory.joinpath("answers.xml").write_text(xml, encoding="utf-8")
    words = ("--answerfile", "answers.xml", "--target", "disk.img", "--size", "16G", "--machine", "machine.json")
    outcome = installer(*words, "install", cwd=directory, timeout_s=1200)
    assert outcome.code == 0, outcome.text
    hardware = Hardware(((directory / "disk.img", "raw"),), snapshot=True, macs=MACS)
    with VirtualMachine(hardware, directory / "console.log") as machine:
        machine.log_in(PASSWORD, LOGIN_S)
        bond = machine.run("cat /proc/net/bonding/bond0")
        assert "fault-tolerance (active-backup)" in bond and "Polling Interval (ms): 100" in bond
        assert sorted(re.findall(r"Slave Interface: (\w+)", bond)) == ["eth0", "eth1"]
        assert machine.run("cat /sys/class/net/xenbrbond0/address") == MACS[0]
        machine.until("ip -4 -br addr show xenbrbond0", r"10\.0\.2\.15")
        machine.until("ip -6 -br addr show xenbrbond0", r"fec0::")
        active = machine.run("cat /sys/class/net/bond0/bonding/active_slave")
        machine.run(f"ip link set {active} down")
        machine.until("cat /sys/class/net/bond0/bonding/active_slave", "eth1" if active == "eth0" else "eth0")
        assert "1 received" in machine.run("ping -c 1 -W 20 10.0.2.2")
        assert machine.run("systemctl --failed --no-legend") == ""
    (directory / "disk.img").unlink()
