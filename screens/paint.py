"""A canvas to the fewest bytes: cells are compared with those on the terminal, only changed ones are sent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from urwid import Canvas

from screens.looks import Charset, Look, sgr_of, shown
from screens.widgets.cells import character_width

Cell = tuple[str, str]  # attribute, characters; the second cell of a wide character holds none
Row = tuple[Cell, ...]
BLANK: Cell = ("plain", " ")
GAP = 6  # so many unchanged cells are sent rather than jumped over: a jump costs as much
ERASE_WORTH = 5  # fewer blanks than this are sent, not erased


@lru_cache(maxsize=512)
def _cells(attribute: str, text: bytes, charset: Charset) -> Row:
    """Return the cells of one run of text."""
    cells: list[Cell] = []
    for character in text.decode("utf-8", "replace"):
        width = character_width(character)
        if width == 0:
            continue  # combining and invisible characters, among them those that turn the writing direction
        if width == 1:
            cells.append((attribute, shown(character, charset)))
        elif charset is Charset.UNICODE:
            cells += [(attribute, character), (attribute, "")]
        else:
            cells += [(attribute, "?"), (attribute, "?")]
    return tuple(cells)


def rows_of(canvas: Canvas, look: Look) -> list[Row]:
    """Return the cells of a canvas as the terminal will show them."""
    rows: list[Row] = []
    for row in canvas.content():
        cells: list[Cell] = []
        for attribute, _, text in row:
            shown_as = str(attribute or "plain")
            # what looks plain here is plain: no bytes for a change that cannot be seen
            cells += _cells(shown_as if sgr_of(shown_as, look) else "plain", bytes(text), look.charset)
        columns = canvas.cols()
        rows.append((*cells[:columns], *[BLANK] * (columns - len(cells))))
    return rows


class Painter:
    """Remembers what is on the terminal."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._old: list[Row] = []
        self._cursor: tuple[int, int] | None = None

    def forget(self) -> None:
        """The terminal shows something else by now: paint everything next time."""
        self._old = []

    def frame(self, rows: list[Row], cursor: tuple[int, int] | None) -> bytes:
        """Return what has to be sent so that the terminal shows these rows, and the cursor (column, row) or none."""
        columns = len(rows[0]) if rows else 0
        out: list[str] = []
        if len(self._old) != len(rows) or len(self._old[0]) != columns:
            out.append("\x1b[m\x1b[H\x1b[2J")
            self._old = [(BLANK,) * columns] * len(rows)
        for number, (old, new) in enumerate(zip(self._old, rows, strict=True)):
            if old != new:
                last = columns - 1 if number == len(rows) - 1 else columns  # the last cell of all would scroll
                out += self._row(number, old[:last], new[:last])
        self._old = rows
        if out:
            self._cursor = None if self._cursor is None else (-1, -1)
        if cursor != self._cursor or (out and cursor):
            out += self._show(cursor)
        return "".join(out).encode()

    def _show(self, cursor: tuple[int, int] | None) -> Iterator[str]:
        hidden = self._cursor is None
        self._cursor = cursor
        if cursor is None:
            yield "\x1b[?25l"
            return
        yield f"\x1b[{cursor[1] + 1};{cursor[0] + 1}H"
        if hidden:
            yield "\x1b[?25h"

    def begin(self) -> str:
        """Return what makes the terminal as `frame` expects it: no cursor."""
        self._cursor = None
        return "\x1b[?25l"

    def _row(self, number: int, old: Row, new: Row) -> Iterator[str]:
        end = len(new)
        while end and new[end - 1] == BLANK:
            end -= 1
        erase = len(new) - end > ERASE_WORTH and old[end:] != new[end:]
        for begin, stop in _changes(old, new, end if erase else len(new)):
            yield f"\x1b[{number + 1};{begin + 1}H"
            yield from self._run(new[begin:stop])
        if erase:
            yield f"\x1b[{number + 1};{end + 1}H\x1b[K"

    def _run(self, cells: Row) -> Iterator[str]:
        attribute = "plain"
        for cell_attribute, text in cells:
            if cell_attribute != attribute:
                attribute = cell_attribute
                yield self._sgr(attribute)
            yield text
        if attribute != "plain":
            yield "\x1b[m"

    def _sgr(self, attribute: str) -> str:
        parameters = sgr_of(attribute, self.look)
        return f"\x1b[0;{parameters}m" if parameters else "\x1b[m"


def _changes(old: Row, new: Row, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of cells to send, near ones joined; a wide character is never cut."""
    start = stop = -1
    for column in range(end):
        if old[column] == new[column]:
            continue
        if start >= 0 and column - stop > GAP:
            yield start, stop
            start = -1
        if start < 0:
            start = column
            while start and not new[start][1]:
                start -= 1
        stop = column + 1
        while stop < end and not new[stop][1]:
            stop += 1
    if start >= 0:
        yield start, stop
