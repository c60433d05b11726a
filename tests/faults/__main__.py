"""Prints the fault table: plans, changes, and that every failure was told and released (`make faults`, as root)."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.backend.sample import VARIANTS
from tests.faults import killed, recorded
from tests.faults.machines import ON_MACHINES
from tests.faults.real import MACHINES, Sweep, world
from tests.faults.verdict import HEADING, Row


def main() -> None:
    """Run everything; an AssertionError names the change that was not handled as it must be."""
    print("Every change of every plan fails once, on the recording double: samples, then machine, firmware, answers\n")
    print(HEADING)
    rows = [recorded.sweep(name, inputs) for name, inputs in (VARIANTS | ON_MACHINES).items()]
    for row in rows:
        print(row.line())
    total = [sum(values) for values in zip(*((row.steps, row.changes, row.failures) for row in rows), strict=True)]
    print(Row(f"{len(rows)} plans", *total).line())
    print("\nEvery change fails before and after it was made, on a real system with an image file\n")
    print(HEADING)
    with tempfile.TemporaryDirectory(dir=_directory()) as directory:
        for name, firmware in MACHINES.items():
            place = Path(directory, name.replace(" ", "-"))
            place.mkdir()
            with world(place, firmware) as here:
                print(_real(name, Sweep(here)).line(), flush=True)
        print("\nKilled with signal 9 as each step begins, and started again\n")
        place = killed.prepare(Path(directory))
        for machine in killed.MACHINES:
            steps = len(killed.titles(place, machine))
            for number in range(1, steps + 1):
                killed.kill_and_start_again(place, machine, number)
            print(f"{machine}: {steps} steps, {steps} kills: every next run installed and left nothing", flush=True)


def _directory() -> str:
    return "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"


def _real(name: str, sweep: Sweep) -> Row:
    began = time.monotonic()
    sweep.without_faults()
    failures = 0
    for position in range(1, len(sweep.places) + 1):
        for after in (False, True):
            sweep.fail_at(position, after=after)
            failures += 1
    steps = len(list(sweep.here.plan().steps()))
    return Row(f"{name} ({time.monotonic() - began:.0f} s)", steps, len(sweep.places), failures)


if __name__ == "__main__":
    main()
