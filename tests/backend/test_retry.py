"""Retry: a step that failed once succeeds the second time, with all that was acquired still held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from backend.execute import AskAfterFailure, InstallPlan, execute
from backend.planner import make_plan
from backend.recording import RecordingSystem
from backend.session import Session
from installer.model.errors import DeviceError, InstallerError
from installer.model.events import AfterFailure, Event, PlanFinished, Retried, StepFailed, StepFinished, StepProgress
from installer.model.plan import Phase, Step
from tests.backend.run_plan import only_told, recording_session
from tests.backend.sample import VARIANTS


def retry(failure: StepFailed) -> AfterFailure:
    """A person who always tries again."""
    return AfterFailure.RETRY


def _run(
    plan: InstallPlan, system: RecordingSystem, on_failure: AskAfterFailure
) -> tuple[list[Event], InstallerError | None]:
    events: list[Event] = []
    try:
        execute(plan, recording_session(system), events.append, on_failure=on_failure)
    except InstallerError as error:
        return events, error
    return events, None


def _is_subsequence(few: list[tuple[str, ...]], many: list[tuple[str, ...]]) -> bool:
    rest = iter(many)
    return all(action in rest for action in few)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_failure_at_any_change_is_mended_by_a_retry(name: str) -> None:
    """Fails the n-th change once, for every n of every golden plan."""
    plan = make_plan(VARIANTS[name])
    whole = RecordingSystem()
    _run(plan, whole, retry)
    release = next(number for number, action in enumerate(whole.actions) if action[0] == "umount")
    for position in range(1, release + 1):  # what is released then is no step
        system = RecordingSystem(fail_at=position)
        events, error = _run(plan, system, retry)
        failed = [event.title for event in events if isinstance(event, StepFailed)]
        assert error is None
        assert [event.title for event in events if isinstance(event, Retried)] == failed
        warned = only_told(system.actions[position - 1]) and not failed  # what only warns in one step fails another
        assert warned or len(failed) == 1
        assert isinstance(events[-1], PlanFinished) and events[-1].ok
        assert system.mounts == [] and system.locks == []
        assert system.files == whole.files
        assert warned or _is_subsequence(whole.actions, system.actions)
        fractions = [event.fraction for event in events if isinstance(event, StepProgress | StepFinished)]
        assert fractions == sorted(fractions) and fractions[-1] == pytest.approx(1.0)


@dataclass
class _Diary:
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Hold(Step[Session]):
    """Acquires something, and then fails as often as told."""

    diary: _Diary
    name: str
    failures: list[Exception] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"hold {self.name}"

    def run(self, session: Session) -> None:
        session.hold(self.name, self._resource)
        if self.failures:
            raise self.failures.pop()

    @contextmanager
    def _resource(self) -> Iterator[None]:
        self.diary.lines.append(f"+{self.name}")
        try:
            yield
        finally:
            self.diary.lines.append(f"-{self.name}")


def _plan(*steps: Step[Session]) -> InstallPlan:
    return InstallPlan((Phase("only", steps),), (), ())


def test_everything_is_still_held_while_the_listener_is_asked() -> None:
    diary = _Diary()

    def ask(failure: StepFailed) -> AfterFailure:
        diary.lines.append(f"asked about {failure.title}: {failure.reason}")
        return AfterFailure.RETRY

    plan = _plan(_Hold(diary, "disk"), _Hold(diary, "mount", [DeviceError("broken")]), _Hold(diary, "last"))
    _, error = _run(plan, RecordingSystem(), ask)
    assert error is None
    assert diary.lines == [
        "+disk", "+mount", "asked about hold mount: broken", "+last", "-last", "-mount", "-disk",
    ]  # fmt: skip


def test_a_step_may_be_retried_until_a_person_gives_up() -> None:
    diary = _Diary()
    choices = [AfterFailure.STOP, AfterFailure.RETRY, AfterFailure.RETRY]
    errors: list[Exception] = [DeviceError(f"failure {number}") for number in (3, 2, 1)]
    plan = _plan(_Hold(diary, "disk"), _Hold(diary, "mount", errors))
    events, error = _run(plan, RecordingSystem(), lambda failure: choices.pop())
    assert str(error) == "failure 3"
    assert [event.reason for event in events if isinstance(event, StepFailed)] == [
        "failure 1",
        "failure 2",
        "failure 3",
    ]
    assert diary.lines[-2:] == ["-mount", "-disk"]
    assert isinstance(events[-1], PlanFinished) and not events[-1].ok


def test_a_fault_of_the_program_may_be_retried_too() -> None:
    events, error = _run(_plan(_Hold(_Diary(), "mount", [KeyError("sda")])), RecordingSystem(), retry)
    assert error is None and any(isinstance(event, Retried) for event in events)


def test_breaking_off_is_not_asked_about() -> None:
    def ask(failure: StepFailed) -> AfterFailure:
        raise AssertionError("asked")

    @dataclass(frozen=True)
    class _Break(Step[Session]):
        @property
        def title(self) -> str:
            return "break"

        def run(self, session: Session) -> None:
            raise KeyboardInterrupt

    events, error = _run(_plan(_Break()), RecordingSystem(), ask)
    assert str(error) == "broken off by the user"
    assert [event.title for event in events if isinstance(event, StepFailed)] == ["break"]


def test_without_a_listener_a_failure_ends_the_run() -> None:
    system = RecordingSystem(fail_at=1)
    events: list[Event] = []
    with pytest.raises(InstallerError):
        execute(make_plan(VARIANTS["one-disk-dhcp"]), recording_session(system), events.append)
    assert not any(isinstance(event, Retried) for event in events)
