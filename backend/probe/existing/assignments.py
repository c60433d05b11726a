"""Files of `KEY='value'` lines as a shell reads them: inventory, network scripts, /etc/sysconfig. Pure."""

from __future__ import annotations

import re
import shlex

_LINE = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]{0,63})=(.*)", re.DOTALL)
LONGEST_LINE = 4096


def parse_assignments(text: str) -> dict[str, str]:
    """Return the values by key, the last one where a key is given twice; nothing in them is expanded or run.

    Lines that are no assignments, and those whose quotes do not end, are left out.
    """
    values: dict[str, str] = {}
    for line in text.split("\n"):
        match = _LINE.fullmatch(line.rstrip("\r")) if len(line) <= LONGEST_LINE else None
        if match is None:
            continue
        value = match[2]
        if value[:1] not in (" ", "\t", ""):
            try:
                value = next(iter(shlex.split(value, comments=False)), "")
            except ValueError:
                continue
        else:
            value = ""
        values[match[1]] = value
    return values


def plain(text: str, longest: int = 128) -> str:
    """Return a text from a disk as it may be shown and kept: one line of printable characters, not too long."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * longest]).split())
    return words[:longest]
