"""The installation medium in the boot image: a stick or a disc is found, and is no disk to install on."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.backend.small_repository import add_driver_repository, small_repository, tarball
from tests.driver_disk import write_driver_disk
from tests.end_to_end.command import answerfile
from tests.end_to_end.disk_image import fingerprint, partitions, read_file
from tests.end_to_end.laboratory import (
    ALONE,
    INSTALL_S,
    SHELL_PROMPT,
    SHELL_S,
    Laboratory,
    disc_of,
    in_drives,
    in_shell,
)
from tests.needs import needs

pytestmark = pytest.mark.vm
LOCAL = '<source type="local"/>'
GUEST = {"guest.bz2": tarball({"opt/xensource/guest": b"from the second disc\n"})}
STICK = ("-device", "qemu-xhci", "-device", "usb-storage,drive=stick")


def _stick(lab: Laboratory, *trees: Path) -> Path:
    """Make a stick without a partition table: FAT, with the trees at its root."""
    needs("mformat", "mcopy")
    path = lab.disk("stick")
    subprocess.run(["mformat", "-i", str(path), "-F", "::"], check=True)
    subprocess.run(["mcopy", "-s", "-i", str(path), *map(str, trees), "::/"], check=True)
    return path


def test_stick_is_found_and_never_installed_on(lab: Laboratory) -> None:
    """The first answers name the stick as disk, which is the only one called sda; the second install from it."""
    tree = small_repository(lab.directory / "tree")
    stick, disk = _stick(lab, tree / "packages.main"), lab.disk()
    before = fingerprint(stick)
    wrong = answerfile("", source=LOCAL, primary_disk="<primary-disk>sda</primary-disk>")
    right = answerfile("", source=LOCAL, primary_disk="<primary-disk>vda</primary-disk>")
    lab.serve("right.xml", right)
    drive = ("-drive", f"file={stick},format=raw,if=none,id=stick")
    hardware = replace(lab.hardware(disk), extra=(*drive, *STICK))
    machine = lab.boot_image(hardware, f"answerfile={lab.serve('wrong.xml', wrong)} install")
    said = machine.wait_for(SHELL_PROMPT, SHELL_S)
    assert "holds the installation medium" in said
    done = in_shell(machine, f"installer --answerfile {lab.base}right.xml install", INSTALL_S)
    assert "shell-result 0" in done
    machine.close()
    assert [part.size_bytes for part in partitions(disk)][:2] == [4 * 2**30] * 2
    assert fingerprint(stick) == before


def test_disc_with_the_base_is_found_behind_an_empty_drive_and_a_disc_of_drivers(lab: Laboratory) -> None:
    tree, disk = small_repository(lab.directory / "tree"), lab.disk()
    add_driver_repository(tree, b"no driver", b"firmware")
    drivers, disc = (disc_of(lab, tree, name) for name in ("packages.site", "packages.main"))
    text = answerfile("", source=LOCAL, primary_disk="<primary-disk>vda</primary-disk>")
    empty = ("-drive", "if=ide,index=1,media=cdrom")
    hardware = replace(lab.hardware(disk), extra=(*empty, *in_drives(drivers, disc)))
    machine = lab.boot_image(hardware, f"answerfile={lab.serve('answers.xml', text)} install")
    assert "the machine restarts" in machine.wait_for_end(INSTALL_S)
    assert [part.size_bytes for part in partitions(disk)][:2] == [4 * 2**30] * 2


@pytest.mark.rare
def test_packs_of_two_discs_in_two_drives_are_installed_without_a_network(lab: Laboratory) -> None:
    """The answerfile lists both, and the Linux pack is in the first drive; while one is missing nothing is begun."""
    tree, disk = small_repository(lab.directory / "tree"), lab.disk(data=b"somebody's data")
    write_driver_disk(tree / "packages.linux", GUEST, repository="xs:linux")
    pack, base = (disc_of(lab, tree, name) for name in ("packages.linux", "packages.main"))
    text = answerfile("", source=LOCAL * 2, primary_disk="<primary-disk>vda</primary-disk>")
    lab.add_to_image({"answers.xml": text})
    before, words = fingerprint(disk), "answerfile=file:///answers.xml install"
    hardware = replace(lab.hardware(disk), macs=(), extra=(*ALONE, *in_drives(base)))
    machine = lab.boot_image(hardware, words)
    said = machine.wait_for(SHELL_PROMPT, SHELL_S)
    assert "the answers list 2 local media, and only one is there: /run/medium" in said
    machine.close()
    assert fingerprint(disk) == before
    machine = lab.boot_image(replace(hardware, extra=(*ALONE, *in_drives(pack, base))), words)
    assert "the machine restarts" in machine.wait_for_end(INSTALL_S)
    root = partitions(disk)[0]
    assert read_file(disk, root, "/opt/xensource/guest") == "from the second disc\n"
    assert read_file(disk, root, "/usr/share/doc/xen/README") == "read me\n"
