"""The last line of a screen, which tells the keys; on a serial line with what to press instead of function keys."""

from __future__ import annotations

from collections.abc import Mapping

from screens.screen import BACK, Screen

# every function key has another spelling, for terminals that send none
ALIASES: Mapping[str, str] = {
    "ctrl n": "f12",
    "ctrl p": "esc",
    "ctrl y": "f1",
    "ctrl z": "f2",
    "ctrl o": "f3",
    "ctrl t": "f4",
    "ctrl g": "f5",
}

LOCAL = ("Tab/Alt+Tab move  Space select", "F12 next", "Esc back", "F1 help  F2 shell  F3 log")
ON_SERIAL = ("Tab move  Space pick", "F12^N next", "Esc^P back", "F1^Y help  F2^Z shell  F3^O log")
EVERYWHERE = (
    "Keys that mean the same everywhere, in both spellings:",
    "  F12  Ctrl-N  next screen          Esc  Ctrl-P  screen before",
    "  F1   Ctrl-Y  help                 F2   Ctrl-Z  shell",
    "  F3   Ctrl-O  log                  F4   Ctrl-T  colours and characters",
    "  F5   Ctrl-G  the plan                  Ctrl-L  paint the screen anew",
)


def key_line(screen: Screen, *, serial: bool) -> str:
    """Return the keys of a screen."""
    move, following, back, readers = ON_SERIAL if serial else LOCAL
    if not screen.buttons:
        return readers
    parts = [move]
    if not screen.f12:
        parts.append(following)
    if BACK in screen.buttons:
        parts.append(back)
    return "  ".join([*parts, readers])
