"""The installation disc: it starts from a CD and from a USB stick, with BIOS and UEFI, and is all a host needs."""

from __future__ import annotations

import json
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from installer.model.host import Firmware
from tests.end_to_end.boot_media import make_medium
from tests.end_to_end.laboratory import ALONE, INSTALL_S, SHELL_S, Laboratory
from tests.end_to_end.picture import shows
from tests.end_to_end.screen import Screen
from tests.end_to_end.test_screens_in_image import INSTALL, PASSWORD, go, roads
from tests.end_to_end.virtual_machine import OVMF_VARIABLES, VirtualMachine
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


def _disc(lab: Laboratory, repository: Path, hypervisor: Path) -> Path:
    """Make the installation disc as `make iso` does."""
    disc = lab.directory / "installer.iso"
    make_medium("iso", disc, lab.image, lab.image.parent / "vmlinuz", hypervisor, repository / "packages.main")
    return disc


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
    disc = _disc(lab, repository, hypervisor)
    extra = tuple(word.format(disc=disc) for word in medium)
    machine = lab.start(replace(lab.hardware(lab.disk()), firmware=firmware, extra=extra, macs=()))
    (_choose_by_name if firmware is Firmware.BIOS else _choose_in_menu)(machine)
    machine.wait_for("The installation image has started", LOADED_S)
    shown = Terminal(machine.child.pid or 0, machine.child.child_fd, (80, 24))
    shown.wait_for(FIRST_SCREEN, SCREEN_S)


def test_host_comes_from_two_discs_in_one_drive_by_keys_alone(
    lab: Laboratory, repository: Path, hypervisor: Path
) -> None:
    """Nothing comes over a network: its boot, the base pack, after a change of discs the Linux pack; it has both."""
    base, further = _disc(lab, repository, hypervisor), lab.directory / "linux.iso"
    make_medium("linux-iso", further, repository / "packages.linux")
    disk, control = lab.disk(), lab.directory / "qmp"
    drive = ("-device", "ide-cd,bus=ide.1,drive=disc,id=drive,bootindex=0")
    extra = (*(word.format(disc=base) for word in CD), *drive, "-qmp", f"unix:{control},server=on,wait=off")
    machine = lab.start(replace(lab.hardware(disk), extra=extra))
    _choose_by_name(machine)
    machine.wait_for("The installation image has started", LOADED_S)
    shown = Terminal(machine.child.pid or 0, machine.child.child_fd, (80, 24))
    shown.wait_for(FIRST_SCREEN, SCREEN_S)
    road = {**roads(""), "Where are the packages": ("\t", " ", "f12")}
    seen = go(shown, road, INSTALL)
    assert "At which address" not in seen and "Linux Pack" not in shown.text
    shown.press("f12", "enter")
    shown.wait_for("Put the next disc or stick in", INSTALL_S)
    shown.wait_for("the tray is open", SHELL_S)
    _change_disc(control, further)
    shown.press("enter")
    shown.wait_for("Check the packages before they are added", SHELL_S)
    assert "xs:linux" in shown.text
    shown.press("enter")
    shown.wait_for("Added: ", INSTALL_S)
    shown.press("left", "enter")
    shown.wait_for("The host is installed.", SHELL_S)
    shown.press("f12", "enter")
    machine.wait_for_end(SHELL_S)
    host = lab.start(lab.hardware(disk, memory_mib=1536))
    host.log_in(PASSWORD)
    assert host.run("ls /opt/xensource/bin/xs-linux-guest /usr/share/man/man7/xenserver-dom0.7 | wc -l") == "2"


def test_uefi_machine_is_installed_from_a_stick_without_a_network_and_starts(
    lab: Laboratory, repository: Path, hypervisor: Path
) -> None:
    """By keys alone; with the stick pulled out the firmware starts the disk."""
    disc, disk, variables = _disc(lab, repository, hypervisor), lab.disk(), lab.directory / "variables"
    shutil.copyfile(OVMF_VARIABLES, variables)
    hardware = replace(lab.hardware(disk, memory_mib=1536), firmware=Firmware.UEFI, variables=variables, macs=())
    machine = lab.start(replace(hardware, extra=(*(word.format(disc=disc) for word in STICK), *ALONE)))
    _choose_in_menu(machine)
    machine.wait_for("The installation image has started", LOADED_S)
    shown = Terminal(machine.child.pid or 0, machine.child.child_fd, (80, 24))
    shown.wait_for(FIRST_SCREEN, SCREEN_S)
    # the stick is a second disk, which is listed with the reason why it is not offered
    road = {"Where are the packages": ("f12",), "The control domain goes onto": ("f12",)}
    seen = go(shown, {**roads(""), **road}, INSTALL)
    assert "At which address" not in seen and "vda" in shown.text
    shown.press("f12", "enter")
    shown.wait_for("The host is installed.", INSTALL_S)
    shown.press("f12", "enter")
    machine.wait_for_end(SHELL_S)
    host = lab.start(replace(hardware, extra=ALONE))
    host.wait_for('starting Boot[0-9A-F]+ "XenServer"', LOADED_S)
    host.log_in(PASSWORD)
    assert host.run("test -d /sys/firmware/efi && echo uefi") == "uefi"
    assert host.run("xl list | grep -c Domain-0") == "1"


@pytest.mark.parametrize("firmware", [Firmware.BIOS, Firmware.UEFI])
def test_label_that_starts_by_itself_asks_on_screen_and_serial_line(
    lab: Laboratory, repository: Path, hypervisor: Path, firmware: Firmware
) -> None:
    """Under Xen nobody has chosen a label; what the screen shows is seen in its picture, and its keys are used."""
    disc, screen = _disc(lab, repository, hypervisor), Screen(lab.directory / "monitor")
    extra = (*(word.format(disc=disc) for word in (CD_BIOS if firmware is Firmware.BIOS else CD_UEFI)), *screen.options)
    machine = lab.start(replace(lab.hardware(lab.disk()), firmware=firmware, extra=extra))
    machine.wait_for(r"Press Enter to install from here \(hvc0\)", LOADED_S)
    if firmware is Firmware.BIOS:
        screen.wait_for(r"Press Enter to install from here \(tty1\)", timeout_s=SHELL_S)
    picture = screen.picture(lab.kept / f"disc-{firmware}.ppm")
    assert firmware is Firmware.BIOS or shows(picture, "Press Enter to install from here (tty1).")
    screen.press("ret")
    machine.wait_for("The installer is used on tty1", SHELL_S)
    shown = Terminal(machine.child.pid or 0, machine.child.child_fd, (80, 24))
    shown.press("enter")
    shown.wait_for(FIRST_SCREEN, SCREEN_S)


def _change_disc(control: Path, disc: Path) -> None:
    """Put another disc into the drive and close its tray, by QEMU's machine protocol."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(control))
        answers = line.makefile("r", encoding="utf-8")
        put_in = {"id": "drive", "filename": str(disc), "format": "raw", "read-only-mode": "read-only"}
        for command, arguments in (("qmp_capabilities", {}), ("blockdev-change-medium", put_in)):
            line.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
            answer = next(text for text in answers if '"return"' in text or '"error"' in text)
            assert '"return"' in answer, answer
