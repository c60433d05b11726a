"""The second half: every change fails in turn on a real system, with an image file in place of the disk.

What is looked at after each failure: mounts, loop devices, scratch files, notes in /run/lock, and the bytes of two
images that were not chosen, a foreign volume group and a file system, which stand as disks beside the chosen one.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from backend.execute import InstallPlan, execute
from backend.left_behind import NOTES
from backend.plan_parts import ImageFile, Inputs, ScriptFile
from backend.planner import make_plan
from backend.process import Argv
from backend.real_system import RealSystem
from backend.repository import find_repositories
from backend.session import Session
from backend.sources import open_location
from backend.steps.filesystem import MakeSwapFile
from installer.model.errors import InstallerError
from installer.model.events import Event, StepFailed, Warned
from installer.model.host import Disk, Firmware
from installer.model.plan import Step
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.units import GIB, MIB
from installer.model.wishes import Stage
from tests.backend.sample import ANSWERS, HOST, INPUTS
from tests.backend.small_repository import small_repository
from tests.faults.failing import FailingSystem
from tests.faults.verdict import RELEASE, Place, check_outcome, places
from tests.needs import needs

# one line a machine: what the sweep is run for
MACHINES = {"BIOS, MBR": Firmware.BIOS, "UEFI, GPT": Firmware.UEFI}
SCRIPTS = {
    Stage.INSTALLATION_START: b"#!/bin/sh\nexit $#\n",
    Stage.FILESYSTEM_POPULATED: b"#!/bin/sh\ntouch $1/etc/ran\n",
    Stage.INSTALLATION_COMPLETE: b"#!/bin/sh\ntest -e $1/etc/ran\n",
    Stage.INSTALL_FAILED: b"#!/bin/sh\nexit 7\n",
}
SWAP_BYTES = MIB  # of 512 MiB, which would be most of the time
FIRST_DESTRUCTIVE = "disks"


@dataclass
class World:
    """A directory with the image to install on, a repository, and two attached images that nobody chose."""

    directory: Path
    inputs: Inputs
    unchosen: tuple[Path, ...]
    digests: tuple[str, ...] = field(default=())

    @property
    def medium(self) -> Path:
        """Where the image is: a directory, or what somebody mounts there."""
        return self.directory / "medium"

    @property
    def image(self) -> Path:
        """The image that stands for the chosen disk."""
        return self.medium / "disk.img"

    def plan(self) -> InstallPlan:
        """Return the plan, with a smaller swap file."""
        plan = make_plan(self.inputs)
        phases = tuple(replace(phase, steps=tuple(map(smaller, phase.steps))) for phase in plan.phases)
        return replace(plan, phases=phases)

    def clean(self) -> None:
        """Remove the image, so that the next run makes it anew."""
        self.image.unlink(missing_ok=True)

    def session(self, system: RealSystem, emit: Callable[[Event], None], lines: list[str]) -> Session:
        """Return a session on a real system."""
        return Session(
            system=system,
            devices={},
            fingerprints={},
            open_source=lambda location: open_location(location, None),
            log_lines=lambda: "\n".join(lines).encode(),
            warn=lambda message: emit(Warned(message)),
        )

    def check_left(self, *, allowed_loop: bool) -> None:
        """Raise AssertionError when anything is left mounted, attached, noted or written that must not be."""
        own = str(self.directory)
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
        left = [line for line in mounts.splitlines() if own in line and line.split()[4] != str(self.medium)]
        assert not left, f"still mounted: {left}"
        attached = [line.split() for line in _output("losetup", "-l", "-n", "-O", "NAME,BACK-FILE").splitlines()]
        loops = [name for name, *file in attached if " ".join(file).startswith(str(self.image))]
        if allowed_loop:
            for loop in loops:
                subprocess.run(["partx", "--delete", loop], check=False, capture_output=True)
                _output("losetup", "--detach", loop)
            for note in self._notes():
                note.unlink()
        else:
            assert not loops, f"still attached: {loops}"
        assert _digests(self.unchosen) == self.digests, "a disk was written that nobody chose"
        scratch = self.directory / "scratch"
        assert not scratch.exists() or os.listdir(scratch) == [], f"left: {os.listdir(scratch)}"
        assert not self._notes(), f"noted still: {self._notes()}"

    def _notes(self) -> list[Path]:
        """Return the notes of /run/lock about the image."""
        if not self.image.exists():
            return []
        status = self.image.stat()
        own = [str(status.st_dev), str(status.st_ino)]
        return [path for path in Path(NOTES).glob("installer-*.image") if _words(path)[1:] == own]


def _words(path: Path) -> list[str]:
    """Return the words of a note; none when it has just gone, as those of other installers do."""
    try:
        return path.read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []


def smaller(step: Step[Session]) -> Step[Session]:
    return replace(step, size_bytes=SWAP_BYTES) if isinstance(step, MakeSwapFile) else step


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def _digests(paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns}" for path in paths)


@contextmanager
def world(directory: Path, firmware: Firmware) -> Iterator[World]:
    """Make everything that a sweep needs in a directory; all is detached afterwards."""
    needs("losetup", "partx", "mkfs.ext3", "vgcreate", "lbzip2", "grub-mkimage", "sfdisk")
    small_repository(directory / "repository")
    location = Location(LocationKind.URL, Secret(str(directory / "repository")))
    with ExitStack() as stack:
        unchosen = (directory / "foreign-group.img", directory / "foreign-files.img")
        loops = [stack.enter_context(_attached(path)) for path in unchosen]
        options = ("--devices", loops[0], "--config", "backup{backup=0 archive=0}", "--yes")
        _output("pvcreate", *options, loops[0])
        _output("vgcreate", *options, f"foreign{os.getpid()}", loops[0])
        _output("mkfs.ext3", "-q", loops[1])
        for loop in loops:
            _output("blockdev", "--flushbufs", loop)
        (directory / "medium").mkdir()
        image = str(directory / "medium" / "disk.img")
        disks = (
            Disk("sda", image, 16 * GIB, model="disk image"),
            *(Disk(name, loop, 8 * MIB) for name, loop in zip(("sdb", "sdc"), loops, strict=True)),
        )
        inputs = replace(
            INPUTS,
            host=replace(HOST, firmware=firmware, disks=disks),
            answers=replace(ANSWERS, post_install_script=location, sources=(location,)),
            repositories=find_repositories(location, None),
            images=(ImageFile("sda", image, 16 * GIB),),
            scripts=tuple(ScriptFile(location.shown(), text, stage=stage) for stage, text in SCRIPTS.items()),
        )
        yield World(directory, inputs, unchosen, _digests(unchosen))


@contextmanager
def _attached(path: Path) -> Iterator[str]:
    path.write_bytes(b"")
    os.truncate(path, 8 * MIB)
    loop = _output("losetup", "--find", "--show", str(path)).strip()
    try:
        _output("blockdev", "--setrw", loop)
        yield loop
    finally:
        _output("losetup", "--detach", loop)


def run(here: World, system: FailingSystem, plan: InstallPlan) -> tuple[list[Event], list[int], InstallerError | None]:
    """Run a plan on a fresh image; returns events, changes made before each, and the error."""
    events: list[Event] = []
    counts: list[int] = []

    def emit(event: Event) -> None:
        events.append(event)
        counts.append(len(system.changes))

    here.clean()
    try:
        execute(plan, here.session(system, emit, system.lines), emit)
    except InstallerError as error:
        return events, counts, error
    return events, counts, None


@dataclass
class Sweep:
    """All changes of one machine's plan; `places` are known after the run without faults."""

    here: World
    places: list[Place] = field(default_factory=list)
    changes: list[Argv] = field(default_factory=list)
    duration_s: float = 0.0

    def without_faults(self) -> None:
        """Run the plan to its end, and learn where each change belongs."""
        began = time.monotonic()
        system = FailingSystem(self.here.directory / "scratch")
        events, counts, error = run(self.here, system, self.here.plan())
        assert error is None, error
        self.here.check_left(allowed_loop=False)
        self.changes = system.changes
        self.places = places(events, counts, FIRST_DESTRUCTIVE, len(system.changes))
        self.duration_s = time.monotonic() - began

    def kinds(self) -> list[int]:
        """Return the positions of the first change of every step and program; those between are of the same kind."""
        seen: set[tuple[str, str]] = set()
        found: list[int] = []
        for position, (place, change) in enumerate(zip(self.places, self.changes, strict=True), 1):
            step = place.title.split()[0]
            kind = (step, " ".join(change[:3]) if len(change) > 2 else change[0])
            if kind not in seen:
                found.append(position)
            seen.add(kind)
        return found

    def fail_at(self, position: int, *, after: bool) -> None:
        """Let one change fail, and look at what is told and what is left."""
        system = FailingSystem(self.here.directory / "scratch", position, after=after)
        events, _, error = run(self.here, system, self.here.plan())
        command = shlex.join(system.changes[position - 1])
        more = "\n".join([*system.lines, *map(shlex.join, system.changes)])
        try:
            self._check(position, system.changes[position - 1], events, error, more)
        except AssertionError as problem:
            when = "after" if after else "before"
            raise AssertionError(f"change {position} failing {when} it was made, {command}: {problem}") from problem

    def _check(self, position: int, change: Argv, events: list[Event], error: InstallerError | None, more: str) -> None:
        place, command = self.places[position - 1], shlex.join(change)
        detach = "losetup --detach" in command
        self.here.check_left(allowed_loop=detach)
        if place.title == RELEASE and error is None:  # a second attempt released it
            assert "umount" in command, "a failed release is not told"
            return
        check_outcome(self.here.inputs, place, change, events, error, more)
        if detach:
            assert any(command in repr(event) for event in events if isinstance(event, StepFailed | Warned))
