"""Text in a picture of a screen, found without knowing its font: equal letters look alike, others do not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

CELL = (16, 32)  # pixels of a letter: the kernel takes its bigger font for a screen as big as that of OVMF under Xen
_HEAD = re.compile(rb"P6\s+(\d+)\s+(\d+)\s+255\s")
Letter = tuple[bool, ...]


def rows_of_cells(picture: bytes) -> Iterator[tuple[Letter, ...]]:
    """Yield the cells of a portable pixmap line by line: which pixels have not the commonest colour of their cell."""
    head = _HEAD.match(picture)
    if not head:
        raise ValueError("not a portable pixmap")
    width, height, at = int(head[1]), int(head[2]), head.end()
    columns, rows = width // CELL[0], height // CELL[1]
    for row in range(rows):
        lines = [
            picture[at + 3 * width * y : at + 3 * width * (y + 1)] for y in range(row * CELL[1], (row + 1) * CELL[1])
        ]
        yield tuple(_cell(lines, column) for column in range(columns))


def _cell(lines: list[bytes], column: int) -> Letter:
    start = column * CELL[0] * 3
    pixels = [line[x : x + 3] for line in lines for x in range(start, start + CELL[0] * 3, 3)]
    common = Counter(pixels).most_common(1)[0][0]
    return tuple(pixel != common for pixel in pixels)


def shows(picture: bytes, text: str) -> bool:
    """Say whether a text with letters that come back stands somewhere in the picture: blanks are empty cells.

    Each letter must look the same wherever it stands, and no two of them alike.
    """
    for row in rows_of_cells(picture):
        for start in range(len(row) - len(text) + 1):
            seen = dict(zip(text, row[start:], strict=False))
            if len(set(seen.values())) < len(seen) or any(seen.get(" ", ())):
                continue
            if all(seen[letter] == cell for letter, cell in zip(text, row[start:], strict=False)):
                return True
    return False
