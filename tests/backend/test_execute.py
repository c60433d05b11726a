"""The executor: events, progress, faults and release."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from backend.execute import InstallPlan, check_tools, execute
from backend.planner import make_plan
from backend.probe.in_use import Fingerprint
from backend.recording import RecordingSystem
from backend.session import Session
from installer.model.errors import (
    Cancelled,
    CommandFailed,
    DeviceError,
    DiskRefused,
    InstallerError,
    MissingTool,
    SourceError,
)
from installer.model.events import (
    Event,
    PlanFinished,
    StartedAfterFailure,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
    Warned,
)
from installer.model.plan import Phase, Step
from tests.backend.run_plan import recording_session
from tests.backend.sample import INPUTS


def _run(plan: InstallPlan, system: RecordingSystem) -> tuple[list[Event], BaseException | None]:
    events: list[Event] = []
    session = recording_session(system)
    session.warn = lambda message: events.append(Warned(message))
    try:
        execute(plan, session, events.append)
    except (InstallerError, KeyboardInterrupt) as error:
        return events, error
    return events, None


def test_progress_rises_from_start_to_one() -> None:
    events, error = _run(make_plan(INPUTS), RecordingSystem())
    fractions = [event.fraction for event in events if isinstance(event, StepProgress | StepFinished)]
    assert error is None
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_every_step_starts_and_finishes_in_order() -> None:
    plan = make_plan(INPUTS)
    events, _ = _run(plan, RecordingSystem())
    titles = [step.title for _, step in plan.steps()]
    assert [event.title for event in events if isinstance(event, StepStarted)] == titles
    assert [event.title for event in events if isinstance(event, StepFinished)] == titles
    assert isinstance(events[-1], PlanFinished) and events[-1].ok


def test_failure_names_step_command_output_and_state_of_the_disks() -> None:
    system = RecordingSystem(fail_at=1)
    events, error = _run(make_plan(INPUTS), system)
    (failure,) = [event for event in events if isinstance(event, StepFailed)]
    assert failure.title == "erase what is on sda"
    assert failure.command == "wipefs --all /dev/sda"
    assert failure.output == ("made to fail",)
    assert "sda" in failure.state and "not bootable" in failure.state
    assert isinstance(error, CommandFailed)
    assert isinstance(events[-1], PlanFinished) and not events[-1].ok


@dataclass(frozen=True)
class _Raise(Step[Session]):
    error: BaseException

    @property
    def title(self) -> str:
        return "raise"

    def run(self, session: Session) -> None:
        raise self.error


@dataclass(frozen=True)
class _Acquire(Step[Session]):
    released: list[str]
    name: str
    fails: bool = False

    @property
    def title(self) -> str:
        return "acquire"

    def run(self, session: Session) -> None:
        session.hold(self.name, self._resource)

    @contextmanager
    def _resource(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.released.append(self.name)
        if self.fails:
            raise DeviceError(f"{self.name} is busy")


def caused(error: InstallerError, cause: OSError) -> InstallerError:
    """Return an error with what it was made of."""
    error.__cause__ = cause
    return error


def _plan(*steps: Step[Session]) -> InstallPlan:
    return InstallPlan((Phase("only", steps),), (), ())


def test_resources_are_released_in_reverse_order_after_a_failure() -> None:
    released: list[str] = []
    plan = _plan(_Acquire(released, "first"), _Acquire(released, "second"), _Raise(DeviceError("broken")))
    _, error = _run(plan, RecordingSystem())
    assert released == ["second", "first"]
    assert str(error) == "broken"


def test_failing_release_does_not_hide_the_first_error() -> None:
    released: list[str] = []
    plan = _plan(_Acquire(released, "first"), _Acquire(released, "second", fails=True), _Raise(DeviceError("broken")))
    events, error = _run(plan, RecordingSystem())
    assert str(error) == "broken"
    assert released == ["second", "first"]
    assert any(isinstance(event, Warned) and "second is busy" in event.message for event in events)


def test_failing_release_after_success_is_a_failure() -> None:
    _, error = _run(_plan(_Acquire([], "only", fails=True)), RecordingSystem())
    assert isinstance(error, DeviceError)


def test_disk_that_changed_after_probing_is_refused_before_anything_is_written() -> None:
    system = RecordingSystem()
    session = recording_session(system)
    session.fingerprints = {"sda": Fingerprint(1, "QM00001", "", "before")}
    system.fingerprints = {"/dev/sda": Fingerprint(1, "QM00001", "", "after")}
    with pytest.raises(DiskRefused, match="is not what it was when it was probed: first or last MiB"):
        execute(make_plan(INPUTS), session, lambda event: None)
    assert system.actions == []


def test_ctrl_c_releases_and_says_what_state_the_disks_are_in() -> None:
    released: list[str] = []
    events, error = _run(_plan(_Acquire(released, "first"), _Raise(KeyboardInterrupt())), RecordingSystem())
    assert isinstance(error, Cancelled)
    assert released == ["first"]
    assert any(isinstance(event, StepFailed) for event in events)


def test_system_error_is_told_as_one_of_ours() -> None:
    _, error = _run(_plan(_Raise(OSError(28, "No space left on device", "/x"))), RecordingSystem())
    assert isinstance(error, InstallerError)
    assert str(error).startswith("/x: No space left on device\n")
    assert "is full" in str(error)


@pytest.mark.parametrize(
    "problem",
    [
        OSError(5, "Input/output error"),
        CommandFailed(("mkfs.ext3", "/dev/sda1"), 1, ("mkfs.ext3: Input/output error while writing",)),
        caused(DeviceError("the partition table cannot be written"), OSError(30, "Read-only file system")),
    ],
)
def test_failing_disk_is_told_with_what_to_do(problem: Exception) -> None:
    """The system and its programs only say that something failed, and the same disk again is no way on."""
    events, error = _run(_plan(_Raise(problem)), RecordingSystem())
    (failed,) = [event for event in events if isinstance(event, StepFailed)]
    assert "dmesg" in failed.hint and "another one" in failed.hint and failed.hint in str(error)


@pytest.mark.parametrize("hint", ["", "the medium is damaged"])
def test_failing_medium_is_not_taken_for_the_disk(hint: str) -> None:
    error = caused(SourceError("cannot be read: Input/output error", hint=hint), OSError(5, "Input/output error"))
    events, _ = _run(_plan(_Raise(error)), RecordingSystem())
    (failed,) = [event for event in events if isinstance(event, StepFailed)]
    assert failed.hint == hint


def test_fault_of_the_program_releases_and_is_told_in_one_line() -> None:
    released: list[str] = []
    events, error = _run(_plan(_Acquire(released, "first"), _Raise(KeyError("sda"))), RecordingSystem())
    assert released == ["first"]
    assert isinstance(error, InstallerError) and isinstance(error.__cause__, KeyError)
    assert any(isinstance(event, StepFailed) and "a fault in the installer" in event.reason for event in events)


def test_missing_tools_are_all_named_at_once() -> None:
    with pytest.raises(MissingTool, match=r"grub-mkimage.*vgcreate"):
        check_tools(make_plan(INPUTS), lambda tool: tool not in ("vgcreate", "grub-mkimage"))


@dataclass(frozen=True)
class _Note(Step[Session]):
    noted: list[str]
    error: BaseException | None = None

    @property
    def title(self) -> str:
        return "note"

    def run(self, session: Session) -> None:
        self.noted.append(session.target)
        if self.error:
            raise self.error


def _failing(noted: list[str], *steps: Step[Session], last: BaseException | None = None) -> InstallPlan:
    return replace(_plan(*steps), after_failure=(_Note(noted, last), _Note(noted)))


def test_steps_after_a_failure_run_before_the_release_and_only_after_a_failure() -> None:
    noted: list[str] = []
    plan = _failing(noted, _Acquire(noted, "released"), _Raise(DeviceError("broken")))
    events, error = _run(plan, RecordingSystem())
    assert noted == ["", "", "released"] and str(error) == "broken"
    kinds = [type(event) for event in events][-4:]
    assert kinds == [StepFailed, StartedAfterFailure, StartedAfterFailure, PlanFinished]
    noted.clear()
    assert _run(_failing(noted, _Acquire([], "x")), RecordingSystem())[1] is None and noted == []


@pytest.mark.parametrize("last", [DeviceError("also broken"), ValueError("a fault")])
def test_what_goes_wrong_after_a_failure_is_a_warning_and_the_next_step_runs(last: Exception) -> None:
    noted: list[str] = []
    events, error = _run(_failing(noted, _Raise(DiskRefused("broken")), last=last), RecordingSystem())
    assert len(noted) == 2 and isinstance(error, DiskRefused)
    assert [event.message[:5] for event in events if isinstance(event, Warned)] == ["note:"]


def test_breaking_off_ends_what_runs_after_a_failure_and_the_failure_stays() -> None:
    noted: list[str] = []
    plan = _failing(noted, _Acquire(noted, "released"), _Raise(DeviceError("broken")), last=KeyboardInterrupt())
    _, error = _run(plan, RecordingSystem())
    assert noted == ["", "released"] and isinstance(error, DeviceError)


def test_nothing_runs_after_a_run_that_was_broken_off() -> None:
    noted: list[str] = []
    _, error = _run(_failing(noted, _Raise(KeyboardInterrupt())), RecordingSystem())
    assert noted == [] and isinstance(error, Cancelled)


def test_a_release_that_fails_is_a_failure_without_a_target() -> None:
    noted: list[str] = []
    _, error = _run(_failing(noted, _Acquire([], "only", fails=True)), RecordingSystem())
    assert noted == ["", ""] and isinstance(error, DeviceError)
