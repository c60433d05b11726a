"""The first half: every change of every golden plan fails in turn on the recording double."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from backend.execute import InstallPlan, execute
from backend.plan_parts import Inputs
from backend.planner import make_plan
from backend.recording import RecordingSystem
from installer.model.check_storage import chosen_disks
from installer.model.errors import InstallerError
from installer.model.events import Event, Warned
from tests.backend.run_plan import recording_session
from tests.faults.verdict import Place, Row, check_outcome, places

FIRST_DESTRUCTIVE = "disks"


def run(
    plan: InstallPlan, system: RecordingSystem, inputs: Inputs
) -> tuple[list[Event], list[int], InstallerError | None]:
    """Run a plan with the devices of the chosen disks, and no others.

    Returns its events, how many changes had been made before each, and the error.
    """
    events: list[Event] = []
    counts: list[int] = []

    def emit(event: Event) -> None:
        events.append(event)
        counts.append(len(system.actions))

    session = recording_session(system)
    session.devices = {disk.name: disk.path for disk in chosen_disks(inputs.answers, inputs.host)}
    session.warn = lambda message: emit(Warned(message))
    try:
        execute(plan, session, emit)
    except InstallerError as error:
        return events, counts, error
    return events, counts, None


def sweep(name: str, inputs: Inputs) -> Row:
    """Let every change fail once; raises AssertionError at the first that is not told or not released as it must be."""
    plan = make_plan(inputs)
    whole = RecordingSystem()
    events, counts, error = run(plan, whole, inputs)
    assert error is None, error
    where = places(events, counts, FIRST_DESTRUCTIVE, len(whole.actions))
    for position, place in enumerate(where, 1):
        _fail_at(position, place, inputs, plan)
    return Row(name, len(list(plan.steps())), len(where), len(where))


def _fail_at(position: int, place: Place, inputs: Inputs, plan: InstallPlan) -> None:
    system = RecordingSystem(fail_at=position)
    events, _, error = run(plan, system, inputs)
    action = system.actions[position - 1]
    more = "\n".join([*map(shlex.join, system.actions), *system.files.values()])
    try:
        check_outcome(inputs, place, action, events, error, more)
        check_released(system.resources, failed_release=action[-1] if action[1:2] == ("--detach",) else "")
    except AssertionError as problem:
        raise AssertionError(f"change {position} of the plan, {shlex.join(action)}: {problem}") from problem


def check_released(resources: Iterable[tuple[str, str]], *, failed_release: str) -> None:
    """See that all was released, the last first; only what itself was made to fail stays."""
    held: list[str] = []
    for what, name in resources:
        if what == "take":
            held.append(name)
            continue
        while failed_release and held and held[-1] == f"loop {failed_release}":
            held.pop()
        assert held and held[-1] == name, f"{name} is released while {held[-1:]} is held"
        held.pop()
    assert [name for name in held if name != f"loop {failed_release}"] == [], f"{held} is never released"
