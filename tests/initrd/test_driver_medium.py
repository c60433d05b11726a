"""The program that finds media, over drives that are directories: what is mounted is copied."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository
from tests.conftest import ROOT
from tests.driver_disk import write_driver_disk
from tests.needs import needs

PROGRAM = ROOT / "initrd" / "init" / "medium"
# in place of what needs discs: a device is a directory, and is mounted by being copied
STAND_INS = {
    "blockdev": "echo 4096",
    "blkid": "echo iso9660",
    "mountpoint": '[ -n "$(ls -A "$2" 2>/dev/null)" ]',
    "mount": 'shift 4; cp -r "$1/." "$2"',
    "umount": '[ "$1" != -l ] || shift; find "$1" -mindepth 1 -delete; echo "$1" >>"$LEFT"',
}


class Drives:
    """Two drives for discs, and what the program says of them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.left = directory / "left"
        self.medium, self.drivers = directory / "medium", directory / "driver-medium"
        programs = directory / "programs"
        programs.mkdir()
        for name, text in STAND_INS.items():
            (programs / name).write_text(f"#!/bin/bash\n{text}\n", encoding="ascii")
            (programs / name).chmod(0o755)
        for name in ("sr0", "sr1"):
            (directory / "blocks" / name).mkdir(parents=True)
            (directory / "blocks" / name / "removable").write_text("1\n", encoding="ascii")
            (directory / "devices" / name).mkdir(parents=True)

    def device(self, name: str) -> Path:
        return self.directory / "devices" / name

    def run(self, *arguments: str) -> tuple[int, list[str]]:
        """Run the program; returns its exit status and lines."""
        environment = {
            "PATH": f"{self.directory}/programs:{os.environ['PATH']}",
            "MEDIUM_AT": str(self.medium),
            "MEDIUM_DRIVERS_AT": str(self.drivers),
            "MEDIUM_BLOCKS": str(self.directory / "blocks"),
            "MEDIUM_DEVICES": str(self.directory / "devices"),
            "LEFT": str(self.left),
        }
        result = subprocess.run(
            [str(PROGRAM), *arguments], env=environment, capture_output=True, text=True, check=False, timeout=30
        )
        return result.returncode, result.stdout.splitlines()


@pytest.fixture
def drives(tmp_path: Path) -> Drives:
    needs("bash")
    return Drives(tmp_path)


@pytest.mark.parametrize("directory", ["", "packages.site"])
def test_driver_disk_is_found_behind_the_base_and_beside_it(drives: Drives, directory: str) -> None:
    """The one stays mounted while the other is read."""
    small_repository(drives.device("sr0"))
    write_driver_disk(drives.device("sr1") / directory, {"esp.ko": b"driver"})
    assert drives.run() == (0, [str(drives.medium)])
    assert drives.run("drivers") == (0, [str(drives.drivers)])
    assert (drives.drivers / directory / "esp.ko").exists()
    assert (drives.medium / "packages.main").exists()
    assert drives.run("leave-drivers") == (0, [])
    assert drives.left.read_text(encoding="ascii").splitlines()[-1] == str(drives.drivers)
    assert list(drives.drivers.iterdir()) == [] and (drives.medium / "packages.main").exists()


def test_another_disc_is_looked_for_each_time(drives: Drives) -> None:
    write_driver_disk(drives.device("sr0"), {"esp.bin": b"firmware"})
    assert drives.run("drivers")[0] == 0
    (drives.device("sr0") / "XS-PACKAGES").write_text("tools 1 0 tbz2 required driver /\n", encoding="ascii")
    write_driver_disk(drives.device("sr1"), {"nic.ko": b"driver"})
    assert drives.run("drivers") == (0, [str(drives.drivers)])
    assert (drives.drivers / "nic.ko").exists()


def test_drives_without_drivers_are_named(drives: Drives) -> None:
    small_repository(drives.device("sr0"))
    status, said = drives.run("drivers")
    assert (status, said) == (1, ["sr0: no drivers or firmware on it", "sr1: no drivers or firmware on it"])
    status, said = drives.run()
    assert (status, said) == (0, [str(drives.medium)])


def test_without_a_medium_each_drive_is_named(drives: Drives) -> None:
    write_driver_disk(drives.device("sr1"), {"esp.ko": b"driver"})
    (drives.device("sr1") / "XS-REPOSITORY").unlink()
    status, said = drives.run()
    assert (status, said) == (1, ["sr0: no installation repository on it", "sr1: no installation repository on it"])
