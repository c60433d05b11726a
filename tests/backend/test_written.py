"""A disk that takes no more: what does not reach it is told, though no program that wrote it heard of that."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.kernel_log import complaints
from backend.packages.tbz2 import install_tbz2
from backend.partitioner import write_partition_table
from backend.real_system import RealSystem
from backend.table import Partition, PartitionTable, PartitionUse, TableType
from backend.written import sync_device
from installer.model.errors import DeviceError, PackageError, tells_of_failing_disk
from installer.model.units import MIB
from tests.backend.tarballs import Member, package, tarball
from tests.faults.injuries import stop_writing
from tests.needs import needs

pytestmark = pytest.mark.root
SIZE_BYTES = 64 * MIB


@dataclass
class Failing:
    """A loop device on an image file, and the file system that holds that, which can be made to take no more."""

    device: str
    image: Path
    holder: Path

    def fail(self) -> None:
        """From now on every write of the device is an I/O error."""
        stop_writing(self.holder)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Failing]:
    needs("losetup", "mkfs.ext3", "mkfs.ext4", "mount")
    holder, image = tmp_path / "holder", tmp_path / "holder" / "disk.img"
    holder.mkdir()
    _make(tmp_path / "holder.img", 4 * SIZE_BYTES)
    _output("mkfs.ext4", "-q", str(tmp_path / "holder.img"))
    _output("mount", "-o", "loop,errors=remount-ro", str(tmp_path / "holder.img"), str(holder))
    try:
        _make(image, SIZE_BYTES)
        _output("mkfs.ext3", "-q", str(image))
        device = _output("losetup", "--find", "--show", str(image)).strip()
        _output("blockdev", "--setrw", device)
        try:
            yield Failing(device, image, holder)
        finally:
            subprocess.run(["losetup", "--detach", device], check=False, capture_output=True)
    finally:
        _output("umount", str(holder))


def _make(path: Path, size_bytes: int) -> None:
    with path.open("wb") as stream:
        stream.truncate(size_bytes)


def _output(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_file_that_is_lost_after_it_was_written_is_told_when_it_is_unmounted(disk: Failing, tmp_path: Path) -> None:
    system = RealSystem(lambda line: None, tmp_path / "scratch")
    with pytest.raises(DeviceError, match="not all that was written") as caught, system.mounted(disk.device, "ext3"):
        system.run(("cp", "/bin/sh", f"{system.target_path('/')}/lost"))  # by a program that does not sync
        disk.fail()
    assert caught.value.where == disk.device and "dmesg" in caught.value.hint
    assert disk.device not in Path("/proc/self/mounts").read_text(encoding="utf-8")


def test_sync_tells_of_it_at_once(disk: Failing, tmp_path: Path) -> None:
    system = RealSystem(lambda line: None, tmp_path / "scratch")
    with pytest.raises(DeviceError, match="not all that was written"), system.mounted(disk.device, "ext3"):
        system.run(("cp", "/bin/sh", f"{system.target_path('/')}/lost"))
        disk.fail()
        system.sync()
        raise AssertionError("nothing was told")


def test_what_was_written_to_the_device_itself_is_told(disk: Failing) -> None:
    sync_device(disk.device)
    disk.fail()
    with open(disk.device, "r+b") as stream:
        stream.write(bytes(MIB))
    with pytest.raises(DeviceError, match="not all that was written"):
        sync_device(disk.device)


def test_file_that_cannot_be_written_is_named_with_what_to_do(disk: Failing, tmp_path: Path) -> None:
    """The file that was begun cannot be removed either: that must not be what is told."""
    system = RealSystem(lambda line: None, tmp_path / "scratch")
    with suppress(DeviceError), system.mounted(disk.device, "ext3"):
        disk.fail()
        for _ in range(2):  # the first time the file system finds out; then it is read-only
            with pytest.raises((DeviceError, OSError)) as caught:
                system.write_text("/name", "text")
            assert tells_of_failing_disk(caught.value.__cause__ or caught.value)
            raised = caught.value
            if isinstance(raised, DeviceError):
                assert raised.where == "/name" and "dmesg" in raised.hint
        system.write_text("/name", "text")
        raise AssertionError("nothing was told")


def test_package_is_not_blamed_for_a_disk_that_fails(disk: Failing, tmp_path: Path) -> None:
    """Nor is it taken whole from another source: that is for a PackageError."""
    data = tarball(Member("name", b"x"))
    system = RealSystem(lambda line: None, tmp_path / "scratch")
    with suppress(DeviceError), system.mounted(disk.device, "ext3"):
        disk.fail()
        while _number_of_failure(system) != errno.EROFS:
            pass
        with pytest.raises(DeviceError, match="not all that was written") as caught:
            install_tbz2(system, iter([data]), package(data), lambda done: None)
        assert caught.value.where == disk.device and not isinstance(caught.value, PackageError)
        raise DeviceError("end")


def _number_of_failure(system: RealSystem) -> int:
    """Write a file in vain; returns the number of the system's error. At the second a file system is read-only."""
    with pytest.raises((DeviceError, OSError)) as caught:
        system.write_text("/file", "text")
    error = caught.value.__cause__ or caught.value
    assert isinstance(error, OSError) and error.errno
    return error.errno


def test_kernel_tells_of_it_in_its_own_words(disk: Failing) -> None:
    disk.fail()
    name = os.path.basename(os.path.realpath(f"/sys/dev/block/{_numbers(disk.holder)}"))
    assert f"EXT4-fs error (device {name})" in complaints()


def _numbers(path: Path) -> str:
    number = path.stat().st_dev
    return f"{os.major(number)}:{os.minor(number)}"


def test_failure_that_ends_a_run_is_not_hidden_by_what_is_lost(disk: Failing, tmp_path: Path) -> None:
    system = RealSystem(lambda line: None, tmp_path / "scratch")
    with pytest.raises(ZeroDivisionError), system.mounted(disk.device, "ext3"):
        system.run(("cp", "/bin/sh", f"{system.target_path('/')}/lost"))
        disk.fail()
        raise ZeroDivisionError


def test_device_whose_table_could_not_be_written_is_let_go_of(disk: Failing) -> None:
    """libparted keeps one open whose last writes failed, and then the loop device stays on the file."""
    disk.fail()
    table = PartitionTable(TableType.MBR, "12345678", (Partition(1, PartitionUse.ROOT, MIB, 32 * MIB),))
    with pytest.raises(DeviceError, match="partition table"):
        write_partition_table(disk.device, table)
    _output("losetup", "--detach", disk.device)
    assert not _output("losetup", "--associated", str(disk.image))


def test_a_file_system_in_memory_has_no_device_to_ask(tmp_path: Path) -> None:
    system = RealSystem(lambda line: None, tmp_path)
    with system.mounted("tmpfs", "tmpfs") as target:
        assert Path("/proc/mounts").read_text(encoding="utf-8").count(f" {target} tmpfs ") == 1
        system.sync()
    assert not Path(target).exists()
