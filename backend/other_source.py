"""Another source in the middle of a run: only one that holds the very same packages, by size and MD5."""

from __future__ import annotations

from collections.abc import Sequence

from backend.session import OpenSource
from backend.sources.transport import Transport
from installer.model.errors import SourceError
from installer.model.source import Location, Package, Repository


class OtherSource:
    """Opens the plan's locations, or what stands in for them by now."""

    def __init__(self, open_location: OpenSource) -> None:
        self._open = open_location
        self._instead: dict[Location, Location] = {}

    def open(self, location: Location) -> Transport:
        """Open a location of the plan, or its stand-in."""
        return self._open(self._instead.get(location, location))

    def use(self, wanted: Sequence[Repository], found: Sequence[Repository]) -> str:
        """Have those found stand in for those wanted; raises SourceError when they are not the same."""
        by_id = {repository.id: repository for repository in found}
        for repository in wanted:
            other = by_id.get(repository.id)
            if other is None:
                there = ", ".join(by_id)
                raise SourceError(f"{repository.id} is not there; found: {there}", hint="give the address of a copy")
            _check_same(repository, other)
        self._instead |= {repository.location: by_id[repository.id].location for repository in wanted}
        return ""


def _check_same(wanted: Repository, found: Repository) -> None:
    marks = {package.name: _mark(package) for package in found.packages}
    for package in wanted.packages:
        if marks.get(package.name) != _mark(package):
            raise SourceError(
                f"package {package.name} of {found.id} is another one there",
                where=found.location.shown(),
                hint="the plan is made for the packages of the first source; give the address of a copy",
            )


def _mark(package: Package) -> tuple[int, str, str]:
    return package.size_bytes, package.md5, package.filename
