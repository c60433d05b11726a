"""The Machine double: a recorded host, sources in memory, an installation that only tells of itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from threading import Event
from zoneinfo import available_timezones

from installer.model.answers import Draft, PasswordKind
from installer.model.check import check_answers
from installer.model.errors import AnswersError, Cancelled, DeviceError, InstallerError, SourceError
from installer.model.events import (
    AfterFailure,
    PlanFinished,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
)
from installer.model.host import Host
from installer.model.keep_settings import keep_settings
from installer.model.machine_file import load_host
from installer.model.plan import DiskSummary
from installer.model.ports import (
    TRIAL_TIMEOUT_S,
    Cancel,
    FaultyPackage,
    Further,
    Keymap,
    NetworkWish,
    PackageProgress,
    Preview,
    RunListener,
    Trial,
    ZoneArea,
)
from installer.model.problem import errors
from installer.model.progress import PhaseOutline
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Package, PackageType, Repository
from installer.model.wishes import Mode, TimeMethod

MACHINES = Path(__file__).parent.parent / "machines"
CITIES = ("Amsterdam", "Athens", "Berlin", "Lisbon", "London", "Madrid", "Paris", "Rome", "Zurich")
STEPS = (("disks", "partition sda"), ("packages", "install dom0fs (163 MB)"), ("files", "set the root password"))


def host(name: str) -> Host:
    """Return the facts of a recorded machine."""
    return load_host((MACHINES / f"{name}.json").read_bytes(), name)


def package(name: str) -> Package:
    """Return a package that lies nowhere."""
    return Package(name, 163_000_000, "0" * 32, PackageType.TBZ2, f"{name}.tar.bz2", "/")


LINUX = Repository(
    "xs:linux", "Linux Pack", "XenServer", "4.0.1-1", Location(LocationKind.LOCAL), (package("linux-guest"),)
)


@dataclass
class RecordedMachine:
    """Answers at once. Sources whose address holds `nowhere` are not there, with `slow` they answer when cancelled."""

    facts: Host
    dry_run: bool = False
    in_image: bool = False
    fail_steps: int = 0
    faulty: tuple[str, ...] = ()
    log_path: str = "installer-log/install.log"
    pace_s: float = 0.0
    previews: list[Draft] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    further: list[Further] = field(default_factory=list)
    beside: tuple[Repository, ...] = ()
    clock_set: datetime | None = None
    held: Event | None = None
    other: str = ""
    log: list[str] = field(default_factory=lambda: [f"2026-11-23 20:14:0{n} line {n} of the log" for n in range(5)])

    def log_lines(self, count: int) -> tuple[str, ...]:
        return tuple(self.log[-count:])

    def probe(self) -> Host:
        return self.facts

    def keymaps(self) -> tuple[Keymap, ...]:
        pairs = (("uk", "British"), ("fr", "French"), ("de", "German"), ("us", "US English"))
        return tuple(Keymap(name, title) for name, title in pairs)

    def load_keymap(self, name: str) -> str:
        self.done.append(f"keymap {name}")
        return ""

    def zone_areas(self) -> tuple[ZoneArea, ...]:
        america = (zone.partition("/")[2] for zone in available_timezones() if zone.startswith("America/"))
        return (ZoneArea("America", tuple(sorted(america))), ZoneArea("Europe", CITIES), ZoneArea("", ("GMT", "UTC")))

    def local_time(self, zone: str) -> datetime:
        return datetime(2026, 11, 23, 20, 14)

    def set_time(self, zone: str, local: datetime) -> str:
        self.clock_set = local
        return ""

    def bring_up_network(self, wish: NetworkWish, cancel: Cancel) -> str:
        self.done.append(f"network {wish}")
        return ""

    def try_source(self, location: Location, cancel: Cancel, timeout_s: float = TRIAL_TIMEOUT_S) -> Trial:
        url = location.url.reveal()
        if "slow" in url:
            cancel.wait(timeout_s)
            raise Cancelled("broken off")
        if "nowhere" in url:
            raise SourceError("there is no server of that name", where=location.shown(), hint="look at the spelling")
        packages = (package("dom0fs"), package("kernel"))
        own = Location(location.kind, Secret(f"{url}packages.main")) if self.beside else location
        base = Repository("xs:main", "Base Pack", "XenServer", "4.0.1-1", own, packages)
        return Trial(location, (base, *self.beside))

    def verify(
        self, repositories: Sequence[Repository], on_progress: Callable[[PackageProgress], None], cancel: Cancel
    ) -> tuple[FaultyPackage, ...]:
        for repository in repositories:
            for number, one in enumerate(repository.packages, 1):
                on_progress(PackageProgress(repository.id, one.name, number, 2, 1, 1, number, 2))
        found = (one for repository in repositories for one in repository.packages if one.name in self.faulty)
        return tuple(FaultyPackage("xs:main", one, "its MD5 sum is another", "memory") for one in found)

    def preview(self, draft: Draft, cancel: Cancel) -> Preview:
        if draft.mode is Mode.RESTORE:
            return self._restore(draft)
        answers = draft.complete()
        kept = keep_settings(answers, self.facts)
        answers = kept.answers
        wrong = errors((*kept.problems, *check_answers(answers, self.facts)))
        if wrong:
            raise AnswersError(tuple(problem.message for problem in wrong))
        self.previews.append(draft)
        chosen = [disk for name in answers.disks.all if (disk := self.facts.disk(name))]
        return Preview(
            number=len(self.previews),
            disks=tuple(
                DiskSummary(f"disk {disk.label()}", (disk.contents or "unknown contents",), ("1  control domain",))
                for disk in chosen
            ),
            not_blank=() if kept.installed else tuple(disk.name for disk in chosen if disk.contents != "blank"),
            untouched=tuple(disk.label() for disk in self.facts.disks if disk not in chosen),
            packages=("packages from memory (xs:main, XenServer 4.0.1-1): Base Pack",),
            lines=tuple(f"line {number} of the plan" for number in range(60)),
            phases=tuple(PhaseOutline(phase, 1) for phase, _ in STEPS),
            product="XenServer 4.0.1-1",
            amount="2 packages, 326 MB",
            dry_run=self.dry_run,
            keeps=f"{kept.installed.title} on {answers.disks.primary[0]}" if kept.installed else "",
            kept=("network   eth0 by DHCP  (kept)",) if kept.installed else (),
        )

    def _restore(self, draft: Draft) -> Preview:
        self.previews.append(draft)
        disk = self.facts.disk((draft.existing.backup_disk if draft.existing else None) or "")
        assert disk is not None and disk.backup is not None
        return Preview(
            number=len(self.previews),
            disks=(DiskSummary(f"disk {disk.label()}", (disk.contents,), ("1  overwritten by the backup",)),),
            not_blank=(),
            untouched=(),
            packages=(),
            lines=tuple(f"line {number} of the plan" for number in range(60)),
            phases=tuple(PhaseOutline(phase, 1) for phase, _ in STEPS),
            notes=("what was changed on the host since that backup is lost; guest storage is not touched",),
            product=disk.backup.title,
            overwrites=f"partition 1 of {disk.label()}",
            dry_run=self.dry_run,
        )

    def install(self, preview: Preview, listener: RunListener) -> None:
        draft = self.previews[preview.number - 1]
        if self.held:
            self.held.wait(60)
        for number, (phase, title) in enumerate(STEPS, 1):
            listener.event(StepStarted(number, len(STEPS), phase, title))
            while number == 2 and self.fail_steps:
                self.fail_steps -= 1
                failure = StepFailed(number, title, "the server closed the connection", "tar", ("tar: no",), "sda is "
                                     "partitioned; no host boots from it yet.", "the cable")  # fmt: skip
                listener.event(failure)
                if listener.failed(failure) is AfterFailure.STOP:
                    listener.event(PlanFinished(False, 1.0))
                    raise DeviceError("the server closed the connection")
            for share in range(1, 5):
                time.sleep(self.pace_s)
                fraction = (number - 1 + share / 4) / len(STEPS)
                listener.event(StepProgress(fraction, "dom0fs", share * 40_000_000, 160_000_000, 21e6))
            listener.event(StepFinished(number, title, number / len(STEPS), 1.0))
            if number == 2 and draft.time_method is TimeMethod.MANUAL and draft.timezone:
                local = listener.local_time(draft.timezone, self.local_time(draft.timezone))
                if local:
                    self.set_time(draft.timezone, local)
        listener.event(PlanFinished(True, 3.0))

    def use_source_instead(self, location: Location, cancel: Cancel) -> str:
        return ""

    def eject_medium(self) -> str:
        self.done.append("eject")
        return ""

    def look_at_medium(self, cancel: Cancel) -> Further:
        if not self.further:
            raise SourceError("no installation medium was found", hint="put the disc or stick in and try again")
        return self.further.pop(0)

    def preview_additional(self, further: Further) -> Preview:
        return replace(self.preview(self.previews[-1], Cancel()), not_blank=(), problems=further.problems)

    def save_logs(self, directory: str) -> str:
        return f"{directory}/installer-logs.tar.gz"

    def shell(self) -> None:
        self.done.append("shell")

    def other_console(self) -> str:
        return self.other

    def reboot(self) -> str:
        raise InstallerError("this machine is only recorded")


LOCAL = Location(LocationKind.LOCAL)
PLAIN = PasswordKind.PLAINTEXT
