"""Installed images boot by other roads than a BIOS with an MBR: UEFI, UEFI from 4Kn NVMe, a BIOS with a 3 TB disk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from installer.model.host import Firmware
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
