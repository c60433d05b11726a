"""What must hold after a change of a plan was made to fail, whatever the system it ran on."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from backend.execute import COMPLETE, STOPPED, UNTOUCHED
from backend.plan_parts import Inputs
from backend.planner import make_plan
from backend.steps.scripts import RunScript
from backend.steps.stale import stop_steps
from installer.model.check_storage import chosen_disks, is_one_of
from installer.model.errors import ExitCode, InstallerError
from installer.model.events import Event, PlanFinished, StartedAfterFailure, StepFailed, StepStarted, Warned
from tests.backend.run_plan import only_told

WORDS = "made to fail"
RELEASE = "release what was mounted and attached"


@dataclass(frozen=True)
class Row:
    """One line of the fault table."""

    plan: str
    steps: int
    changes: int
    failures: int

    def line(self) -> str:
        """Return the row as text."""
        return f"{self.plan:32} {self.steps:6} {self.changes:8} {self.failures:9}   all told, all released"


HEADING = f"{'plan':32} {'steps':>6} {'changes':>8} {'failures':>9}"


@dataclass(frozen=True)
class Place:
    """Where in the plan a change belongs: its step, and whether that lies beyond the point of no return."""

    title: str
    destructive: bool


def check_outcome(
    inputs: Inputs, place: Place, change: tuple[str, ...], events: list[Event], error: InstallerError | None, more: str
) -> None:
    """Raise AssertionError unless the failure of one change was told as it must be.

    `more` is all that was written down elsewhere: log, actions, files.
    """
    command = shlex.join(change)
    told = [event for event in events if isinstance(event, StepFailed | Warned)]
    assert "marked-secret" not in repr(events) + repr(error) + str(error) + more, "a secret is shown"
    assert isinstance(events[-1], PlanFinished)
    plan = make_plan(inputs)
    last_words = [event.title for event in events if isinstance(event, StartedAfterFailure)]
    assert last_words == ([step.title for step in plan.after_failure] if error else []), last_words
    names_only_chosen_disks(inputs, repr(events) + more)
    scripts = {step.title: step.abort for _, step in plan.steps() if isinstance(step, RunScript)}
    aborts = scripts.get(place.title, False)
    if (place.title in scripts or only_told(change)) and not aborts:  # the host is complete without it
        assert error is None and any(isinstance(event, Warned) for event in told), told
        return
    (failed,) = [event for event in told if isinstance(event, StepFailed)]
    assert error is not None and error.exit_code is ExitCode.FAILED
    assert not events[-1].ok
    assert failed.title == place.title, f"{failed.title} is named instead of {place.title}"
    if failed.command:
        assert failed.command == command and failed.output == (WORDS,), failed
    else:
        assert WORDS in failed.reason, failed
    state = failed.state
    chosen = chosen_disks(inputs.answers, inputs.host)
    said = next((phase.state for phase, step in plan.steps() if step.title == place.title), "")
    if place.title == RELEASE:
        assert state == COMPLETE, state
    elif said:
        assert state == said and all(disk.name in state for disk in chosen), state
    elif place.title in {step.title for phase, step in plan.steps() if phase.bootable}:
        assert all(disk.name in state for disk in chosen) and "is installed and boots" in state, state
    elif place.destructive:
        assert all(disk.name in state for disk in chosen) and "not bootable" in state, state
    else:
        stops = {step.title for step in stop_steps(chosen)}
        stopped = any(event.title in stops for event in events if isinstance(event, StepStarted))
        assert state == (STOPPED if stopped else UNTOUCHED), state


def names_only_chosen_disks(inputs: Inputs, text: str) -> None:
    """Raise AssertionError when a disk of the machine is named that is neither chosen nor another path to one."""
    chosen = [disk.name for disk in chosen_disks(inputs.answers, inputs.host)]
    for disk in inputs.host.disks:
        if not is_one_of(disk.name, chosen, inputs.host):
            for name in (disk.name, disk.path, disk.serial, *disk.by_id):
                found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) if name else None
                assert not found, f"{name} is named, which was not chosen"


def places(events: list[Event], counts: list[int], destructive_from: str, changes: int) -> list[Place]:
    """Return the place of every change of a run without faults; `counts` are the changes made before each event."""
    found: list[Place] = []
    title, destructive = "begin", False
    starts = [(count, event) for count, event in zip(counts, events, strict=True) if isinstance(event, StepStarted)]
    ends = [count for count, _ in starts[1:]] + [counts[-2] if len(counts) > 1 else changes]
    for (_, event), end in zip(starts, ends, strict=True):
        title = event.title
        destructive = destructive or event.phase == destructive_from
        found += [Place(title, destructive)] * (end - len(found))
    return found + [Place(RELEASE, destructive)] * (changes - len(found))
