"""The installation medium in the boot image: a stick or a disc is found, and is no disk to install on."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository
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


def test_disc_is_found_where_the_first_drive_is_empty(lab: Laboratory) -> None:
    disc, disk = disc_of(lab, small_repository(lab.directory / "tree"), "packages.main"), lab.disk()
    text = answerfile("", source=LOCAL, primary_disk="<primary-disk>vda</primary-disk>")
    empty = ("-drive", "if=ide,index=2,media=cdrom")
    drive = ("-drive", f"file={disc},format=raw,if=ide,index=3,media=cdrom,readonly=on")
    hardware = replace(lab.hardware(disk), extra=(*empty, *drive))
    machine = lab.boot_image(hardware, f"answerfile={lab.serve('answers.xml', text)} install")
    assert "the machine restarts" in machine.wait_for_end(INSTALL_S)
    assert [part.size_bytes for part in partitions(disk)][:2] == [4 * 2**30] * 2
