"""Packages that state more than the root partition holds are refused before anything is changed."""

from __future__ import annotations

import pytest

from installer.model.check_room import check_room
from installer.model.problem import Severity
from installer.model.source import Location, LocationKind, Package, PackageType, Repository
from installer.model.units import GIB


def repository(**sizes: int | None) -> Repository:
    packages = tuple(
        Package(name, 1, "0" * 32, PackageType.TBZ2, name, "/", required=False, unpacked_bytes=size)
        for name, size in sizes.items()
    )
    return Repository("xs:main", "A name", "XenServer", "4.0.1-1", Location(LocationKind.LOCAL), packages)


@pytest.mark.parametrize(
    ("sizes", "skipped"),
    [
        ({"a": 2 * GIB, "b": GIB}, ()),
        ({"a": 2 * GIB, "b": None}, ()),
        ({"a": 2 * GIB, "b": 2 * GIB}, ("b",)),
        ({}, ()),
    ],
)
def test_packages_that_fit_are_no_problem(sizes: dict[str, int | None], skipped: tuple[str, ...]) -> None:
    assert check_room((repository(**sizes),), skipped, 3 * GIB) == ()


def test_packages_of_all_repositories_must_fit_together() -> None:
    (problem,) = check_room((repository(a=GIB), repository(b=2 * GIB, c=1)), (), 3 * GIB)
    assert problem.severity is Severity.ERROR
    assert "too large for the root partition" in problem.message and "the largest is b" in problem.message
    assert "skip-package" in problem.hint
