"""What is told while repositories are checked: progress, each faulty package, and the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from installer.model.errors import PackageError, SourceError
from installer.model.events import StepFinished, StepProgress
from installer.model.source import Repository
from installer.report import NOTHING_CHANGED, Reporter


@dataclass(frozen=True)
class Checks:
    """`verify` reads every package and returns what is wrong with each faulty one; `sums` names what it compares."""

    verify: Callable[[Repository, Callable[[int], None]], tuple[SourceError, ...]]
    sums: Callable[[Repository], str]


def report_check(repository: Repository, checks: Checks, reporter: Reporter) -> int:
    """Name the faulty packages of a repository; returns how many they are."""
    total, began = repository.size_bytes, time.monotonic()

    def on_bytes(done: int) -> None:
        rate = done / max(time.monotonic() - began, 1e-6)
        reporter.event(StepProgress(done / max(total, 1), repository.id, done, total, rate))

    faults = checks.verify(repository, on_bytes)
    reporter.event(StepFinished(1, f"check {repository.id}", 1.0, time.monotonic() - began))
    for fault in faults:
        reporter.error(fault)
    if not faults:
        text = f"{repository.id}: {checks.sums(repository)} of all {len(repository.packages)} packages are right"
        reporter.lines((text,), {"event": "Verified", "id": repository.id})
    return len(faults)


def require_right(repositories: Sequence[Repository], checks: Checks, reporter: Reporter) -> None:
    """Read every package before anything is changed; raises PackageError when one is faulty (spec R16)."""
    wrong = sum(report_check(repository, checks, reporter) for repository in repositories)
    if wrong:
        what = f"{wrong} package{' is' if wrong == 1 else 's are'} faulty, see above"
        raise PackageError(what, hint=NOTHING_CHANGED)
