"""A running installation as the screens see it: it goes on in a thread of its own and asks when it must."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue

from installer.model.errors import Cancelled, InstallerError
from installer.model.events import AfterFailure, Event, StepFailed
from installer.model.ports import Machine, Preview


@dataclass(frozen=True)
class TimeQuestion:
    """What time it is in a zone, as far as the machine knows."""

    zone: str
    proposed: datetime


Question = StepFailed | TimeQuestion
Answer = AfterFailure | datetime | None


class Run:
    """Listens to an installation. Its first three methods are called on the installation's thread, all others on the
    screens'; `wake` is called when there is something to ask or all is over."""

    def __init__(self, machine: Machine, preview: Preview, wake: Callable[[], None]) -> None:
        self._machine = machine
        self._preview = preview
        self._wake = wake
        self._events: deque[Event] = deque()
        self._answers: SimpleQueue[Answer] = SimpleQueue()
        self._stopping = threading.Event()
        self._stop_told = False
        self._thread = threading.Thread(target=self._install, name="installation", daemon=True)
        self.question: Question | None = None
        self.failure: BaseException | None = None
        self.over = False

    def event(self, event: Event) -> None:
        """Keep an event for the screen; a run that is to stop ends here."""
        self._events.append(event)
        if self._stopping.is_set() and not self._stop_told:
            self._stop_told = True
            raise Cancelled("broken off by the user")

    def failed(self, failure: StepFailed) -> AfterFailure:
        """Ask what to do; the failed step's resources are held meanwhile."""
        answer = None if self._stopping.is_set() else self._ask(failure)
        return answer if isinstance(answer, AfterFailure) else AfterFailure.STOP

    def local_time(self, zone: str, proposed: datetime) -> datetime | None:
        """Ask what time it is."""
        answer = None if self._stopping.is_set() else self._ask(TimeQuestion(zone, proposed))
        return answer if isinstance(answer, datetime) else None

    def _ask(self, question: Question) -> Answer:
        self.question = question
        self._wake()
        return self._answers.get()

    def _install(self) -> None:
        try:
            self._machine.install(self._preview, self)
        except BaseException as problem:  # whatever ends the thread is told on the screens'
            self.failure = problem
        self.over = True
        self._wake()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def answer(self, answer: Answer) -> None:
        """Answer the question."""
        self.question = None
        self._answers.put(answer)

    def take_events(self) -> list[Event]:
        """Return what happened since the last time."""
        taken = []
        while self._events:
            taken.append(self._events.popleft())
        return taken

    def stop(self) -> None:
        """End the run at its next event and wait until everything is released."""
        self._stopping.set()
        if self.question is not None:
            self.answer(None)
        if self._thread.is_alive():
            self._thread.join()

    @property
    def error(self) -> InstallerError | None:
        """Return why it ended, None when all is well."""
        if self.failure is None or isinstance(self.failure, InstallerError):
            return self.failure
        error = InstallerError("a fault in the installer itself", hint="please report it with the log")
        error.__cause__ = self.failure
        return error
