"""Prints the fault tables: every road and fault, how it ended, what is true of the disk (`make faults`, as root)."""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.backend.sample import VARIANTS
from tests.faults import killed, met, recorded
from tests.faults.cells import HEADING as HEADING_OF_ROADS
from tests.faults.cells import TOTALS, Cell, Kind
from tests.faults.machines import ON_MACHINES
from tests.faults.matrix import Matrix
from tests.faults.real import MACHINES, Sweep, world
from tests.faults.roads import on_medium, roads
from tests.faults.verdict import HEADING, Row


def main() -> None:
    """Run everything; an AssertionError names the change that was not handled as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only-roads", action="store_true", help="leave out what is swept change by change")
    parser.add_argument("--thin", type=int, default=1, help="of each road take every n-th place only")
    options = parser.parse_args()
    if not options.only_roads:
        every_change()
    every_road(options.thin)


def every_road(thin: int) -> None:
    """Print the table of roads and faults."""
    print("\nEvery fault on every road, at the first change of each kind in every kind of step, on real image files\n")
    print(HEADING_OF_ROADS)
    cells: list[Cell] = []
    for name, firmware in MACHINES.items():
        with ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-", dir=_directory())))
            here = stack.enter_context(world(directory, firmware))
            stack.enter_context(on_medium(here))
            for road in roads(here):
                matrix = Matrix(road, thin)
                matrix.learn()
                road.name = f"{road.name}, {name.partition(',')[0]}"
                for kind in Kind:
                    cell = matrix.cell(kind)
                    if cell.tries:
                        print(cell.line(), flush=True)
                        cells.append(cell)
    print(f"{len(cells)} cells, {sum(cell.tries for cell in cells)} places: {TOTALS}")


def every_change() -> None:
    """Print the tables of what fails change by change."""
    print("Every change of every plan fails once, on the recording double: samples, then machine, firmware, answers\n")
    print(HEADING)
    rows = [recorded.sweep(name, inputs) for name, inputs in (VARIANTS | ON_MACHINES).items()]
    for row in rows:
        print(row.line())
    total = [sum(values) for values in zip(*((row.steps, row.changes, row.failures) for row in rows), strict=True)]
    print(Row(f"{len(rows)} plans", *total).line())
    print("\nEvery change of every road meets with Ctrl-C, a full and a failing disk, on the recording double\n")
    print(met.HEADING)
    for name in met.PLANS:
        for meeting in met.MEETINGS:
            print(met.sweep(name, meeting).line())
    print("\nEvery change fails before and after it was made, on a real system with an image file\n")
    print(HEADING)
    with tempfile.TemporaryDirectory(prefix="faults-", dir=_directory()) as directory:
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
