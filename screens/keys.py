"""Bytes of a terminal to names of keys: one table for every terminal, and a decoder that may be fed byte by byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

ESCAPE = 0x1B
PASTE_BEGIN, PASTE_END = "begin paste", "end paste"  # xterm, bracketed paste
LONGEST_CONTROL = 33  # bytes of a control sequence; xterm's longest, a mouse report, has some 15
BURST_LENGTH = 8  # so many characters that come at once, with a line end among them, were pasted, not typed

# XTerm Control Sequences; PuTTY's keyboard panel; ECMA-48 for the shape of what is not in the table
_CSI = {
    "A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end", "E": "5", "Z": "shift tab",
    "1~": "home", "2~": "insert", "3~": "delete", "4~": "end", "5~": "page up", "6~": "page down",
    "7~": "home", "8~": "end",
    "11~": "f1", "12~": "f2", "13~": "f3", "14~": "f4", "15~": "f5", "17~": "f6", "18~": "f7", "19~": "f8",
    "20~": "f9", "21~": "f10", "23~": "f11", "24~": "f12",
    "[A": "f1", "[B": "f2", "[C": "f3", "[D": "f4", "[E": "f5",  # the Linux console
    "I": "page up", "G": "page down", "L": "insert",  # SCO, and its function keys M to X
    **{chr(ord("M") + number): f"f{number + 1}" for number in range(12)},
    "200~": PASTE_BEGIN, "201~": PASTE_END,
}  # fmt: skip
_SS3 = {
    "A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end", "M": "enter", "I": "tab",
    **{letter: f"f{number}" for number, letter in enumerate("PQRSTUVWXYZ[", 1)},  # PuTTY's VT100+ goes on after F4
    **{chr(ord("p") + digit): str(digit) for digit in range(10)},  # the keypad in application mode
    "j": "*", "k": "+", "l": ",", "m": "-", "n": ".", "o": "/",
}  # fmt: skip
# Microsoft's "Special Administration Console" conventions, VT-UTF8: escape and one character
_VT_UTF8 = {
    **{str(number): f"f{number}" for number in range(1, 10)}, "0": "f10", "!": "f11", "@": "f12",
    "h": "home", "k": "end", "?": "page up", "/": "page down", "+": "insert", "-": "delete",
}  # fmt: skip


def _table() -> Mapping[bytes, str]:
    plain = {
        **{f"[{rest}": key for rest, key in _CSI.items()},
        **{f"O{rest}": key for rest, key in _SS3.items()},
        **_VT_UTF8,
        "\t": "shift tab",  # Alt+Tab, and Shift+Tab of some Linux keymaps
    }
    found = {f"\x1b{rest}".encode(): key for rest, key in plain.items()}
    # some terminals put another escape before a key that is pressed together with Alt
    found |= {b"\x1b" + sequence: key for sequence, key in found.items() if len(sequence) > 2}
    return found


SEQUENCES = _table()
_PREFIXES = frozenset(sequence[:length] for sequence in SEQUENCES for length in range(1, len(sequence)))
_LONGEST = max(map(len, SEQUENCES))

_CONTROL = {0x09: "tab", 0x0A: "enter", 0x0D: "enter", 0x08: "backspace", 0x7F: "backspace", 0x00: "ctrl @"}
_MODIFIED = {"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end", "P": "f1", "Q": "f2",
             "R": "f3", "S": "f4"}  # fmt: skip


class Decoder:
    """Turns bytes into keys, however they are cut; `flush` ends what a lone escape may have begun."""

    def __init__(self) -> None:
        self._buffer = b""
        self._after_return = False

    @property
    def waiting(self) -> bool:
        """Whether bytes are held back that may be the beginning of a longer sequence."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[str]:
        """Return the keys that are complete."""
        self._buffer += data
        return list(self._take(last=False))

    def flush(self) -> list[str]:
        """Return what the held bytes mean when nothing follows them."""
        return list(self._take(last=True))

    def _take(self, *, last: bool) -> Iterator[str]:
        while self._buffer:
            length, key = self._escape(last=last) if self._buffer[0] == ESCAPE else self._character(last=last)
            if not length:
                return
            taken, self._buffer = self._buffer[:length], self._buffer[length:]
            if taken == b"\n" and self._after_return:  # CR LF is one key
                key = ""
            self._after_return = taken == b"\r"
            if key:
                yield key

    def _escape(self, *, last: bool) -> tuple[int, str]:
        """Return how many bytes the first sequence has (0: not all there yet) and its key ("": none)."""
        buffer = self._buffer
        if buffer in _PREFIXES and not last:
            return 0, ""
        for length in range(min(len(buffer), _LONGEST), 1, -1):
            if buffer[:length] in SEQUENCES:
                return length, SEQUENCES[buffer[:length]]
        second = buffer[1:2]
        if second == b"\x1b":
            return (1, "") if buffer[2:3] in (b"[", b"O") else (2, "esc")
        if second == b"[" and len(buffer) > 2:
            return self._control_sequence(last=last)
        if second == b"O":
            return min(len(buffer), 3), ""
        if second >= b"\x80":
            return 1, ""
        # Alt and a letter means nothing here
        return (2, "") if b" " < second < b"\x7f" else (1, "esc")

    def _control_sequence(self, *, last: bool) -> tuple[int, str]:
        """ECMA-48 5.4: parameters, intermediates, one final byte; unknown ones are dropped whole.

        One that is longer than any terminal sends ends there, however much of it has come: what follows are characters.
        """
        buffer = self._buffer[:LONGEST_CONTROL]
        end = 2
        while end < len(buffer) and 0x20 <= buffer[end] < 0x40:
            end += 1
        if end == len(buffer):
            return (end, "") if last or end == LONGEST_CONTROL else (0, "")
        if not 0x40 <= buffer[end] < 0x7F:
            return end, ""
        body, final = buffer[2:end].decode("ascii", "replace"), chr(buffer[end])
        first, _, modifier = body.partition(";")
        if modifier and final == "~":
            return end + 1, _CSI.get(f"{first}~", "")
        return end + 1, _MODIFIED.get(final, "") if modifier else ""

    def _character(self, *, last: bool) -> tuple[int, str]:
        first = self._buffer[0]
        if first in _CONTROL:
            return 1, _CONTROL[first]
        if first < 0x20:
            return 1, f"ctrl {chr(first + 0x60)}"
        if first < 0x80:
            return 1, chr(first)
        length = 2 if 0xC2 <= first < 0xE0 else 3 if 0xE0 <= first < 0xF0 else 4 if 0xF0 <= first < 0xF5 else 1
        part = self._buffer[:length]
        bad = next((n for n in range(1, len(part)) if part[n] & 0xC0 != 0x80), 0)
        if bad:
            return bad, "\ufffd"
        if len(part) < length:
            return (len(part), "\ufffd") if last else (0, "")
        return length, part.decode("utf-8", "replace")[0]


