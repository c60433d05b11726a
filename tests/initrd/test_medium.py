"""The image's program that finds the installation medium, with real file systems on loop devices for drives."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.needs import needs

pytestmark = pytest.mark.root
PROGRAM = ROOT / "initrd" / "init" / "medium"
MIB = 2**20
MAIN, LINUX = "xs:main\nBase\nXenServer\n4.0.1-1\n", "xs:linux\nLinux pack\nXenServer\n4.0.1-1\n"


@dataclass
class Drives:
    """A machine's block devices: directories as in sysfs, and devices that lead to loop devices."""

    directory: Path
    stack: ExitStack
    _loops: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, files: dict[str, str] | None, *, removable: bool = True, usb: bool = False) -> None:
        """Add a drive with these files on it, or an empty one; that on USB lies below a port's directory in sysfs."""
        home = self.directory / ("usb1" if usb else "pci") / name
        home.mkdir(parents=True)
        home.joinpath("removable").write_text(f"{int(removable)}\n", encoding="ascii")
        self.directory.joinpath("block", name).symlink_to(home)
        if files is not None:
            self._loop(name, files)

    def add_part(self, drive: str, name: str, files: dict[str, str]) -> None:
        """Add a partition of a drive."""
        part = self.directory / "block" / drive / name
        part.mkdir()
        part.joinpath("partition").write_text("1\n", encoding="ascii")
        self._loop(name, files)

    def _loop(self, name: str, files: dict[str, str]) -> None:
        tree, image = self.directory / f"{name}.tree", self.directory / f"{name}.img"
        for path, text in files.items():
            tree.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
            tree.joinpath(path).write_text(text, encoding="ascii")
        tree.mkdir(exist_ok=True)
        with image.open("wb") as stream:
            stream.truncate(8 * MIB)
        subprocess.run(["mkfs.ext4", "-q", "-d", str(tree), str(image)], check=True)
        argv = ["losetup", "--find", "--show", str(image)]
        device = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
        self.stack.callback(subprocess.run, ["losetup", "--detach", device], check=True)
        self.directory.joinpath("dev", name).symlink_to(device)
        self._loops[name] = device

    def run(self, *commands: str) -> tuple[int, list[str]]:
        """Run shell commands where `medium` is the program; returns their exit status and what they printed.

        Mounts are seen by nobody else and end with the commands.
        """
        environment = {
            **os.environ,
            "MEDIUM_AT": str(self.directory / "at"),
            "MEDIUM_BLOCKS": str(self.directory / "block"),
            "MEDIUM_DEVICES": str(self.directory / "dev"),
        }
        script = f'medium() {{ {PROGRAM} "$@"; }}\n' + "\n".join(commands)
        argv = ["unshare", "--mount", "bash", "-c", script]
        result = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert result.stderr == ""
        return result.returncode, result.stdout.splitlines()


@pytest.fixture
def drives(tmp_path: Path) -> Iterator[Drives]:
    needs("unshare", "losetup", "mkfs.ext4", "blkid", "findmnt", "blockdev")
    for name in ("block", "dev"):
        tmp_path.joinpath(name).mkdir()
    with ExitStack() as stack:
        yield Drives(tmp_path, stack)


def test_machine_without_drives_says_so(drives: Drives) -> None:
    drives.add("sda", {"packages.main/XS-REPOSITORY": MAIN}, removable=False)
    assert drives.run("medium") == (1, ["this machine has no drive for discs and no stick"])


@pytest.mark.parametrize("place", ["", "packages/", "packages.main/"])
def test_stick_is_found_and_mounted_read_only(drives: Drives, place: str) -> None:
    drives.add("sdb", {f"{place}XS-REPOSITORY": MAIN}, removable=False, usb=True)
    at = drives.directory / "at"
    status, lines = drives.run("medium", f"cat {at}/{place}XS-REPOSITORY", f"touch {at}/x 2>/dev/null; echo $?")
    assert (status, lines) == (0, [str(at), *MAIN.splitlines(), "1"])


