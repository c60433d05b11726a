"""The installation disc starts: from a CD and from a USB stick, with BIOS and with UEFI, up to the first screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from installer.model.host import Firmware
from tests.end_to_end.boot_media import make_medium
from tests.end_to_end.laboratory import Laboratory
from tests.end_to_end.virtual_machine import VirtualMachine
from tests.screens.on_pty import Terminal

pytestmark = [pytest.mark.vm, pytest.mark.rare]
LOADED_S = 600.0
SCREEN_S = 600.0
FIRST_SCREEN = "Which keyboard"
DOWN = "\x1b[B"
CD = ("-drive", "file={disc},format=raw,media=cdrom,readonly=on,if=none,id=disc")
CD_BIOS = (*CD, "-device", "ide-cd,bus=ide.1,drive=disc,bootindex=0")
CD_UEFI = (*CD, "-device", "ide-cd,bus=ide.2,drive=disc,bootindex=0")
STICK = (
    *("-device", "qemu-xhci", "-drive", "file={disc},format=raw,readonly=on,if=none,id=disc"),
    *("-device", "usb-storage,drive=disc,removable=on,bootindex=0"),
)


def _choose_by_name(machine: VirtualMachine) -> None:
    """Isolinux asks on the serial port as well."""
    machine.wait_for("boot: ", LOADED_S)
    machine.child.send("xenserver-serial\r")


def _choose_in_menu(machine: VirtualMachine) -> None:
    """GRUB uses the firmware's console, which OVMF has on the serial port: the second entry."""
    machine.wait_for("over the serial port", LOADED_S)
    machine.child.send(f"{DOWN}\r")


@pytest.mark.parametrize(
    ("firmware", "medium"),
    [
        pytest.param(Firmware.BIOS, CD_BIOS, id="bios-cd"),
        pytest.param(Firmware.BIOS, STICK, id="bios-stick"),
        pytest.param(Firmware.UEFI, CD_UEFI, id="uefi-cd"),
        pytest.param(Firmware.UEFI, STICK, id="uefi-stick"),
    ],
)
def test_disc_starts_the_installer(
    lab: Laboratory, repository: Path, hypervisor: Path, firmware: Firmware, medium: tuple[str, ...]
) -> None:
    disc = lab.directory / "installer.iso"
    kernel = lab.image.parent / "vmlinuz"
    make_medium("iso", disc, lab.image, kernel, hypervisor, repository / "packages.main")
    extra = tuple(word.format(disc=disc) for word in medium)
    machine = lab.start(replace(lab.hardware(lab.disk()), firmware=firmware, extra=extra, macs=()))
    (_choose_by_name if firmware is Firmware.BIOS else _choose_in_menu)(machine)
    machine.wait_for("The installation image has started", LOADED_S)
    shown = Terminal(machine.child.pid or 0, machine.child.child_fd, (80, 24))
    shown.wait_for(FIRST_SCREEN, SCREEN_S)
