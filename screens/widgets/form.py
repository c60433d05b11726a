"""A screen's body: elements below each other, buttons last, and one of them has the focus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import urwid

from screens.widgets.buttons import Buttons
from screens.widgets.cells import BoxElement, Element, Paragraph
from screens.widgets.field import Field
from screens.widgets.viewer import Viewer


class Form(urwid.WidgetWrap[urwid.Pile]):
    """Tab and Alt+Tab go round the elements, arrows go to the next one, Enter in a field goes on.

    Where there are not enough rows, texts that may be spared give way, the last one first.
    """

    no_cache: ClassVar[list[str]] = ["render"]  # what is shown depends on the size it was drawn in before

    def __init__(self, elements: Sequence[Element], buttons: Buttons) -> None:
        self.elements = (*elements, buttons)
        self.buttons = buttons
        rows: list[tuple[str, Element] | tuple[str, int, Element]] = []
        for element in self.elements:
            weight = isinstance(element, BoxElement)
            if element is buttons and not any(isinstance(other, BoxElement) for other in elements):
                rows.append(("weight", 1, urwid.SolidFill(" ")))  # type: ignore[arg-type]  # not one of ours
            rows.append(("weight", 4, element) if weight else ("pack", element))
        super().__init__(urwid.Pile(rows))  # type: ignore[arg-type]  # the union of both shapes
        self._whole = list(self._w.contents)
        first = next((element for element in self.elements if element.selectable()), buttons)
        self.focus_on(first)

    @property
    def focused(self) -> Element | None:
        """The element with the focus."""
        found = self._w.focus
        return found if isinstance(found, Element) else None

    def focus_on(self, element: Element) -> None:
        """Move the focus."""
        for position, (widget, _) in enumerate(self._w.contents):
            if widget is element:
                self._w.focus_position = position
        self._invalidate()

    def field(self, name: str) -> Element | None:
        """Return the element of that name."""
        return next((element for element in self.elements if getattr(element, "name", "") == name), None)

    def render(self, size: tuple[int, ...], focus: bool = False) -> urwid.Canvas:
        """Draw what fits."""
        self._fit(size[0], size[1])
        return super().render((size[0], size[1]), focus)

    def _fit(self, columns: int, rows: int) -> None:
        missing = (
            sum(element.rows((columns,)) for element in self.elements if not isinstance(element, BoxElement)) - rows
        )
        spared: list[Element] = []
        for element in reversed(self.elements):
            if missing > 0 and isinstance(element, Paragraph) and element.spare:
                spared.append(element)
                missing -= element.rows((columns,))
        shown = [pair for pair in self._whole if pair[0] not in spared]
        if len(shown) != len(self._w.contents):
            focused = self._w.focus
            self._w.contents[:] = shown
            self._w.focus_position = next(at for at, (widget, _) in enumerate(shown) if widget is focused)

    def keypress(self, size: tuple[int, ...], key: str) -> str | None:
        """Give the key to the focused element; move the focus by what it hands back."""
        unhandled = self._w.keypress((size[0], size[1]), key)
        if unhandled in ("tab", "shift tab"):
            self._move(1 if unhandled == "tab" else -1)
            return None
        if unhandled in ("page up", "page down"):
            viewer = next((element for element in self.elements if isinstance(element, Viewer)), None)
            if viewer is not None:
                viewer.keypress((size[0], size[1]), unhandled)
            return None
        if unhandled == "enter" and isinstance(self.focused, Field | Viewer):
            if self._move(1) is self.buttons:
                self.buttons.move_to(self.default_label)
            return None
        return unhandled

    default_label = "Ok"

    def _move(self, step: int) -> Element | None:
        stops = [element for element in self.elements if element.selectable()]
        if not stops:
            return None
        at = stops.index(self.focused) if self.focused in stops else -1
        to = stops[(at + step) % len(stops)]
        if isinstance(to, Buttons):
            to.enter_by_tab(backwards=step < 0)
        to.enter(backwards=step < 0)
        self.focus_on(to)
        return to
