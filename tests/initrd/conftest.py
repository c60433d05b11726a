"""The table of contents of the fast boot image."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Contents:
    """The files of the image: path to size in bytes, and the links: path to what they point to."""

    files: dict[str, int]
    links: dict[str, str]

    def resolve(self, path: str) -> str:
        """Return the file that a path leads to, empty when it leads nowhere."""
        for _ in range(40):  # MAXSYMLINKS of linux/namei.h
            path = os.path.normpath(path.lstrip("/"))
            parents = [*reversed(Path(path).parents)][1:]
            link = next((str(part) for part in (*parents, Path(path)) if str(part) in self.links), None)
            if link is None:
                return path if path in self.files else ""
            rest = path.removeprefix(link)
            path = os.path.normpath(os.path.join("/", os.path.dirname(link), self.links[link])) + rest
        return ""

    def program(self, name: str) -> str:
        """Return the file of a program, by its path or where programs are looked for; busybox's stand-ins count not."""
        places = (name,) if "/" in name else tuple(f"{place}/{name}" for place in ("usr/sbin", "usr/bin"))
        found = next((file for place in places if (file := self.resolve(place))), "")
        return "" if found == "usr/bin/busybox" else found


def parse_contents(text: str) -> Contents:
    """Read a table of contents: `size mode path` of files, `size l path -> target` of links."""
    contents = Contents({}, {})
    for line in text.splitlines():
        if match := re.fullmatch(r"[0-9]+ l (.+) -> (.+)", line):
            contents.links[match[1]] = match[2]
        elif match := re.fullmatch(r"([0-9]+) [0-7]+ (.+)", line):
            contents.files[match[2]] = int(match[1])
    return contents


@pytest.fixture(scope="session")
def contents(image: Path) -> Contents:
    """What is in the image."""
    return parse_contents(Path(f"{image}.contents").read_text(encoding="utf-8"))
