"""The guard: recorded machines, and real devices that are in use or not."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.probe.in_use import check_unused, fingerprint, is_blank, reasons, refusal
from backend.probe.snapshot import BlockDevice, Snapshot, loop_of_file, mount_fields, read_snapshot, swap_paths
from installer.model.errors import DiskRefused
from tests.needs import needs

RECORDED = Path(__file__).parents[2] / "commands" / "in_use"


def snapshot(name: str) -> Snapshot:
    """Return a recorded machine of tests/commands/in_use."""
    record = json.loads((RECORDED / f"{name}.json").read_text())
    return Snapshot(
        devices=tuple(
            BlockDevice(
                name=device,
                number=facts["dev"],
                parent=facts.get("parent", ""),
                slaves=tuple(facts.get("slaves", ())),
                dm_name=facts.get("dm_name", ""),
                dm_uuid=facts.get("dm_uuid", ""),
                backing_file=facts.get("backing_file", ""),
                backing_number=facts.get("backing_number", ""),
            )
            for device, facts in record["devices"].items()
        ),
        mounts="\n".join(record["mountinfo"]),
        swaps="\n".join(record["swaps"]),
        root_number=record["root"],
        file_numbers=tuple(record["files"].items()),
        btrfs=tuple(tuple(members) for members in record["btrfs"]),
    )


ROOT = "is the running system's root"
# machine -> what each disk is refused for; a disk that is not named must be free
EXPECTED = {
    "mounted_partition": {"sda": f"{ROOT} (sda1)"},
    "lvm_on_md": {
        "sda": "carries the mounted file system /srv/my data (sda2, md127, vg--data-root)",
        "sdb": "carries the mounted file system /srv/my data (sdb2, md127, vg--data-root)",
    },
    "idle_lvm": {"sda": "is a member of the running volume group VG_XenStorage-1f2e"},
    "idle_md": {"sda": "is a member of the running array md0", "sdb": "is a member of the running array md0"},
    "swap_partition": {"sda": "holds swap (sda2)"},
    "swap_on_lv": {"nvme0n1": "holds swap (nvme0n1p1, vg0-swap)"},
    "swap_file": {"sda": "holds the swap file /var/swap file (sda1)"},
    "multipath": {
        "sda": "carries the mounted file system /mnt (mpatha, mpatha-part1)",
        "sdb": "carries the mounted file system /mnt (mpatha, mpatha-part1)",
        "sdc": "is a path of the multipath device mpathb",
        "sdd": "is a path of the multipath device mpathb",
    },
    "zram": {"sdb": "holds swap (zram1)"},
    "loop_on_mounted_disk": {"sda": f"{ROOT} (sda1, loop0)"},
    "loop_on_hidden_mount": {"sda": "holds /image, attached to loop0"},
    "loop_on_disk": {"sdb": "is attached to loop0"},
    "bind_mount": {"sda": "carries the mounted file system /etc/hosts (sda1)"},
    "nested_dm": {"sda": "carries the mounted file system /home (sda1, vault, vg1-home, vg1-home-real)"},
    "btrfs_of_two_disks": {"sda": "carries the mounted file system /", "sdb": "is a member of a mounted btrfs"},
    "root_renamed": {"vda": ROOT},
    "unused": {},
}


def _disks(found: dict[str, str]) -> dict[str, str]:
    return {name: reason for name, reason in found.items() if name[:2] in ("sd", "vd") and not name[-1].isdigit()} | {
        name: reason for name, reason in found.items() if name.startswith("nvme") and "p" not in name
    }


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_excludes_the_disks_in_use_and_no_other(name: str) -> None:
    assert _disks(reasons(snapshot(name))) == EXPECTED[name]


def test_every_recorded_machine_is_tested() -> None:
    assert {path.stem for path in RECORDED.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", ["idle_lvm", "idle_md", "loop_on_disk"])
def test_idle_holders_are_free_where_they_may_be_taken_apart(name: str) -> None:
    assert _disks(reasons(snapshot(name), idle_holders=False)) == {}


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {"idle_lvm", "idle_md", "loop_on_disk", "multipath"}))
def test_mounts_and_swaps_always_count(name: str) -> None:
    assert _disks(reasons(snapshot(name), idle_holders=False)) == EXPECTED[name]


def test_idle_multipath_is_free_beside_a_mounted_one() -> None:
    assert set(_disks(reasons(snapshot("multipath"), idle_holders=False))) == {"sda", "sdb"}


def test_each_installation_medium_is_told_as_one() -> None:
    """The first and those beside it; a driver disk's place is another."""
    places = {"sda": "/run/medium", "sdb": "/run/medium-sdb", "sdc": "/run/driver-medium"}
    devices = tuple(BlockDevice(name, f"8:{16 * number}") for number, name in enumerate(places))
    lines = (f"36 35 {one.number} / {places[one.name]} ro - vfat /dev/{one.name} ro" for one in devices)
    medium = "holds the installation medium"
    driver = "carries the mounted file system /run/driver-medium"
    assert reasons(Snapshot(devices, mounts="\n".join(lines))) == {"sda": medium, "sdb": medium, "sdc": driver}


