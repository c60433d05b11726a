"""Telling others how a run goes: every record of it, to any number of places, without ever being waited for."""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from backend.reports.carriers import Sender, carrier_for
from backend.reports.outbox import PROGRESS, Outbox, Record
from installer.model.identity import Identity
from installer.model.source import Location

Mask = Callable[[Record], Record]
AT_THE_END_S = 5.0  # how long the end of a run waits for the last records to be taken
KEPT = 200  # records from before it is known where they are to go
PROGRESS_S = 1.0  # more of it nobody wants to be told


class Reports:
    """Hands records to the places that are opened; what came before is told them first.

    Every record gets the time in UTC and a number in the run, so that whoever reads them sees what is missing.
    All but `put` are called by one thread.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._lock = threading.Lock()
        self._before: deque[Record] = deque(maxlen=KEPT)
        self._outboxes: dict[str, Outbox] = {}
        self._number = 0
        self._progress_s = -PROGRESS_S
        self.run = uuid.uuid4().hex

    def open(self, location: Location, identity: Identity) -> None:
        """Report to this place from now on, and what was put before; twice is once."""
        address = location.url.reveal()
        if address in self._outboxes:
            return
        sender = Sender(identity.headers(), identity.own_hostname, self.run)
        outbox = Outbox(carrier_for(location, sender), self._mask)
        with self._lock:
            for record in self._before:
                outbox.put(record)
            self._outboxes[address] = outbox

    def put(self, record: Record) -> None:
        """Take a record; costs next to nothing, whatever the servers do."""
        with self._lock:
            if record.get("event") == PROGRESS:
                if time.monotonic() - self._progress_s < PROGRESS_S:
                    return
                self._progress_s = time.monotonic()
            self._number += 1
            at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            numbered = {"event": record.get("event", ""), "time": at, "sequence": self._number, **record}
            if record.get("event") != PROGRESS:
                self._before.append(numbered)
            for outbox in self._outboxes.values():
                outbox.put(numbered)

    def faults(self) -> tuple[str, ...]:
        """Return what is to be said of places that cannot be reached, each once."""
        return tuple(fault for outbox in self._outboxes.values() if (fault := outbox.new_fault()))

    def close(self) -> tuple[str, ...]:
        """Wait a moment for the last records to be taken; returns what is to be said of those that were not."""
        end_s = time.monotonic() + AT_THE_END_S
        for outbox in self._outboxes.values():
            outbox.finish()
        told = [outbox.wait(max(0.0, end_s - time.monotonic())) for outbox in self._outboxes.values()]
        self._outboxes = {}
        return tuple(text for text in told if text)
