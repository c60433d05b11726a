"""How the screens look on a terminal: colours or none, and which characters it can show."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class Charset(StrEnum):
    """Which characters a terminal shows."""

    UNICODE = "unicode"
    CP437 = "cp437"  # the font of a VGA text console
    ASCII = "ascii"


@dataclass(frozen=True)
class Look:
    """Colour and characters of one terminal; `serial`: the line is slow and its size unknown.

    `escape_s` is how long a lone escape is waited on, `tick_s` the least time between two progress figures.
    """

    colour: bool
    charset: Charset
    serial: bool = False
    alternate_buffer: bool = False
    bracketed_paste: bool = False
    escape_s: float = 0.05
    tick_s: float = 0.25

    def others(self) -> tuple[Look, ...]:
        """Return the looks the toggle key goes round: this one first, then without colour, in ASCII and so on."""
        rich = self.charset if self.charset is not Charset.ASCII else Charset.UNICODE
        pairs = ((True, rich), (False, rich), (False, Charset.ASCII), (True, Charset.ASCII))
        first = pairs.index((self.colour, self.charset))
        return tuple(replace(self, colour=c, charset=s) for c, s in (*pairs[first:], *pairs[:first]))


_FULL = ("xterm", "screen", "tmux", "rxvt", "putty", "konsole", "gnome", "alacritty", "foot", "kitty", "st")
SERIAL_TICK_S = 1.1  # once a second at most, also when one picture is late by chance and the next is not
_MONO = ("vt100", "vt102", "vt220", "vt320", "dumb", "unknown", "")


def look_of(environment: Mapping[str, str], tty_name: str) -> Look:
    """Return the look for TERM and the name of the terminal's device (`/dev/ttyS0`)."""
    term = environment.get("TERM", "")
    family = term.partition("-")[0].partition(".")[0]
    device = tty_name.removeprefix("/dev/")
    if device.startswith(("ttyS", "hvc", "ttyAMA", "ttyUSB", "xvc")) or term == "ansi" or family in _MONO:
        return Look(term not in _MONO, Charset.ASCII, serial=True, escape_s=0.4, tick_s=SERIAL_TICK_S)
    colour = "NO_COLOR" not in environment
    if family not in _FULL:
        return Look(colour, Charset.CP437)
    locale = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or "C.UTF-8"
    charset = Charset.UNICODE if "utf" in locale.lower() else Charset.ASCII
    far = "SSH_CONNECTION" in environment
    return Look(colour, charset, alternate_buffer=True, bracketed_paste=True, escape_s=0.3 if far else 0.05)


# attribute -> SGR parameters (ECMA-48 8.3.117) in colour and in two colours; only the 8 plain backgrounds are used,
# because brighter ones blink on a Linux console
SGR: Mapping[str, tuple[str, str]] = {
    "plain": ("", ""),
    "title": ("1;37;44", "7"),
    "strong": ("1", "1"),
    "rule": ("36", ""),
    "focus": ("30;46", "7"),
    "chosen": ("1", "1"),
    "field": ("4", "4"),
    "error": ("1;37;41", "1"),
    "note": ("33", "1"),
    "dim": ("36", ""),
    "bar": ("32", ""),
    "keys": ("36", ""),
}


def sgr_of(attribute: str, look: Look) -> str:
    """Return the parameters for an attribute, empty where it looks plain."""
    return SGR[attribute][0 if look.colour else 1]


_CP437 = "─│┌┐└┘├┤┬┴┼═║╔╗╚╝█▓▒░▄▀►◄▲▼•·°±÷éèêëàâäçïîìôöòûùüÿñáíóúÇÄÅÉÖÜÑßæÆåøØ"
_ASCII = {
    "─": "-", "│": "|", "┌": "+", "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+", "█": "#", "░": ".", "►": ">",
    "▲": "^", "▼": "v", "•": "*", "…": "~", "“": '"', "”": '"', "·": ".", "→": ">",
}  # fmt: skip


def shown(character: str, charset: Charset) -> str:
    """Return the character a terminal shows for this one, of the same width (one) or itself."""
    if character < "\x7f":
        return character if character >= " " else "?"
    if charset is Charset.UNICODE:
        return character if character.isprintable() else "?"
    if charset is Charset.CP437 and character in _CP437:
        return character
    if character in _ASCII:
        return _ASCII[character]
    plain = unicodedata.normalize("NFKD", character)[0]
    return plain if " " <= plain < "\x7f" else "?"