def test_devices_made_of_each_other_do_not_hang_the_walk() -> None:
    ring = (BlockDevice("dm-0", "253:0", slaves=("dm-1",)), BlockDevice("dm-1", "253:1", slaves=("dm-0", "sda")))
    assert "sda" in reasons(Snapshot((*ring, BlockDevice("sda", "8:0"))))


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("8:1", "is a partition of sda, and only whole disks are installed on"),
        ("11:0", "is not a disk"),
        ("99:0", "is not known to the kernel"),
        ("8:16", ""),
        ("7:0", ""),
    ],
)
def test_refuses_what_is_no_disk(number: str, reason: str) -> None:
    assert refusal(snapshot("unused"), number) == reason


def test_refuses_a_read_only_disk() -> None:
    assert refusal(Snapshot((BlockDevice("sda", "8:0", read_only=True),)), "8:0") == "is read-only"


def test_mountinfo_is_read_with_and_without_optional_fields_and_odd_lines() -> None:
    text = "36 35 98:0 /mnt1 /mnt\\0402 rw master:1 shared:2 - ext3 /dev/root rw\n36 35 98:1 / /x rw - nfs a:/b rw\nodd"
    assert mount_fields(text) == (("98:0", "/mnt 2", "/dev/root"), ("98:1", "/x", "a:/b"))


def test_swaps_without_entries_and_of_deleted_files() -> None:
    header = "Filename Type Size Used Priority\n"
    assert swap_paths(header) == ()
    assert swap_paths(header + "/swap\\040(deleted) file 1 0 -2\n") == ("/swap",)


def run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[str]:
    """A loop device of 32 MiB on a file `disk.img`."""
    with loop_device(tmp_path / "disk.img") as device:
        yield device


@contextmanager
def loop_device(image: Path) -> Iterator[str]:
    needs("losetup")
    image.touch()
    os.truncate(image, 32 * 2**20)
    device = run("losetup", "--find", "--show", str(image))
    try:
        yield device
    finally:
        subprocess.run(("partx", "--delete", device), check=False, capture_output=True)
        run("losetup", "--detach", device)


@pytest.mark.root
def test_this_machine_is_protected() -> None:
    found = read_snapshot()
    root = next((device for device in found.devices if device.number == found.root_number), None)
    if root is None:
        pytest.skip("the root is not on a block device")
    assert "root" in reasons(found)[root.name]
    with pytest.raises(DiskRefused):
        check_unused(f"/dev/{root.name}")


@pytest.mark.root
def test_a_free_device_is_accepted_and_left_free(loop: str) -> None:
    check_unused(loop)
    check_unused(loop)


@pytest.mark.root
@pytest.mark.parametrize(
    ("prepare", "undo", "reason"),
    [
        (lambda loop, at: [("mkfs.ext4", "-q", loop), ("mount", loop, at)], "umount", "carries the mounted"),
        (lambda loop, at: [("mkswap", "-q", loop), ("swapon", loop)], "swapoff", "holds swap"),
    ],
)
def test_a_mounted_or_swapped_device_is_refused(
    loop: str, tmp_path: Path, prepare: Callable[[str, str], list[tuple[str, ...]]], undo: str, reason: str
) -> None:
    needs("mkfs.ext4", "mkswap")
    place = tmp_path / "with space"
    place.mkdir()
    *first, last = prepare(loop, str(place))
    for argv in first:
        run(*argv)
    before = fingerprint(loop)
    run(*last)
    try:
        with pytest.raises(DiskRefused, match=reason):
            check_unused(loop)
        with pytest.raises(DiskRefused, match="in use by another program"):
            fingerprint(loop)
    finally:
        run(undo, loop)
    check_unused(loop)
    assert fingerprint(loop).size_bytes == before.size_bytes


