"""The table of roads and faults: a line for each, and what the whole of it says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """The faults, as the table calls them."""

    FAILS = "command fails"
    HANGS = "command hangs"
    FULL = "file system full"
    SOURCE = "source dies"
    CTRL_C = "Ctrl-C"
    KILLED = "kill -9"
    GIVES_OUT = "I/O errors"
    NO_ROOM = "image has no room"


@dataclass
class Cell:
    """One road with one fault: how often, how it ended, what was said of the disk, and how often a next run worked."""

    road: str
    kind: Kind
    tries: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    next_runs: int = 0

    def line(self) -> str:
        """Return it as a line of the table."""
        ends = ", ".join(f"{count} {end}" for end, count in sorted(self.ends.items()))
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        return f"{self.road:20} {self.kind:17} {self.tries:6}   {ends:44} {self.next_runs:8}   {states}"


HEADING = f"{'road':20} {'fault':17} {'places':>6}   {'how it ended':44} {'next run':>8}   what is true of the disk"
TOTALS = "0 silent outcomes, 0 bytes on disks that were not chosen, 0 mounts, loops or files left"
