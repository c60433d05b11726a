"""The row of buttons at the bottom of a screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from screens.widgets.cells import Drawing, FlowElement, Line, width


@dataclass(frozen=True)
class Button:
    """A label and what pressing it does."""

    label: str
    press: Callable[[], None]


class Buttons(FlowElement):
    """Right-aligned buttons; Left, Right and Tab move, Enter and Space press."""

    def __init__(self, buttons: Sequence[Button], default: int = -1) -> None:
        super().__init__()
        self._buttons = tuple(buttons)
        self._at = default % len(self._buttons) if self._buttons else 0

    @property
    def label(self) -> str:
        """The label of the button under the cursor."""
        return self._buttons[self._at].label if self._buttons else ""

    def selectable(self) -> bool:
        """Only with buttons."""
        return bool(self._buttons)

    def move_to(self, label: str) -> None:
        """Put the cursor on a button."""
        self._at = next((n for n, button in enumerate(self._buttons) if button.label == label), self._at)
        self.changed()

    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        """Draw `< Back >  < Ok >`."""
        pieces = [f"< {button.label} >" for button in self._buttons]
        gap = 3 if sum(map(width, pieces)) + 3 * len(pieces) < columns - 1 else 1
        column = max(0, columns - 2 - sum(map(width, pieces)) - gap * max(0, len(pieces) - 1))
        line: Line = [("plain", " " * column)]
        cursor = None
        for number, piece in enumerate(pieces):
            here = focus and number == self._at
            if here:
                cursor = (column + 2, 0)
            line += [("plain", " " * gap if number else ""), ("focus" if here else "plain", piece)]
            column += width(piece) + gap
        return Drawing([line], cursor)

    def keypress(self, size: tuple[int, ...], key: str) -> str | None:
        """Move or press."""
        step = {"left": -1, "shift tab": -1, "right": 1, "tab": 1}.get(key, 0)
        if step and 0 <= self._at + step < len(self._buttons):
            self._at += step
        elif key in ("enter", " ") and self._buttons:
            self._buttons[self._at].press()
        elif key in ("left", "right"):
            return None
        else:
            return key
        self.changed()
        return None

    def enter_by_tab(self, *, backwards: bool) -> None:
        """Tab comes to the first button, backwards to the last."""
        self._at = len(self._buttons) - 1 if backwards else 0