def is_text(key: str) -> bool:
    """Say whether a key is a character that stands for itself."""
    return len(key) == 1


class PasteGuard:
    """Joins what was pasted into one key `paste TEXT`, so that the line ends in it press nothing."""

    def __init__(self) -> None:
        self._pasted: list[str] | None = None

    def filter(self, keys: list[str]) -> list[str]:
        """Return the keys of one read with pasted text joined; bracketed paste may span several reads."""
        if self._pasted is None and PASTE_BEGIN not in keys:
            return [f"paste {_text_of(keys)}"] if _is_burst(keys) else keys
        passed: list[str] = []
        for key in keys:
            if key == PASTE_BEGIN:
                self._pasted = []
            elif key == PASTE_END and self._pasted is not None:
                passed.append(f"paste {_text_of(self._pasted)}")
                self._pasted = None
            elif self._pasted is not None:
                self._pasted.append(key)
            else:
                passed.append(key)
        return passed


def _is_burst(keys: list[str]) -> bool:
    if len(keys) < BURST_LENGTH or "enter" not in keys[:-1]:
        return False
    return all(is_text(key) or key in ("enter", "tab") for key in keys) and any(
        is_text(key) for key in keys[keys.index("enter") + 1 :]
    )


def _text_of(keys: list[str]) -> str:
    signs = {"enter": "\n", "tab": "\t", "ctrl @": "\0"}
    return "".join(key if is_text(key) else signs.get(key, "") for key in keys)
