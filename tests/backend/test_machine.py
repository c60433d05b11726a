"""The machine behind the screens: trials, previews, runs, failures and retries, over recorded machines."""

from __future__ import annotations

import tarfile
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from backend.identities import Identities
from backend.image_acts import Parts
from backend.installation import Circumstances
from backend.log import LogFile
from backend.machine import LiveMachine
from backend.real_system import temporary_system
from backend.targets import TargetSpec
from installer.model.answers import DiskChoice, Draft
from installer.model.errors import AnswersError, Cancelled, SourceError, UsageError
from installer.model.events import AfterFailure, Event, PlanFinished, Retried, StepFailed, StepFinished, Warned
from installer.model.host import Host
from installer.model.machine_file import default_host, load_host
from installer.model.ports import Cancel, Machine, NetworkWish, PackageProgress, Trial
from installer.model.problem import Severity
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Repository
from installer.model.units import GIB
from installer.model.wishes import TimeMethod
from tests.backend.sample import ANSWERS, PASSWORD
from tests.backend.small_repository import small_repository
from tests.backend.sources.web_server import answering, serving_files
from tests.recorded_machine import BRAND, RecordedMachine

MACHINES = Path(__file__).parents[1] / "machines"


def recorded(name: str) -> Host:
    return load_host((MACHINES / f"{name}.json").read_bytes(), name)


def at(path: Path) -> Location:
    return Location(LocationKind.URL, Secret(str(path)))


def draft_for(source: Path, *disks: str) -> Draft:
    names = disks or ("sda",)
    return replace(ANSWERS.draft(), sources=(at(source),), disks=DiskChoice(names[:1], names[1:]))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "xs")


@dataclass
class Person:
    """Hears a run and answers as told, always stop when nothing is left to answer."""

    choices: list[AfterFailure] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    failures: list[StepFailed] = field(default_factory=list)

    def event(self, event: Event) -> None:
        self.events.append(event)

    def failed(self, failure: StepFailed) -> AfterFailure:
        self.failures.append(failure)
        return self.choices.pop(0) if self.choices else AfterFailure.STOP

    def local_time(self, zone: str, proposed: datetime) -> datetime | None:
        self.events.append(Warned(f"asked for the time in {zone}"))
        return self.times.pop(0) if self.times else None


def test_the_double_is_a_machine() -> None:
    machine: Machine = RecordedMachine(default_host())
    assert machine.probe() == default_host()


def test_preview_says_before_and_after_and_what_is_untouched(source: Path) -> None:
    machine = RecordedMachine(recorded("many"))
    preview = machine.preview(draft_for(source, "sda", "sdb"), Cancel())
    assert [disk.heading.split()[1] for disk in preview.disks] == ["sda", "sdb"]
    assert preview.disks[0].before == ("blank",) and len(preview.disks[0].after) == 3
    assert preview.not_blank == ("sdb",)
    assert [label.split()[0] for label in preview.untouched] == ["sdc", "sdd", "sde", "nvme0n1"]
    assert preview.phases[0].title == "last checks" and sum(phase.steps for phase in preview.phases) > 20
    assert any("dom0fs" in line for line in preview.packages)
    assert "post-install" not in "\n".join(preview.lines)


def test_what_does_not_fit_is_told_all_at_once_and_names_the_warnings_apart(source: Path) -> None:
    machine = RecordedMachine(recorded("many"))
    with pytest.raises(AnswersError) as caught:
        machine.preview(draft_for(source, "sdc", "sde"), Cancel())
    assert len(caught.value.problems) == 2
    weak = RecordedMachine(recorded("weak")).preview(draft_for(source), Cancel())
    assert {problem.severity for problem in weak.problems} == {Severity.WARNING}
    assert len(weak.problems) == 4


def test_an_incomplete_draft_has_no_preview(source: Path) -> None:
    with pytest.raises(AnswersError, match="timezone"):
        RecordedMachine(default_host()).preview(replace(draft_for(source), timezone=None), Cancel())


