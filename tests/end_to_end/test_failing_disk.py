"""A disk that fails in the machine while it is installed on: the errors come from the disk itself, as in a real one.

Writes fail because the file system that holds the disk's image takes no more; QEMU's blkdebug has sectors that cannot
be read.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.backend.small_repository import BOOT_FILES, ROOT_FILES, small_repository, tarball, write_repository
from tests.end_to_end.command import PASSWORD, answerfile, installer
from tests.end_to_end.disk_image import SECTOR_BYTES, PartitionOnImage, fingerprint, partitions
from tests.end_to_end.laboratory import (
    GIB,
    HOST_OF_MACHINE,
    INSTALL_S,
    SHELL,
    SHELL_PROMPT,
    Laboratory,
    in_shell,
)
from tests.end_to_end.over_host import part_sha256
from tests.end_to_end.power_cut import Before, Left, old_host, what_is_left
from tests.end_to_end.test_reinstall import REINSTALL
from tests.end_to_end.test_unfinished import label
from tests.end_to_end.virtual_machine import Bus, VirtualMachine
from tests.end_to_end.web_server import serving_with
from tests.faults.injuries import stop_writing

pytestmark = [pytest.mark.vm, pytest.mark.root]
PACKAGES = "repository/packages.main"
SECOND = "kernel.tar.bz2"
FIRST_DISK = '<primary-disk serial="disk0"/>'
NEXT = "start again on another one"
BLOCK_BYTES = 4096  # of the root file system
BUNDLED = "tar -xzOf /install/tmp/installer-support-*.tar.gz --wildcards"
UNREADABLE = "/boot/vmlinuz-1.2.3"


@contextmanager
def breakable(lab: Laboratory) -> Iterator[Path]:
    """Give a file system to put a disk's image on; after `stop_writing` every write of the disk is an I/O error."""
    holder, point = lab.disk("holder", 20 * GIB), lab.directory / "medium"
    point.mkdir()
    _output("mkfs.ext4", "-q", "-F", str(holder))
    _output("mount", "-o", "loop,errors=remount-ro", str(holder), str(point))
    try:
        yield point
    finally:
        lab.close()  # QEMU has the image open
        _output("umount", str(point))


def unreadable(lab: Laboratory, disk: Path, sector: int | None = None) -> Path:
    """Return a disk as QEMU opens it: one sector cannot be read, or none can."""
    rules = lab.directory / "rules.conf"
    where = "" if sector is None else f'sector = "{sector}"\n'
    rules.write_text(f'[inject-error]\nevent = "none"\niotype = "read"\nerrno = "5"\n{where}', encoding="ascii")
    return Path(f"blkdebug:{rules}:{disk}")


def sector_of(disk: Path, part: PartitionOnImage, path: str) -> int:
    """Return the sector that the only block of a file begins at."""
    (block,) = _output("debugfs", "-R", f"blocks {path}", f"{disk}?offset={part.start_bytes}").split()
    return (part.start_bytes + int(block) * BLOCK_BYTES) // SECTOR_BYTES


def head(disk: Path) -> bytes:
    """Return the first sector."""
    with disk.open("rb") as stream:
        return stream.read(SECTOR_BYTES)


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@dataclass(frozen=True)
class Failed:
    """A machine whose installation failed, at the prompt of its shell, and what its console said until then."""

    machine: VirtualMachine
    said: str

    @classmethod
    def wait(cls, machine: VirtualMachine) -> Failed:
        """Wait for the shell; raises AssertionError when the machine restarts or says that all went well."""
        said = machine.wait_for(SHELL, INSTALL_S)
        machine.wait_for(SHELL_PROMPT)
        assert "restarts." not in said.replace("This machine does not restart by itself.", ""), said
        return cls(machine, said)

    def name(self, pattern: str) -> str:
        """Return the name of the disk that is told; which of two gets which is chance."""
        found = re.search(pattern, self.said)
        assert found, self.said
        return found[1]

    def check_told(self, step: str) -> None:
        """See that step, exit status and next action are said."""
        assert re.search(rf"Failed at step \d+, {step}.*:", self.said), self.said
        assert "THE INSTALLATION FAILED (exit status 1, see above)" in self.said and NEXT in self.said, self.said

    def check_left(self, name: str, error: str) -> None:
        """See that nothing is mounted or attached, and the kernel's own words are kept, in the bundle as well."""
        held = in_shell(self.machine, f"grep {name} /proc/mounts; losetup --list; ls /run/lock/*.image")
        assert name not in held.partition("\n")[2] and "/dev/loop" not in held, held
        for command in (f"{BUNDLED} '*/kernel.txt'", "cat /install/tmp/kernel.log"):
            kept = in_shell(self.machine, f"{command} | grep -m 1 'I/O error, dev {name}'")
            assert error in kept.partition("\n")[2], kept
        told = in_shell(self.machine, f"{BUNDLED} '*/failure.txt'")
        assert "exit code" in told and PASSWORD not in told, told


