"""Events as console lines, log lines and JSON lines: the only place that prints."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from installer.model.errors import AnswersError, InstallerError, as_installer_error
from installer.model.events import (
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
from installer.model.plan import Plan
from installer.model.problem import Problem, Severity, errors
from installer.model.progress import Progress, View, human_time_left
from installer.model.units import human_size
from installer.output import MaskedOutput, Output
from installer.records import (
    Nobody,
    Reports,
    ended_record,
    error_record,
    event_record,
    masked_record,
    plan_record,
    problem_record,
)

SessionT = TypeVar("SessionT")
NOTHING_CHANGED = "Nothing was changed."
BAR_WIDTH = 30
REDRAW_S = 0.2
PLAIN_S = 5.0  # between progress lines where the line cannot be redrawn (a log, a pipe)


@contextmanager
def nothing_changed() -> Iterator[None]:
    """Have every failure say that nothing was changed: for what comes before a run's first change."""
    try:
        yield
    except (KeyboardInterrupt, Exception) as problem:
        failure = as_installer_error(problem)
        if NOTHING_CHANGED not in failure.hint:
            end = "" if not failure.hint else " " if failure.hint.endswith((".", "?", "!")) else ". "
            failure.hint = f"{failure.hint}{end}{NOTHING_CHANGED}"
        raise failure from failure.__cause__


def progress_line(view: View) -> str:
    """Return the bar with percentage, current package or step, bytes, rate and time left, as far as they are known."""
    filled = int(view.fraction * BAR_WIDTH)
    bar = "#" * filled + "." * (BAR_WIDTH - filled)
    words = [view.item or view.title]
    if view.total_bytes:
        words.append(f"{human_size(view.done_bytes)} of {human_size(view.total_bytes)}")
    if view.rate_bytes_s:
        words.append(f"{human_size(int(view.rate_bytes_s))}/s")
    if view.left_s is not None:
        words.append(f"{human_time_left(view.left_s)} left")
    return f"[{bar}] {view.fraction * 100:3.0f} %  {'  '.join(words)}"


