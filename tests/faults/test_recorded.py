"""Every golden plan, every change: told with step, command and last lines, without secrets, all released."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from backend.execute import InstallPlan
from backend.planner import make_plan
from backend.recording import RecordingSystem
from backend.session import Session
from installer.model.plan import Step
from tests.backend.sample import VARIANTS
from tests.faults.recorded import run, sweep


@pytest.mark.parametrize("name", VARIANTS)
def test_a_failure_at_any_change_is_told_and_everything_is_released(name: str) -> None:
    row = sweep(name, VARIANTS[name])
    assert row.failures == row.changes > row.steps


@dataclass(frozen=True)
class Twice(Step[Session]):
    """Runs a step two times, as Retry does."""

    step: Step[Session]

    @property
    def title(self) -> str:
        return self.step.title

    def run(self, session: Session) -> None:
        self.step.run(session)
        self.step.run(session)


def twice(plan: InstallPlan) -> InstallPlan:
    """Return the plan with every step run two times in a row."""
    phases = tuple(replace(phase, steps=tuple(Twice(step) for step in phase.steps)) for phase in plan.phases)
    return replace(plan, phases=phases)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_step_run_twice_leaves_the_same(name: str) -> None:
    plan = make_plan(VARIANTS[name])
    once, again = RecordingSystem(), RecordingSystem()
    assert run(plan, once)[2] is None
    assert run(twice(plan), again)[2] is None
    assert again.files == once.files
    assert again.resources == once.resources, "a step that is run again takes what it already holds"
