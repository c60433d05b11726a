"""Every change of every road on the recording double meets with Ctrl-C, a full disk or a failing one."""

from __future__ import annotations

import errno
import os
import shlex
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from backend.execute import InstallPlan
from backend.planner import make_plan
from backend.recording import UNPACKED, RecordingSystem
from backend.restore_plan import make_restore_plan
from backend.steps.scripts import RunScript
from installer.model.errors import Cancelled, ExitCode
from installer.model.events import PlanFinished, StartedAfterFailure, StepFailed, StepStarted, Warned
from installer.report import failure_text
from tests.backend.run_plan import only_told, run_recorded
from tests.backend.sample import VARIANTS
from tests.backend.test_restore_plan import INPUTS, backup_files
from tests.faults.injuries import heeding_ctrl_c
from tests.faults.judge import NEXT
from tests.faults.recorded import check_released

Road = tuple[InstallPlan, dict[str, str]]


def _road(name: str) -> Road:
    """Return a plan and the files that its target has."""
    if name in VARIANTS:
        return make_plan(VARIANTS[name]), dict(UNPACKED)
    return make_restore_plan(INPUTS[name.removeprefix(RESTORE)]), backup_files()


RESTORE = "restore, "
PLANS = (*VARIANTS, *(f"{RESTORE}{name}" for name in INPUTS))


def _ctrl_c() -> None:
    """By a real signal, which a release does not heed."""
    signal.raise_signal(signal.SIGINT)


def _full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _failing() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


CTRL_C = "Ctrl-C"
MEETINGS: dict[str, Callable[[], None]] = {CTRL_C: _ctrl_c, "disk full": _full, "I/O error": _failing}
HEADING = f"{'plan':32} {'fault':10} {'changes':>8}   how it ended"


class MeetingSystem(RecordingSystem):
    """Its n-th change meets with something."""

    def __init__(self, files: dict[str, str], at: int, meeting: Callable[[], None]) -> None:
        super().__init__(files=files)
        self._at, self._meeting = at, meeting

    def _change(self, *words: str) -> None:
        self.actions.append(words)
        if len(self.actions) == self._at:
            self._meeting()


@dataclass
class Row:
    """A plan with one of them."""

    plan: str
    meeting: str
    ends: Counter[str] = field(default_factory=Counter)

    def line(self) -> str:
        """Return the row as text."""
        ends = ", ".join(f"{count} {end}" for end, count in sorted(self.ends.items()))
        return f"{self.plan:32} {self.meeting:10} {self.ends.total():8}   {ends}, all told, all released"


def sweep(name: str, meeting: str) -> Row:
    """Let every change meet with it once; raises AssertionError at the first that is not told or not released."""
    plan, files = _road(name)
    whole = RecordingSystem(files=dict(files))
    assert run_recorded(plan, whole)[1] is None
    row = Row(name, meeting)
    with heeding_ctrl_c() as heed:  # what a shell starts in the background has it ignored
        heed.armed = True
        for position, action in enumerate(whole.actions, 1):
            try:
                system = MeetingSystem(dict(files), position, MEETINGS[meeting])
                row.ends[_meet(plan, system, action, released=meeting == CTRL_C)] += 1
            except AssertionError as problem:
                raise AssertionError(f"{meeting} at change {position}, {shlex.join(action)}: {problem}") from problem
    return row


def _meet(plan: InstallPlan, system: MeetingSystem, action: tuple[str, ...], *, released: bool) -> str:
    """Return how a run ended; `released`: what comes while all is released need not be told, as nothing is lost."""
    events, error = run_recorded(plan, system)
    detach = action[:2] == ("losetup", "--detach") and not released
    check_released(system.resources, failed_release=action[-1] if detach else "")
    assert "marked-secret" not in repr(events) + repr(error) + str(error), "a secret is shown"
    assert isinstance(events[-1], PlanFinished)
    if error is None:
        scripts = {step.title for _, step in plan.steps() if isinstance(step, RunScript) and not step.abort}
        last = [event.title for event in events if isinstance(event, StepStarted)]
        if released and action[0] in ("umount", "losetup", "partx"):
            return "went on"
        told = any(isinstance(event, Warned) for event in events)
        assert told and (only_told(action) or scripts & set(last)), "nobody is told"
        return "warned"
    (failed,) = [event for event in events if isinstance(event, StepFailed)]
    assert failed.reason and failed.state and any(word in failure_text(failed) for word in NEXT), failed
    assert "fault in the installer" not in failed.reason, failed
    if isinstance(error, Cancelled):
        assert error.exit_code is ExitCode.CANCELLED
        assert not any(isinstance(event, StartedAfterFailure) for event in events), "who breaks off wants no more"
        return "broken off"
    assert error.exit_code is ExitCode.FAILED
    return "failed"
