"""Disks that earlier commits of this installer left are known and installed over (spec R75)."""

from __future__ import annotations

import lzma
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository
from tests.backend.test_reinstall import INVENTORY, JOURNAL, OldHost
from tests.conftest import ROOT
from tests.end_to_end.over_host import entries
from tests.needs import needs

pytestmark = [pytest.mark.root, pytest.mark.long]
RELEASES = sorted((ROOT / "tests" / "releases").glob("*.qcow2.xz"))


def test_there_is_one() -> None:
    assert RELEASES


@pytest.fixture
def unpacked(request: pytest.FixtureRequest, tmp_path: Path) -> OldHost:
    """The disk of a release as a raw image, and packages of today."""
    needs("qemu-img", "losetup", "mkfs.ext3", "grub-mkimage", "debugfs")
    packed, image = tmp_path / "disk.qcow2", tmp_path / "disk.img"
    with lzma.open(request.param) as source, packed.open("wb") as target:
        shutil.copyfileobj(source, target)
    subprocess.run(["qemu-img", "convert", "-O", "raw", str(packed), str(image)], check=True)
    return OldHost(image, small_repository(tmp_path / "repository"))


@pytest.mark.parametrize("mode", ["reinstall", "upgrade"])
@pytest.mark.parametrize("unpacked", RELEASES, indirect=True, ids=lambda path: path.name.partition(".qcow2")[0])
def test_release_is_installed_over(unpacked: OldHost, mode: str) -> None:
    guests, before = unpacked.guests(), entries(unpacked.file(INVENTORY))
    assert before["INSTALLER_VERSION"]
    outcome = unpacked.over(mode)
    assert outcome.code == 0, outcome.text
    now = entries(unpacked.file(INVENTORY))
    assert {name for name in before if now[name] != before[name]} <= {"INSTALLATION_DATE", "INSTALLER_VERSION"}
    assert (unpacked.file("/etc/hostname"), unpacked.guests()) == ("alpha\n", guests)
    assert 'ZONE="Europe/Paris"' in unpacked.file("/etc/sysconfig/clock")
    assert entries(unpacked.file(INVENTORY, 2)) == before and not unpacked.file(JOURNAL, 2)
