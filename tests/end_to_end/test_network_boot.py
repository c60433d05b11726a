"""From the network to a host: a machine that starts from the network first is installed once, then starts its disk."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest

from installer.model.host import Firmware
from tests.end_to_end.boot_media import boot_server, make_medium
from tests.end_to_end.command import PASSWORD
from tests.end_to_end.laboratory import HOST_OF_MACHINE, INSTALL_S, Laboratory
from tests.end_to_end.rich_answers import answers_are_in_force, serve_answers
from tests.end_to_end.virtual_machine import OVMF_VARIABLES, NetworkBoot

pytestmark = pytest.mark.vm
LOADED_S = 600.0
FROM_NETWORK = r"tftp://\S+/grubx64\.efi\.\.\. ok"  # the NIC's own program, iPXE
FROM_DISK = "Starting the installed host from its disk"
HOST_FILE = "01-52-54-00-12-34-56"
UUID = "00112233-4455-6677-8899-aabbccddeeff"
NAMED = ("-uuid", UUID)
STARTED = b"the disk was started"


@pytest.fixture
def tree(lab: Laboratory, repository: Path, image: Path, hypervisor: Path) -> Iterator[Path]:
    """What `make pxe` makes, installing by answerfile when nobody chooses, with its server running."""
    tree = lab.directory / "pxe"
    hosts = tree / "pxelinux.cfg"
    hosts.mkdir(parents=True)
    lab.served.joinpath("repository").symlink_to(repository.resolve())
    with boot_server(lab.served, hosts) as port:
        server = f"{HOST_OF_MACHINE}:{port}"
        serve_answers(lab.served, f"http://{server}/", "vda")
        lab.served.joinpath("answers.xml").rename(lab.served / "answerfile.xml")
        settings = {"SERVER": server, "DEFAULT": "xenserver-auto", "WORDS": "output=ttyS0"}
        make_medium("pxe", tree, image, image.parent / "vmlinuz", hypervisor, **settings)
        yield tree


def test_bios_machine_is_installed_once_and_then_starts_its_disk(lab: Laboratory, tree: Path) -> None:
    """SeaBIOS, pxelinux, mboot.c32, Xen, installer; then the same again up to pxelinux, which starts the disk."""
    hardware = lab.hardware(lab.disk(), memory_mib=1536)
    boot = NetworkBoot(tree, "pxelinux.0")
    machine = lab.start(replace(hardware, network_boot=boot, no_reboot=False, extra=NAMED))
    machine.wait_for("PXELINUX", LOADED_S)
    said = machine.wait_for("the machine restarts", INSTALL_S)
    assert PASSWORD not in said
    assert tree.joinpath("pxelinux.cfg", UUID).exists()
    assert "localboot" in tree.joinpath("pxelinux.cfg", HOST_FILE).read_text(encoding="ascii")
    machine.wait_for("PXELINUX", LOADED_S)
    machine.log_in(PASSWORD)
    answers_are_in_force(machine, "vda")


@pytest.mark.rare
def test_uefi_machine_is_installed_once_and_then_starts_its_disk(lab: Laboratory, tree: Path) -> None:
    """The firmware starts the new host at once (BootNext); later it starts from the network, and GRUB the disk."""
    variables = lab.directory / "variables"
    shutil.copyfile(OVMF_VARIABLES, variables)
    hardware = replace(
        lab.hardware(lab.disk(), memory_mib=1536),
        firmware=Firmware.UEFI,
        variables=variables,
        nic_model="virtio-net-pci",
        network_boot=NetworkBoot(tree, "grubx64.efi"),
        no_reboot=False,
    )
    machine = lab.start(hardware)
    machine.wait_for(FROM_NETWORK, LOADED_S)
    machine.wait_for("the machine restarts", INSTALL_S)
    assert "localboot" in tree.joinpath("pxelinux.cfg", HOST_FILE).read_text(encoding="ascii")
    assert "tftp" not in machine.wait_for('starting Boot[0-9A-F]+ "XenServer"', LOADED_S)
    machine.log_in(PASSWORD)
    assert machine.run("test -d /sys/firmware/efi && echo uefi") == "uefi"
    machine.child.sendline("reboot")
    machine.wait_for(FROM_NETWORK, LOADED_S)
    machine.wait_for(FROM_DISK, LOADED_S)
    machine.log_in(PASSWORD)


def _telling_boot_record() -> bytes:
    """Return a disk's first sector, which says so on the serial port and stays: mov dx, port; mov al, letter; out."""
    code = b"\xba\xf8\x03" + b"".join(b"\xb0" + bytes([letter]) + b"\xee" for letter in STARTED) + b"\xeb\xfe"
    return code.ljust(510, b"\0") + b"\x55\xaa"


@pytest.mark.rare
@pytest.mark.parametrize("firmware", [Firmware.BIOS, Firmware.UEFI])
def test_machine_that_starts_from_a_nic_unknown_to_the_image_is_known_by_its_uuid(
    lab: Laboratory, tree: Path, firmware: Firmware
) -> None:
    """The notice has named another NIC; the loader of either firmware starts the disk."""
    with boot_server(lab.served, tree / "pxelinux.cfg") as port:
        notice = f"52:54:00:99:99:99\n{UUID}\n".encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/installed", notice, timeout=30) as answer:
            assert answer.status == HTTPStatus.OK
    bios = firmware is Firmware.BIOS
    boot = NetworkBoot(tree, "pxelinux.0" if bios else "grubx64.efi")
    hardware = lab.hardware(lab.disk(data=_telling_boot_record()))
    hardware = replace(hardware, firmware=firmware, network_boot=boot, nic_model="e1000" if bios else "virtio-net-pci")
    machine = lab.start(replace(hardware, extra=NAMED))
    machine.wait_for("PXELINUX" if bios else FROM_NETWORK, LOADED_S)
    machine.wait_for(STARTED.decode() if bios else FROM_DISK, LOADED_S)
