"""A machine whose disk hangs on a controller that nothing has a driver for is installed by a driver disk, and boots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository, tarball
from tests.conftest import BUILD
from tests.driver_disk import kernel_modules, write_driver_disk
from tests.end_to_end.command import PASSWORD, answerfile
from tests.end_to_end.laboratory import (
    INSTALL_S,
    SHELL_PROMPT,
    SHELL_S,
    Laboratory,
    disc_of,
    in_drives,
    in_shell,
)
from tests.end_to_end.test_screens_in_image import go, roads
from tests.end_to_end.virtual_machine import Bus, Hardware, VirtualMachine
from tests.screens.on_pty import Terminal

pytestmark = [pytest.mark.vm, pytest.mark.root]
MODULES = ("sym53c8xx", "am53c974", "esp_scsi")  # the disk's; one that needs another, and is named before it
LOADED = "loaded sym53c8xx, am53c974, esp_scsi"


def _disc(lab: Laboratory) -> Path:
    """Make a disc of drivers and firmware."""
    tree = lab.directory / "drivers"
    files = {**kernel_modules(BUILD / "payload", MODULES), "acme.bin": b"firmware"}
    write_driver_disk(tree / "packages.site", files)
    return disc_of(lab, tree, "packages.site")


def _has_booted(lab: Laboratory, hardware: Hardware) -> VirtualMachine:
    """Start the host, which has the drivers and found its disk by them."""
    host = lab.start(hardware)
    host.log_in(PASSWORD)
    assert host.run("cat /sys/bus/pci/drivers/sym53c8xx/0000:*/vendor") == "0x1000"
    assert host.run("ls /lib/modules/*/extra | xargs") == "am53c974.ko esp_scsi.ko sym53c8xx.ko"
    return host


def test_host_is_installed_on_a_disk_that_needs_a_driver_disk_and_boots_from_it(
    lab: Laboratory, repository: Path
) -> None:
    """The disk also brings firmware and a package of its own, which the host gets too."""
    lab.served.joinpath("repository").symlink_to(repository.resolve())
    files = kernel_modules(BUILD / "payload", MODULES)
    tools = tarball({"opt/acme/read-me": b"tools of the controller\n"})
    write_driver_disk(lab.served / "drivers", {**files, "acme.bin": b"firmware", "tools.bz2": tools})
    disk = lab.disk()
    drivers = f'<driver-source type="url">{lab.base}drivers</driver-source>'
    answers = lab.serve("answers.xml", answerfile(f"{lab.base}repository/packages.main", more=drivers))
    hardware = lab.hardware(disk, bus=Bus.LSI_SCSI, memory_mib=1536)
    said = lab.boot_image(hardware, f"answerfile={answers} install").wait_for_end(INSTALL_S)
    assert f"{LOADED}; firmware acme.bin is in place" in said
    assert "the machine restarts" in said
    host = _has_booted(lab, hardware)
    assert host.run("cat /opt/acme/read-me /lib/firmware/acme.bin") == "tools of the controller\nfirmware"


@pytest.mark.rare
def test_host_is_installed_by_a_disc_of_drivers_and_packages_over_the_network(
    lab: Laboratory, repository: Path
) -> None:
    """The answers name it; it stays in its drive, and is no source of the host's other packages."""
    lab.served.joinpath("repository").symlink_to(repository.resolve())
    disc = _disc(lab)
    answers = answerfile(f"{lab.base}repository/packages.main", more='<driver-source type="local"/>')
    hardware = lab.hardware(lab.disk(), bus=Bus.LSI_SCSI, memory_mib=1536)
    words = f"answerfile={lab.serve('answers.xml', answers)} install"
    said = lab.boot_image(replace(hardware, extra=in_drives(disc)), words).wait_for_end(INSTALL_S)
    assert f"driver disk acme:drivers (Drivers): {LOADED}" in said and "the machine restarts" in said
    _has_booted(lab, hardware)


