"""Scripts as steps: arguments, exit status, the time limit, and that every one can run twice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from backend.process import Argv
from backend.real_system import temporary_system
from backend.recording import RecordingSystem
from backend.session import Session
from backend.steps.scripts import AFTER_FAILURE_LIMIT_S, RunScript
from backend.system import System
from installer.model.errors import CommandFailed
from installer.model.secret import Secret
from installer.model.wishes import Stage
from tests.backend.run_plan import recording_session


class Limits(RecordingSystem):
    """Keeps the time limit of every program."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[float | None] = []

    def run(
        self,
        argv: Argv,
        *,
        stdin: str | Secret = "",
        ok: Sequence[int] = (0,),
        timeout_s: float | None = None,
        why: str = "",
    ) -> tuple[str, ...]:
        self.limits.append(timeout_s)
        return super().run(argv, stdin=stdin, ok=ok, timeout_s=timeout_s, why=why)


def session(system: System, told: list[str], target: str = "") -> Session:
    made = recording_session(RecordingSystem())
    made.system, made.target, made.warn = system, target, told.append
    return made


@pytest.mark.parametrize("stage", Stage)
def test_only_what_runs_after_a_failure_has_a_time_limit(stage: Stage) -> None:
    system = Limits()
    RunScript(stage, "here", b"#!/bin/sh\n").run(session(system, []))
    assert system.limits == [AFTER_FAILURE_LIMIT_S if stage is Stage.INSTALL_FAILED else None]
    assert system.actions == [(f"/scratch/{stage.file_name}",)]


@pytest.mark.parametrize("stage", Stage)
def test_a_script_runs_twice_with_the_target_where_there_is_one(stage: Stage) -> None:
    told: list[str] = []
    step = RunScript(stage, "here", b'#!/bin/sh\necho "$# $1"\nexit 3\n')
    with temporary_system() as system:
        step.run(session(system, told, "/mnt"))
        step.run(session(system, told))
    assert told == [f"the {stage.script} ended with exit status 3: {last}" for last in ("1 /mnt", "0 ")]


def test_a_failure_that_aborts_says_what_can_be_done() -> None:
    with temporary_system() as system, pytest.raises(CommandFailed) as caught:
        RunScript(Stage.INSTALLATION_START, "here", b"#!/bin/sh\nexit 3\n", abort=True).run(session(system, []))
    assert 'on-failure="continue"' in caught.value.hint
