"""Text to be read, longer than the screen: scrolled by arrows and pages."""

from __future__ import annotations

from collections.abc import Sequence

from screens.widgets.cells import BoxElement, Drawing, Line, wrap

Attributed = tuple[str, str]


class Viewer(BoxElement):
    """Lines with an attribute each, wrapped; it says how much there is below.

    With `at_end` the end stays in view when lines are added, until a person scrolls up."""

    def __init__(self, lines: Sequence[str | Attributed], *, at_end: bool = False, hang: int = 0) -> None:
        super().__init__()
        self._lines: list[Attributed] = []
        self._top = 0
        self._height = 10
        self._total = 0
        self._at_end = self._follows = at_end
        self._hang = hang
        self.replace(lines)

    def replace(self, lines: Sequence[str | Attributed]) -> None:
        """Show other lines."""
        self._lines = [("plain", line) if isinstance(line, str) else line for line in lines]
        self.changed()

    @property
    def texts(self) -> tuple[str, ...]:
        """The lines as they were given."""
        return tuple(text for _, text in self._lines)

    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        """Draw what is in view, with a line that tells what is not."""
        wrapped: list[Line] = []
        for attribute, text in self._lines:
            first, *rest = wrap(text, columns - 2)
            wrapped.append([("plain", " "), (attribute, first)])
            wrapped += [[("plain", " " * (1 + self._hang)), (attribute, more)] for more in rest]
        self._total = len(wrapped)
        self._height = max(1, rows - 1) if rows else self._total
        if self._at_end:
            self._top = self._total
        self._top = max(0, min(self._top, self._total - self._height))
        lines = wrapped[self._top : self._top + self._height]
        if rows is None:
            return Drawing(lines, (0, 0) if focus else None)
        lines += [[] for _ in range(self._height - len(lines))]
        hint = self._hint() or ("this is all of the text" if focus else "")
        marker = "►" if focus and hint else " "
        lines.append([("plain", marker), ("focus" if focus and hint else "dim", f" {hint} " if hint else "")])
        return Drawing(lines, (0, len(lines) - 1 if hint else 0) if focus else None)

    def _hint(self) -> str:
        below = self._total - self._top - self._height
        if below > 0:
            return f"{below} more line{'s' if below > 1 else ''} below: Down, PgDn"
        return "end of text: Up, PgUp" if self._top else ""

    def keypress(self, size: tuple[int, ...], key: str) -> str | None:
        """Scroll; at an end the arrows go on to the next element."""
        page = max(1, self._height - 1)
        moves = {"up": -1, "down": 1, "page up": -page, "page down": page, " ": page, "home": -self._total,
                 "end": self._total}  # fmt: skip
        if key not in moves:
            return key
        top = max(0, min(self._total - self._height, self._top + moves[key]))
        if top == self._top and key in ("up", "down"):
            return key
        self._top = top
        self._at_end = self._follows and top == self._total - self._height
        self.changed()
        return None
