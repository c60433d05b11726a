"""Targets: parsing, what may be one, taking the place of a disk, and loop devices for real."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from backend.probe.snapshot import loop_of_file
from backend.real_system import RealSystem
from backend.targets import (
    Target,
    TargetSpec,
    apply_targets,
    attached,
    parse_size,
    parse_target,
    read_targets,
    untargeted,
)
from installer.model.errors import CommandFailed, DiskRefused, UsageError
from installer.model.host import Disk, Firmware, Host, Virtualization
from installer.model.machine_file import default_host, load_host
from tests.needs import needs

MIB = 2**20
MACHINES = Path(__file__).parents[1] / "machines"


def image(path: Path, size: int = MIB) -> Path:
    path.touch()
    os.truncate(path, size)
    return path


def spec(path: Path | str, disk: str = "") -> TargetSpec:
    return TargetSpec(str(path), disk)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("disk.img", TargetSpec("disk.img")),
        ("sda=disk.img", TargetSpec("disk.img", "sda")),
        ("/dev/sda=/dev/sdb", TargetSpec("/dev/sdb", "/dev/sda")),
        ("/dev/disk/by-id/ata-X=b=c.img", TargetSpec("b=c.img", "/dev/disk/by-id/ata-X")),
        ("./a=b.img", TargetSpec("./a=b.img")),
        ("/tmp/a=b.img", TargetSpec("/tmp/a=b.img")),
    ],
)
def test_parses_targets(text: str, expected: TargetSpec) -> None:
    assert parse_target(text) == expected


@pytest.mark.parametrize("text", ["", "=", "=disk.img", "sda=", "/dev/sda=", "a\0b"])
def test_refuses_targets_with_an_empty_part(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not \[DISK=\]PATH"):
        parse_target(text)


@pytest.mark.parametrize(
    ("text", "size"), [("16G", 16 * 2**30), ("512", 512), ("1T", 2**40), ("500M", 500 * MIB), ("8K", 8192)]
)
def test_parses_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "0", "G", "16g", "16GB", "16 G", "-1G", "1.5G", "1", "513", "9999999999999999999", "1\n", "٣G", "9" * 5000],
)
def test_refuses_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError):
        parse_size(text)


def test_a_new_image_is_planned_and_not_made(tmp_path: Path) -> None:
    (target,) = read_targets([spec(tmp_path / "disk.img")], 16 * 2**30)
    assert (target.is_image, target.create_bytes, target.facts.size_bytes) == (True, 16 * 2**30, 16 * 2**30)
    assert (target.facts.path, target.facts.model) == (str(tmp_path / "disk.img"), "disk image")
    assert list(tmp_path.iterdir()) == []


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (target,) = read_targets([spec("disk.img")], MIB)
    assert target.facts.path == str(tmp_path / "disk.img")


def test_an_existing_image_needs_no_size_or_its_own(tmp_path: Path) -> None:
    path = image(tmp_path / "disk.img")
    assert read_targets([spec(path)], None) == read_targets([spec(path)], MIB)
    (target,) = read_targets([spec(path)], None)
    assert (target.create_bytes, target.facts.size_bytes, target.facts.contents) == (0, MIB, "blank")


def test_a_link_leads_to_its_image(tmp_path: Path) -> None:
    path = image(tmp_path / "disk.img")
    (tmp_path / "link").symlink_to(path)
    assert read_targets([spec(tmp_path / "link")], None)[0].facts.path == str(path)


def test_a_dangling_link_has_its_image_made_at_its_end(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("new.img")
    (target,) = read_targets([spec(tmp_path / "link")], MIB)
    assert (target.facts.path, target.create_bytes) == (str(tmp_path / "new.img"), MIB)


@pytest.mark.parametrize(
    ("path", "size", "reason"),
    [
        ("missing.img", None, "does not exist.*\n.*--size"),
        ("old.img", 2 * MIB, f"has {MIB} bytes, not the {2 * MIB} of --size"),
        ("old.img/x", MIB, "cannot be looked at: Not a directory"),
        ("none/disk.img", MIB, "there is no directory"),
        ("directory", None, "is a directory"),
        ("fifo", None, "is neither a file nor a block device"),
        ("socket", None, "is neither a file nor a block device"),
        ("loop1", MIB, "cannot be looked at: Too many levels"),
        ("/dev/null", None, "is neither a file nor a block device"),
        ("/dev/no-such-disk", MIB, "no such device"),
        ("x" * 300, MIB, "cannot be looked at: File name too long"),
    ],
)
def test_refuses_what_can_be_no_target(tmp_path: Path, path: str, size: int | None, reason: str) -> None:
    image(tmp_path / "old.img")
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop1").symlink_to("loop2")
    (tmp_path / "loop2").symlink_to("loop1")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        with pytest.raises(UsageError, match=reason):
            read_targets([spec(tmp_path / path)], size)


@pytest.mark.root
def test_refuses_an_image_on_a_read_only_file_system(tmp_path: Path) -> None:
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", tmp_path), check=True)
    try:
        image(tmp_path / "old.img")
        subprocess.run(("mount", "-o", "remount,ro", tmp_path), check=True)
        with pytest.raises(UsageError, match="no file can be made"):
            read_targets([spec(tmp_path / "disk.img")], MIB)
        with pytest.raises(UsageError, match="may not be written"):
            read_targets([spec(tmp_path / "old.img")], None)
    finally:
        subprocess.run(("umount", tmp_path), check=True)


@pytest.mark.parametrize("other", ["disk.img", "./disk.img", "soft.img", "hard.img"])
def test_refuses_one_file_as_two_targets(tmp_path: Path, other: str) -> None:
    path = image(tmp_path / "disk.img")
    os.link(path, tmp_path / "hard.img")
    (tmp_path / "soft.img").symlink_to(path)
    with pytest.raises(UsageError, match="are the same"):
        read_targets([spec(path, "sda"), spec(f"{tmp_path}/{other}", "sdb")], None)


def test_refuses_one_new_file_as_two_targets(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="are the same"):
        read_targets([spec(tmp_path / "a.img", "sda"), spec(tmp_path / "x/../a.img", "sdb")], MIB)


@pytest.mark.parametrize("command", [fcntl.F_OFD_SETLK, fcntl.F_SETLK])
def test_refuses_an_image_that_a_program_has_locked(tmp_path: Path, command: int) -> None:
    path = image(tmp_path / "disk.img")
    script = (
        "import fcntl, os, struct, sys; f = open(sys.argv[1], 'rb'); "
        "fcntl.fcntl(f, int(sys.argv[2]), struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 100, 1, 0)); "
        "print(flush=True); input()"
    )
    argv = ("python3", "-c", script, str(path), str(command))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline()
        with pytest.raises(DiskRefused, match="locked"):
            read_targets([spec(path)], None)
        process.communicate("\n")
    read_targets([spec(path)], None)


def host(name: str) -> Host:
    return load_host((MACHINES / f"{name}.json").read_bytes(), name)


def target(path: str, disk: str = "", *, size: int = 2**34, is_image: bool = True) -> Target:
    return Target(TargetSpec(path, disk), Disk(Path(path).name, path, size, model="new"), is_image)


def test_a_target_takes_the_place_of_its_disk_and_leaves_the_others() -> None:
    twins = host("twins")
    found = apply_targets(twins, [target("/img/b.img", "sdb")], ["sda"])
    old, new = twins.disks[1], found.disks[1]
    assert found.disks[0] == twins.disks[0]
    assert (new.name, new.path, new.model, new.serial, new.wwn) == ("sdb", "/img/b.img", "new", "", "")
    assert new.by_id == old.by_id
    assert found.disk("/dev/sdb") is new and found.disk(old.by_id[0]) is new


@pytest.mark.parametrize("name", ["sda", "/dev/sda", "/dev/disk/by-id/ata-QEMU_HARDDISK_QM00001"])
def test_a_target_without_a_disk_is_the_primary_whatever_it_is_called(name: str) -> None:
    found = apply_targets(default_host(), [target("/img/a.img")], [name])
    assert [disk.path for disk in found.disks] == ["/img/a.img"]
    assert untargeted(found, [target("/img/a.img")], [name]) == ()


@pytest.mark.parametrize("name", ["nvme0n1", "/dev/nvme0n1", "/dev/disk/by-id/nvme-X"])
def test_a_disk_the_machine_does_not_have_is_added(name: str) -> None:
    found = apply_targets(default_host(), [target("/img/a.img")], [name])
    assert len(found.disks) == 2
    assert (disk := found.disk(name)) and disk.path == "/img/a.img"


def test_a_disk_is_no_longer_excluded_when_a_target_stands_for_it() -> None:
    found = apply_targets(host("mounted_disk"), [target("/img/a.img", "sda")], [])
    assert found.disks[0].excluded == ""


def test_an_image_keeps_the_sector_size_of_its_disk_and_a_device_its_own() -> None:
    machine = host("sectors_4kn")
    assert apply_targets(machine, [target("/img/a.img")], ["nvme0n1"]).disks[0].sector_bytes == 4096
    device = target("/dev/sdb", is_image=False)
    assert apply_targets(machine, [device], ["nvme0n1"]).disks[0].sector_bytes == 512


@pytest.mark.parametrize(("machine", "size"), [("sectors_4kn", 2**34 + 512), ("twins", 2**34 + 1), ("twins", 0)])
def test_refuses_an_image_without_whole_sectors(machine: str, size: int) -> None:
    with pytest.raises(UsageError, match="whole sectors"):
        apply_targets(host(machine), [target("/img/a.img", size=size)], [host(machine).disks[0].name])


def test_refuses_two_targets_for_one_disk() -> None:
    pair = [target("/img/a.img"), target("/img/b.img", "/dev/sda")]
    with pytest.raises(UsageError, match=r"sda already has the target /img/a\.img"):
        apply_targets(default_host(), pair, ["sda"])


def test_refuses_a_target_for_an_unknown_primary_disk() -> None:
    with pytest.raises(UsageError, match="no primary disk"):
        apply_targets(default_host(), [target("/img/a.img")], [])


def test_a_name_wins_over_the_path_of_another_disk() -> None:
    found = apply_targets(host("twins"), [target("/dev/sdb", "sda", is_image=False)], [])
    assert (disk := found.disk("/dev/sdb")) and disk.name == "sdb"
    assert untargeted(found, [target("/dev/sdb", "sda", is_image=False)], ["sda"]) == ()


def test_names_the_chosen_disks_without_target() -> None:
    targets = [target("/img/a.img", "sda")]
    found = apply_targets(host("twins"), targets, [])
    assert untargeted(found, targets, ["sda", "sdb", "/dev/sdc"]) == ("sdb", "/dev/sdc")
    assert untargeted(host("twins"), [], ["sda"]) == ("sda",)


def test_images_and_devices_can_be_mixed() -> None:
    targets = [target("/img/a.img", "sda"), target("/dev/sdz", "sdb", is_image=False)]
    found = apply_targets(host("twins"), targets, ["sda"])
    assert [disk.path for disk in found.disks] == ["/img/a.img", "/dev/sdz"]


def test_a_target_makes_a_machine_without_disks_complete() -> None:
    empty = Host(Firmware.BIOS, 2**30, Virtualization.NONE, (), ())
    assert apply_targets(empty, [target("/img/a.img", "sdx")], ["sda"]).disks[0].name == "sdx"


@pytest.fixture
def system(tmp_path: Path) -> RealSystem:
    return RealSystem(lambda _: None, tmp_path / "scratch")


@pytest.mark.root
def test_makes_a_sparse_image(tmp_path: Path, system: RealSystem) -> None:
    system.create_image(str(tmp_path / "disk.img"), 16 * 2**30)
    status = (tmp_path / "disk.img").stat()
    assert (status.st_size, status.st_blocks) == (16 * 2**30, 0)


def test_image_that_came_into_being_meanwhile_is_not_touched(tmp_path: Path, system: RealSystem) -> None:
    (tmp_path / "disk.img").write_bytes(b"somebody's data")
    with pytest.raises(DiskRefused, match="meanwhile"):
        system.create_image(str(tmp_path / "disk.img"), 16 * 2**30)
    assert (tmp_path / "disk.img").read_bytes() == b"somebody's data"


def test_second_installer_on_an_image_is_refused(tmp_path: Path, system: RealSystem) -> None:
    (tmp_path / "disk.img").touch()
    other = RealSystem(lambda _: None, tmp_path / "other")
    image = str(tmp_path / "disk.img")
    with system.locked(image), pytest.raises(DiskRefused, match="another installer"), other.locked(image):
        pytest.fail("both hold the lock")
    with other.locked(str(tmp_path / "disk.img")):
        pass


@pytest.mark.root
def test_attaches_partitions_and_detaches_without_trace(tmp_path: Path, system: RealSystem) -> None:
    needs("losetup", "partx", "sfdisk")
    path = image(tmp_path / "disk.img", 16 * MIB)
    with system.locked(str(path)), attached(system, str(path)) as device:
        subprocess.run(("sfdisk", "-q", "--no-reread", device), input="2048,,L\n", text=True, check=True)
        subprocess.run(("partx", "--update", device), check=True)
        assert Path(f"{device}p1").exists()
        with pytest.raises(DiskRefused, match="another installer uses it"):
            read_targets([spec(path)], None)
    assert not Path(f"{device}p1").exists()
    assert loop_of_file(str(path)) == ""
    read_targets([spec(path)], None)


@pytest.mark.root
def test_attaches_with_the_sector_size_of_the_disk(tmp_path: Path, system: RealSystem) -> None:
    needs("losetup", "partx")
    with attached(system, str(image(tmp_path / "disk.img")), sector_bytes=4096) as device:
        assert Path(f"/sys/block/{Path(device).name}/queue/logical_block_size").read_text() == "4096\n"


@pytest.mark.root
def test_detaches_after_a_failure_and_keeps_its_error(tmp_path: Path, system: RealSystem) -> None:
    needs("losetup", "partx")
    with pytest.raises(KeyError), attached(system, str(image(tmp_path / "disk.img"))) as device:
        subprocess.run(("losetup", "--detach", device), check=True)
        raise KeyError("of the body")
    assert loop_of_file(str(tmp_path / "disk.img")) == ""


@pytest.mark.root
def test_a_missing_image_cannot_be_attached(tmp_path: Path, system: RealSystem) -> None:
    needs("losetup")
    with pytest.raises(CommandFailed, match="cannot be attached"), attached(system, str(tmp_path / "none")):
        pytest.fail("was attached")


@pytest.mark.root
def test_a_device_keeps_its_own_facts(tmp_path: Path, system: RealSystem) -> None:
    needs("losetup", "partx")
    with attached(system, str(image(tmp_path / "disk.img", 32 * MIB))) as device:
        (tmp_path / "link").symlink_to(device)
        (found,) = read_targets([spec(tmp_path / "link")], None)
        assert not found.is_image
        assert (found.facts.path, found.facts.size_bytes) == (device, 32 * MIB)
        with pytest.raises(UsageError, match="--size is for image files"):
            read_targets([spec(device)], MIB)
        with pytest.raises(UsageError, match="are the same"):
            read_targets([spec(device, "sda"), spec(tmp_path / "link", "sdb")], None)
        host = apply_targets(default_host(), [found], ["sda"])
        assert (host.disks[0].name, replace(found.facts, name="sda").path) == ("sda", device)
