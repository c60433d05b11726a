"""Figures with limits, and how costs are compared: medians of interleaved pairs."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

LEAST_PAIRS = 7


@dataclass(frozen=True)
class Figure:
    """One line of the table; `value` above `limit` is a failure, and without a limit it is told only."""

    id: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the value keeps to its limit, as it was measured and not as it is shown."""
        return self.limit is None or self.value <= self.limit

    def line(self) -> str:
        """Return the figure as a line of the table."""
        if self.limit is None:
            return f"{self.id:34} {self.value:10.3f} {'-':>8} {self.unit:6}"
        return f"{self.id:34} {self.value:10.3f} {self.limit:8.2f} {self.unit:6} {'ok' if self.ok else 'TOO MUCH'}"


HEADING = f"{'figure':34} {'value':>10} {'limit':>8} {'unit':6}"


@dataclass(frozen=True)
class Cost:
    """What one run took: time that passed, and time of processors, of this process and of all it waited for."""

    wall_s: float
    cpu_s: float


def cost_of(run: Callable[[], object]) -> Cost:
    """Run once and measure."""
    wall, cpu = time.monotonic(), _cpu_s()
    run()
    return Cost(time.monotonic() - wall, _cpu_s() - cpu)


def _cpu_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def interleaved(runs: Sequence[Callable[[], object]], count: int) -> tuple[tuple[Cost, ...], ...]:
    """Run all in turn `count` times, every other time in reverse; returns the costs of each run.

    So a machine that is busy for a while burdens all alike. Raises ValueError for fewer than seven times.
    """
    if count < LEAST_PAIRS:
        raise ValueError(f"{count} pairs are too few for a median")
    costs: list[list[Cost]] = [[] for _ in runs]
    for number in range(count):
        order = range(len(runs)) if number % 2 == 0 else reversed(range(len(runs)))
        for index in order:
            costs[index].append(cost_of(runs[index]))
    return tuple(map(tuple, costs))


def ratio(ours: Sequence[Cost], theirs: Sequence[Cost], of: Callable[[Cost], float]) -> float:
    """Return the median of the ratios of pairs that ran next to each other."""
    return median(of(mine) / of(other) for mine, other in zip(ours, theirs, strict=True))


def write_json(figures: Sequence[Figure], path: Path) -> None:
    """Write the list of {"id", "value", "unit", "limit", "ok"}; figures of topics not measured now stay in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    measured = {figure.id for figure in figures}
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    records = [record for record in before if record["id"] not in measured]
    records += [{**asdict(figure), "ok": figure.ok} for figure in figures]
    path.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
