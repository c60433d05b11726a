"""The frame around every screen: title line, body, message and the line of keys; or that the terminal is too small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import urwid

from screens.widgets.cells import BoxElement, Drawing, FlowElement, Line, canvas, cut, width, wrap
from screens.widgets.form import Form

LEAST_COLUMNS, LEAST_ROWS = 70, 20
MESSAGE_ROWS = 4


def no_action() -> None:
    """Do nothing."""


@dataclass
class Layer:
    """What is shown in the frame, and what the keys that belong to no element do."""

    title: str
    form: Form
    keys: str
    step: str = ""
    help: str = ""
    esc: Callable[[], None] = no_action
    f12: Callable[[], None] = no_action
    message: tuple[str, str] = ("", "")
    special: dict[str, Callable[[], None]] = field(default_factory=dict)


class _Header(FlowElement):
    _selectable = False

    def __init__(self, product: str) -> None:
        super().__init__()
        self.product = product
        self.title = ""
        self.step = ""

    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        right = f"{self.step}  {self.title} " if self.step else f"{self.title} "
        left = cut(f" {self.product} Host setup", columns - width(right) - 2)
        gap = " " * max(1, columns - width(left) - width(right))
        rule: Line = [("plain", " "), ("rule", "─" * (columns - 2))]
        return Drawing([[("title", left + gap + right)], rule])


class _Footer(FlowElement):
    _selectable = False

    def __init__(self) -> None:
        super().__init__()
        self.message = ("", "")
        self.keys = ""

    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        attribute, text = self.message
        lines: list[Line] = []
        if text:
            mark = "! " if attribute == "error" else ""
            wrapped = wrap(mark + text, columns - 3)
            if len(wrapped) > MESSAGE_ROWS:
                wrapped = [*wrapped[: MESSAGE_ROWS - 1], cut(wrapped[MESSAGE_ROWS - 1] + " …", columns - 3)]
            lines = [[("plain", " "), (attribute, line)] for line in wrapped]
        return Drawing([*(lines or [[]]), [("keys", cut(f" {self.keys}", columns - 1))]])


class _TooSmall(BoxElement):
    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        text = f"This terminal is too small: {LEAST_COLUMNS} columns and {LEAST_ROWS} rows are needed. Make it larger."
        lines: list[Line] = [[("plain", line)] for line in wrap(text, max(1, columns))]
        return Drawing(lines, (0, 0))


class Desk(urwid.Widget):
    """The topmost widget."""

    _sizing = frozenset([urwid.BOX])
    _selectable = True
    no_cache = ("render",)

    def __init__(
        self, product: str, on_key: Callable[[str], None], guarded: Callable[[Callable[[], object]], None]
    ) -> None:
        super().__init__()
        self._header = _Header(product)
        self._footer = _Footer()
        self._small = _TooSmall()
        self._on_key = on_key
        self._guarded = guarded
        self._layer: Layer | None = None
        self._frame: urwid.Frame = urwid.Frame(  # type: ignore[type-arg]  # of any widgets
            urwid.SolidFill(" "), header=self._header, footer=self._footer
        )

    def show(self, layer: Layer) -> None:
        """Show a layer."""
        self._layer = layer
        self._frame.body = layer.form
        self.refresh()

    def refresh(self) -> None:
        """Take over what changed in the layer around its form."""
        if self._layer is not None:
            self._header.title, self._header.step = self._layer.title, self._layer.step
            self._footer.message, self._footer.keys = self._layer.message, self._layer.keys
        self._invalidate()

    def render(self, size: tuple[int, ...], focus: bool = False) -> urwid.Canvas:
        """Draw it."""
        columns, rows = size
        if columns < LEAST_COLUMNS or rows < LEAST_ROWS:
            return canvas(self._small.draw(columns, rows, focus=focus), columns, rows)
        return self._frame.render((columns, rows), focus)

    def keypress(self, size: tuple[int, ...], key: str) -> str | None:
        """Hand a key to the form, what it does not take to the application; no key ends the session by a fault."""
        columns, rows = size
        if columns < LEAST_COLUMNS or rows < LEAST_ROWS or self._layer is None:
            return None
        form = self._layer.form
        self._guarded(lambda: self._take(form.keypress((columns, max(1, rows - 4)), key)))
        return None

    def _take(self, unhandled: str | None) -> None:
        if unhandled is not None:
            self._on_key(unhandled)
