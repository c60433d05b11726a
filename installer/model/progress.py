"""What a person is told of a running plan: one rising fraction, rate, time left, current step, phases; from its events.

A `Progress` hears every event of one run and gives a `View` at any time. Nothing here knows a terminal: bar, text
lines and serial console ask as often as suits them. Not thread-safe: one thread hears and views.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from installer.model.events import (
    Event,
    PlanFinished,
    Retried,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
)

WINDOW_S = 8.0  # rates are those of the last seconds: long enough to be calm, short enough to show a stall
RATE_AFTER_S = 1.0
LEFT_AFTER_S = 5.0  # before that, and before so much of a step with bytes has passed, a guess would only jump about
LEFT_AFTER_SHARE = 0.05
STALLED_S = 5.0  # without any byte for so long, there is no rate and nobody knows the time left


class PhaseState(StrEnum):
    """Where a phase stands in the run."""

    DONE = "done"
    NOW = "now"
    NEXT = "next"
    FAILED = "failed"


@dataclass(frozen=True)
class PhaseOutline:
    """A phase of the plan before it runs: its title and how many steps it has."""

    title: str
    steps: int


@dataclass(frozen=True)
class PhaseView:
    """A phase while the plan runs: `step` of `steps` is the current one (0: none yet), seconds so far."""

    title: str
    state: PhaseState
    step: int
    steps: int
    duration_s: float = 0.0


@dataclass(frozen=True)
class View:
    """The state of a run at one moment.

    `rate_bytes_s` and `left_s` are None as long as they are not known; bytes are 0 of 0 where the step has none.
    """

    fraction: float
    title: str
    item: str
    done_bytes: int
    total_bytes: int
    rate_bytes_s: float | None
    left_s: float | None
    phases: tuple[PhaseView, ...]
    elapsed_s: float
    finished: bool = False
    failed: bool = False


class Speed:
    """The mean speed of a rising figure over the last seconds."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, float]] = deque()

    def add(self, now_s: float, value: float) -> None:
        """Hear the figure; one that fell (a retry) begins anew."""
        if self._points and value < self._points[-1][1]:
            self._points.clear()
        self._points.append((now_s, value))
        while len(self._points) > 2 and self._points[1][0] <= now_s - WINDOW_S:
            self._points.popleft()

    def per_s(self, now_s: float) -> float | None:
        """Return the speed now, None when too little was heard or nothing moves any more."""
        if len(self._points) < 2 or now_s - self._points[-1][0] > STALLED_S:
            return None
        (first_s, first), (last_s, last) = self._points[0], self._points[-1]
        if last_s - first_s < RATE_AFTER_S or last <= first:
            return None
        return (last - first) / (last_s - first_s)

    @property
    def span_s(self) -> float:
        """Seconds between the first and the last figure it goes by."""
        return self._points[-1][0] - self._points[0][0] if self._points else 0.0


