"""How long `installer --help` takes beside an interpreter that does nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from tests.bench.figures import Figure, interleaved, ratio
from tests.bench.room import Room
from tests.end_to_end.command import INSTALLER

PAIRS = 31
NOTHING = ("/usr/bin/python3", "-c", "pass")  # the system's: that of a virtual environment starts more slowly


def measure(room: Room) -> tuple[Figure, ...]:
    """Return the ratio of the wall times."""
    ours, theirs = interleaved((_run(str(INSTALLER), "--help"), _run(*NOTHING)), PAIRS)
    return (Figure("help-wall", ratio(ours, theirs, lambda cost: cost.wall_s), "ratio", 5),)


def _run(*argv: str) -> Callable[[], None]:
    def run() -> None:
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)

    return run
