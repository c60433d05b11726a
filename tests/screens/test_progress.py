"""The progress of an installation: each picture small enough for a serial line, and nothing on it ever moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from installer.model.events import Event, StepFinished, StepProgress, StepStarted
from installer.model.ports import Cancel
from installer.model.progress import PhaseOutline, Progress
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from screens.progress import WARNING, ProgressScreen
from tests import recorded_machine as planning
from tests.backend.sample import ANSWERS
from tests.backend.small_repository import small_repository
from tests.screens.reach import at
from tests.screens.recorded_machine import host
from tests.screens.stage import Session

PICTURE_BYTES = 300
LONG = "make the swap file /var/swap/swap.001 of 537 MB"


@pytest.fixture
def phases(tmp_path: Path) -> tuple[PhaseOutline, ...]:
    """Those of a real plan."""
    source = Location(LocationKind.URL, Secret(str(small_repository(tmp_path / "xs"))))
    return (
        planning.RecordedMachine(host("single")).preview(replace(ANSWERS.draft(), sources=(source,)), Cancel()).phases
    )


def _screen(shown: Session) -> ProgressScreen:
    screen = shown.app._screen
    assert isinstance(screen, ProgressScreen)
    return screen


def _run(phases: tuple[PhaseOutline, ...]) -> Iterator[tuple[Event, ...]]:
    """Yield what happens from one second to the next: the packages take long, all after them is over in two."""
    total = sum(phase.steps for phase in phases)
    packages = next(number for number, phase in enumerate(phases) if phase.title == "packages")

    def steps(outlines: tuple[PhaseOutline, ...], before: int) -> Iterator[Event]:
        for outline in outlines:
            for _ in range(outline.steps):
                before += 1
                yield StepStarted(before, total, outline.title, f"{LONG} by {outline.title}")
                yield StepProgress(0.05 + before / total * 0.1, "", 537_000_000, 537_000_000, 9e6)
                yield StepFinished(before, LONG, 0.05 + before / total * 0.1, 0.1)

    done = sum(phase.steps for phase in phases[:packages])
    first = StepStarted(done + 1, total, "packages", "install dom0fs (163 MB)")
    yield *steps(phases[:packages], 0), first
    for second in range(1, 40):
        rate = 4_000_000 + second % 3 * 400_000
        yield (StepProgress(0.15 + second / 50, "dom0fs", second * rate, 163_000_000, float(rate)),)
    done += phases[packages].steps
    half = packages + 1 + (len(phases) - packages) // 2
    yield tuple(steps(phases[packages + 1 : half], done))
    yield tuple(steps(phases[half:], done + sum(phase.steps for phase in phases[packages + 1 : half])))


def test_each_picture_on_a_serial_line_is_small(phases: tuple[PhaseOutline, ...]) -> None:
    now = 0.0
    progress = Progress(phases, clock=lambda: now)
    with at("progress", term="vt220") as shown:
        assert shown.terminal.look.tick_s >= 1.0
        screen = _screen(shown)
        screen.show(progress.view())
        shown.paint()
        costs: list[int] = []
        seen = ""
        for events in _run(phases):
            for event in events:
                progress(event)
            now += 1.0
            screen.show(progress.view())
            costs.append(len(shown.paint()))
            seen += shown.text
        assert "MB/s" in seen and "left" in seen and LONG in seen
        assert min(costs) > 0 and max(costs) <= PICTURE_BYTES, costs


def test_no_row_moves_while_the_run_goes_on(phases: tuple[PhaseOutline, ...]) -> None:
    progress = Progress(phases)
    with at("progress") as shown:
        screen = _screen(shown)
        places = set()
        for events in _run(phases):
            for event in events:
                progress(event)
            screen.show(progress.view())
            shown.paint()
            titles = [line[10:32].strip() for line in shown.lines[8 : 8 + len(phases)]]
            assert titles == [phase.title for phase in phases]
            places.add(shown.lines.index(f" {WARNING}"))
        assert len(places) == 1


def test_terminal_of_twenty_rows_shows_the_phase_that_runs_and_the_warning(phases: tuple[PhaseOutline, ...]) -> None:
    many = tuple(replace(phases[n % len(phases)], title=f"phase {n}") for n in range(14))
    progress = Progress(many)
    with at("progress", (70, 20)) as shown:
        screen = _screen(shown)
        for number, phase in enumerate(many):
            progress(StepStarted(number + 1, 14, phase.title, LONG))
            screen.show(progress.view())
            shown.paint()
            assert f"now    {phase.title}" in shown.text and LONG in shown.text, shown.text
            assert WARNING in " ".join(shown.text.split()) and "F3 log" in shown.lines[19], shown.text
            assert number == 13 or f"next   phase {number + 1}" in shown.text
