"""What is on a disk: recorded outputs, and real tools on files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from backend.probe.contents import (
    parse_blkid,
    parse_mdadm,
    parse_partx,
    parse_signature,
    parse_wipefs,
    read_contents,
)
from backend.probe.phrases import describe, sentence
from backend.real_system import RealSystem
from installer.model.storage import Part, Signature, storage_groups
from tests.backend.stale import ARRAY_UUID, MIB, partitioned, volume_group, write_at, write_md, write_zfs
from tests.needs import needs

RECORDED = Path(__file__).parents[2] / "commands" / "probe"


def recorded(name: str) -> list[str]:
    return (RECORDED / name).read_text().splitlines()


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("blkid_ext4", "ext4 file system labelled my root"),
        ("blkid_swap", "swap space labelled sw"),
        ("blkid_lvm", "LVM physical volume"),
        ("blkid_md", "member of the array rack7:0"),
        ("blkid_zfs", "ZFS pool tank"),
        ("blkid_ambivalent", "several signatures"),
    ],
)
def test_describes_what_blkid_found(name: str, phrase: str) -> None:
    assert describe(parse_signature(parse_blkid(recorded(name)))) == phrase


def test_finds_nothing_where_blkid_found_nothing() -> None:
    assert parse_blkid(recorded("blkid_nothing")) == {}


@pytest.mark.parametrize(
    ("tags", "phrase"),
    [
        ({"TYPE": "isw_raid_member"}, "member of an array"),
        ({"TYPE": "crypto_LUKS"}, "encrypted volume"),
        ({"TYPE": "btrfs", "LABEL": "b", "UUID": "u"}, "btrfs file system labelled b"),
    ],
)
def test_describes_other_types(tags: dict[str, str], phrase: str) -> None:
    assert describe(parse_signature(tags)) == phrase


def test_names_the_volume_group() -> None:
    assert describe(Signature("LVM2_member", group="VG_XenStorage-1")) == "LVM: VG_XenStorage-1"


def test_the_uuid_of_an_array_and_a_pool_is_that_of_the_group() -> None:
    for name in ("blkid_md", "blkid_zfs"):
        found = parse_signature(parse_blkid(recorded(name)))
        assert found.kind and found.uuid == found.group_uuid != ""


@pytest.mark.parametrize(("name", "devices"), [("mdadm_examine", 2), ("mdadm_examine_nothing", 0)])
def test_counts_the_devices_of_an_array(name: str, devices: int) -> None:
    assert parse_mdadm(recorded(name)) == devices


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("wipefs_gpt_end", ("gpt",)),
        ("wipefs_lvm_md_gpt", ("linux_raid_member", "LVM2_member", "gpt")),
        ("wipefs_nothing", ()),
    ],
)
def test_reads_every_signature_of_a_disk(name: str, types: tuple[str, ...]) -> None:
    assert parse_wipefs(recorded(name)) == types


@pytest.mark.parametrize(("name", "sizes_mib"), [("partx_gpt", [8, 8, 46]), ("partx_mbr", [8, 8, 7])])
def test_reads_partitions(name: str, sizes_mib: list[int]) -> None:
    parts = parse_partx(recorded(name))
    assert [part.size_bytes // 2**20 for part in parts] == sizes_mib
    assert [part.number for part in parts] == [1, 2, 3] and all(part.type for part in parts)


def test_a_disk_without_table_has_no_partitions() -> None:
    assert parse_partx(["partx: disk.img: failed to read partition table"]) == ()


def parts(*found: str | Signature, types: tuple[str, ...] = ()) -> tuple[Part, ...]:
    """Return partitions of one MiB with a signature each ("": none)."""
    signatures = [(Signature(one) if isinstance(one, str) else one) if one else None for one in found]
    return tuple(
        Part(number, number, 1, types[number - 1] if types else "", (one,) if one else ())
        for number, one in enumerate(signatures, 1)
    )


ROOT = Signature("ext3", "root-kqzjwmxa")
LVM = Signature("LVM2_member", "", "p1", "data", "g1", 2)
WINDOWS = ("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "e3c9e316-0b5c-4db8-817d-f92df00215ae", "ebd0a0a2")


@pytest.mark.parametrize(
    ("table", "found", "phrase"),
    [
        ("gpt", parts("", "", ""), "GPT: 3 partitions"),
        ("dos", parts("ext3"), "MBR: 1 partition (ext3 file system)"),
        ("dos", parts("swap", LVM, "swap"), "MBR: 3 partitions (swap space, LVM: data)"),
        ("sun", (), "sun: no partitions"),
        (
            "gpt",
            parts("vfat", "", "ntfs", types=WINDOWS),
            "GPT: Windows, 3 partitions (vfat file system, ntfs file system)",
        ),
        ("dos", parts("ntfs", types=("0x7",)), "MBR: Windows, 1 partition (ntfs file system)"),
        ("dos", parts("exfat", types=("0x7",)), "MBR: 1 partition (exfat file system)"),
        ("gpt", parts("", types=("aa31e02a-400f-11db-9590-000c2911d1b8",)), "GPT: VMware ESX, 1 partition"),
        (
            "dos",
            parts(ROOT, ""),
            "MBR: an installed host (root-kqzjwmxa), 2 partitions (ext3 file system labelled root-kqzjwmxa)",
        ),
        (
            "dos",
            parts(Signature("ext3", "root-unfinished")),
            "MBR: an installation that was not finished, 1 partition (ext3 file system labelled root-unfinished)",
        ),
        ("", (Part(0, 0, 9, signatures=(LVM,)),), "LVM: data"),
        ("gpt-end", (Part(0, 0, 9, signatures=(LVM,)),), "LVM: data, remains of a GPT at its end"),
        ("gpt-end", (), "remains of a GPT at its end"),
        ("", (), "unknown data"),
    ],
)
def test_says_what_is_on_a_disk(table: str, found: tuple[Part, ...], phrase: str) -> None:
    assert sentence("sda", table, found, False) == phrase


def test_says_where_the_rest_of_a_group_is() -> None:
    on_two = (("sda", parts(LVM)), ("sdb", parts(LVM)))
    assert sentence("sda", "dos", parts(LVM), False, storage_groups(on_two)).endswith("(LVM: data also on sdb)")
    alone = storage_groups(on_two[:1])
    assert sentence("sda", "dos", parts(LVM), False, alone).endswith("(LVM: data (1 of 2 devices present))")


@pytest.fixture
def system(tmp_path: Path) -> RealSystem:
    needs("blkid", "partx")
    return RealSystem(lambda _: None, tmp_path / "scratch")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.touch()
    os.truncate(path, 40 * 2**20)
    return path


def told(system: RealSystem, path: str) -> str:
    """Return the sentence for a disk alone."""
    found = read_contents(system, path)
    return sentence("disk", found.table, found.parts, found.blank)


def test_real_file_systems_tables_and_nothing(image: Path, system: RealSystem) -> None:
    needs("mkfs.ext4", "sfdisk")
    assert told(system, str(image)) == "blank"
    image.write_bytes(b"data" + bytes(2**20))
    assert told(system, str(image)) == "unknown data"
    os.truncate(image, 40 * 2**20)
    subprocess.run(("mkfs.ext4", "-q", "-F", "-L", "X", image), check=True)
    assert told(system, str(image)) == "ext4 file system labelled X"
    subprocess.run(("sfdisk", "-q", "--wipe=always", image), input="8192,8M\n,8M\n", text=True, check=True)
    subprocess.run(("mkfs.ext4", "-q", "-F", "-L", "root", "-E", "offset=4194304", image, "8M"), check=True)
    assert told(system, str(image)) == "MBR: 2 partitions (ext4 file system labelled root)"


def test_what_cannot_be_read_stays_unknown(tmp_path: Path, system: RealSystem) -> None:
    assert told(system, str(tmp_path / "none")) == ""


@pytest.mark.root
def test_every_stale_signature_of_a_disk_is_found(image: Path, system: RealSystem) -> None:
    """A volume group at the start, an old pool at the end, and a table at the far end only."""
    needs("lvm", "losetup", "sfdisk", "wipefs", "mdadm")
    os.truncate(image, 64 * MIB)  # libblkid looks for no pool on a smaller one
    loop = _output("losetup", "--find", "--show", str(image))
    try:
        _output("blockdev", "--setrw", loop)
        volume_group("data", loop)
    finally:
        _output("losetup", "--detach", loop)
    start = image.read_bytes()[:MIB]
    write_zfs(image, "tank", size=64 * MIB)
    partitioned(image, "label: gpt\n,8M\n")
    write_at(image, 0, start)
    found = read_contents(system, str(image))
    (whole,) = found.parts
    kinds = {one.type: one for one in whole.signatures}
    assert found.table == "gpt-end"
    assert set(kinds) == {"LVM2_member", "zfs_member"}
    assert (kinds["LVM2_member"].group, kinds["LVM2_member"].members, kinds["zfs_member"].group) == ("data", 1, "tank")


def test_arrays_are_told_with_their_devices_on_disks_and_partitions(image: Path, system: RealSystem) -> None:
    needs("mdadm", "wipefs", "sfdisk")
    write_md(image, "rack7:0", at_end_of=40 * MIB)
    (whole,) = read_contents(system, str(image)).parts
    assert whole.signatures == (Signature("linux_raid_member", "rack7:0", ARRAY_UUID, "rack7:0", ARRAY_UUID, 2),)
    partitioned(image, "label: dos\n,8M,fd\n,,5\n,8M,fd\n")
    write_md(image, "rack7:1", start=MIB)
    told = [(part.number, [one.label for one in part.signatures]) for part in read_contents(system, str(image)).parts]
    assert told == [(0, ["rack7:0"]), (1, ["rack7:1"]), (2, []), (5, [])]


@pytest.mark.root
@pytest.mark.parametrize("sector_bytes", [512, 4096])
def test_real_volume_groups_on_disks_and_partitions(image: Path, system: RealSystem, sector_bytes: int) -> None:
    needs("lvm", "losetup", "sfdisk")
    loop = _output("losetup", "--find", "--show", f"--sector-size={sector_bytes}", str(image))
    only = ("--devices", loop, "--driverloaded", "n")
    try:
        _output("pvcreate", "-q", *only, loop)
        assert told(system, loop) == "LVM physical volume"
        _output("vgcreate", "-q", *only, "VG_XenStorage-test", loop)
        assert told(system, loop) == "LVM: VG_XenStorage-test"
        start = image.read_bytes()[: 2**20]
        _output("vgremove", "-q", *only, "VG_XenStorage-test")
        _output("pvremove", "-q", *only, loop)
        table = f"label: gpt\n{4 * 2**20 // sector_bytes},,V\n"
        subprocess.run(("sfdisk", "-q", "--no-reread", "--no-tell-kernel", loop), input=table, text=True, check=True)
        with open(loop, "r+b") as stream:
            stream.seek(4 * 2**20)
            stream.write(start)
        assert told(system, loop) == "GPT: 1 partition (LVM: VG_XenStorage-test)"
    finally:
        _output("losetup", "--detach", loop)


def _output(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
