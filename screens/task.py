"""A work that runs in a thread, and the layer that shows it and lets it be broken off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from installer.model.ports import Cancel
from screens.desk import Layer
from screens.screen import Report, Work
from screens.widgets.bar import Bar
from screens.widgets.buttons import Button, Buttons
from screens.widgets.cells import Paragraph
from screens.widgets.form import Form

FAST_S, SERIAL_S = 0.2, 1.0  # between two figures


class Task:
    """`over` once the result or the problem is there; both are read on the UI thread."""

    def __init__(
        self,
        work: Work,  # type: ignore[type-arg]  # a work of anything
        wake: Callable[[], None],
        break_off: Callable[[], None],
        *,
        serial: bool,
    ) -> None:
        self.work = work
        self.result: object = None
        self.problem: BaseException | None = None
        self.over = False
        self.shown = False
        self._wake = wake
        self._break_off = break_off
        self._cancel = Cancel()
        self._least_s = SERIAL_S if serial else FAST_S
        self._told_at = 0.0
        self._report = Report(self._tell)
        self._bar = Bar(None)
        self._text = Paragraph("", indent=3)
        self._thread = threading.Thread(target=self._run, name=work.title, daemon=True)

    def _tell(self) -> None:
        """Wake the UI, but not too often: every figure is painted."""
        now = time.monotonic()
        if now - self._told_at >= self._least_s:
            self._told_at = now
            self._wake_unless_cancelled()

    def _wake_unless_cancelled(self) -> None:
        if not self._cancel.is_set():
            self._wake()

    def _run(self) -> None:
        try:
            self.result = self.work.run(self._cancel, self._report)
        except BaseException as problem:  # told on the UI thread
            self.problem = problem
        self.over = True
        self._wake_unless_cancelled()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait a moment for the end."""
        self._thread.join(seconds)

    def cancel(self) -> None:
        """Have it end as soon as it can; nobody waits for it."""
        self._cancel.set()

    def progress(self) -> None:
        """Show how far it is."""
        self._bar.fraction = self._report.fraction
        self._text.text = self._report.text
        self._bar.changed()
        self._text.changed()

    def layer(self) -> Layer:
        """Return what is shown meanwhile."""
        self.shown = True
        title = Paragraph(f"{self.work.title} …", "strong", indent=3)
        elements = [Paragraph(""), title, Paragraph(""), self._bar, Paragraph(""), self._text]
        form = Form(elements, Buttons([Button("Break off", self._break_off)]))
        return Layer("One moment", form, "Enter or Esc break off", esc=self._break_off)
