"""Runs a plan: emits events, keeps one rising progress figure, releases everything in reverse order."""

from __future__ import annotations

import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from backend.session import Session
from backend.steps.unfinished import mark_failed
from backend.written import MAY_FAIL
from installer.model.errors import (
    Cancelled,
    CommandFailed,
    InstallerError,
    MissingTool,
    SourceError,
    as_installer_error,
    tells_of_failing_disk,
)
from installer.model.events import (
    AfterFailure,
    Event,
    PlanFinished,
    Retried,
    StartedAfterFailure,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
    Warned,
)
from installer.model.plan import Phase, Plan, Step

InstallPlan = Plan[Session]
Listener = Callable[[Event], None]
AskAfterFailure = Callable[[StepFailed], AfterFailure]
DEBIAN_PACKAGES = (
    "on Debian: apt-get install parted fdisk e2fsprogs lvm2 grub-pc-bin grub-common lbzip2 tar passwd, "
    "for UEFI dosfstools mtools grub-efi-amd64-bin efibootmgr, for tzst packages zstd"
)
UNTOUCHED = "Nothing on any disk has been changed."
STOPPED = (
    "Nothing on any disk has been erased; what ran on the chosen disks was being stopped, and may have written its last"
    " state to them."
)
COMPLETE = "Every step was done before that: the host is installed."
NOT_BOOTABLE = (
    "Already changed, and not bootable yet: {disks} (phase: {phase}). Start again: an installation begins anew."
)
BOOTS = "Already changed: {disks}. The host is installed and boots, but not all that was to follow is done ({phase})."


def check_tools(plan: InstallPlan, has_tool: Callable[[str], bool]) -> None:
    """Raise MissingTool naming every program the plan needs and this machine lacks."""
    missing = [tool for tool in plan.needs if not has_tool(tool)]
    if missing:
        raise MissingTool(
            f"programs are missing on this machine: {', '.join(missing)}",
            hint=DEBIAN_PACKAGES,
        )


class Progress:
    """Turns weights and bytes into one fraction that never falls, and bytes into a rate."""

    def __init__(self, total_weight: int, emit: Listener, clock: Callable[[], float]) -> None:
        self._total = max(total_weight, 1)
        self._emit = emit
        self._clock = clock
        self._finished = 0
        self._step_weight = 0
        self._started = 0.0
        self.fraction = 0.0

    def start(self, step: Step[Session]) -> None:
        """A step begins."""
        self._step_weight = step.weight
        self._started = self._clock()

    def finish(self) -> None:
        """The step is done: its whole weight counts."""
        self._finished += self._step_weight
        self.fraction = max(self.fraction, self._finished / self._total)

    def report(self, item: str, done_bytes: int, total_bytes: int) -> None:
        """Hear of bytes done within the running step."""
        share = min(done_bytes / total_bytes, 1.0) if total_bytes else 0.0
        self.fraction = max(self.fraction, (self._finished + share * self._step_weight) / self._total)
        rate = done_bytes / max(self._clock() - self._started, 1e-6)
        self._emit(StepProgress(self.fraction, item, done_bytes, total_bytes, rate))


def stop(failure: StepFailed) -> AfterFailure:
    """Unattended: nobody is there who could mend anything."""
    return AfterFailure.STOP


