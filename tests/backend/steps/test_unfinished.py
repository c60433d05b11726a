"""The mark on the double: there while the host does not boot, with the failure's words, and never afterwards."""

from __future__ import annotations

import pytest

from backend.execute import execute
from backend.planner import make_plan
from backend.probe.phrases import MARK_FILE
from backend.recording import RecordingSystem
from backend.system import Place
from installer.model.errors import InstallerError
from installer.model.events import Event, StepFailed, Warned
from installer.model.secret import Secret
from tests.backend.run_plan import recording_session
from tests.backend.sample import INPUTS

LABEL = ("e2label", "/dev/sda#1", "root-unfinished")


def failing(action: tuple[str, ...]) -> tuple[RecordingSystem, list[Event]]:
    """Run the sample's plan with the first change that begins so made to fail."""
    whole = RecordingSystem()
    execute(make_plan(INPUTS), recording_session(whole), lambda event: None)
    number = next(place for place, done in enumerate(whole.actions, 1) if done[: len(action)] == action)
    failing_one = RecordingSystem(fail_at=number)
    events: list[Event] = []
    with pytest.raises(InstallerError):
        execute(make_plan(INPUTS), recording_session(failing_one), events.append)
    return failing_one, events


@pytest.mark.parametrize("action", [("lbzip2",), ("write", "/boot/grub/grub.cfg"), ("grub-mkimage",)])
def test_failure_before_the_host_boots_is_written_down_with_its_step(action: tuple[str, ...]) -> None:
    system, events = failing(action)
    (failure,) = [event for event in events if isinstance(event, StepFailed)]
    lines = system.files[MARK_FILE].splitlines()
    assert "is not finished; it does not boot" in lines[0]
    assert lines[1].startswith("Installation 11111111-1111-4111-8111-111111111111, begun 2026-01-02 03:04:05 UTC")
    assert lines[2] == f"Failed at step {failure.number}, {failure.title}: {failure.reason}"
    assert system.actions.index(LABEL) > system.actions.index(("mount", "-t", "ext3", "/dev/sda#1", "/target"))


@pytest.mark.parametrize("action", [("wipefs",), ("mkfs.ext3",), ("write", "/var/log/installer/install.log")])
def test_no_mark_where_there_is_no_control_domain_or_it_boots(action: tuple[str, ...]) -> None:
    system, _ = failing(action)
    assert MARK_FILE not in system.files and LABEL not in system.actions


def test_mark_that_cannot_be_written_hides_no_failure() -> None:
    class Full(RecordingSystem):
        def write_text(self, path: str, text: str | Secret, *, mode: int = 0o644, on: Place = Place.TARGET) -> None:
            if path == "/boot/grub/grub.cfg":
                raise InstallerError("made to fail")
            if path == MARK_FILE and "Failed" in str(text):
                raise InstallerError("there is no room")
            super().write_text(path, text, mode=mode, on=on)

    events: list[Event] = []
    with pytest.raises(InstallerError, match="made to fail"):
        execute(make_plan(INPUTS), recording_session(Full()), events.append)
    (warning,) = [event for event in events if isinstance(event, Warned)]
    assert warning.message == "the control domain bears no word of the failure: there is no room"


def test_complete_host_bears_no_mark() -> None:
    system = RecordingSystem()
    execute(make_plan(INPUTS), recording_session(system), lambda event: None)
    assert MARK_FILE not in system.files
    labels = [action[-1] for action in system.actions if action[0] == "e2label"]
    assert labels == ["root-kqzjwmxa"]
