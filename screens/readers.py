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
    return reader_of(title, Viewer(lines, at_end=at_end), close)


def reader_of(title: str, viewer: Viewer, close: Callable[[], None]) -> Layer:
    """Return a layer that shows a text, which may be replaced, until it is closed."""
    return Layer(title, Form([viewer], Buttons([Button("Close", close)])), KEYS, esc=close, f12=close)