def test_identities_stay_the_same_from_preview_to_preview(source: Path) -> None:
    machine = _live(source.parent, default_host(), plan_only=True)
    first = machine.preview(draft_for(source), Cancel())
    again = machine.preview(draft_for(source), Cancel())
    assert first.lines == again.lines and first.number != again.number


def test_a_run_ends_with_what_was_previewed(source: Path) -> None:
    machine, person = RecordedMachine(default_host()), Person()
    machine.install(machine.preview(draft_for(source), Cancel()), person)
    assert isinstance(person.events[-1], PlanFinished) and person.events[-1].ok
    assert machine.system.mounts == [] and machine.system.locks == []
    assert any(action[0].endswith("grub-bios-setup") for action in machine.system.actions)
    assert "QM00001-part3" in machine.system.files["/etc/xensource-inventory"]


def test_a_failed_step_is_asked_about_and_retried(source: Path) -> None:
    machine, person = RecordedMachine(default_host(), fail_at=5), Person([AfterFailure.RETRY])
    machine.install(machine.preview(draft_for(source), Cancel()), person)
    assert len(person.failures) == 1 and any(isinstance(event, Retried) for event in person.events)
    assert isinstance(person.events[-1], PlanFinished) and person.events[-1].ok


def test_the_time_is_asked_for_near_the_end_and_set_in_utc(source: Path) -> None:
    """At about 90 % (spec R18), counted in what a person sees of the bar."""
    machine, person = RecordedMachine(default_host(), in_image=True), Person(times=[datetime(2026, 1, 2, 13, 0)])
    draft = replace(draft_for(source), timezone="Europe/Paris", time_method=TimeMethod.MANUAL)
    machine.install(machine.preview(draft, Cancel()), person)
    asked = person.events.index(Warned("asked for the time in Europe/Paris"))
    done = [event.fraction for event in person.events[:asked] if isinstance(event, StepFinished)]
    assert 0.85 < done[-1] < 1.0
    assert ("date", "--utc", "--set=@1767355200") in machine.system.actions
    assert ("hwclock", "--systohc", "--utc") in machine.system.actions


def test_with_time_servers_nobody_is_asked_for_the_time(source: Path) -> None:
    machine, person = RecordedMachine(default_host(), in_image=True), Person()
    machine.install(machine.preview(draft_for(source), Cancel()), person)
    assert not any(isinstance(event, Warned) for event in person.events)


def test_an_older_preview_is_not_carried_out(source: Path) -> None:
    machine = RecordedMachine(default_host())
    old = machine.preview(draft_for(source), Cancel())
    machine.preview(draft_for(source), Cancel())
    with pytest.raises(UsageError, match="no longer the newest"):
        machine.install(old, Person())
    assert machine.system.actions == []


class _Held(RecordedMachine):
    """The first preview comes to its end only when it is let go."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.begun, self.let_go = threading.Event(), threading.Event()

    def _ids(self, count: int) -> Identities:
        if not self.begun.is_set():
            self.begun.set()
            self.let_go.wait(30)
        return super()._ids(count)


def test_a_preview_that_was_broken_off_and_ends_late_takes_nothing_from_a_newer_one(source: Path) -> None:
    machine = _Held(recorded("many"))
    late = threading.Thread(target=lambda: machine.preview(draft_for(source, "sda"), Cancel()))
    late.start()
    assert machine.begun.wait(30)
    preview = machine.preview(draft_for(source, "sdb"), Cancel())
    machine.let_go.set()
    late.join(30)
    person = Person()
    machine.install(preview, person)
    assert isinstance(person.events[-1], PlanFinished) and person.events[-1].ok
    changed = " ".join(word for action in machine.system.actions for word in action)
    assert "sdb" in changed and "/dev/sda" not in changed


def test_a_dry_run_installs_nothing(source: Path) -> None:
    machine = RecordedMachine(default_host(), dry_run=True)
    preview = machine.preview(draft_for(source), Cancel())
    assert preview.dry_run
    with pytest.raises(UsageError, match="dry run"):
        machine.install(preview, Person())
    assert machine.system.actions == []


def test_no_secret_in_preview_events_or_log(source: Path, tmp_path: Path) -> None:
    machine, person = RecordedMachine(default_host(), log_directory=tmp_path / "log"), Person()
    preview = machine.preview(draft_for(source), Cancel())
    machine.install(preview, person)
    assert PASSWORD not in f"{preview!r} {person.events!r} {machine.log_lines(10_000)!r}"
    assert machine.log_lines(1) and "PlanFinished" in machine.log_lines(1)[0]


def _live(directory: Path, host: Host, *, in_image: bool = False, dry_run: bool = False, plan_only: bool = False,
          targets: tuple[TargetSpec, ...] = ()) -> LiveMachine:  # fmt: skip
    """Return the real thing, with this machine's programs, over recorded facts."""
    circumstances = Circumstances(
        lambda _: host, BRAND, targets=targets, size_bytes=16 * GIB if targets else None, plan_only=plan_only
    )
    log = LogFile(directory / "log", lambda text: text)
    parts = Parts(
        circumstances, temporary_system, log, lambda event: None, lambda draft: None, in_image=in_image, dry_run=dry_run
    )
    return LiveMachine(parts)