@pytest.mark.parametrize("bus", [Bus.VIRTIO, pytest.param(Bus.AHCI, marks=pytest.mark.rare)])
def test_disk_that_takes_no_more_while_packages_are_unpacked(lab: Laboratory, bus: Bus) -> None:
    """The second package is given only after the disk has failed; a program writes it to memory, and hears nothing."""
    kernel = {**BOOT_FILES, "lib/modules/1.2.3/modules.dep": b"", "usr/lib/large": os.urandom(2 * 2**20)}
    packages = {"dom0fs": tarball(ROOT_FILES, {"lib": "usr/lib"}), "kernel": tarball(kernel)}
    write_repository(lab.served / PACKAGES, packages)
    other = lab.disk("other", data=os.urandom(2**20))
    before = fingerprint(other)
    with breakable(lab) as medium:
        disk = medium / "disk.img"
        disk.touch()
        os.truncate(disk, 16 * GIB)
        with serving_with(lab.served, {f"/{PACKAGES}/{SECOND}": lambda: stop_writing(medium)}) as base:
            source = f"{base.replace('127.0.0.1', HOST_OF_MACHINE)}repository"
            answers = answerfile(source, primary_disk=FIRST_DISK)
            words = f"answerfile={lab.serve('answers.xml', answers)} install"
            failed = Failed.wait(lab.boot_image(lab.hardware(disk, other, bus=bus), words))
        assert re.search(r"install dom0fs \(.*s\)\s", failed.said), failed.said
        failed.check_told("(install kernel|write /)")
        failed.check_left(failed.name(r"not bootable yet: disk (\w+) 17 GB .*disk0"), "WRITE")
        failed.machine.close()
        assert len(partitions(disk)) == 3 and label(disk) == "root-unfinished"
        assert b"GRUB" not in head(disk)
    assert fingerprint(other) == before


@pytest.mark.rare
def test_disk_that_cannot_be_read_is_left_alone(lab: Laboratory) -> None:
    small_repository(lab.served / "repository")
    disk, other = lab.disk(data=os.urandom(2**20)), lab.disk("other", data=os.urandom(2**20))
    before = fingerprint(disk), fingerprint(other)
    answers = answerfile(f"{lab.base}repository", primary_disk=FIRST_DISK)
    words = f"answerfile={lab.serve('answers.xml', answers)} install"
    failed = Failed.wait(lab.boot_image(lab.hardware(unreadable(lab, disk), other, bus=Bus.AHCI), words))
    name = failed.name(r"/dev/(\w+): cannot be read: Input/output error")
    assert NEXT in failed.said and "Nothing was changed." in failed.said and "was not carried out" in failed.said
    failed.check_left(name, "READ")
    failed.machine.close()
    assert (fingerprint(disk), fingerprint(other)) == before


@pytest.mark.rare
def test_old_host_that_cannot_be_read_to_its_end_stays_as_it_is(lab: Laboratory) -> None:
    """A file of it lies on a bad sector: it cannot be kept, and the installation over it ends before it is touched."""
    disk = old_host(lab)
    root = partitions(disk)[0]
    known, first, sector = Before.of(disk, root), fingerprint(disk), sector_of(disk, root, UNREADABLE)
    small_repository(lab.served / "repository")
    words = f"answerfile={lab.serve('over.xml', REINSTALL.format(base=lab.base))} install"
    failed = Failed.wait(lab.boot_image(lab.hardware(unreadable(lab, disk, sector), bus=Bus.AHCI), words))
    failed.check_told("read the old host")
    failed.check_left("sda", "READ")
    assert f"{UNREADABLE}: Input/output error" in failed.said and "sda is as it was" in failed.said, failed.said
    failed.machine.close()
    assert what_is_left(disk, known) is Left.OLD and fingerprint(disk) == first


@pytest.mark.rare
def test_backup_that_cannot_be_read_to_its_end_replaces_nothing(lab: Laboratory) -> None:
    disk = old_host(lab)
    over = REINSTALL.format(base=f"{small_repository(lab.directory / 'again')}/").replace("/repository<", "<")
    (lab.directory / "over.xml").write_text(over, encoding="utf-8")
    outcome = installer("--answerfile", "over.xml", "--target", str(disk), "install", cwd=lab.directory)
    assert outcome.code == 0, outcome.text
    root, backup, storage = partitions(disk)
    first, sector = [part_sha256(disk, part) for part in (root, storage)], sector_of(disk, backup, UNREADABLE)
    words = f"answerfile={lab.serve('restore.xml', '<restore/>')} install"
    failed = Failed.wait(lab.boot_image(lab.hardware(unreadable(lab, disk, sector), bus=Bus.AHCI), words))
    failed.check_told("read the backup")
    failed.check_left("sda", "READ")
    assert f"{UNREADABLE}: Input/output error" in failed.said, failed.said
    assert "The control domain on sda is as it was, and boots if it did before" in failed.said, failed.said
    failed.machine.close()
    assert [part_sha256(disk, part) for part in (root, storage)] == first and b"GRUB" in head(disk)