@pytest.mark.root
def test_a_mounted_partition_refuses_its_disk_and_itself(loop: str, tmp_path: Path) -> None:
    needs("sfdisk", "partx", "mkfs.ext4")
    subprocess.run(("sfdisk", "-q", "--no-reread", "--no-tell-kernel", loop), input="8192,,L\n", text=True, check=True)
    run("partx", "--add", loop)
    run("mkfs.ext4", "-q", f"{loop}p1")
    with pytest.raises(DiskRefused, match="is a partition of"):
        check_unused(f"{loop}p1")
    check_unused(loop)
    run("mount", f"{loop}p1", str(tmp_path))
    try:
        with pytest.raises(DiskRefused, match=rf"carries the mounted file system {tmp_path} \(loop[0-9]+p1\)"):
            check_unused(loop)
    finally:
        run("umount", f"{loop}p1")


@pytest.mark.root
def test_a_mount_of_another_namespace_counts(loop: str, tmp_path: Path) -> None:
    needs("unshare", "mkfs.ext4")
    run("mkfs.ext4", "-q", loop)
    script = f"mount {loop} {tmp_path} && echo mounted && read line"
    argv = ("unshare", "--mount", "--propagation=private", "sh", "-c", script)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "mounted\n"
        with pytest.raises(DiskRefused, match="carries the mounted file system"):
            check_unused(loop)
        process.communicate("done\n")


@pytest.mark.root
def test_a_device_held_open_exclusively_is_refused(loop: str) -> None:
    descriptor = os.open(loop, os.O_RDONLY | os.O_EXCL)
    try:
        with pytest.raises(DiskRefused, match="in use by another program"):
            check_unused(loop)
    finally:
        os.close(descriptor)


@pytest.mark.root
def test_a_read_only_device_is_refused(loop: str) -> None:
    run("blockdev", "--setro", loop)
    try:
        with pytest.raises(DiskRefused, match="is read-only"):
            check_unused(loop)
    finally:  # the kernel keeps it for whoever gets this loop device next
        run("blockdev", "--setrw", loop)


@pytest.mark.root
def test_a_loop_device_finds_its_file_by_every_name(loop: str, tmp_path: Path) -> None:
    os.link(tmp_path / "disk.img", tmp_path / "hard.img")
    (tmp_path / "soft.img").symlink_to("disk.img")
    (tmp_path / "other.img").touch()
    assert [loop_of_file(str(tmp_path / name)) for name in ("disk.img", "hard.img", "soft.img", "other.img")] == [
        loop,
        loop,
        loop,
        "",
    ]


@pytest.mark.parametrize("kind", ["file", "directory", "nothing"])
def test_refuses_what_is_no_block_device(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it"
    if kind == "file":
        path.touch()
    elif kind == "directory":
        path.mkdir()
    with pytest.raises(DiskRefused, match=r"is not a block device|cannot be looked at"):
        check_unused(str(path))


def test_fingerprint_tells_a_change_at_both_ends_and_of_size(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(3 * 2**20))
    first = fingerprint(str(image))
    assert first == fingerprint(str(image)) and first.size_bytes == 3 * 2**20
    with image.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"x")
    assert first.differences(fingerprint(str(image))) == ("first or last MiB",)
    image.write_bytes(bytes(4 * 2**20))
    assert first.differences(fingerprint(str(image))) == ("size",)


@pytest.mark.parametrize("size", [0, 1, 2**20 - 1, 2**20 + 1])
def test_fingerprint_of_images_shorter_than_two_ends(tmp_path: Path, size: int) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(size))
    assert fingerprint(str(image)).size_bytes == size
    assert is_blank(str(image)) is True


@pytest.mark.root
def test_disk_that_fails_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """A loop device whose file has become shorter has no data for what is read (loop.c, lo_complete_rq)."""
    needs("losetup", "blockdev")
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(8 * 2**20))
    argv = ["losetup", "--find", "--show", "--read-only", str(image)]
    loop = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
    try:
        os.truncate(image, 0)
        subprocess.run(["blockdev", "--flushbufs", loop], check=True)
        with pytest.raises(DiskRefused, match="cannot be read: Input/output error") as caught:
            fingerprint(loop)
        assert "another one" in caught.value.hint and is_blank(loop) is None
    finally:
        subprocess.run(["losetup", "--detach", loop], check=True)


def test_fingerprint_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DiskRefused, match="cannot be read"):
        fingerprint(str(tmp_path / "none"))
    assert is_blank(str(tmp_path / "none")) is None
