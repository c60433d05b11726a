"""The tests' own eyes: text in a picture of a screen, and packets with tags."""

from __future__ import annotations

import random

import pytest

from tests.end_to_end.picture import CELL, shows
from tests.end_to_end.tagged_network import with_tag, without_tag

WIDTH, HEIGHT = CELL
WORDS = "Press Enter to install from here (tty1)."
PACKET = b"\1\1\1\1\1\1\2\2\2\2\2\2\x08\0payload"


def _picture(*lines: str, columns: int = 50, blank: str = " ") -> bytes:
    """Draw lines in a font of random letters; the background is not black everywhere."""
    pixels = {blank: [False] * WIDTH * HEIGHT}
    dice = random.Random(7)
    rows = b""
    for number, line in enumerate(lines):
        cells = line.ljust(columns)
        for letter in set(cells) - set(pixels):
            pixels[letter] = [dice.random() < 0.3 for _ in range(WIDTH * HEIGHT)]
        ground = bytes((0, 0, 80 * number))
        for y in range(HEIGHT):
            dots = (dot for cell in cells for dot in pixels[cell][y * WIDTH : (y + 1) * WIDTH])
            rows += b"".join(b"\xaa\xaa\xaa" if dot else ground for dot in dots)
    return b"P6\n%d %d\n255\n" % (columns * WIDTH, len(lines) * HEIGHT) + rows


def test_text_is_found_wherever_it_stands() -> None:
    assert shows(_picture("", f"   {WORDS}", "more"), WORDS)


@pytest.mark.parametrize(
    "line",
    ["", WORDS[:-4], WORDS.replace("install", "inspect"), WORDS.replace(" ", "_"), WORDS.replace("here", "hare")],
)
def test_other_text_is_not_taken_for_it(line: str) -> None:
    assert not shows(_picture("x", line), WORDS)


def test_packet_has_a_tag_only_between_machine_and_relay() -> None:
    tagged = with_tag(PACKET, 7)
    assert tagged[12:16] == b"\x81\0\0\7" and without_tag(tagged, 7) == PACKET
    assert [without_tag(packet, 7) for packet in (PACKET, with_tag(PACKET, 8), b"short")] == [None] * 3
