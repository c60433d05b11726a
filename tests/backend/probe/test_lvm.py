"""LVM physical volumes: against the real tools, and against anything else that may stand there."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.probe.contents import read_contents
from backend.probe.disks import with_contents
from backend.probe.lvm import PhysicalVolume, Read, parse_group, parse_physical_volume
from backend.real_system import temporary_system
from installer.model.host import Disk
from tests.backend.sample import HOST
from tests.needs import needs

TEXT = """data {
id = "iGwDtE-6Q30-US8p-fJOJ-2TZ3-B5Et-OymOC3"
seqno = 7
physical_volumes {

pv0 {
id = "SLdMjS-761a-KHNb-VoJM-BiNa-b2f4-xM14YI"
}
pv1 {
id = "bkHg1u-LmUA-DRRB-wQqN-nsc5-PWal-qdclt6"
}
}

logical_volumes {

pv2 {
id = "cxHg1u-LmUA-DRRB-wQqN-nsc5-PWal-qdclt6"
}
}
"""
UUID = "SLdMjS761aKHNbVoJMBiNab2f4xM14YI"


def reader(data: bytes) -> Read:
    stream = io.BytesIO(data)

    def read(offset: int, size: int) -> bytes:
        stream.seek(offset)
        return stream.read(size)

    return read


def volume(text: bytes, *, at: int = 512, area_size: int = 8192, flags: int = 0) -> bytes:
    """Return a physical volume with one metadata area of a given size at 4 KiB, and its text at a place in it."""
    label = b"LABELONE" + struct.pack("<QII", 1, 0, 32) + b"LVM2 001" + UUID.encode() + struct.pack("<Q", 2**26)
    label += struct.pack("<QQQQQQQQ", 2**20, 0, 0, 0, 4096, area_size, 0, 0)
    data = bytearray(4096 + area_size)
    data[512 : 512 + len(label)] = label
    header = b"\0\0\0\0 LVM2 x[5A%r0N*>" + struct.pack("<IQQ", 1, 4096, area_size)
    header += struct.pack("<QQII", at, len(text), 0, flags)
    data[4096 : 4096 + len(header)] = header
    room = area_size - at
    data[4096 + at : 4096 + at + len(text[:room])] = text[:room]
    data[4096 + 512 : 4096 + 512 + len(text[room:])] = text[room:] or data[4608 : 4608 + len(text[room:])]
    return bytes(data)


FOUND = PhysicalVolume(
    "SLdMjS-761a-KHNb-VoJM-BiNa-b2f4-xM14YI",
    "data",
    "iGwDtE-6Q30-US8p-fJOJ-2TZ3-B5Et-OymOC3",
    ("SLdMjS-761a-KHNb-VoJM-BiNa-b2f4-xM14YI", "bkHg1u-LmUA-DRRB-wQqN-nsc5-PWal-qdclt6"),
    ("pv2",),
)


@pytest.mark.parametrize("at", [512, 3000, 8192 - 100])
def test_reads_the_text_that_the_header_points_to_also_round_the_end_of_the_ring(at: int) -> None:
    assert parse_physical_volume(reader(volume(TEXT.encode(), at=at))) == FOUND


def test_a_logical_volume_called_like_a_physical_one_is_none() -> None:
    found = parse_group(UUID, TEXT)
    assert found is not None and found.member_uuids == FOUND.member_uuids


@pytest.mark.parametrize(
    "data",
    [volume(b""), volume(TEXT.encode(), flags=1), volume(b"garbage" * 9), volume(TEXT.encode())[:4096]],
    ids=["no group", "ignored area", "garbage", "cut short"],
)
def test_a_volume_without_usable_metadata_has_no_group(data: bytes) -> None:
    assert parse_physical_volume(reader(data)) == PhysicalVolume(FOUND.uuid)


@pytest.mark.parametrize("data", [b"", bytes(2**20), b"LABELONE" * 99])
def test_other_data_are_no_physical_volume(data: bytes) -> None:
    assert parse_physical_volume(reader(data)) is None


@given(st.binary(max_size=200), st.integers(0, 700), st.integers(0, 8))
def test_damaged_metadata_do_not_raise(noise: bytes, place: int, bit: int) -> None:
    data = bytearray(volume(TEXT.encode()))
    for start in (512, 4096):
        data[start + place : start + place + len(noise)] = noise
    data[512 + bit] ^= 1
    parse_physical_volume(reader(bytes(data)))


@pytest.fixture
def loops(tmp_path: Path) -> Iterator[list[str]]:
    """Two loop devices of 64 MiB."""
    needs("lvm", "losetup")
    attached = []
    for name in ("a.img", "b.img"):
        path = tmp_path / name
        path.touch()
        os.truncate(path, 2**26)
        attached.append(_output("losetup", "--find", "--show", str(path)))
        _output("blockdev", "--setrw", attached[-1])  # a read-only flag outlives what was attached before
    yield attached
    for loop in attached:
        _output("losetup", "--detach", loop)


def _output(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.root
@pytest.mark.parametrize("options", [(), ("--metadatasize", "4m"), ("--metadatacopies", "2")])
def test_says_what_pvs_says(loops: list[str], options: tuple[str, ...]) -> None:
    """After many changes, so that the ring holds old names as well."""
    only = ("--devices", ",".join(loops), "--driverloaded", "n")
    _output("pvcreate", "-q", *only, *options, *loops)
    _output("vgcreate", "-q", *only, "first", *loops)
    for number in range(12):
        _output("vgrename", "-q", *only, "first", f"other{number}")
        _output("vgrename", "-q", *only, f"other{number}", "first")
    _output("vgremove", "-q", *only, "first")
    _output("vgcreate", "-q", *only, "second", *loops)
    rows = reported(*only)
    for row in rows:
        with open(row["pv_name"], "rb") as stream:
            found = parse_physical_volume(reader(stream.read(2**23)))
        assert found is not None and found.group == "second"
        assert (found.uuid, found.group, found.group_uuid) == (row["pv_uuid"], row["vg_name"], row["vg_uuid"])
        assert sorted(found.member_uuids) == sorted(other["pv_uuid"] for other in rows)


def reported(*only: str) -> list[dict[str, str]]:
    """Return what pvs says, a row for each physical volume."""
    fields = "pv_name,pv_uuid,vg_name,vg_uuid"
    report = json.loads(_output("pvs", "--readonly", "--reportformat", "json", *only, "-o", fields))
    rows: list[dict[str, str]] = report["report"][0]["pv"]
    return rows


@pytest.mark.root
@pytest.mark.parametrize("bare", ["pvcreate", "vgcreate"])
def test_a_member_without_metadata_is_found_by_those_of_the_other(loops: list[str], bare: str) -> None:
    only = ("--devices", ",".join(loops), "--driverloaded", "n")
    _output("pvcreate", "-q", *only, loops[0])
    _output("pvcreate", "-q", *only, *(("--metadatacopies", "0") if bare == "pvcreate" else ()), loops[1])
    _output("vgcreate", "-q", *only, *(("--vgmetadatacopies", "1") if bare == "vgcreate" else ()), "data", *loops)
    disks = [Disk(name, loop, 2**26) for name, loop in zip(("sda", "sdb"), loops, strict=True)]
    with temporary_system() as system:
        contents = [read_contents(system, disk.path) for disk in disks]
    volumes = [signature for found in contents for part in found.parts for signature in part.signatures]
    assert [bool(volume.group_uuid) for volume in volumes].count(False) == 1, "both carry metadata"
    filled = with_contents(disks, contents)
    assert [disk.contents for disk in filled] == ["LVM: data also on sdb", "LVM: data also on sda"]
    (group,) = replace(HOST, disks=filled).groups()
    assert group.disks == ("sda", "sdb") and group.uuid == reported(*only)[0]["vg_uuid"]
