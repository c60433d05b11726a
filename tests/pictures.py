"""Pictures of what a user sees: a command runs in a real terminal of 80 columns, its cells are drawn as SVG."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

import pexpect
import pyte

from tests.end_to_end.demo import ANSWERFILE, PASSWORD
from tests.end_to_end.web_server import serving

COLUMNS, ROWS = 80, 200
DRY_RUN_ROWS = 45  # the beginning
CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.43, 17, 12
COLOURS = {"default": "#d8d8d8", "red": "#f07178", "green": "#c3e88d", "brown": "#ffcb6b", "blue": "#82aaff"}


def screen_of(command: list[str], cwd: Path, timeout_s: float = 600) -> pyte.Screen:
    """Run a command in a pty to its end; returns the terminal's last screen."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    child = pexpect.spawn(command[0], command[1:], cwd=str(cwd), dimensions=(ROWS, COLUMNS), encoding="utf-8")
    child.timeout = timeout_s
    stream.feed(f"# {' '.join([Path(command[0]).name, *command[1:]])}\r\n")
    while True:
        try:
            stream.feed(child.read_nonblocking(4096, timeout=timeout_s))
        except pexpect.EOF:
            return screen


def svg_of(screen: pyte.Screen, most: int) -> str:
    """Return the first `most` rows of a screen as an SVG picture, without the empty lines at its end."""
    rows = [[screen.buffer[line][column] for column in range(COLUMNS)] for line in range(ROWS)]
    while rows and not "".join(cell.data for cell in rows[-1]).strip():
        rows.pop()
    rows = rows[:most]
    height = len(rows) * CELL_HEIGHT + 2 * MARGIN
    width = COLUMNS * CELL_WIDTH + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}">',
        '<rect width="100%" height="100%" rx="6" fill="#1e1e28"/>',
        '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">',
    ]
    for number, row in enumerate(rows):
        text = "".join(cell.data for cell in row).rstrip()
        if text:
            y = MARGIN + number * CELL_HEIGHT + 13
            colour = COLOURS.get(row[0].fg, COLOURS["default"])
            width_text = len(text) * CELL_WIDTH
            lines.append(
                f'<text x="{MARGIN}" y="{y}" fill="{colour}" textLength="{width_text:.1f}">{escape(text)}</text>'
            )
    return "\n".join([*lines, "</g>", "</svg>", ""])


def main() -> int:
    """Draw what the README shows: a dry run on a recorded machine, and an installation of the payload."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("pictures", type=Path)
    options = parser.parse_args()
    installer = str(Path(sys.prefix, "bin", "installer"))
    install = [installer, "--answerfile", "rack7.xml"]
    with tempfile.TemporaryDirectory() as name, serving(options.repository) as source:
        directory = Path(name)
        text = ANSWERFILE.format(password=PASSWORD, source=source)
        directory.joinpath("rack7.xml").write_text(text, encoding="utf-8")
        shutil.copy(Path(__file__).parent / "machines" / "twins.json", directory / "rack7.json")
        dry = screen_of([*install, "--dry-run", "--machine", "rack7.json", "install"], directory)
        real = screen_of([*install, "--target", "disk.img", "--size", "16G", "install"], directory)
    options.pictures.joinpath("dry-run.svg").write_text(svg_of(dry, DRY_RUN_ROWS), encoding="utf-8")
    options.pictures.joinpath("install.svg").write_text(svg_of(real, ROWS), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
