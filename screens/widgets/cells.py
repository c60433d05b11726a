"""Lines of attributed text, cut and filled to columns, and widgets drawn from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import urwid
from wcwidth import wcwidth

Segment = tuple[str, str]
Line = list[Segment]


@dataclass(frozen=True)
class Drawing:
    """Lines, and where among them the cursor is (column, row)."""

    lines: Sequence[Line]
    cursor: tuple[int, int] | None = None


@lru_cache(maxsize=4096)
def character_width(character: str) -> int:
    """Return how many columns a character takes: none for combining and invisible ones."""
    return max(0, wcwidth(character))


def width(text: str) -> int:
    """Return how many columns a text takes."""
    if text.isascii():
        return len(text)
    return sum(map(character_width, text))


def cut(text: str, columns: int) -> str:
    """Return as much of the text as fits, with an ellipsis where something was left out."""
    if width(text) <= columns:
        return text
    taken, used = "", 0
    for character in text:
        used += character_width(character)
        if used > columns - 1:
            break
        taken += character
    return f"{taken}…" if columns > 0 else ""


def fill(text: str, columns: int) -> str:
    """Return the text cut or filled up with blanks to this many columns."""
    short = cut(text, columns)
    return short + " " * (columns - width(short))


def fit(line: Line, columns: int) -> Line:
    """Return the line cut or filled up with blanks to this many columns."""
    fitted: Line = []
    left = columns
    for attribute, text in line:
        short = cut(text, left)
        fitted.append((attribute, short))
        left -= width(short)
        if short != text or left <= 0:
            break
    if left > 0:
        fitted.append(("plain", " " * left))
    return [segment for segment in fitted if segment[1]]


def canvas(drawing: Drawing, columns: int, rows: int) -> urwid.TextCanvas:
    """Return a canvas of exactly this size."""
    texts: list[bytes] = []
    attributes: list[list[tuple[str, int]]] = []
    lines: list[Line] = [*drawing.lines[:rows], *([] for _ in range(rows - len(drawing.lines)))]
    for line in lines:
        encoded = [(attribute, text.encode("utf-8", "replace")) for attribute, text in fit(line, columns)]
        texts.append(b"".join(text for _, text in encoded))
        attributes.append([(attribute, len(text)) for attribute, text in encoded])
    cursor = drawing.cursor
    if cursor is not None:
        cursor = (min(cursor[0], columns - 1), cursor[1]) if cursor[1] < rows else None
    return urwid.TextCanvas(texts, attributes, cursor=cursor, maxcol=columns, check_width=False)  # type: ignore[arg-type]  # attributes


def wrap(text: str, columns: int) -> list[str]:
    """Return a text broken at blanks into lines of at most this many columns; a word too long is broken anywhere.

    Blanks within a line stay as they are; what is broken goes on below the first word.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        indent = paragraph[: len(paragraph) - len(paragraph.lstrip(" "))][: columns // 2]
        line = ""
        for spaces, word in re.findall(r"( *)([^ ]+)", paragraph):
            if width(line) + len(spaces) + width(word) <= columns:
                line += spaces + word
                continue
            if line.strip():
                lines.append(line)
            line = indent + word
            while width(line) > columns:
                head = _head(line, columns)
                lines.append(head)
                line = line[len(head) :]
        lines.append(line)
    return lines


def _head(text: str, columns: int) -> str:
    """Return as many characters as fit, one at least."""
    used = 0
    for number, character in enumerate(text):
        used += character_width(character)
        if used > columns and number:
            return text[:number]
    return text


class Element(urwid.Widget):
    """A widget drawn from lines; whatever changes, it is drawn anew (the terminal compares cells)."""

    no_cache = ("render", "rows")
    _selectable = True

    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        """Return the lines for this width; `rows` is None where the height is the element's own."""
        raise NotImplementedError

    def changed(self) -> None:
        """Have it drawn anew."""
        self._invalidate()

    def render(self, size: tuple[int, ...], focus: bool = False) -> urwid.Canvas:
        """Draw it for urwid."""
        columns = size[0]
        drawing = self.draw(columns, size[1] if len(size) > 1 else None, focus=focus)
        return canvas(drawing, columns, size[1] if len(size) > 1 else max(1, len(drawing.lines)))

    def rows(self, size: tuple[int], focus: bool = False) -> int:
        """Return the height at this width."""
        return max(1, len(self.draw(size[0], None, focus=focus).lines))

    def memory(self) -> str:
        """Return what is chosen or marked here as a text, empty when there is nothing to keep."""
        return ""

    def recall(self, text: str) -> None:
        """Choose and mark what `memory` told, as far as it is still there."""

    def enter(self, *, backwards: bool) -> None:
        """The focus comes in by Tab, or backwards."""

    def keypress(self, size: tuple[int, ...], key: str) -> str | None:
        """Take a key or hand it on."""
        return key


class FlowElement(Element):
    """An element as high as its lines."""

    _sizing = frozenset([urwid.FLOW])


class BoxElement(Element):
    """An element that takes the height it is given."""

    _sizing = frozenset([urwid.BOX])


class Paragraph(FlowElement):
    """Text that is only read; one that may be spared gives way where a form is too high for the terminal."""

    _selectable = False

    def __init__(self, text: str, attribute: str = "plain", indent: int = 1, *, spare: bool = False) -> None:
        super().__init__()
        self.spare = spare
        self.text = text
        self.attribute = attribute
        self._indent = indent

    def draw(self, columns: int, rows: int | None, *, focus: bool) -> Drawing:
        lines = wrap(self.text, columns - 2 * self._indent) if self.text else [""]
        return Drawing([[("plain", " " * self._indent), (self.attribute, line)] for line in lines])


def joined(parts: Iterable[str], separator: str = "  ") -> str:
    """Return the parts that are not empty, side by side."""
    return separator.join(part for part in parts if part)
