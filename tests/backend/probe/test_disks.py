"""Disks: from what sysfs and udev say to facts, and this machine's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backend.probe.contents import Contents
from backend.probe.disks import RawDisk, is_whole_disk, parse_disk, read_disks, with_contents, without_other_paths
from backend.probe.sysfs import natural, parse_vpd_serial, parse_wwid, read_attribute
from backend.real_system import RealSystem
from installer.model.host import Disk
from installer.model.storage import Part, Signature

SATA = RawDisk(
    name="sda",
    sys_path="/sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda",
    attributes={
        "size": "976773168",
        "ro": "0",
        "removable": "0",
        "hidden": "0",
        "queue/logical_block_size": "512",
        "device/model": "ST500NM0011     ",
        "serial": "Z1M0A3QX",
        "wwn": "0x5000c5004f1a2b3c",
    },
    properties={},
)
NVME = RawDisk(
    name="nvme0n1",
    sys_path="/sys/devices/pci0000:3a/0000:3a:00.0/nvme/nvme0/nvme0n1",
    attributes={
        "size": "1875385008",
        "queue/logical_block_size": "4096",
        "device/model": "INTEL SSDPE2KX010T8",
        "serial": "PHLJ1234005F1P0GGN",
    },
    properties={"ID_WWN": "eui.01000000010000005cd2e4a1b7f85251", "ID_SERIAL_SHORT": "PHLJ1234005F1P0GGN"},
    links=("/dev/disk/by-path/pci-0000:3a", "/dev/disk/by-id/nvme-b", "/dev/disk/by-id/nvme-a"),
)


def test_a_sata_disk_without_udev() -> None:
    assert parse_disk(SATA) == Disk(
        name="sda",
        path="/dev/sda",
        size_bytes=500107862016,
        model="ST500NM0011",
        serial="Z1M0A3QX",
        wwn="0x5000c5004f1a2b3c",
        transport="sata",
    )


def test_a_4kn_nvme_disk_with_udev() -> None:
    disk = parse_disk(NVME)
    assert (disk.size_bytes, disk.sector_bytes, disk.transport) == (960197124096, 4096, "nvme")
    assert disk.by_id == ("/dev/disk/by-id/nvme-a", "/dev/disk/by-id/nvme-b")
    assert disk.wwn == "eui.01000000010000005cd2e4a1b7f85251"


def test_a_controller_disk_with_a_slash_in_its_name() -> None:
    disk = parse_disk(replace(SATA, name="cciss!c0d0"))
    assert (disk.name, disk.path) == ("cciss/c0d0", "/dev/cciss/c0d0")


@pytest.mark.parametrize(
    ("path", "transport"),
    [
        ("pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb", "usb"),
        ("pci0000:00/0000:00:05.0/virtio1/block/vda", "virtio"),
        ("pci0000:00/0000:02:00.0/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0/block/sda", "sas"),
        ("pci0000:00/0000:04:00.0/host1/rport-1:0-2/target1:0:0/1:0:0:0/block/sdc", "fc"),
        ("pci0000:00/0000:05:00.0/net/eth2/ctlr_0/host9/rport-9:0-2/target9:0:0/9:0:0:0/block/sde", "fcoe"),
        ("platform/host7/session1/target7:0:0/7:0:0:0/block/sdd", "iscsi"),
        ("vbd-51712/block/xvda", "xen"),
        ("pci0000:00/0000:03:00.0/host0/target0:2:0/0:2:0:0/block/sda", ""),
    ],
)
def test_tells_the_transport_by_the_way_to_the_disk(path: str, transport: str) -> None:
    assert parse_disk(replace(SATA, sys_path=f"/sys/devices/{path}")).transport == transport


def test_a_model_of_odd_bytes_is_one_line_of_words() -> None:
    raw = replace(SATA, attributes={**SATA.attributes, "device/model": "A\x1b[31m \udc80\n B\ufffd"})
    assert parse_disk(raw).model == "A [31m B\ufffd"


@pytest.mark.parametrize("size", ["", "x", "-1", "9" * 30])
def test_a_disk_whose_size_is_unknown_has_none(size: str) -> None:
    raw = replace(SATA, attributes={**SATA.attributes, "size": size})
    assert parse_disk(raw).size_bytes == 0 and not is_whole_disk(raw)


@pytest.mark.parametrize("name", ["loop0", "ram1", "zram0", "sr0", "fd0", "dm-3", "md127", "md_d0", "nbd0", "bcache0"])
def test_leaves_out_what_is_no_disk(name: str) -> None:
    assert not is_whole_disk(replace(SATA, name=name))


@pytest.mark.parametrize("name", ["sda", "sdaa", "vda", "xvda", "nvme0n1", "mmcblk0", "cciss!c0d0", "hda", "pmem0"])
def test_takes_disks_of_all_drivers(name: str) -> None:
    assert is_whole_disk(replace(SATA, name=name))


def test_leaves_out_hidden_paths_and_empty_drives() -> None:
    assert not is_whole_disk(replace(SATA, attributes={**SATA.attributes, "hidden": "1"}))
    assert not is_whole_disk(replace(SATA, attributes={**SATA.attributes, "size": "0"}))


def test_sorts_disks_as_a_person_does() -> None:
    assert sorted(["sdaa", "sdb", "sda"], key=natural) == ["sda", "sdb", "sdaa"]
    assert sorted(["eth10", "eth2"], key=natural) == ["eth2", "eth10"]


def test_reads_serial_numbers_and_world_wide_names() -> None:
    assert parse_vpd_serial(b"\0\x80\0\x14" + b"            WD-WCAW1") == "WD-WCAW1"
    assert [parse_vpd_serial(page) for page in (b"", b"\0\x83\0\x01x", b"\0\x80\0\0")] == ["", "", ""]
    assert parse_wwid("naa.5000c5004f1a2b3c") == "0x5000c5004f1a2b3c"
    assert parse_wwid("eui.0025385b71b00a3e") == "eui.0025385b71b00a3e"
    assert parse_wwid("t10.ATA     QEMU HARDDISK   QM00001") == ""


def test_an_attribute_that_is_not_there_is_empty(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"  ST500 \xff\n")
    assert read_attribute(str(tmp_path / "model")) == "ST500 \ufffd"
    assert read_attribute(str(tmp_path / "none")) == read_attribute(str(tmp_path)) == ""


@pytest.mark.parametrize(("rotational", "fact"), [("1", True), ("0", False), ("", None)])
def test_tells_whether_a_disk_turns_and_its_physical_sectors(rotational: str, fact: bool | None) -> None:
    facts = {"queue/rotational": rotational, "queue/physical_block_size": "4096"}
    disk = parse_disk(replace(SATA, attributes={**SATA.attributes, **facts}))
    assert (disk.rotational, disk.sector_bytes, disk.physical_sector_bytes) == (fact, 512, 4096)


def _holding(kind: str, group: str = "", members: int = 0) -> Contents:
    return Contents(
        parts=(Part(0, 0, 9, signatures=(Signature(kind, "L", "u", group, "g" if group else "", members),)),)
    )


def test_the_sentence_of_a_disk_names_the_other_disks_of_its_group() -> None:
    disks = (parse_disk(SATA), replace(parse_disk(SATA), name="sdb"))
    found = with_contents(disks, [_holding("LVM2_member", "data", 2)] * 2)
    assert [disk.contents for disk in found] == ["LVM: data also on sdb", "LVM: data also on sda"]


@pytest.mark.parametrize(
    ("transport", "removable", "excluded"),
    [("usb", False, "is an installation medium"), ("", True, "is an installation medium"), ("sata", False, "")],
)
def test_a_stick_with_an_installation_medium_is_not_offered(transport: str, removable: bool, excluded: str) -> None:
    disk = replace(parse_disk(SATA), transport=transport, removable=removable)
    (found,) = with_contents((disk,), [_holding("iso9660")])
    assert (found.excluded, found.boot_medium) == (excluded, bool(excluded))


def test_without_contents_the_disks_stay_as_they_are() -> None:
    assert with_contents((parse_disk(SATA),), ()) == (parse_disk(SATA),)


def test_every_path_of_a_disk_in_use_is_excluded() -> None:
    used = replace(parse_disk(SATA), excluded="holds swap")
    path, twin = replace(used, name="sdb", excluded=""), replace(used, name="sdc", excluded="", serial="other")
    nameless = replace(used, name="sdd", excluded="", wwn="")
    found = without_other_paths((used, path, twin, nameless))
    assert [disk.excluded for disk in found] == ["holds swap", "is another path to sda, which holds swap", "", ""]


@pytest.mark.root
def test_the_disk_of_this_machine_is_found_and_excluded(tmp_path: Path) -> None:
    disks = read_disks(RealSystem(lambda _: None, tmp_path))
    for disk in disks:
        assert disk.size_bytes > 0 and Path(disk.path).is_block_device()
    if disks:
        assert any(disk.excluded for disk in disks)
