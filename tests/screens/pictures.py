"""Draws every screen of the real program as SVG, in colour, from what a terminal emulator shows: `make screens`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

import pyte

from tests.screens.frames import attributes
from tests.screens.pictured import drawn_at, write_medium
from tests.screens.reach import ALL

CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.43, 17, 12
PAPER, INK = "#1e1e28", "#d8d8d8"
COLOURS = {
    "default": INK, "black": "#15151c", "red": "#d04a58", "green": "#9ccc65", "brown": "#ffcb6b", "blue": "#2f5fb3",
    "magenta": "#c792ea", "cyan": "#5fb3c8", "white": "#f4f4f4",
}  # fmt: skip


def svg_of(screen: pyte.Screen) -> str:
    """Return a whole screen as an SVG picture."""
    width = screen.columns * CELL_WIDTH + 2 * MARGIN
    height = screen.lines * CELL_HEIGHT + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}">',
        f'<rect width="100%" height="100%" rx="6" fill="{PAPER}"/>',
        '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">',
    ]
    for row in range(screen.lines):
        lines += _row(screen, row)
    return "\n".join([*lines, "</g>", "</svg>", ""])


def _row(screen: pyte.Screen, row: int) -> list[str]:
    found: list[str] = []
    start = 0
    cells = [screen.buffer[row][column] for column in range(screen.columns)]
    for column in range(1, screen.columns + 1):
        if column < screen.columns and attributes(cells[column]) == attributes(cells[start]):
            continue
        found += _run(cells[start], "".join(cell.data for cell in cells[start:column]), row, start)
        start = column
    return found


def _run(cell: pyte.screens.Char, text: str, row: int, column: int) -> list[str]:
    ink, paper = COLOURS.get(cell.fg, INK), COLOURS.get(cell.bg, PAPER) if cell.bg != "default" else PAPER
    if cell.reverse:
        ink, paper = paper, ink
    x, y, width = MARGIN + column * CELL_WIDTH, MARGIN + row * CELL_HEIGHT, len(text) * CELL_WIDTH
    found = []
    if paper != PAPER:
        found.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{CELL_HEIGHT}" fill="{paper}"/>')
    if text.strip() or cell.underscore:
        weight = ' font-weight="bold"' if cell.bold else ""
        line = ' text-decoration="underline"' if cell.underscore else ""
        where = f'x="{x:.1f}" y="{y + 13}" textLength="{width:.1f}"'
        found.append(f'<text {where} fill="{ink}"{weight}{line}>{escape(text)}</text>')
    return found


def picture_of(name: str, medium: Path, logs: Path) -> str:
    """Return the picture of a screen, with the packages of a medium."""
    with drawn_at(name, medium, logs) as shown:
        return svg_of(shown.emulator)


def main() -> int:
    """Draw all screens into a directory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.svg"):
        old.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        medium = write_medium(Path(scratch, "medium"))
        for name in ALL:
            picture = picture_of(name, medium, Path(scratch, "logs"))
            directory.joinpath(f"{name}.svg").write_text(picture, encoding="utf-8")
    print(f"{len(ALL)} screens drawn into {directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
