"""The executor: events, progress, faults and release."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from backend.execute import InstallPlan, check_tools, execute
from backend.planner import make_plan
from backend.probe.in_use import Fingerprint
from backend.recording import RecordingSystem
from backend.session import Session
from installer.model.errors import Cancelled, CommandFailed, DeviceError, DiskRefused, InstallerError, MissingTool
from installer.model.events import (
    Event,
    PlanFinished,
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


def test_fault_of_the_program_releases_and_is_told_in_one_line() -> None:
    released: list[str] = []
    events, error = _run(_plan(_Acquire(released, "first"), _Raise(KeyError("sda"))), RecordingSystem())
    assert released == ["first"]
    assert isinstance(error, InstallerError) and isinstance(error.__cause__, KeyError)
    assert any(isinstance(event, StepFailed) and "a fault in the installer" in event.reason for event in events)


def test_missing_tools_are_all_named_at_once() -> None:
    with pytest.raises(MissingTool, match=r"grub-mkimage.*vgcreate"):
        check_tools(make_plan(INPUTS), lambda tool: tool not in ("vgcreate", "grub-mkimage"))