def test_stick_with_partitions_is_looked_at_part_by_part(drives: Drives) -> None:
    drives.add("sdb", None)
    drives.directory.joinpath("dev", "sdb").symlink_to("/dev/null")
    drives.add_part("sdb", "sdb1", {"README": "nothing"})
    drives.add_part("sdb", "sdb2", {"packages.main/XS-REPOSITORY": MAIN})
    assert drives.run("medium")[1] == ["sdb: nothing in it"]  # the size of the drive is what tells
    drives.directory.joinpath("dev", "sdb").unlink()
    drives.directory.joinpath("dev", "sdb").symlink_to("sdb1")
    assert drives.run("medium", 'blkid -p -o value -s TYPE "$(findmnt -no SOURCE "$MEDIUM_AT")"')[1] == [
        str(drives.directory / "at"),
        "ext4",
    ]


def test_base_is_preferred_to_a_pack_in_an_earlier_drive(drives: Drives) -> None:
    drives.add("sr0", {"packages.linux/XS-REPOSITORY": LINUX})
    drives.add("sdb", {"packages.main/XS-REPOSITORY": MAIN})
    assert drives.run("medium", 'ls "$MEDIUM_AT"')[1][1:] == ["lost+found", "packages.main"]


def test_pack_alone_is_a_medium_too(drives: Drives) -> None:
    drives.add("sr0", {"packages.linux/XS-REPOSITORY": LINUX})
    assert drives.run("medium") == (0, [str(drives.directory / "at")])


def test_each_drive_without_a_medium_is_told(drives: Drives) -> None:
    drives.add("sr0", None)
    drives.add("sr1", {"README": "nothing"})
    assert drives.run("medium") == (1, ["sr0: nothing in it", "sr1: no installation repository on it"])


def test_medium_that_is_in_use_is_found_again_and_another_after_it_was_ejected(drives: Drives) -> None:
    drives.add("sdb", {"packages.main/XS-REPOSITORY": MAIN})
    at = str(drives.directory / "at")
    status, lines = drives.run("medium", "medium", "medium eject", "medium eject", f"mountpoint -q {at} || echo free")
    assert status == 0 and lines[:2] == [at, at]
    assert lines[2].endswith(": it can be taken out")
    assert lines[3:] == ["no medium is in use", "free"]


def test_all_media_are_mounted_each_at_a_place_of_its_own(drives: Drives) -> None:
    """The base first; a drive that holds none is passed over, and of two partitions of a stick the first counts."""
    drives.add("sr0", {"packages.linux/XS-REPOSITORY": LINUX})
    drives.add("sr1", {"README": "nothing"})
    drives.add("sda", {"packages.main/XS-REPOSITORY": MAIN})
    drives.add("sdb", {"README": "nothing"})
    for part in ("sdb1", "sdb2"):
        drives.add_part("sdb", part, {"XS-REPOSITORY": part})
    at = drives.directory / "at"
    status, lines = drives.run("medium all", "medium all", 'cat "$MEDIUM_AT"-*/XS-REPOSITORY')
    places = [str(at), f"{at}-sr0", f"{at}-sdb1"]
    assert (status, lines) == (0, [*places, places[0], places[2], places[1], "sdb1"])


def test_all_media_are_found_again_after_a_change_and_let_go_of_together(drives: Drives) -> None:
    drives.add("sr0", {"packages.main/XS-REPOSITORY": MAIN})
    drives.add("sdb", {"packages.linux/XS-REPOSITORY": LINUX})
    at, dev = str(drives.directory / "at"), drives.directory / "dev"
    late = f"rm {dev}/sdb; medium all"
    status, lines = drives.run("medium all", "medium eject", f"ls {at}-sdb", late)
    assert status == 0 and lines[:2] == [at, f"{at}-sdb"]
    assert len(lines) == 5 and all(line.endswith(": it can be taken out") for line in lines[2:4])
    assert lines[4] == at


def test_all_without_a_medium_names_each_drive(drives: Drives) -> None:
    drives.add("sr0", None)
    assert drives.run("medium all") == (1, ["sr0: nothing in it"])


def test_wrong_word_is_refused_with_the_usage(tmp_path: Path) -> None:
    result = subprocess.run([str(PROGRAM), "eject-it"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 2 and "\n       medium eject    unmounts them" in result.stderr
