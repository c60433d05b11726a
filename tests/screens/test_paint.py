"""The painter: whatever the frames before, the terminal shows the frame that was meant, for few bytes."""

from __future__ import annotations

import pyte
from hypothesis import example, given
from hypothesis import strategies as st

from screens.looks import SGR, Charset, Look, look_of, shown
from screens.paint import BLANK, Painter, Row
from screens.widgets.cells import Drawing, canvas, character_width, cut, fill, width, wrap

COLUMNS, ROWS = 20, 5
LOOK = Look(True, Charset.UNICODE)
cells = st.tuples(st.sampled_from(["plain", "focus", "error", "bar"]), st.sampled_from(list("ab  ─é")))
frames = st.lists(st.lists(cells, min_size=COLUMNS, max_size=COLUMNS).map(tuple), min_size=ROWS, max_size=ROWS)


def _emulate(pictures: list[list[Row]]) -> pyte.Screen:
    painter = Painter(LOOK)
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    for rows in pictures:
        stream.feed(painter.frame(rows, (3, 2)))
    return screen


@given(st.lists(frames, min_size=1, max_size=4))
def test_terminal_shows_the_last_frame_whatever_was_there_before(pictures: list[list[Row]]) -> None:
    screen = _emulate(pictures)
    for number, row in enumerate(pictures[-1]):
        last = COLUMNS - 1 if number == ROWS - 1 else COLUMNS  # the very last cell is never written: it would scroll
        assert screen.display[number][:last] == "".join(text for _, text in row)[:last]
        for column in range(last):
            found, (attribute, text) = screen.buffer[number][column], row[column]
            if text != " " or attribute in ("focus", "error"):
                assert (found.bg != "default") == (attribute in ("focus", "error"))
    assert (screen.cursor.x, screen.cursor.y) == (3, 2)


@given(frames)
def test_a_frame_that_did_not_change_costs_nothing(rows: list[Row]) -> None:
    painter = Painter(LOOK)
    painter.frame(rows, None)
    assert painter.frame(rows, None) == b""


def test_one_changed_cell_costs_a_few_bytes() -> None:
    painter = Painter(LOOK)
    rows: list[Row] = [(BLANK,) * 80] * 24
    painter.frame(rows, None)
    changed: list[Row] = [*rows[:5], (*rows[5][:40], ("focus", "x"), *rows[5][41:]), *rows[6:]]
    assert len(painter.frame(changed, None)) <= 25


@given(st.text(max_size=60), st.integers(1, 30))
def test_text_is_cut_and_filled_to_its_columns(text: str, columns: int) -> None:
    assert width(cut(text, columns)) <= max(columns, width(text) if width(text) <= columns else columns)
    assert width(fill(text, columns)) == columns


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=200), st.integers(4, 40))
@example("0" * 17 + "\u31ef" + "0" * 8, 9)
def test_wrapped_text_fits_and_loses_no_word(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(st.text(max_size=30))
def test_any_text_can_be_drawn(text: str) -> None:
    canvas(Drawing([[("plain", text), ("focus", text)]]), 20, 2)


def test_every_character_has_a_stand_in_of_its_width_in_ascii() -> None:
    for character in "─│┌┐└┘█░►▲▼•…“”·→éüß":
        stand_in = shown(character, Charset.ASCII)
        assert stand_in.isascii() and len(stand_in) == character_width(character) == 1


def test_terminal_controls_in_a_text_never_reach_the_terminal() -> None:
    for charset in Charset:
        assert all(shown(character, charset) == "?" for character in "\x00\x1b\x07\x9b\r\n")


def test_looks_follow_the_terminal() -> None:
    assert look_of({"TERM": "vt220"}, "/dev/pts/1").serial
    assert look_of({"TERM": "xterm"}, "/dev/ttyS0").serial
    assert look_of({"TERM": "vt100"}, "").colour is False
    assert look_of({"TERM": "linux"}, "/dev/tty1").charset is Charset.CP437
    assert look_of({"TERM": "xterm-256color", "LANG": "C"}, "/dev/pts/1").charset is Charset.ASCII
    full = look_of({"TERM": "tmux-256color", "LANG": "en_GB.UTF-8"}, "/dev/pts/1")
    assert full.charset is Charset.UNICODE and full.alternate_buffer and not full.serial


def test_looks_go_round_to_the_first() -> None:
    for look in (Look(True, Charset.UNICODE), Look(False, Charset.ASCII, serial=True), Look(True, Charset.CP437)):
        others = look.others()
        assert others[0] == look and len(set(others)) == 4


def test_only_plain_backgrounds_are_used() -> None:
    codes = {int(code) for pair in SGR.values() for text in pair for code in text.split(";") if code}
    assert all(code < 48 for code in codes)
