"""A machine whose disk hangs on a controller that nothing has a driver for is installed by a driver disk, and boots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository, tarball
from tests.conftest import BUILD
from tests.driver_disk import kernel_modules, write_driver_disk
from tests.end_to_end.command import PASSWORD, answerfile
from tests.end_to_end.disk_image import partitions
from tests.end_to_end.laboratory import INSTALL_S, SHELL_PROMPT, SHELL_S, Laboratory, disc_of, in_shell
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


def _discs(*images: Path) -> tuple[str, ...]:
    """Return QEMU's words for drives with discs in them."""
    drives = (
        ("-drive", f"file={image},format=raw,if=ide,index={number},media=cdrom,readonly=on")
        for number, image in enumerate(images, 2)
    )
    return tuple(word for words in drives for word in words)


@pytest.mark.rare
def test_disc_of_drivers_and_disc_of_packages_install_a_machine_without_a_network(lab: Laboratory) -> None:
    """By the kernel's word; a second disk of the same id would be another one, and this one is loaded once."""
    tree, disk = small_repository(lab.directory / "tree"), lab.disk()
    write_driver_disk(tree / "drivers", kernel_modules(BUILD / "payload", MODULES))
    discs = _discs(disc_of(lab, tree, "drivers"), disc_of(lab, tree, "packages.main"))
    more = '<driver-source type="local"/>'
    lab.add_to_image({"answers.xml": answerfile("", source='<source type="local"/>', more=more)})
    hardware = replace(lab.hardware(disk, bus=Bus.LSI_SCSI), extra=discs)
    words = "driver-source=local answerfile=file:///answers.xml install"
    said = lab.boot_image(hardware, words).wait_for_end(INSTALL_S)
    assert said.count(LOADED) == 1
    assert "the machine restarts" in said
    assert [part.size_bytes for part in partitions(disk)][:2] == [4 * 2**30] * 2


@pytest.mark.rare
def test_drivers_for_another_kernel_are_refused_and_a_shell_can_load_better_ones(lab: Laboratory) -> None:
    """The image's depmod and modprobe are those that do it, and its other modules are found as before."""
    files = kernel_modules(BUILD / "payload", MODULES)
    release = b"vermagic="
    old = {name: data.replace(release + b"6", release + b"5") for name, data in files.items()}
    write_driver_disk(lab.served / "old", old)
    write_driver_disk(lab.served / "drivers", files)
    hardware = lab.hardware(lab.disk(), bus=Bus.LSI_SCSI)
    machine = lab.boot_image(hardware, f"driver-source={lab.base}old answerfile={lab.base}a.xml install")
    said = machine.wait_for(SHELL_PROMPT, SHELL_S)
    assert "sym53c8xx is made for the kernel 5." in said and "; this is 6." in said
    assert "The installation was not begun: the driver disk was not loaded." in said
    assert "shell-result 1" in in_shell(machine, "ls /run/driver-disks/* /lib/modules/*/updates/* 2>/dev/null")
    assert "shell-result 0" in in_shell(machine, f"installer --load-drivers {lab.base}drivers")
    assert "shell-result 0" in in_shell(machine, "test -b /dev/sda")
    assert "shell-result 0" in in_shell(machine, "grep esp_scsi.*am53c974 /proc/modules")
    assert "shell-result 0" in in_shell(machine, "modprobe raid456 && modprobe efivarfs && modprobe ext4")
    assert "No such" in in_shell(machine, "installer --load-drivers /nowhere")