def test_outside_the_image_nothing_of_this_machine_is_touched_and_that_is_said(tmp_path: Path) -> None:
    machine = _live(tmp_path, default_host())
    said = (
        machine.load_keymap("de"),
        machine.set_time("UTC", datetime(2001, 1, 1)),
        machine.bring_up_network(NetworkWish(ANSWERS.interface), Cancel()),
        machine.reboot(),
    )
    assert all(text.startswith("not in the installation image: ") for text in said)
    dry = _live(tmp_path, default_host(), in_image=True, dry_run=True)
    assert dry.load_keymap("de") == "dry run: the keymap is not loaded"
    assert dry.reboot().startswith("dry run: ")


def test_disks_without_a_target_are_shown_with_the_reason(tmp_path: Path) -> None:
    machine = _live(tmp_path, recorded("many"), targets=(TargetSpec(str(tmp_path / "disk.img")),))
    disks = {disk.name: disk for disk in machine.probe().disks}
    assert disks["sda"].model == "disk image" and disks["sda"].excluded == ""
    assert "no target" in disks["sdb"].excluded
    assert disks["sde"].excluded == "is in use: it holds the running system"


def test_a_target_stays_the_disk_it_was_shown_as(source: Path, tmp_path: Path) -> None:
    machine = _live(tmp_path, recorded("twins"), targets=(TargetSpec(str(tmp_path / "disk.img")),))
    assert machine.preview(draft_for(source, "sda"), Cancel()).disks[0].heading.startswith("disk sda 17 GB disk image")
    with pytest.raises(UsageError):
        machine.preview(draft_for(source, "sdb"), Cancel())


def test_trial_of_another_product_and_another_version(source: Path, tmp_path: Path) -> None:
    about = source / "packages.main" / "XS-REPOSITORY"
    machine = _live(tmp_path, default_host())
    about.write_text("xs:main\nTest\nXenServer\n5.0.0-1\n", encoding="ascii")
    (question,) = machine.try_source(at(source), Cancel()).problems
    assert question.severity is Severity.WARNING and "version 5.0.0-1" in question.message and not question.hint
    about.write_text("xs:main\nTest\nOtherServer\n4.0.1-1\n", encoding="ascii")
    (wrong,) = machine.try_source(at(source), Cancel()).problems
    assert wrong.severity is Severity.ERROR and "made for OtherServer" in wrong.message


def test_a_cancelled_preview_ends_at_once(source: Path, tmp_path: Path) -> None:
    cancel = Cancel()
    cancel.set()
    with pytest.raises(Cancelled):
        _live(tmp_path, default_host(), plan_only=True).preview(draft_for(source), cancel)


