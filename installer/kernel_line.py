"""The kernel's command line as words, and the consoles that they can name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

CMDLINE = "/proc/cmdline"
SYSFS_TTY = "/sys/class/tty"


def present_consoles(directory: str = SYSFS_TTY) -> frozenset[str]:
    """Return the terminals there are: serial ports only with a chip behind them (Documentation/ABI/sysfs-tty)."""
    names = (path.name for path in Path(directory).glob("*"))
    return frozenset(name for name in names if not name.startswith("ttyS") or _has_chip(Path(directory, name, "type")))


def _has_chip(path: Path) -> bool:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip() != "0"  # PORT_UNKNOWN of serial_core.h
    except OSError:
        return False


def split_words(text: str) -> Iterator[str]:
    """Yield the words of a kernel command line: blanks part them, but not between double quotes (lib/cmdline.c)."""
    word, quoting = "", False
    for letter in text:
        if letter == '"':
            quoting = not quoting
        elif letter.isspace() and not quoting:
            if word:
                yield word
            word = ""
        else:
            word += letter
    if word:
        yield word
