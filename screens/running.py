"""The screens of a running installation: progress, the questions it asks, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from installer.model.errors import InstallerError
from installer.model.events import AfterFailure, StepFailed
from installer.model.ports import Preview
from installer.model.progress import Progress
from screens.progress import ProgressScreen
from screens.result import FailureScreen, OtherSourceScreen, failure_of
from screens.run import Run, TimeQuestion
from screens.screen import State
from screens.set_time import SetTimeScreen

if TYPE_CHECKING:
    from screens.app import App


class Installing:
    """Paints at most as often as the terminal bears, whatever the installation tells.

    `ended` hears how it ended, instead of the screens that come last.
    """

    def __init__(
        self, app: App, state: State, preview: Preview, ended: Callable[[InstallerError | None], None] | None = None
    ) -> None:
        self._app = app
        self._state = state
        self._tell_end = ended
        self.run = Run(app.machine, preview, app.wake)
        self._progress = Progress(preview.phases)
        self._screen: ProgressScreen | None = None
        self._asked = False
        self._ended = False
        self._last_failure: StepFailed | None = None

    def start(self) -> None:
        """Begin, and show the bar."""
        self._show_progress()
        self.run.start()
        self._tick()

    def _show_progress(self) -> None:
        self._screen = ProgressScreen(self._state, self._app.machine, self._app.say)
        self._app.show(self._screen)

    def _tick(self) -> None:
        self.paint()
        if not self.run.over:
            self._app.loop.set_alarm_in(self._app.look.tick_s, lambda loop, data: self._tick())

    def paint(self) -> None:
        """Put what has happened on the screen."""
        self._hear()
        if self._screen is not None:
            self._screen.show(self._progress.view())

    def _hear(self) -> None:
        for event in self.run.take_events():
            self._progress(event)
            if isinstance(event, StepFailed):
                self._last_failure = event

    def look(self) -> None:
        """See whether it asks something or is over."""
        self._hear()
        question = self.run.question
        if self.run.over:
            self._end()
        elif question is not None and not self._asked:
            self._asked = True
            self._screen = None
            if isinstance(question, TimeQuestion):
                self._ask_time(question)
            else:
                self._ask_retry(question)

    def _go_on(self, answer: AfterFailure | datetime | None) -> None:
        self._asked = False
        self.run.answer(answer)
        self._show_progress()
        if self._screen is not None:
            self._screen.show(self._progress.view())

    def _ask_time(self, question: TimeQuestion) -> None:
        screen = SetTimeScreen(self._state, self._app.machine, self._app.say)
        screen.question, screen.answer = question, self._go_on
        self._app.show(screen)

    def _ask_retry(self, failure: StepFailed) -> None:
        screen = FailureScreen(self._state, self._app.machine, self._app.say)
        screen.failure = failure
        screen.retry = lambda: self._go_on(AfterFailure.RETRY)
        screen.give_up = self.run.stop
        if self._tell_end is not None:
            screen.go_on = lambda: self._go_on(AfterFailure.STOP)
        screen.shell = self._app.shell
        screen.other_source = lambda: self._ask_source(failure)
        self._app.show(screen)

    def _ask_source(self, failure: StepFailed) -> None:
        screen = OtherSourceScreen(self._state, self._app.machine, self._app.say)
        screen.retry = lambda: self._go_on(AfterFailure.RETRY)
        screen.back = lambda: self._ask_retry(failure)
        self._app.show(screen)

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._screen = None
        error = self.run.error
        if self.run.failure is not None and error is not self.run.failure:
            self._app.setting.on_fault(self.run.failure)
        if self._tell_end is not None:
            self._tell_end(error)
            return
        if error is None:
            self._app.complete(self._state)
            return
        failed = FailureScreen(self._state, self._app.machine, self._app.say)
        failed.failure = self._last_failure or failure_of(error)
        failed.shell = self._app.shell
        self._app.show(failed)
