"""The installation medium in the boot image: a stick or a disc is found, and is no disk to install on."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.backend.small_repository import add_driver_repository, small_repository
from tests.end_to_end.command import answerfile
from tests.end_to_end.disk_image import fingerprint, partitions
from tests.end_to_end.laboratory import INSTALL_S, SHELL_PROMPT, SHELL_S, Laboratory, disc_of, in_shell
from tests.needs import needs

pytestmark = pytest.mark.vm
LOCAL = '<source type="local"/>'
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
    filled = (
        ("-drive", f"file={iso},format=raw,if=ide,index={index},media=cdrom,readonly=on")
        for index, iso in ((2, drivers), (3, disc))
    )
    hardware = replace(lab.hardware(disk), extra=(*empty, *(word for words in filled for word in words)))
    machine = lab.boot_image(hardware, f"answerfile={lab.serve('answers.xml', text)} install")
    assert "the machine restarts" in machine.wait_for_end(INSTALL_S)
    assert [part.size_bytes for part in partitions(disk)][:2] == [4 * 2**30] * 2