class ConsoleReport:
    """Prints a run for a person: one line per step, and a bar that is redrawn in place on a terminal."""

    def __init__(self, stream: Output, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._clock = clock
        self._last = -PLAIN_S
        self.done = "Installed"
        self._progress = Progress(clock=clock)

    def __call__(self, event: Event) -> None:
        """Show one event."""
        self._progress(event)
        if isinstance(event, StepProgress):
            self._move()
        elif isinstance(event, StepStarted) and self._live:
            self._redraw(progress_line(self._progress.view()))
        elif isinstance(event, StepFinished):
            self._line(f"{event.fraction * 100:3.0f} %  {event.title}  ({event.duration_s:.1f} s)")
        elif isinstance(event, Warned):
            self._line(f"warning: {event.message}")
        elif isinstance(event, StepFailed):
            self._line(failure_text(event))
        elif isinstance(event, Retried):
            self._line(f"trying again: {event.title}")
        elif isinstance(event, StartedAfterFailure):
            self._line(f"after the failure: {event.title}")
        elif isinstance(event, PlanFinished) and event.ok:
            self._line(f"{self.done} in {event.duration_s:.0f} s.")

    def _move(self) -> None:
        if self._clock() - self._last < (REDRAW_S if self._live else PLAIN_S):
            return
        self._last = self._clock()
        text = progress_line(self._progress.view())
        if self._live:
            self._redraw(text)
        else:
            self._line(text)

    def _redraw(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text[:79]}")
        self._stream.flush()

    def _line(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text}\n" if self._live else f"{text}\n")
        self._stream.flush()


def failure_text(event: StepFailed) -> str:
    """Return what failed, the command, its last lines, the state of the disks and what to do."""
    lines = [f"Failed at step {event.number}, {event.title}:", f"  {event.reason}"]
    if event.command:
        lines.append(f"  command: {event.command}")
    lines += [f"  | {line}" for line in event.output]
    lines.append(event.state)
    if event.hint and event.hint != event.state:
        lines.append(event.hint)
    return "\n".join(lines)


class JsonReport:
    """Prints records as one JSON object per line: {"event": "StepStarted", ...}.

    Secrets are taken out of the values, not of the lines: one that is the name of a key would spoil the record.
    """

    def __init__(self, stream: Output, mask: Callable[[str], str] = lambda text: text) -> None:
        self._stream = stream
        self._mask = mask

    def __call__(self, event: Event) -> None:
        """Print one event."""
        self.line(event_record(event))

    def line(self, record: Mapping[str, object]) -> None:
        """Print any record."""
        self._stream.write(json.dumps(masked_record(record, self._mask), ensure_ascii=False) + "\n")
        self._stream.flush()


class Opening(Protocol):
    """What has the terminal before the screens do (screens/opening.py)."""

    def close(self) -> None:
        """Give the terminal back."""


class Reporter:
    """What the user hears, as text or as JSON lines; `also` gets every message that is not an event, for the log.

    `reports` gets every event, problem and error as a record, whatever the user is shown. `opening` gives the terminal
    back before anything is printed.
    """

    def __init__(self, *, json_lines: bool, reports: Reports | None = None, opening: Opening | None = None) -> None:
        self.reports = reports or Nobody()
        self.opening = opening
        self.mask: Callable[[str], str] = lambda text: text
        self._out = MaskedOutput(sys.stdout, lambda text: self.mask(text))
        self._err = MaskedOutput(sys.stderr, lambda text: self.mask(text))
        stream = MaskedOutput(sys.stdout, lambda text: text)
        self._json = JsonReport(stream, lambda text: self.mask(text)) if json_lines else None
        self.console = ConsoleReport(self._out)
        self._listener: Callable[[Event], None] = self._json or self.console
        self.also: Callable[[str], None] = lambda text: None
        self.bundle = ""
        self._deaf = False
        self._failure_told = False

    def event(self, event: Event) -> None:
        """Show one event of a running plan."""
        self.reports.put(event_record(event))
        if isinstance(event, StepFailed | Retried):
            self._failure_told = isinstance(event, StepFailed)
        if self._deaf:
            return
        try:
            self._listener(event)
        except OSError:  # who reads us has gone, or the disk is full: no reason to leave a disk half installed
            self._deaf = True

    def say(self, text: str, *, error: bool = False) -> None:
        """Print one or more lines."""
        if self.opening:
            self.opening.close()
        stream = self._err if error else self._out
        stream.write(f"{text}\n")
        stream.flush()

    def problem(self, problem: Problem, *, result: bool = False) -> None:
        """Show one problem; `result`: it is what was asked for, and goes to standard output."""
        self.also(problem.line())
        self.reports.put(problem_record(problem))
        if self._json:
            self._json.line(problem_record(problem))
        else:
            self.say(problem.line(), error=not result)

    def require(self, problems: Sequence[Problem]) -> None:
        """Show all problems; raises AnswersError when one of them stops the run."""
        for problem in problems:
            self.problem(problem)
        wrong = len(errors(tuple(problems)))
        if wrong:
            raise AnswersError((f"{wrong} error{'s' if wrong > 1 else ''}, see above",), hint=NOTHING_CHANGED)

    def error(self, error: InstallerError) -> None:
        """Show why the command ends, unless a StepFailed event has told a person already."""
        record = error_record(error, self.bundle)
        self.reports.put(record)
        if self._json:
            self._json.line(record)
            return
        if not self._failure_told:
            self.say(f"installer: {error}", error=True)
        if self.bundle:
            self.say(f"Log, plan and facts for support, without passwords: {self.bundle}", error=True)

    def note(self, text: str) -> None:
        """Tell what was done before a plan began, also to the log."""
        self.also(text)
        self.lines((text,), {"event": "Note", "text": text})

    def end(self, code: int) -> None:
        """Tell those who listen from afar how the run ended; what goes wrong with it changes nothing any more."""
        self.reports.put(ended_record(code))
        with suppress(KeyboardInterrupt, OSError):
            for fault in self.reports.close():
                self.problem(Problem(Severity.WARNING, fault))

    def plan(self, plan: Plan[SessionT]) -> None:
        """Show a plan that is not carried out."""
        if self._json:
            self._json.line(plan_record(plan))
        else:
            self.say("\n".join(plan.describe()) + f"\n\n{NOTHING_CHANGED}")

    def lines(self, lines: Sequence[str], record: Mapping[str, object]) -> None:
        """Show a result: lines for people or one record."""
        if self._json:
            self._json.line(record)
        else:
            self.say("\n".join(lines))


def log_line(text: str, at: datetime | None = None) -> str:
    """Return a line for the log, with the time in UTC: now, or another one."""
    return f"{(at or datetime.now(UTC)).strftime('%Y-%m-%d %H:%M:%S.%f')[:-3]} {text}\n"


def event_text(event: Event) -> str | None:
    """Return an event as a line of the log, None for mere progress."""
    if isinstance(event, StepProgress):
        return None
    if isinstance(event, StepFailed):
        return failure_text(event)
    return str(event)
