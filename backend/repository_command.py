"""What `installer repo` and `--verify` do, and whom they tell."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from backend.real_system import temporary_system
from backend.repository import find_repositories, repository_record, show_repository, sums_checked, verify_repository
from backend.repository_build import build_repository
from installer.model.errors import ExitCode, InstallerError, PackageError
from installer.model.events import Event, StepFinished, StepProgress
from installer.model.repository_build import BuildRequest
from installer.model.source import Location, Repository


class Audience(Protocol):
    """Who hears of results, progress and faults."""

    def lines(self, lines: Sequence[str], record: Mapping[str, object]) -> None:
        """Hear a result: lines for people or one record."""

    def event(self, event: Event) -> None:
        """Hear how far the work is."""

    def error(self, error: InstallerError) -> None:
        """Hear what is wrong."""

    def say(self, text: str) -> None:
        """Hear a remark."""


def build(request: BuildRequest, output: Path, audience: Audience) -> None:
    """Make a repository."""
    with temporary_system() as system:
        build_repository(system, request, output, lambda package: audience.say(f"packing {package.name}"))


def show(location: Location, audience: Audience, *, verify: bool = False) -> ExitCode:
    """List the repositories at an address, and check their packages if that is wished; returns the exit code."""
    wrong = 0
    for repository in find_repositories(location, None):
        audience.lines(show_repository(repository), repository_record(repository))
        if verify:
            wrong += _verify(repository, audience)
    return ExitCode.FAILED if wrong else ExitCode.DONE


def verify_all(repositories: Sequence[Repository], audience: Audience, hint: str) -> None:
    """Read every package before anything is changed; raises PackageError when one is faulty (spec R16)."""
    wrong = sum(_verify(repository, audience) for repository in repositories)
    if wrong:
        raise PackageError(f"{wrong} package{' is' if wrong == 1 else 's are'} faulty, see above", hint=hint)


def _verify(repository: Repository, audience: Audience) -> int:
    """Name the faulty packages of a repository; returns how many they are."""
    total, began = repository.size_bytes, time.monotonic()

    def on_bytes(done: int) -> None:
        rate = done / max(time.monotonic() - began, 1e-6)
        audience.event(StepProgress(done / max(total, 1), repository.id, done, total, rate))

    faults = verify_repository(repository, on_bytes)
    audience.event(StepFinished(1, f"check {repository.id}", 1.0, time.monotonic() - began))
    for fault in faults:
        audience.error(fault)
    if not faults:
        text = f"{repository.id}: {sums_checked(repository)} of all {len(repository.packages)} packages are right"
        audience.lines((text,), {"event": "Verified", "id": repository.id})
    return len(faults)
