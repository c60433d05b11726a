"""A machine whose disk hangs on a controller that nothing has a driver for is installed by a driver disk, and boots."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backend.small_repository import tarball
from tests.conftest import BUILD
from tests.driver_disk import kernel_modules, write_driver_disk
from tests.end_to_end.command import PASSWORD, answerfile
from tests.end_to_end.laboratory import INSTALL_S, SHELL_PROMPT, SHELL_S, Laboratory, in_shell
from tests.end_to_end.virtual_machine import Bus

pytestmark = [pytest.mark.vm, pytest.mark.root]
MODULES = ("sym53c8xx", "am53c974", "esp_scsi")  # the disk's; one that needs another, and is named before it
LOADED = "loaded sym53c8xx, am53c974, esp_scsi"


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

    host = lab.start(hardware)
    host.log_in(PASSWORD)
    assert host.run("cat /sys/bus/pci/drivers/sym53c8xx/0000:*/vendor") == "0x1000"
    assert host.run("ls /lib/modules/*/extra | xargs") == "am53c974.ko esp_scsi.ko sym53c8xx.ko"
    assert host.run("cat /opt/acme/read-me /lib/firmware/acme.bin") == "tools of the controller\nfirmware"


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
