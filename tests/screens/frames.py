"""What a terminal shows, as text that can be compared: the rows, and which cells have which attributes."""

from __future__ import annotations

from collections.abc import Iterator

import pyte
import pyte.screens

PLAIN = ("default", "default", False, False, False)


def attributes(cell: pyte.screens.Char) -> tuple[str, str, bool, bool, bool]:
    """Return colours, and whether the cell is bold, underlined, in reverse."""
    return (cell.fg, cell.bg, cell.bold, cell.underscore, cell.reverse)


def _name(found: tuple[str, str, bool, bool, bool]) -> str:
    fg, bg, bold, underscore, reverse = found
    words = [word for word, there in (("bold", bold), ("underline", underscore), ("reverse", reverse)) if there]
    words += [fg] if fg != "default" else []
    words += [f"on {bg}"] if bg != "default" else []
    return " ".join(words)


def spans(screen: pyte.Screen) -> Iterator[str]:
    """Yield `row column-column attributes` of everything that is not plain; blanks in front do not count."""
    for row in range(screen.lines):
        start, current = 0, PLAIN
        for column in range(screen.columns + 1):
            found = attributes(screen.buffer[row][column]) if column < screen.columns else PLAIN
            if found != current:
                if current != PLAIN:
                    yield f"{row + 1:2d} {start + 1}-{column} {_name(current)}"
                start, current = column, found


def text(screen: pyte.Screen) -> list[str]:
    """Return the rows without the blanks at their end."""
    return [row.rstrip() for row in screen.display]


def frame(screen: pyte.Screen) -> str:
    """Return rows, spans and cursor."""
    cursor = "hidden" if screen.cursor.hidden else f"{screen.cursor.y + 1} {screen.cursor.x + 1}"
    return "\n".join([*text(screen), f"-- cursor {cursor}", *spans(screen), ""])
