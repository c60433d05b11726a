"""The screens on a raw pty: time to the first one beside importing urwid; time and bytes of a key and a picture."""

from __future__ import annotations

import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from screens.start import settle
from tests.bench.figures import Figure, interleaved, ratio
from tests.bench.room import Room
from tests.screens.on_pty import Terminal, on_terminal
from tests.screens.reach import at

MACHINE = Path(__file__).parents[1] / "machines" / "twins.json"
PAIRS = 7
KEYS = 100
TERMS = ("xterm", "vt220")


def measure(room: Room) -> tuple[Figure, ...]:
    """Return the figures with their limits."""
    sizes: list[int] = []
    ours, theirs = interleaved((lambda: _first_screen(sizes), _import_urwid), PAIRS)
    figures = [
        Figure("screens-first-wall", ratio(ours, theirs, lambda cost: cost.wall_s), "ratio", 3),
        Figure("screens-first-bytes", max(sizes), "bytes", 4000),
    ]
    for term in TERMS:
        times, costs = _keys(term)
        figures += [
            Figure(f"screens-key-{term}-median", statistics.median(times) * 1000, "ms", 5),
            Figure(f"screens-key-{term}-p99", _percentile(times, 0.99) * 1000, "ms", 30),
            Figure(f"screens-key-{term}-bytes", statistics.mean(costs), "bytes", 500),
        ]
    return tuple(figures)


def _import_urwid() -> None:
    subprocess.run([sys.executable, "-c", "import urwid"], check=True)


def _first_screen(sizes: list[int]) -> None:
    """Start the screens and wait for the first whole picture."""
    with on_terminal(["--dry-run", "--machine", str(MACHINE)], Path.cwd()) as shown:
        data = b""
        while b"F3 log" not in data:
            data += os.read(shown.fd, 65536)
        sizes.append(len(data))
        _leave(shown)


def _leave(shown: Terminal) -> None:
    """Break off at once: leaving is not measured."""
    os.kill(shown.pid, 9)
    shown.finish(10)


def _keys(term: str) -> tuple[list[float], list[int]]:
    """Return seconds and bytes of each Down in the list of a whole area's zones."""
    times, sizes = [], []
    with at("timezone-area", term=term) as shown:
        shown.press("home", "f12")
        settle()
        for _ in range(KEYS):
            began = time.perf_counter()
            shown.app.loop.process_input(["down"])
            shown.app.loop.draw_screen()
            times.append(time.perf_counter() - began)
            ready, _, _ = select.select([shown.master], [], [], 1)
            sizes.append(len(os.read(shown.master, 65536)) if ready else 0)
    return times, sizes


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
