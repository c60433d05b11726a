"""What waits to be reported to one place: a queue with an end, and a thread that empties it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from installer.model.errors import InstallerError

Record = Mapping[str, object]
PROGRESS = "StepProgress"


class RefusedError(InstallerError):
    """The server has answered, and will never take these records."""


class Carrier(Protocol):
    """The way to one place."""

    @property
    def shown(self) -> str:
        """The address for people, without credentials."""

    def send(self, records: Sequence[Record]) -> None:
        """Have the records taken; raises RefusedError, or another InstallerError when trying again is of use."""


@dataclass(frozen=True)
class Pace:
    """How many records wait at most and go at once; how long they are gathered, and the pauses after a failure."""

    capacity: int = 1000
    batch: int = 100
    gather_s: float = 1.0
    pause_s: float = 1.0
    longest_pause_s: float = 30.0
    moment_s: float = 0.5
    tries_before_told: int = 2
    tries_at_the_end: int = 4


class Outbox:
    """Takes records at any speed. Where there are too many, progress goes first, then the oldest."""

    def __init__(self, carrier: Carrier, mask: Callable[[Record], Record], pace: Pace = Pace()) -> None:
        self._carrier = carrier
        self._mask = mask
        self._pace = pace
        self._changed = threading.Condition()
        self._waiting: deque[Record] = deque()
        self._finishing = False
        self._dropped = 0
        self._failures = 0
        self._fault = ""
        self._told = False
        # a daemon: a server that holds it up never holds up the end of the program
        self._thread = threading.Thread(target=self._work, name="report", daemon=True)
        self._thread.start()

    def put(self, record: Record) -> None:
        """Add a record."""
        with self._changed:
            self._waiting.append(record)
            self._trim()
            self._changed.notify()

    def new_fault(self) -> str:
        """Return why records do not arrive, once."""
        with self._changed:
            if self._told or not self._fault or self._failures < self._pace.tries_before_told:
                return ""
            self._told = True
            return f"the report to {self._carrier.shown} does not arrive, the installation goes on: {self._fault}"

    def finish(self) -> None:
        """There will be no more records: those that wait are sent without pauses."""
        with self._changed:
            self._finishing, self._failures = True, 0
            self._changed.notify()

    def wait(self, limit_s: float) -> str:
        """Wait until all is sent, but not longer; returns what is to be said when it was not and nothing was yet."""
        self._thread.join(limit_s)
        with self._changed:
            lost = len(self._waiting) + self._dropped
            if not (self._thread.is_alive() or lost) or self._told:
                return ""
            self._told = True
            why = self._fault or "the server is slow"
            return f"the report to {self._carrier.shown} is not complete: {why}"

    def _trim(self) -> None:
        """Drop what is over the capacity, the oldest progress first."""
        while len(self._waiting) > self._pace.capacity:
            progress = next((at for at, one in enumerate(self._waiting) if one.get("event") == PROGRESS), 0)
            del self._waiting[progress]
            self._dropped += 1

    def _work(self) -> None:
        pause_s = self._pace.pause_s
        while batch := self._next_batch():
            try:
                self._carrier.send([self._mask(record) for record in batch])
            except RefusedError as error:
                self._fail(error, ())
            except Exception as error:  # a report must not end anything, whatever a server makes of its parts
                self._fail(error, batch)
                if self._finishing and self._failures >= self._pace.tries_at_the_end:
                    return
                self._pause(pause_s)
                pause_s = min(pause_s * 2, self._pace.longest_pause_s)
            else:
                pause_s = self._pace.pause_s
                with self._changed:
                    self._failures, self._fault = 0, ""

    def _next_batch(self) -> list[Record]:
        """Wait for records, and a little longer for more of them; returns none when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._finishing)
            self._changed.wait_for(lambda: self._finishing, self._pace.gather_s)
            count = min(len(self._waiting), self._pace.batch)
            return [self._waiting.popleft() for _ in range(count)]

    def _fail(self, error: Exception, batch: Sequence[Record]) -> None:
        with self._changed:
            self._fault = f"{error.where}: {error.what}" if isinstance(error, InstallerError) else type(error).__name__
            self._failures += 1
            if batch:
                self._waiting.extendleft(reversed(batch))
                self._trim()
            else:
                self._dropped += 1

    def _pause(self, seconds: float) -> None:
        """Wait before the next try, at the end of the run only for a moment."""
        with self._changed:
            self._changed.wait_for(lambda: self._finishing, seconds)
        if self._finishing:
            time.sleep(self._pace.moment_s)
