"""The decoder on recorded byte streams of terminals, however they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screens.keys import Decoder, PasteGuard

FUNCTION_KEYS = [f"f{number}" for number in range(1, 13)]
# what each terminal sends for F1 to F12, one after the other
STREAMS = {
    "linux console": (
        b"\x1b[[A\x1b[[B\x1b[[C\x1b[[D\x1b[[E\x1b[17~\x1b[18~\x1b[19~\x1b[20~\x1b[21~\x1b[23~\x1b[24~",
        FUNCTION_KEYS,
    ),
    "xterm": (
        b"\x1bOP\x1bOQ\x1bOR\x1bOS\x1b[15~\x1b[17~\x1b[18~\x1b[19~\x1b[20~\x1b[21~\x1b[23~\x1b[24~",
        FUNCTION_KEYS,
    ),
    "putty": (
        b"\x1b[11~\x1b[12~\x1b[13~\x1b[14~\x1b[15~\x1b[17~\x1b[18~\x1b[19~\x1b[20~\x1b[21~\x1b[23~\x1b[24~",
        FUNCTION_KEYS,
    ),
    "putty vt100+": (b"\x1bOP\x1bOQ\x1bOR\x1bOS\x1bOT\x1bOU\x1bOV\x1bOW\x1bOX\x1bOY\x1bOZ\x1bO[", FUNCTION_KEYS),
    "sco": (b"\x1b[M\x1b[N\x1b[O\x1b[P\x1b[Q\x1b[R\x1b[S\x1b[T\x1b[U\x1b[V\x1b[W\x1b[X", FUNCTION_KEYS),
    "ems, vt-utf8": (b"\x1b1\x1b2\x1b3\x1b4\x1b5\x1b6\x1b7\x1b8\x1b9\x1b0\x1b!\x1b@", FUNCTION_KEYS),
    "arrows": (b"\x1b[A\x1b[B\x1b[C\x1b[D\x1bOA\x1bOB\x1bOC\x1bOD", ["up", "down", "right", "left"] * 2),
    "pages": (
        b"\x1b[5~\x1b[6~\x1b[1~\x1b[4~\x1b[H\x1b[F\x1bOH\x1bOF\x1bh\x1bk\x1b?\x1b/\x1b-",
        ["page up", "page down", *["home", "end"] * 4, "page up", "page down", "delete"],
    ),
    "tabs": (b"\t\x1b[Z\x1b\t", ["tab", "shift tab", "shift tab"]),
    "with modifiers": (b"\x1b[1;5C\x1b[24;2~\x1b[1;2P\x1b\x1b[A", ["right", "f12", "f1", "up"]),
    "unknown sequences": (b"\x1b[?1;2c\x1b[99~\x1b[>0;276;0ca", ["a"]),
    "controls": (b"\x03\x13\x1a\x0e\x10\x0c\x00", [f"ctrl {letter}" for letter in "csznpl@"]),
    "line ends": (b"a\r\nb\rc\n", ["a", "enter", "b", "enter", "c", "enter"]),
    "backspaces": (b"\x08\x7f", ["backspace", "backspace"]),
    "utf-8": ("é€𝄞ש".encode(), ["é", "€", "𝄞", "ש"]),
    "a control sequence without end": (b"\x1b[2" + b'"' * 31, ['"']),
    "not utf-8": (b"\xe9a\xffb\xe2\x82c", ["\ufffd", "a", "\ufffd", "b", "\ufffd", "c"]),
}


@pytest.mark.parametrize("name", STREAMS)
def test_stream_of_a_terminal_is_read(name: str) -> None:
    data, keys = STREAMS[name]
    decoder = Decoder()
    assert decoder.feed(data) + decoder.flush() == keys


@pytest.mark.parametrize("name", STREAMS)
def test_stream_cut_at_any_position_gives_the_same_keys(name: str) -> None:
    data, keys = STREAMS[name]
    for position in range(len(data) + 1):
        decoder = Decoder()
        assert decoder.feed(data[:position]) + decoder.feed(data[position:]) + decoder.flush() == keys


@pytest.mark.parametrize("name", STREAMS)
def test_stream_fed_byte_by_byte_gives_the_same_keys(name: str) -> None:
    data, keys = STREAMS[name]
    decoder = Decoder()
    assert [key for byte in data for key in decoder.feed(bytes([byte]))] + decoder.flush() == keys


@pytest.mark.parametrize(("data", "keys"), [(b"\x1b", ["esc"]), (b"\x1b\x1b", ["esc"]), (b"\x1b[", []), (b"\x1bO", [])])
def test_what_nothing_follows_is_told_by_the_clock(data: bytes, keys: list[str]) -> None:
    decoder = Decoder()
    assert decoder.feed(data) == [] and decoder.waiting
    assert decoder.flush() == keys and not decoder.waiting


@given(st.binary(max_size=60), st.lists(st.integers(0, 60)))
def test_any_bytes_are_taken_to_the_end_and_cutting_changes_nothing(data: bytes, cuts: list[int]) -> None:
    whole = Decoder()
    expected = whole.feed(data) + whole.flush()
    pieces, found, start = Decoder(), [], 0
    for cut in sorted({*cuts, len(data)}):
        found += pieces.feed(data[start:cut])
        start = max(start, min(cut, len(data)))
    found += pieces.flush()
    assert found == expected and not whole.waiting and not pieces.waiting
    assert all(key for key in expected)


def _keys(data: bytes) -> list[str]:
    return PasteGuard().filter(Decoder().feed(data))


def test_line_ends_in_what_is_pasted_press_nothing() -> None:
    assert _keys(b"first line\rsecond line\r") == ["paste first line\nsecond line\n"]


def test_a_word_and_enter_that_come_at_once_are_typed() -> None:
    assert _keys(b"hostname1\r") == [*"hostname1", "enter"]
    assert _keys(b"a\rb\r") == ["a", "enter", "b", "enter"]


def test_bracketed_paste_may_come_in_pieces() -> None:
    guard, decoder = PasteGuard(), Decoder()
    data = b"x\x1b[200~a\rb\0\x1b[201~\x1b[24~"
    assert [key for byte in data for key in guard.filter(decoder.feed(bytes([byte])))] == ["x", "paste a\nb\0", "f12"]
