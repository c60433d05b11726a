"""A list to choose from: arrows, pages, letters that jump, half a page at its edge; with marks for several."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from screens.keys import is_text
from screens.widgets.cells import BoxElement, Drawing, Line, fill, joined, width


@dataclass(frozen=True)
class Item:
    """One row: the columns to show, and the value it stands for; letters look for `word` (the first column)."""

    value: str
    columns: tuple[str, ...]
    word: str = ""


def folded(text: str) -> str:
    """Return a text as it is looked for: without case, accents and underscores."""
    plain = unicodedata.normalize("NFKD", text.replace("_", " ")).casefold()
    return "".join(character for character in plain if not unicodedata.combining(character))


class Listing(BoxElement):
    """Rows in a frame, and lines below it. With `marks` Space marks several, else the row under the cursor is taken."""

    def __init__(
        self,
        items: Sequence[Item],
        chosen: str = "",
        *,
        heading: tuple[str, ...] = (),
        marks: set[str] | None = None,
        below: Sequence[str] = (),
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        super().__init__()
        self._below = tuple(below)
        self._items = tuple(items)
        self._heading = heading
        self._widths = self._measure()
        self._words = [folded(item.word or item.columns[0]) for item in self._items]
        self._at = next((n for n, item in enumerate(self._items) if item.value == chosen), 0)
        self._top = 0
        self._height = 10
        self._typed = ""
        self.marks = marks
        self.say = say

    def _measure(self) -> list[int]:
        rows = [item.columns for item in self._items] + ([self._heading] if self._heading else [])
        count = max((len(row) for row in rows), default=1)
        return [max((width(row[n]) for row in rows if n < len(row)), default=0) for n in range(count)]

    @property
    def value(self) -> str:
        """The value of the row under the cursor, empty when there is none."""
        return self._items[self._at].value if self._items else ""

    def memory(self) -> str:
        """Return the row under the cursor and the marked ones."""
        return "\n".join([self.value, *sorted(self.marks or ())])

    def recall(self, text: str) -> None:
        """Go to that row and mark those that are still there."""
        value, *marked = text.split("\n")
        values = [item.value for item in self._items]
        if value in values:
            self._at = values.index(value)
        if self.marks is not None:
            self.marks = set(marked) & set(values)

    def enter(self, *, backwards: bool) -> None:
        """Begin a new search."""
        self._typed = ""

    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        """Draw the frame with as many rows as it holds."""
        inner = columns - 4
        head = 1 if self._heading else 0
        room = (rows or 100) - 2 - head - len(self._below)
        self._height = max(1, min(room, len(self._items)))
        self._scroll()
        lines: list[Line] = [[("plain", " "), ("rule", "┌" + "─" * inner + self._more(up=True) + "┐")]]
        if head:
            heading = ("rule", "│"), ("strong", fill(self._row(self._heading, " ", ""), inner + 1)), ("rule", "│")
            lines.append([("plain", " "), *heading])
        for number in range(self._top, self._top + self._height):
            lines.append([("plain", " "), ("rule", "│"), self._shown(number, inner + 1, focus=focus), ("rule", "│")])
        lines.append([("plain", " "), ("rule", "└" + "─" * inner + self._more(up=False) + "┘")])
        lines += [[("dim", f"  {text}")] for text in self._below]
        cursor = (3, 1 + head + self._at - self._top) if focus else None
        return Drawing(lines, cursor)

    def _more(self, *, up: bool) -> str:
        if up:
            return "▲" if self._top else "─"
        return "▼" if self._top + self._height < len(self._items) else "─"

    def _row(self, columns: Sequence[str], pointer: str, mark: str) -> str:
        cells = [fill(text, self._widths[n]) for n, text in enumerate(columns)]
        return f" {pointer} {mark}{joined(cells)}".rstrip()

    def _shown(self, number: int, columns: int, *, focus: bool) -> tuple[str, str]:
        if number >= len(self._items):
            return ("plain", " " * columns)
        item = self._items[number]
        here = number == self._at
        mark = "" if self.marks is None else "[x] " if item.value in self.marks else "[ ] "
        text = fill(self._row(item.columns, "►" if here else " ", mark), columns)
        return ("focus" if here and focus else "chosen" if here and self.marks is None else "plain", text)

    def _scroll(self) -> None:
        """Keep the cursor in view; at an edge move half a page, so that a slow line is painted seldom."""
        half = max(1, self._height // 2)
        if self._at < self._top:
            self._top = self._at - half + 1 if self._at > self._top - half else self._at
        elif self._at >= self._top + self._height:
            self._top = self._at - half
        self._top = max(0, min(self._top, len(self._items) - self._height))

    def keypress(self, size: tuple[int, ...], key: str) -> str | None:
        """Move, mark or look for what was typed."""
        if not self._items:
            return key
        page = max(1, self._height - 1)
        moves = {"up": -1, "down": 1, "page up": -page, "page down": page, "home": -self._at, "end": len(self._items)}
        if key in moves:
            at = max(0, min(len(self._items) - 1, self._at + moves[key]))
            if at == self._at and key in ("up", "down"):
                return key if key == "up" else None
            self._at, self._typed = at, ""
        elif key == " " and not self._typed:
            if self.marks is None:
                return "enter"
            self.marks ^= {self.value}
        elif key == "backspace" and self._typed:
            self._typed = self._typed[:-1]
            self._find(self._typed)
        elif is_text(key) and key.isprintable() and key != "?":
            self._find(self._typed + key)
        else:
            return key
        self.changed()
        return None

    def _find(self, typed: str) -> None:
        wanted = folded(typed)
        for fits in (str.startswith, _has_word, str.__contains__):
            number = next((n for n, word in enumerate(self._words) if wanted and fits(word, wanted)), None)
            if number is not None:
                self._at, self._typed = number, typed
                self.say(f"searching for: {typed}")
                return
        if wanted:
            self.say(f"nothing in the list is called {typed}")


def _has_word(text: str, wanted: str) -> bool:
    return any(word.startswith(wanted) for word in text.replace("/", " ").split())