@pytest.mark.rare
def test_drivers_beside_the_packages_of_a_source_are_loaded_before_disks_are_looked_at(
    lab: Laboratory, repository: Path
) -> None:
    """No driver disk is named; they lie in packages.site, and bring the disk that the answers name."""
    site = lab.served / "site"
    write_driver_disk(site / "packages.site", kernel_modules(BUILD / "payload", MODULES), repository="acme:site")
    site.joinpath("packages.main").symlink_to(repository.resolve() / "packages.main")
    answers = lab.serve("answers.xml", answerfile(f"{lab.base}site"))
    hardware = lab.hardware(lab.disk(), bus=Bus.LSI_SCSI, memory_mib=1536)
    said = lab.boot_image(hardware, f"answerfile={answers} install").wait_for_end(INSTALL_S)
    assert f"drivers of acme:site (Drivers): {LOADED}" in said and "the machine restarts" in said
    _has_booted(lab, hardware)


@pytest.mark.rare
def test_screens_load_a_disc_of_drivers_and_show_the_disk_that_it_brings(lab: Laboratory) -> None:
    """From where the machine is said to have no disk; the packages come from a disc in the other drive."""
    disc, base = _disc(lab), disc_of(lab, small_repository(lab.directory / "tree"), "packages.main")
    machine = lab.boot_image(replace(lab.hardware(lab.disk(), bus=Bus.LSI_SCSI), extra=in_drives(disc, base)))
    shown = Terminal(machine.child.pid or 0, machine.child.child_fd, (80, 24))
    shown.wait_for("Which keyboard", SHELL_S)
    road = {name: keys for name, keys in roads("").items() if name != "Recommended are"}
    go(shown, {**road, "cannot become a host": ("left", "enter")}, "Where are the drivers")
    shown.press("f12")
    shown.wait_for("Drivers (acme:drivers): loaded", SHELL_S)
    assert "driver disk" not in shown.text  # that is for the log
    go(shown, {**roads(""), "Where are the packages": ("f12",), "Test base pack": ("f12",)}, "Ready to install")
    assert "sda" in shown.text


@pytest.mark.rare
def test_command_in_the_shell_loads_a_disc_of_drivers(lab: Laboratory) -> None:
    """The disk is there at once, and the copy stays when the disc is taken out."""
    hardware = replace(lab.hardware(lab.disk(), bus=Bus.LSI_SCSI), extra=in_drives(_disc(lab)))
    machine = lab.boot_image(hardware, "shell")
    machine.wait_for(SHELL_PROMPT, SHELL_S)
    assert "shell-result 1" in in_shell(machine, "test -b /dev/sda")
    said = in_shell(machine, "installer --load-drivers local")
    assert f"driver disk acme:drivers (Drivers): {LOADED}" in said and "shell-result 0" in said
    assert "shell-result 0" in in_shell(machine, "test -b /dev/sda && /usr/lib/installer/medium eject")
    assert "shell-result 0" in in_shell(machine, "test -s /run/driver-disks/acme_drivers/esp_scsi.ko")


@pytest.mark.rare
def test_kernel_word_loads_a_disc_of_drivers_before_all_else(lab: Laboratory) -> None:
    hardware = replace(lab.hardware(lab.disk(), bus=Bus.LSI_SCSI), extra=in_drives(_disc(lab)))
    machine = lab.boot_image(hardware, "driver-source=local shell")
    said = machine.wait_for(SHELL_PROMPT, SHELL_S)
    assert f"driver disk acme:drivers (Drivers): {LOADED}" in said
    assert "shell-result 0" in in_shell(machine, "test -b /dev/sda")


@pytest.mark.rare
def test_drivers_for_another_kernel_are_refused_and_leave_nothing(lab: Laboratory) -> None:
    """By the kernel's word: the installation is not begun, and there is neither a copy nor a module."""
    files = kernel_modules(BUILD / "payload", MODULES)
    release = b"vermagic="
    old = {name: data.replace(release + b"6", release + b"5") for name, data in files.items()}
    write_driver_disk(lab.served / "old", old)
    hardware = lab.hardware(lab.disk(), bus=Bus.LSI_SCSI)
    machine = lab.boot_image(hardware, f"driver-source={lab.base}old answerfile={lab.base}a.xml install")
    said = machine.wait_for(SHELL_PROMPT, SHELL_S)
    assert "sym53c8xx is made for the kernel 5." in said and "; this is 6." in said
    assert "The installation was not begun: the driver disk was not loaded." in said
    left = "$(ls -d /run/driver-disks/* /lib/modules/*/updates/* 2>/dev/null | wc -l)"
    assert "shell-result 0" in in_shell(machine, f'test "{left}" = 0')
