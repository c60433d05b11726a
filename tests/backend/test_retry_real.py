"""Retry for real: on an image file every change of every step fails once after it was made; the host is complete."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from backend.image_acts import Parts
from backend.installation import Circumstances
from backend.log import LogFile
from backend.machine import LiveMachine
from backend.process import Argv
from backend.real_system import RealSystem
from backend.system import Place
from backend.table import PartitionTable
from backend.targets import TargetSpec
from installer.model.errors import DeviceError
from installer.model.events import AfterFailure, Event, PlanFinished, StepFailed, StepFinished, StepStarted
from installer.model.host import Firmware, Host
from installer.model.machine_file import default_host, shipped_host
from installer.model.ports import Cancel
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.units import GIB
from tests.backend.sample import ANSWERS
from tests.backend.small_repository import small_repository
from tests.needs import needs
from tests.recorded_machine import BRAND

pytestmark = pytest.mark.root
ACQUIRE_OR_LOOK = ("mount", "losetup", "blockdev", "partx", "udevadm")  # what fails to acquire has acquired nothing

ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"  # UEFI 2.10, table 5.7


class FailingSystem(RealSystem):
    """Makes each change, and fails the first time after it."""

    step = ""

    def __init__(self, log: Callable[[str], None], scratch: Path) -> None:
        super().__init__(log, scratch)
        self.failed: set[tuple[str, int]] = set()
        self.changes = 0

    def begin(self, step: str) -> None:
        """A step is begun, or begun again; without a name nothing fails any more."""
        self.step, self.changes = step, 0

    def _changed(self) -> None:
        self.changes += 1
        mark = (self.step, self.changes)
        if self.step and mark not in self.failed:
            self.failed.add(mark)
            raise DeviceError(f"made to fail after change {self.changes}")

    def run(
        self,
        argv: Argv,
        *,
        stdin: str | Secret = "",
        ok: Sequence[int] = (0,),
        timeout_s: float | None = None,
        why: str = "",
    ) -> tuple[str, ...]:
        lines = super().run(argv, stdin=stdin, ok=ok, timeout_s=timeout_s, why=why)
        if argv[0] not in ACQUIRE_OR_LOOK:
            self._changed()
        return lines

    def write_partition_table(self, device: str, table: PartitionTable) -> None:
        super().write_partition_table(device, table)
        self._changed()

    def zero(self, device: str, starts: Sequence[int]) -> None:
        super().zero(device, starts)
        self._changed()

    def create_image(self, path: str, size_bytes: int) -> None:
        super().create_image(path, size_bytes)

    def write_text(self, path: str, text: str | Secret, *, mode: int = 0o644, on: Place = Place.TARGET) -> None:
        super().write_text(path, text, mode=mode, on=on)
        self._changed()

    def write_zeros(self, path: str, size_bytes: int, on_bytes: Callable[[int], None], *, mode: int = 0o600) -> None:
        super().write_zeros(path, size_bytes, on_bytes, mode=mode)
        self._changed()

    def link(self, path: str, points_to: str) -> None:
        super().link(path, points_to)
        self._changed()

    def import_files(self, sources: Sequence[str], directory: str) -> None:
        super().import_files(sources, directory)
        self._changed()


class Retrying:
    """Tells the system which step it is at, and always tries again."""

    def __init__(self, system: FailingSystem) -> None:
        self.system = system
        self.events: list[Event] = []
        self.failures: list[StepFailed] = []

    def event(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, StepStarted):
            self.system.begin(event.title)
        if isinstance(event, StepFinished):
            self.system.begin("")

    def failed(self, failure: StepFailed) -> AfterFailure:
        assert "made to fail" in failure.reason, failure
        self.failures.append(failure)
        self.system.begin(failure.title)
        return AfterFailure.RETRY

    def local_time(self, zone: str, proposed: datetime) -> datetime | None:
        return None


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("host", [default_host(), shipped_host("qemu-uefi")], ids=["bios", "uefi"])
def test_every_change_that_failed_once_is_made_good_by_a_retry(host: Host, tmp_path: Path) -> None:
    needs("losetup", "mkfs.ext3", "vgcreate", "lbzip2", "grub-mkimage", "mcopy", "mkfs.fat")
    source, image = small_repository(tmp_path / "xs"), tmp_path / "disk.img"
    system = FailingSystem(lambda line: None, tmp_path / "scratch")

    @contextmanager
    def open_system() -> Iterator[FailingSystem]:
        yield system

    circumstances = Circumstances(lambda _: host, BRAND, targets=(TargetSpec(str(image)),), size_bytes=16 * GIB)
    log = LogFile(tmp_path / "log", lambda text: text)
    machine = LiveMachine(Parts(circumstances, open_system, log, lambda event: None, lambda draft: None))
    listener = Retrying(system)
    draft = replace(ANSWERS.draft(), sources=(Location(LocationKind.URL, Secret(str(source))),))
    machine.install(machine.preview(draft, Cancel()), listener)

    assert isinstance(listener.events[-1], PlanFinished) and listener.events[-1].ok
    assert len(listener.failures) == len(system.failed) >= 30
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert str(image) not in _output("losetup", "--list", "--noheadings", "--output", "BACK-FILE")
    _check_disk(image)
    if host.firmware is Firmware.UEFI:
        _check_esp(image)


def _check_disk(image: Path) -> None:
    table = json.loads(_output("sfdisk", "--json", str(image)))["partitiontable"]
    root = next(part for part in table["partitions"] if part["node"].endswith("1"))
    start, size = root["start"] * 512, root["size"] * 512
    options = ("--show", "--read-only", "--offset", str(start), "--sizelimit", str(size))
    loop = _output("losetup", "--find", *options, str(image)).strip()
    try:
        subprocess.run(["e2fsck", "-fn", loop], check=True, capture_output=True)
        menu = _output("debugfs", "-R", "cat /boot/grub/grub.cfg", loop)
        assert "/boot/vmlinuz-1.2.3" in menu
        assert "root:$6$" in _output("debugfs", "-R", "cat /etc/shadow", loop)
    finally:
        _output("losetup", "--detach", loop)


def _check_esp(image: Path) -> None:
    table = json.loads(_output("sfdisk", "--json", str(image)))["partitiontable"]
    esp = next(part for part in table["partitions"] if part["type"] == ESP)
    found = _output("mdir", "-b", "-/", "-i", f"{image}@@{esp['start'] * 512}", "::")
    assert "BOOTX64.EFI" in found.upper()
