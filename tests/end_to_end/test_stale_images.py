"""The whole command on image files that carry stale storage of other systems."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from backend.probe.contents import read_contents
from backend.probe.phrases import sentence
from backend.real_system import RealSystem
from tests.backend.small_repository import small_repository
from tests.backend.stale import GIB, MIB, blank, partitioned, volume_group, write_at, write_md, write_zfs
from tests.end_to_end.command import answerfile, installer
from tests.needs import needs

pytestmark = pytest.mark.root


def told(path: Path, scratch: Path) -> str:
    """Return what the probe says of an image."""
    found = read_contents(RealSystem(lambda _: None, scratch), str(path))
    return sentence("disk", found.table, found.parts, found.blank)


def group_on_two_images(first: Path, second: Path) -> None:
    """Make a volume group over two whole images."""
    loops = [_output("losetup", "--find", "--show", str(path)) for path in (first, second)]
    try:
        for loop in loops:
            _output("blockdev", "--setrw", loop)
        volume_group("data", *loops)
    finally:
        for loop in loops:
            _output("losetup", "--detach", loop)


def _output(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    needs("losetup", "mkfs.ext3", "vgcreate", "lbzip2", "grub-mkimage", "sfdisk", "mdadm")
    return small_repository(tmp_path / "repository")


def test_partitions_arrays_pools_and_groups_of_other_systems_are_gone_afterwards(
    tmp_path: Path, repository: Path
) -> None:
    disk, guest = blank(tmp_path / "disk.img", 16 * GIB), blank(tmp_path / "guest.img", 256 * MIB)
    group_on_two_images(guest, blank(tmp_path / "third.img", 64 * MIB))
    partitioned(disk, f"label: gpt\n2048,{GIB // 512}\n,{GIB // 512}\n")
    write_md(disk, "rack7:0", start=MIB)
    write_zfs(disk, "tank", start=MIB + GIB, size=GIB)
    write_at(disk, 0, b"\xeb\x63")
    more = "<guest-disk>sdb</guest-disk>"
    tmp_path.joinpath("answers.xml").write_text(answerfile(str(repository), more=more), encoding="utf-8")
    targets = ("--target", "disk.img", "--target", "sdb=guest.img")
    dry = installer("--answerfile", "answers.xml", *targets, "--dry-run", "install", cwd=tmp_path)
    assert "before  GPT: 2 partitions (member of the array rack7:0, ZFS pool tank)" in dry.text
    assert "before  LVM: data (1 of 2 devices present)" in dry.text
    assert "erase the 2 partitions of sda" in dry.text
    run = installer("--answerfile", "answers.xml", *targets, "install", cwd=tmp_path)
    assert run.code == 0, run.text
    assert told(guest, tmp_path).startswith("LVM: VG_XenStorage-")
    now = told(disk, tmp_path)
    assert now.startswith("MBR: an installed host (root-") and "rack7" not in now and "tank" not in now
    assert told(tmp_path / "third.img", tmp_path) == "LVM: data"
    with disk.open("rb") as stream:
        stream.seek(16 * GIB - MIB)
        assert not any(stream.read())  # where the backup GPT was
