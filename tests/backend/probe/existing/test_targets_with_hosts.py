"""Hosts on `--target` image files: found at a desk too, for the machine that the target stands in for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backend.preparation import with_contents
from backend.probe.existing.host import read_existing
from backend.targets import TargetSpec, apply_targets, read_targets
from installer.model.host import Disk, Firmware
from installer.model.machine_file import default_host, dump_host, load_host, shipped_host
from tests.end_to_end.disk_image import fingerprint
from tests.end_to_end.old_hosts import TOOLS, XENSERVER_40, build_old_host
from tests.needs import needs

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs(*TOOLS, "blkid", "partx", "wipefs")
    path = tmp_path_factory.mktemp("target") / "old.img"
    build_old_host(path, XENSERVER_40)
    return path


def looked_at(path: Path, machine: str) -> Disk:
    """Return the disk that a target stands for on one of the shipped machines."""
    targets = with_contents(read_targets([TargetSpec(str(path))], None))
    return apply_targets(shipped_host(machine), targets, ["sda"]).disks[0]


def test_a_host_on_an_image_is_found_and_kept_in_machine_files(image: Path) -> None:
    before = fingerprint(image)
    disk = looked_at(image, "qemu")
    assert disk.installed and disk.installed.title == "XenServer 4.0.1-4249p" and not disk.installed.refused
    assert 'host "xen07.example.org", 3 virtual machines' in disk.contents
    host = replace(default_host(), disks=(disk,))
    assert load_host(dump_host(host), "m") == host and "marked-secret" not in dump_host(host)
    assert fingerprint(image) == before


def test_a_machine_that_was_started_otherwise_refuses_it(image: Path) -> None:
    disk = looked_at(image, "qemu-uefi")
    assert disk.installed and disk.installed.refused == "it is started by BIOS, and this machine was started by UEFI"
    assert shipped_host("qemu-uefi").firmware is Firmware.UEFI


@pytest.mark.parametrize("size_bytes", [2**30, 100 * 2**20, 2**20, 40_960, 33_280, 512])
def test_an_image_that_was_cut_short_is_no_error(image: Path, tmp_path: Path, size_bytes: int) -> None:
    """The table says where things are, which are not there; what is there is still told."""
    parts = looked_at(image, "qemu").parts
    cut = tmp_path / "cut.img"
    with image.open("rb") as stream:
        cut.write_bytes(stream.read(size_bytes))
    looked_at(cut, "qemu")
    found = read_existing(str(cut), "dos", parts).installed
    there = size_bytes > 2**20
    assert found and ("partition 1 ends behind the end of the disk" if there else "cannot be read") in found.refused
    assert bool(found.installation_uuid) is there
