"""Text over a screen: help, log, plan; any of Esc, Enter and F12 closes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from screens.desk import Layer
from screens.widgets.buttons import Button, Buttons
from screens.widgets.form import Form
from screens.widgets.viewer import Viewer

KEYS = "Up Down PgUp PgDn scroll  Enter or Esc close"


def reader(title: str, lines: Sequence[str], close: Callable[[], None], *, at_end: bool = False) -> Layer:
    """Return a layer that shows lines until it is closed."""
    form = Form([Viewer(lines, at_end=at_end)], Buttons([Button("Close", close)]))
    return Layer(title, form, KEYS, esc=close, f12=close)
