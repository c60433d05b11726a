"""Disks and NICs found among a machine's facts by whatever they are called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.model.host import SerialConsole
from tests.backend.sample import HOST

SDA = replace(HOST.disks[0], by_id=("/dev/disk/by-id/ata-one",))
# as on a machine whose kernel names disks in another order: the name of one is the path of the other
CROSSED = replace(SDA, name="sdb", path="/dev/sda", by_id=("/dev/disk/by-id/ata-two",))
MACHINE = replace(HOST, disks=(CROSSED, SDA))


@pytest.mark.parametrize("name", ["sda", "/dev/sda", "/dev/disk/by-id/ata-one"])
def test_a_name_wins_over_another_disks_path(name: str) -> None:
    assert MACHINE.disk(name) is SDA


@pytest.mark.parametrize("name", ["sda", "/dev/sda", "/dev/disk/by-id/ata-two"])
def test_a_disk_is_found_by_path_and_link(name: str) -> None:
    assert replace(HOST, disks=(CROSSED,)).disk(name) is CROSSED


@pytest.mark.parametrize("name", ["sdc", "", "ata-one"])
def test_what_is_not_there_is_none(name: str) -> None:
    assert MACHINE.disk(name) is None and MACHINE.nic(name) is None


def test_a_nic_is_found_by_its_name() -> None:
    assert MACHINE.nic("eth1") is HOST.nics[1]


def test_paths_are_known_by_wwn_and_serial_number_together() -> None:
    """One of both is what cheap controllers give to all their disks."""
    assert replace(SDA, wwn="0x1", serial="S").identity == ("0x1", "S", SDA.size_bytes)
    assert [replace(SDA, wwn=wwn, serial=serial).identity for wwn, serial in (("0x1", ""), ("", "S"))] == [None, None]


def test_a_serial_line_has_the_speed_of_the_manual_unless_told() -> None:
    assert SerialConsole(0).speed == 115_200
