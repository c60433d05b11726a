"""The image's program that finds media, on loop devices which stand for drives."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.needs import needs

pytestmark = pytest.mark.root
PROGRAM = ROOT / "initrd" / "init" / "medium"
# what lies in each drive, in their order; None: an empty file system
DRIVES = {"sr0": "xs:linux", "sr1": "xs:main", "sr2": None, "sr3": "acme:site"}
MIB = 2**20


@dataclass(frozen=True)
class Desk:
    """`at` is where the first medium is mounted."""

    at: Path
    environment: dict[str, str]

    def run(self, *words: str) -> tuple[int, list[str]]:
        argv = ["bash", str(PROGRAM), *words]
        done = subprocess.run(argv, env=self.environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()

    def holds(self, place: str) -> str:
        """Return the id of the repository that is mounted at a place."""
        return (Path(place) / "packages" / "XS-REPOSITORY").read_text(encoding="ascii").splitlines()[0]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    needs("blkid", "blockdev", "findmnt", "losetup", "mkfs.ext3", "mountpoint")
    blocks, devices, at = tmp_path / "block", tmp_path / "dev", tmp_path / "medium"
    devices.mkdir()
    with ExitStack() as stack:
        for name, repository in DRIVES.items():
            (blocks / name).mkdir(parents=True)
            stack.callback(_output, "losetup", "--detach", _drive(tmp_path, devices / name, repository))
        stack.callback(_unmount, at)
        variables = {"MEDIUM_AT": at, "MEDIUM_BLOCKS": blocks, "MEDIUM_DEVICES": devices}
        yield Desk(at, {**os.environ, **{name: str(path) for name, path in variables.items()}})


def _drive(directory: Path, node: Path, repository: str | None) -> str:
    """Make a file system with a repository, and a device node of a drive's name for it; returns the loop device."""
    tree, image = directory / f"{node.name}.tree", directory / f"{node.name}.img"
    tree.mkdir()
    if repository:
        (tree / "packages").mkdir()
        (tree / "packages" / "XS-REPOSITORY").write_text(f"{repository}\nName\nXenServer\n4.0.1-1\n", encoding="ascii")
    image.touch()
    os.truncate(image, 4 * MIB)
    _output("mkfs.ext3", "-q", "-d", str(tree), str(image))
    loop = _output("losetup", "--find", "--show", "--read-only", str(image)).strip()
    os.mknod(node, 0o600 | 0o060000, os.stat(loop).st_rdev)
    return loop


def _unmount(at: Path) -> None:
    for place in (at, *at.parent.glob(f"{at.name}-further-*")):
        subprocess.run(["umount", str(place)], check=False, capture_output=True)


def _output(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_first_medium_is_the_one_with_the_base_and_the_others_are_counted(desk: Desk) -> None:
    code, said = desk.run()
    assert (code, said[-1], desk.holds(said[-1])) == (0, str(desk.at), "xs:main")
    found = [desk.run(number) for number in ("2", "3")]
    assert [code for code, _ in found] == [0, 0]
    assert [desk.holds(said[-1]) for _, said in found] == ["xs:linux", "acme:site"]
    assert desk.holds(str(desk.at)) == "xs:main"


def test_medium_that_is_not_there_is_told_with_what_is(desk: Desk) -> None:
    code, said = desk.run("4")
    assert code == 1
    assert said[-4:] == [
        f"{desk.environment['MEDIUM_DEVICES']}/sr1: the first medium",
        "sr0: medium 2",
        "sr3: medium 3",
        "no other drive holds packages",
    ]


def test_counting_again_gives_the_same(desk: Desk) -> None:
    assert desk.run("3") == desk.run("3")
    assert desk.holds(desk.run("2")[1][-1]) == "xs:linux"
