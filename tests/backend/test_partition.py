"""Partition tables and the ESP by the real tools, on image files: what sfdisk and mtools then say of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from backend.layout import primary_table
from backend.real_system import RealSystem
from backend.recording import RecordingSystem
from backend.session import Session
from backend.steps.esp import InstallEfiLoader, MakeEsp
from backend.steps.partition import PartitionDisk, WipeDisk
from backend.table import PartitionTable, PartitionUse, TableType
from backend.targets import attached
from installer.model.host import Firmware
from installer.model.units import GIB, MIB
from tests.backend.run_plan import recording_session
from tests.backend.sample import IDENTITIES, SDA
from tests.needs import needs

pytestmark = pytest.mark.root
TYPES = {
    PartitionUse.ROOT: "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
    PartitionUse.BACKUP: "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
    PartitionUse.STORAGE: "E6D6D379-F507-44C2-A23C-238F2A3DF928",
    PartitionUse.ESP: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
    PartitionUse.BIOS_BOOT: "21686148-6449-6E6F-744E-656564454649",
}
MBR_TYPES = {PartitionUse.ROOT: "83", PartitionUse.BACKUP: "83", PartitionUse.STORAGE: "8e"}


@dataclass(frozen=True)
class Layout:
    """A disk to be partitioned."""

    firmware: Firmware
    size_bytes: int = 16 * GIB
    sector_bytes: int = 512
    storage: bool = True

    @property
    def table(self) -> PartitionTable:
        """The table it gets."""
        disk = replace(SDA, size_bytes=self.size_bytes, sector_bytes=self.sector_bytes)
        return primary_table(disk, self.firmware, IDENTITIES, storage=self.storage)


LAYOUTS = {
    "bios": Layout(Firmware.BIOS),
    "bios-3-tb": Layout(Firmware.BIOS, 3_000_592_982_016),
    "bios-3-tb-no-storage": Layout(Firmware.BIOS, 3_000_592_982_016, storage=False),
    "uefi": Layout(Firmware.UEFI),
    "uefi-no-storage": Layout(Firmware.UEFI, storage=False),
    "uefi-4kn": Layout(Firmware.UEFI, sector_bytes=4096),
    "uefi-4kn-no-storage": Layout(Firmware.UEFI, 16 * GIB + 4096, 4096, storage=False),
}


@contextmanager
def _disk(layout: Layout, directory: Path) -> Iterator[tuple[Session, str]]:
    """Give a session whose sda is an image file of the layout's size, and its device."""
    needs("losetup", "sfdisk", "partx", "wipefs", "mkfs.vfat", "mcopy", "grub-mkimage")
    image = directory / "disk.img"
    image.touch()
    os.truncate(image, layout.size_bytes)
    system = RealSystem(lambda _: None, directory / "scratch")
    with attached(system, str(image), sector_bytes=layout.sector_bytes) as device:
        session = recording_session(RecordingSystem())
        yield replace(session, system=system, devices={"sda": device}, warn=pytest.fail), device


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def _sfdisk(device: str, layout: Layout) -> tuple[str, list[tuple[object, ...]]]:
    """Return the disk's id, and of each partition number, start, size, type and UUID, as sfdisk reads them."""
    table = json.loads(_output("sfdisk", "--json", device))["partitiontable"]
    assert table.get("sectorsize", 512) == layout.sector_bytes
    parts: list[tuple[object, ...]] = []
    for part in table["partitions"]:
        number = int(part["node"].removeprefix(device).removeprefix("p"))
        places = (part["start"] * layout.sector_bytes, part["size"] * layout.sector_bytes)
        parts.append((number, *places, part["type"], part.get("uuid", "").lower()))
    return table["id"].lower(), sorted(parts, key=lambda part: str(part[0]))


@pytest.mark.parametrize("name", LAYOUTS)
def test_table_on_the_disk_is_the_planned_one_also_the_second_time(tmp_path: Path, name: str) -> None:
    layout = LAYOUTS[name]
    table = layout.table
    types = MBR_TYPES if table.type is TableType.MBR else TYPES
    planned = [
        (part.number, part.start_bytes, part.size_bytes, types[part.use], part.uuid) for part in table.partitions
    ]
    with _disk(layout, tmp_path) as (session, device):
        for _ in range(2):
            WipeDisk("sda", tuple(part.start_bytes for part in table.partitions)).run(session)
            PartitionDisk("sda", table).run(session)
            disk_id, found = _sfdisk(device, layout)
            assert found == planned
            assert disk_id.removeprefix("0x") == table.disk_id
        assert "No errors detected." in _output("sfdisk", "--verify", device)
        for part in table.partitions:
            size = _output("blockdev", "--getsize64", session.node(f"sda:{part.number}"))
            assert int(size) == part.size_bytes


def test_active_entry_of_the_protective_mbr_is_for_a_bios_only(tmp_path: Path) -> None:
    """Some BIOSes start no disk without one; UEFI 2.10, 5.2.3 wants none."""
    for name, active in (("bios-3-tb", True), ("uefi", False)):
        with _disk(LAYOUTS[name], tmp_path) as (session, device):
            PartitionDisk("sda", LAYOUTS[name].table).run(session)
            first = _first_sector(device)
        assert any(first[446 + 16 * entry] == 0x80 for entry in range(4)) is active


def _first_sector(device: str) -> bytes:
    with open(device, "rb") as stream:
        return stream.read(512)


@pytest.mark.parametrize("name", ["uefi", "uefi-4kn"])
def test_esp_has_the_loader_at_both_places_and_looks_for_the_root(tmp_path: Path, name: str) -> None:
    """Both steps twice in a row, as after a failure and a retry."""
    table = LAYOUTS[name].table
    with _disk(LAYOUTS[name], tmp_path) as (session, _):
        PartitionDisk("sda", table).run(session)
        for _ in range(2):
            MakeEsp("sda:4", "5e6f7a8b").run(session)
        for _ in range(2):
            InstallEfiLoader("sda:4", "root-kqzjwmxa").run(session)
        node = session.node("sda:4")
        assert _output("blkid", "-p", "-o", "value", "-s", "VERSION", node) == "FAT32\n"
        assert _output("blkid", "-p", "-o", "value", "-s", "UUID", node) == "5E6F-7A8B\n"
        subprocess.run(["fsck.vfat", "-n", node], check=True, capture_output=True)
        assert sorted(_output("mdir", "-/", "-b", "-i", node, "::").splitlines()) == [
            "::/EFI/",
            "::/EFI/BOOT/",
            "::/EFI/BOOT/BOOTX64.EFI",
            "::/EFI/xenserver/",
            "::/EFI/xenserver/grub.cfg",
            "::/EFI/xenserver/grubx64.efi",
        ]
        stub = _output("mtype", "-i", node, "::/EFI/xenserver/grub.cfg")
        assert stub.startswith("search --no-floppy --label --set=root root-kqzjwmxa\n")
        loaders = []
        for place in ("::/EFI/BOOT/BOOTX64.EFI", "::/EFI/xenserver/grubx64.efi"):
            subprocess.run(["mcopy", "-o", "-i", node, place, str(tmp_path / "loader")], check=True)
            loaders.append((tmp_path / "loader").read_bytes())
        assert loaders[0] == loaders[1] and loaders[0][:2] == b"MZ"
        assert 100 * 1024 < len(loaders[0]) < 4 * MIB
        assert (tmp_path / "scratch").exists() and not any((tmp_path / "scratch").iterdir())