def execute(
    plan: InstallPlan,
    session: Session,
    emit: Listener,
    *,
    on_failure: AskAfterFailure = stop,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run every step in order and release what they acquired, whatever happens.

    `on_failure` decides what becomes of a step that failed, while everything is still held: Retry runs it again.
    Raises the first failure that was not retried as an InstallerError
    (Cancelled for Ctrl-C) after StepFailed and PlanFinished were emitted; a fault of the program itself is its cause.
    What the plan has for the case of a failure is run while everything is still held, but not when somebody broke the
    run off.
    """
    run = _Run(plan, session, emit, on_failure, clock)
    session.on_progress = run.progress.report
    began = clock()
    failure: InstallerError | None = None
    try:
        run.steps()
    except _Stopped as stopped:
        failure = stopped.error
    except BaseException as problem:
        failure, _ = run.failed(problem)
    if failure is not None:
        run.mark()
        after_failure(plan.after_failure, session, emit, failure)
    with _undisturbed():
        last = run.release(failure)
    if last is not failure and last is not None:  # all steps were done; only the target is no longer there
        session.target, failure = "", last
        after_failure(plan.after_failure, session, emit, last)
    emit(PlanFinished(ok=failure is None, duration_s=clock() - began))
    if failure is not None:
        raise failure


def after_failure(steps: Sequence[Step[Session]], session: Session, emit: Listener, failure: InstallerError) -> None:
    """Run steps that are there for a failed run; what goes wrong with them is a warning, and never hides the failure.

    None is run when somebody broke the run off, and breaking off ends those that run.
    """
    if isinstance(failure, Cancelled):
        return
    try:
        for step in steps:
            emit(StartedAfterFailure(step.title))
            try:
                step.run(session)
            except Exception as problem:
                emit(Warned(f"{step.title}: {as_installer_error(problem)}"))
    except (KeyboardInterrupt, Cancelled):
        return


class _Stopped(Exception):
    """A step failed, was told, and is not to be retried."""

    def __init__(self, error: InstallerError) -> None:
        super().__init__(str(error))
        self.error = error


class _Run:
    """One run of a plan: knows which step it is at and what state the disks are in."""

    def __init__(
        self,
        plan: InstallPlan,
        session: Session,
        emit: Listener,
        on_failure: AskAfterFailure,
        clock: Callable[[], float],
    ) -> None:
        self._plan = plan
        self._session = session
        self._emit = emit
        self._on_failure = on_failure
        self._clock = clock
        self.progress = Progress(plan.weight, emit, clock)
        self._number = 0
        self._title = "begin"
        self._state = UNTOUCHED
        self._last = StepFailed(0, "", "", "", (), "", "")

    def steps(self) -> None:
        """Run all steps."""
        count = sum(1 for _ in self._plan.steps())
        for number, (phase, step) in enumerate(self._plan.steps(), 1):
            self._number, self._title = number, step.title
            if phase.state:
                self._state = phase.state
            elif phase.destructive:
                self._state = self._changed(phase)
            elif step.settles:
                self._state = STOPPED
            self._emit(StepStarted(number, count, phase.title, step.title))
            started = self._clock()
            while not self._attempt(step):
                self._emit(Retried(number, step.title))
            self.progress.finish()
            self._emit(StepFinished(number, step.title, self.progress.fraction, self._clock() - started))
        self._state = COMPLETE

    def _attempt(self, step: Step[Session]) -> bool:
        """Run a step once; False when it failed and is to be run again. Raises _Stopped when it is not."""
        self.progress.start(step)
        try:
            step.run(self._session)
        except Exception as problem:
            error, failure = self.failed(problem)
            if self._on_failure(failure) is not AfterFailure.RETRY:
                raise _Stopped(error) from problem
            return False
        return True

    def _changed(self, phase: Phase[Session]) -> str:
        if self._plan.broken:
            return self._plan.broken
        disks = ", ".join(disk.heading for disk in self._plan.disks)
        if phase.bootable:
            return BOOTS.format(disks=disks, phase=f"phase: {phase.title}")
        return NOT_BOOTABLE.format(disks=disks, phase=phase.title)

    def failed(self, problem: BaseException) -> tuple[InstallerError, StepFailed]:
        """Tell which step failed and how; returns the error to be raised, and what was told."""
        error = as_installer_error(problem)
        if not error.hint and not isinstance(error, SourceError):  # a medium that fails is no disk to install on
            told = tells_of_failing_disk(error) or tells_of_failing_disk(error.__cause__)
            error.hint = MAY_FAIL if told else ""
        program = error if isinstance(error, CommandFailed) else error.__cause__
        command = shlex.join(program.argv) if isinstance(program, CommandFailed) else ""
        output = program.output if isinstance(program, CommandFailed) else ()
        reason = f"{error.where}: {error.what}" if error.where else error.what
        failure = StepFailed(self._number, self._title, reason, command, output, self._state, error.hint)
        self._emit(failure)
        self._last = failure
        return error, failure

    def mark(self) -> None:
        """Leave on a control domain that is not complete where the run failed."""
        try:
            with _undisturbed():
                mark_failed(self._session, self._last)
        except Exception as problem:
            self._emit(Warned(f"the control domain bears no word of the failure: {as_installer_error(problem)}"))

    def release(self, failure: InstallerError | None) -> InstallerError | None:
        """Release in reverse order; a failing release never hides the first error."""
        try:
            self._session.stack.close()
        except Exception as problem:
            if failure is None:
                self._title = "release what was mounted and attached"
                return self.failed(problem)[0]
            self._emit(Warned(f"could not be released: {as_installer_error(problem)}"))
        return failure


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C or signal interrupt the release."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