def test_a_cancel_ends_a_preview_that_waits_for_a_package(source: Path, tmp_path: Path) -> None:
    """The metadata come at once; then the server says nothing about the packages."""
    cancel = Cancel()
    files = {f"/{path.relative_to(source)}": path.read_bytes() for path in source.rglob("XS-*")}
    whole, over, cancelled_s = serving_files(files), threading.Event(), list[float]()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if not handler.path.endswith(".bz2"):
            return whole(handler)
        cancelled_s.append(time.monotonic())
        cancel.set()
        over.wait(10)

    with answering(answer) as address:
        draft = replace(draft_for(source), sources=(Location(LocationKind.URL, Secret(f"http://{address}/")),))
        with pytest.raises(Cancelled):
            _live(tmp_path, default_host(), plan_only=True).preview(draft, cancel)
        assert time.monotonic() - cancelled_s[0] < 1.0
        over.set()


def test_verification_of_the_double_tells_packages(source: Path) -> None:
    machine, seen = RecordedMachine(default_host()), list[PackageProgress]()
    assert machine.verify(machine.try_source(at(source), Cancel()).repositories, seen.append, Cancel()) == ()
    assert {progress.package for progress in seen} == {"dom0fs", "kernel", "docs"}


def test_logs_are_saved_with_the_facts(source: Path, tmp_path: Path) -> None:
    machine = _live(tmp_path, default_host(), plan_only=True)
    machine.preview(draft_for(source), Cancel())
    Path(machine.log_path).write_text("one line\n", encoding="ascii")
    with tarfile.open(machine.save_logs(str(tmp_path))) as archive:
        assert sorted(archive.getnames()) == ["install.log", "machine.json"]
        facts = archive.extractfile("machine.json")
        assert facts and load_host(facts.read(), "machine.json") == default_host()
    with pytest.raises(UsageError, match="no such directory"):
        machine.save_logs(str(tmp_path / "nowhere"))


class _Elsewhere(Person):
    """After a failure gives another source and tries again."""

    def __init__(self, machine: Machine, location: Location) -> None:
        super().__init__()
        self.machine, self.location = machine, location

    def failed(self, failure: StepFailed) -> AfterFailure:
        super().failed(failure)
        self.machine.use_source_instead(self.location, Cancel())
        return AfterFailure.RETRY


def test_the_rest_of_a_run_may_come_from_a_copy(source: Path, tmp_path: Path) -> None:
    """The first source loses a package after the preview; a copy of it helps out."""
    copy = small_repository(tmp_path / "copy")
    machine = RecordedMachine(default_host())
    preview = machine.preview(draft_for(source), Cancel())
    (source / "packages.main" / "kernel.tar.bz2").unlink()
    person = _Elsewhere(machine, at(copy))
    machine.install(preview, person)
    assert len(person.failures) == 1 and "install kernel" in person.failures[0].title
    assert isinstance(person.events[-1], PlanFinished) and person.events[-1].ok


def test_a_source_with_other_packages_is_no_copy(source: Path, tmp_path: Path) -> None:
    other = small_repository(tmp_path / "other")
    listing = other / "packages.main" / "XS-PACKAGES"
    listing.write_text(listing.read_text(encoding="ascii").replace("docs ", "extras "), encoding="ascii")
    machine = RecordedMachine(default_host())
    machine.preview(draft_for(source), Cancel())
    with pytest.raises(SourceError, match="package docs of xs:main is another one there"):
        machine.use_source_instead(at(other), Cancel())


def _repository(identifier: str, url: str) -> Repository:
    return Repository(identifier, "name", "XenServer", "4.0.1-1", Location(LocationKind.URL, Secret(url)), ())


def test_additional_media_are_left_out_by_naming_the_base_alone() -> None:
    base = _repository("xs:main", "http://m/xs/packages.main?key=1")
    linux = _repository("xs:linux", "http://m/xs/packages.linux?key=1")
    whole = Location(LocationKind.URL, Secret("http://m/xs?key=1"))
    trial = Trial(whole, (base, linux))
    assert trial.additional == (linux,)
    assert trial.sources(additional=True) == (whole,)
    assert trial.sources(additional=False) == (base.location,)
    assert Trial(whole, (base,)).sources(additional=False) == (whole,)
