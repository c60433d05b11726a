"""Verification before anything is written: every package against XS-PACKAGES, only the faulty ones named (R16)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from backend.repository import verify_package
from backend.sources import open_location
from backend.sources.transport import UnreachableError
from installer.model.errors import SourceError
from installer.model.ports import FaultyPackage, PackageProgress
from installer.model.source import Repository


def verify_packages(
    repositories: Sequence[Repository], on_progress: Callable[[PackageProgress], None]
) -> tuple[FaultyPackage, ...]:
    """Read every package of the repositories and return the faulty ones.

    Raises UnreachableError when the source no longer answers: that says nothing about the packages.
    """
    count = sum(len(repository.packages) for repository in repositories)
    whole = sum(repository.size_bytes for repository in repositories)
    faults: list[FaultyPackage] = []
    number = before = 0
    for repository in repositories:
        source = open_location(repository.location, None)
        for package in repository.packages:
            number += 1
            start = PackageProgress(repository.id, package.name, number, count, 0, package.size_bytes, before, whole)
            on_progress(start)
            try:
                verify_package(source, package, partial(_tell, on_progress, start))
            except UnreachableError:
                raise
            except SourceError as error:
                faults.append(FaultyPackage(repository.id, package, error.what, error.where))
            before += package.size_bytes
            on_progress(_at(start, package.size_bytes))
    return tuple(faults)


def _tell(on_progress: Callable[[PackageProgress], None], start: PackageProgress, done: int) -> None:
    on_progress(_at(start, done))


def _at(start: PackageProgress, done_bytes: int) -> PackageProgress:
    return replace(start, done_bytes=done_bytes, all_done_bytes=start.all_done_bytes + done_bytes)
