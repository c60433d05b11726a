"""Every plan of samples and recorded machines, every change: told with step and command, no secrets, all released."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from backend.execute import InstallPlan
from backend.planner import make_plan
from backend.recording import RecordingSystem
from backend.session import Session
from installer.model.plan import Step
from tests.backend.sample import VARIANTS
from tests.backend.test_machines import PLANNED
from tests.faults.machines import ANSWER_SETS, ON_MACHINES
from tests.faults.recorded import run, sweep

PLANS = VARIANTS | ON_MACHINES


@pytest.mark.parametrize("name", PLANS)
def test_a_failure_at_any_change_is_told_and_everything_is_released(name: str) -> None:
    row = sweep(name, PLANS[name])
    assert row.failures == row.changes > row.steps


def test_machines_are_swept_by_either_firmware_and_with_every_answer_set() -> None:
    """Every recorded machine that can be installed on; one that only UEFI starts from has no plan for the BIOS."""
    swept = {tuple(name.split()) for name in ON_MACHINES}
    plain = {(case, firmware) for case, firmware, asked in swept if asked == "plain"}
    assert {case for case, _ in plain} == set(PLANNED)
    only_uefi = {case for case in PLANNED if (case, "bios") not in plain}
    assert only_uefi <= {"sectors_4kn"} and {(case, "uefi") for case in PLANNED} <= plain
    for asked in ANSWER_SETS:
        assert len([name for name in swept if name[-1] == asked]) >= len(plain) // 2


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


@pytest.mark.parametrize("name", PLANS)
def test_every_step_run_twice_leaves_the_same(name: str) -> None:
    inputs = PLANS[name]
    plan = make_plan(inputs)
    once, again = RecordingSystem(), RecordingSystem()
    assert run(plan, once, inputs)[2] is None
    assert run(twice(plan), again, inputs)[2] is None
    assert again.files == once.files
    assert again.resources == once.resources, "a step that is run again takes what it already holds"