class Progress:
    """Hears the events of one run. `outline` are the phases in order; without it only those begun are shown."""

    def __init__(self, outline: Sequence[PhaseOutline] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._phases = [PhaseView(phase.title, PhaseState.NEXT, 0, phase.steps) for phase in outline]
        self._phase_began = self._began
        self._last = StepProgress(0.0, "", 0, 0, 0.0)
        self._title = ""
        self._bytes, self._whole = Speed(), Speed()
        self._measured_from: float | None = None
        self._ended: PhaseState | None = None

    def __call__(self, event: Event) -> None:
        """Hear an event."""
        if isinstance(event, StepStarted):
            self._start(event)
        elif isinstance(event, StepProgress):
            self._move(event)
        elif isinstance(event, StepFinished):
            self._last = replace(self._last, fraction=max(self._last.fraction, event.fraction))
        elif isinstance(event, StepFailed):
            self._mark(PhaseState.FAILED)
        elif isinstance(event, Retried):
            self._mark(PhaseState.NOW)
            self._bytes = Speed()
        elif isinstance(event, PlanFinished):
            self._finish(event)

    def _start(self, event: StepStarted) -> None:
        at = self._current
        if at is None or self._phases[at].title != event.phase:
            at = self._enter(event.phase)
        phase = self._phases[at]
        self._phases[at] = replace(phase, step=phase.step + 1, steps=max(phase.steps, phase.step + 1))
        self._title = event.title
        self._bytes = Speed()
        self._last = StepProgress(self._last.fraction, "", 0, 0, 0.0)

    def _enter(self, title: str) -> int:
        """Go on to the next phase of that title and return its place; one that was not announced is put in."""
        self._mark(PhaseState.DONE)
        self._phase_began = self._clock()
        waiting = [at for at, phase in enumerate(self._phases) if phase.state is PhaseState.NEXT]
        for at in waiting:
            if self._phases[at].title == title:
                self._phases[at] = replace(self._phases[at], state=PhaseState.NOW)
                return at
        place = len(self._phases) - len(waiting)
        self._phases.insert(place, PhaseView(title, PhaseState.NOW, 0, 0))
        return place

    @property
    def _current(self) -> int | None:
        """The place of the phase that was begun last."""
        begun = [at for at, phase in enumerate(self._phases) if phase.state is not PhaseState.NEXT]
        return begun[-1] if begun else None

    def _mark(self, state: PhaseState) -> None:
        now = self._current
        if now is not None:
            duration_s = self._clock() - self._phase_began
            self._phases[now] = replace(self._phases[now], state=state, duration_s=duration_s)

    def _move(self, event: StepProgress) -> None:
        now_s = self._clock()
        self._last = replace(event, fraction=max(self._last.fraction, event.fraction))
        if not event.total_bytes:
            return
        self._bytes.add(now_s, event.done_bytes)
        self._whole.add(now_s, self._last.fraction)
        if self._measured_from is None:
            self._measured_from = self._last.fraction

    def _finish(self, event: PlanFinished) -> None:
        self._ended = PhaseState.DONE if event.ok else PhaseState.FAILED
        self._mark(self._ended)
        if event.ok:
            self._last = replace(self._last, fraction=1.0)

    def view(self) -> View:
        """Return how things stand now."""
        now_s = self._clock()
        phases = list(self._phases)
        at = self._current
        if at is not None and phases[at].state is PhaseState.NOW:
            phases[at] = replace(phases[at], duration_s=now_s - self._phase_began)
        return View(
            fraction=min(self._last.fraction, 1.0),
            title=self._title,
            item=self._last.item,
            done_bytes=self._last.done_bytes,
            total_bytes=self._last.total_bytes,
            rate_bytes_s=self._bytes.per_s(now_s) if self._ended is None else None,
            left_s=self._left_s(now_s),
            phases=tuple(phases),
            elapsed_s=now_s - self._began,
            finished=self._ended is PhaseState.DONE,
            failed=any(phase.state is PhaseState.FAILED for phase in phases) or self._ended is PhaseState.FAILED,
        )

    def _left_s(self, now_s: float) -> float | None:
        """Return the seconds left by the pace of the last seconds, once enough was seen to go by."""
        if self._ended is not None or self._measured_from is None or self._whole.span_s < LEFT_AFTER_S:
            return None
        pace = self._whole.per_s(now_s)
        if pace is None or self._last.fraction - self._measured_from < LEFT_AFTER_SHARE:
            return None
        return max(0.0, (1.0 - self._last.fraction) / pace)


def human_time_left(left_s: float) -> str:
    """Return the time left in words that do not jump about: `about 40 s`, `about 3 min`."""
    if left_s < 10:
        return "a few seconds"
    if left_s < 57.5:
        return f"about {round(left_s / 5) * 5} s"
    if left_s < 90:
        return "about 1 min"
    if left_s < 3570:
        return f"about {round(left_s / 60)} min"
    return f"about {round(left_s / 3600)} h"
