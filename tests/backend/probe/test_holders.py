"""Running devices on disks, from the recorded machines of the guard: what they are and which is stopped first."""

from __future__ import annotations

import pytest

from backend.probe.holders import parse_holders
from backend.probe.snapshot import BlockDevice, Snapshot
from installer.model.storage import Holder, HolderKind
from tests.backend.probe.test_in_use import snapshot


def told(name: str, disk: str) -> list[tuple[str, str, str]]:
    """Return name, kind and group of what is on a disk of a recorded machine."""
    return [(one.name, one.kind.value, one.group) for one in parse_holders(snapshot(name)).get(disk, ())]


@pytest.mark.parametrize(
    ("machine", "disk", "expected"),
    [
        ("idle_md", "sda", [("md0", "md", "")]),
        ("idle_lvm", "sda", [("VG_XenStorage--1f2e-LV", "lvm", "VG_XenStorage-1f2e")]),
        (
            "lvm_on_md",
            "sda",
            [("vg--data-root", "lvm", "vg-data"), ("vg--data-idle", "lvm", "vg-data"), ("md127", "md", "")],
        ),
        ("multipath", "sdc", [("mpathb", "multipath", "")]),
        ("loop_on_disk", "sdb", [("loop0", "loop", "")]),
        ("unused", "sda", []),
    ],
)
def test_tells_what_runs_on_a_disk_the_topmost_first(
    machine: str, disk: str, expected: list[tuple[str, str, str]]
) -> None:
    assert told(machine, disk) == expected


def test_a_file_of_a_file_system_on_a_loop_device_is_no_holder() -> None:
    assert parse_holders(snapshot("loop_on_mounted_disk")) == {}


def test_names_every_disk_below() -> None:
    assert {one.disks for one in parse_holders(snapshot("lvm_on_md"))["sdb"]} == {("sda", "sdb")}


def test_layers_of_mappings_are_stopped_from_the_top() -> None:
    names = [one.name for one in parse_holders(snapshot("nested_dm"))["sda"]]
    assert names == ["vg1-home-real", "vg1-home", "vault"]


def test_what_is_of_an_unknown_kind_is_told_as_such_and_rings_end() -> None:
    ring = (BlockDevice("dm-0", "253:0", slaves=("dm-1",), dm_name="a"), BlockDevice("dm-1", "253:1", slaves=("dm-0",)))
    cache = BlockDevice("bcache0", "252:0", slaves=("sda",))
    found = parse_holders(Snapshot((*ring, cache, BlockDevice("sda", "8:0"))))
    assert found == {"sda": (Holder("bcache0", "bcache0", HolderKind.OTHER, ("sda",)),)}
