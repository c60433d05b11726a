"""The roads to a host, each as the product itself prepares and runs it on an image: fresh, over a host, and restored.

A road begins with a disk as it was before, of which every run gets a copy; the image lies on a file system of its own
that can be made full, so that the disk gives out.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from backend.execute import InstallPlan
from backend.installation import Circumstances, Hooks, prepare, run_plan
from backend.probe.in_use import Fingerprint
from backend.restoration import prepare_restore
from backend.session import OpenSource
from backend.targets import TargetSpec
from installer.answerfile import read_answerfile
from installer.model.errors import InstallerError
from installer.model.events import Event
from installer.model.host import Disk, Firmware, Host
from installer.model.machine_file import shipped_host
from installer.model.problem import Problem, errors
from installer.model.units import GIB, MIB
from tests.backend.sample import IDENTITIES
from tests.end_to_end.command import answerfile
from tests.end_to_end.disk_image import partitions
from tests.faults.failing import FailingSystem
from tests.faults.injuries import stop_writing
from tests.faults.look import Look, look
from tests.faults.real import World, smaller
from tests.recorded_machine import BRAND

MEDIUM_BYTES = 3 * GIB
GUESTS = b"a guest's bytes"
OVER = """\
<installation mode="reinstall"><existing-installation>sda</existing-installation>
<source type="url">{source}</source></installation>
"""


@dataclass(frozen=True)
class Run:
    """A plan that was prepared, and what it is run with."""

    plan: InstallPlan
    disks: tuple[Disk, ...]
    marks: Mapping[str, Fingerprint]


@dataclass
class Outcome:
    """What a run told, and how many changes it had made before each event."""

    events: list[Event] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    error: InstallerError | None = None


@dataclass
class Road:
    """One road; `before` is the disk it begins with (None: there is none yet), `after` what it leads to."""

    name: str
    here: World
    prepare: Callable[[World], Run]
    before: Path | None = None
    first: Look | None = None
    after: Look | None = None

    def lay_out(self) -> None:
        """Put the disk as it was before in place."""
        resize(self.here.medium, MEDIUM_BYTES)
        self.here.image.unlink(missing_ok=True)
        if self.before:
            _copy(self.before, self.here.image)

    @contextmanager
    def on_breakable(self) -> Iterator[Callable[[], None]]:
        """Put it in place on a medium that refuses all writing once that is called; what is then there stays."""
        holder = self.here.directory / "holder.img"
        holder.unlink(missing_ok=True)
        with holder.open("wb") as stream:
            stream.truncate(2 * MEDIUM_BYTES)
        _output("mkfs.ext4", "-q", "-F", str(holder))
        _output("mount", "-o", "loop,errors=remount-ro", str(holder), str(self.here.medium))
        try:
            if self.before:
                _copy(self.before, self.here.image)
            _output("sync", "--file-system", str(self.here.medium))
            yield lambda: stop_writing(self.here.medium)
            left = self.here.directory / "left.img"
            left.unlink(missing_ok=True)
            if self.here.image.exists():
                _copy(self.here.image, left)
        finally:
            _output("umount", "--lazy", str(self.here.medium))
        self.here.image.unlink(missing_ok=True)
        if left.exists():
            _copy(left, self.here.image)

    def run(self, run: Run, system: FailingSystem, open_source: OpenSource | None = None) -> Outcome:
        """Run what was prepared."""
        outcome = Outcome()

        def emit(event: Event) -> None:
            outcome.events.append(event)
            outcome.counts.append(len(system.changes))

        hooks = Hooks(log_lines=lambda: "\n".join(system.lines).encode(), open_source=open_source)
        try:
            run_plan(run.plan, run.disks, run.marks, system, emit, hooks)
        except InstallerError as error:
            outcome.error = error
        return outcome

    def go(self, scratch: str = "scratch") -> Outcome:
        """Prepare anew and run without a fault; raises AssertionError unless that works and leaves nothing."""
        system = FailingSystem(self.here.directory / scratch)
        outcome = self.run(self.prepare(self.here), system)
        assert outcome.error is None, f"{outcome.error}: {outcome.events[-3:]}"
        self.here.check_left(allowed_loop=False)
        return outcome


def resize(medium: Path, size_bytes: int) -> None:
    """Say how much the file system that holds the image may hold; less than it holds is refused."""
    _output("mount", "-o", f"remount,size={size_bytes}", str(medium))


def fill(medium: Path) -> None:
    """Let there be no room for one more block."""
    status = _output("stat", "--file-system", "--format=%S %b %f", str(medium)).split()
    block, total, free = map(int, status)
    resize(medium, max(block, (total - free) * block))


def _copy(source: Path, target: Path) -> None:
    _output("cp", "--sparse=always", str(source), str(target))


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def _circumstances(here: World) -> Circumstances:
    machine = {Firmware.BIOS: "qemu", Firmware.UEFI: "qemu-uefi"}[here.inputs.host.firmware]
    others = tuple(disk for disk in here.inputs.host.disks if disk.name != "sda")

    def facts(_: bool) -> Host:
        host = shipped_host(machine)
        return replace(host, disks=(*host.disks, *others))

    size_bytes = None if here.image.exists() else 16 * GIB
    return Circumstances(facts, BRAND, targets=(TargetSpec(str(here.image), "sda"),), size_bytes=size_bytes)


def _installation(here: World, text: str) -> Run:
    draft, problems = read_answerfile(text.encode(), "answers.xml")
    _require(problems)
    prepared = prepare(draft.complete(), _circumstances(here), _require, lambda count: IDENTITIES)
    inputs = prepared.inputs
    disks = tuple(disk for name in inputs.answers.disks.all if (disk := inputs.host.disk(name)))
    phases = tuple(replace(phase, steps=tuple(map(smaller, phase.steps))) for phase in prepared.plan.phases)
    return Run(replace(prepared.plan, phases=phases), disks, prepared.marks)


def _require(problems: Sequence[Problem]) -> None:
    wrong = errors(tuple(problems))
    assert not wrong, [problem.line() for problem in wrong]


def fresh(here: World) -> Run:
    """Prepare a clean installation."""
    return _installation(here, answerfile(str(here.directory / "repository")))


def over(here: World) -> Run:
    """Prepare an installation over the host, with a backup."""
    return _installation(here, OVER.format(source=here.directory / "repository"))


def restore(here: World) -> Run:
    """Prepare putting the backup back."""
    prepared = prepare_restore("sda", _circumstances(here), lambda: IDENTITIES)
    return Run(prepared.plan, (prepared.inputs.disk,), prepared.marks)


def roads(here: World) -> Iterator[Road]:
    """Give the roads in their order; the disk that one leads to is what the next one begins with."""
    before: Path | None = None
    for name, prepare_it in (("fresh", fresh), ("over a host", over), ("restore", restore)):
        road = Road(name, here, prepare_it, before)
        road.lay_out()
        road.first = look(here.image) if before else None
        road.go()
        road.after = look(here.image)
        after = here.directory / f"after-{name.replace(' ', '-')}.img"
        _copy(here.image, after)
        yield road
        before = after
        if name == "fresh":
            _use(after)


def _use(image: Path) -> None:
    """Leave data where the guests' storage is."""
    with image.open("r+b") as stream:
        stream.seek(next(part for part in partitions(image) if part.number == 3).start_bytes + 64 * MIB)
        stream.write(GUESTS)


@contextmanager
def on_medium(here: World) -> Iterator[None]:
    """Have a file system of its own hold the image."""
    _output("mount", "-t", "tmpfs", "-o", f"size={MEDIUM_BYTES}", "tmpfs", str(here.medium))
    try:
        yield
    finally:
        _output("umount", str(here.medium))
