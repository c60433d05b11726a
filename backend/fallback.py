"""Several sources with the same repository: the first whole one is installed, the others stand in for it (spec R31)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from installer.model.errors import PackageError
from installer.model.problem import Problem, Severity
from installer.model.source import MAIN_REPOSITORY, Repository

Check = Callable[[Sequence[Repository]], None]


def select_repositories(
    sources: Sequence[tuple[Repository, ...]], check: Check
) -> tuple[tuple[Repository, ...], tuple[Problem, ...]]:
    """Return each repository once, the first of those with its id that passes `check`, and what is to be said of it.

    `sources` are the repositories of each source in order; two with one id in the same source stay two, which is
    found wrong elsewhere. xs:main comes first. When none of several passes, the first one is returned.
    `check` raises PackageError.
    """
    first_of: dict[str, int] = {}
    for number, source in enumerate(sources):
        for repository in source:
            first_of.setdefault(repository.id, number)
    chosen: list[Repository] = []
    problems: list[Problem] = []
    for number, source in enumerate(sources):
        for repository in source:
            if first_of[repository.id] == number:
                others = tuple(other for later in sources[number + 1 :] for other in later if other.id == repository.id)
                whole, faults = _first_whole((repository, *others), check)
                chosen.append(whole)
                problems += faults
    return tuple(sorted(chosen, key=lambda repository: repository.id != MAIN_REPOSITORY)), tuple(problems)


def _first_whole(offers: tuple[Repository, ...], check: Check) -> tuple[Repository, list[Problem]]:
    problems: list[Problem] = []
    for offer in offers if len(offers) > 1 else ():
        try:
            check((offer,))
        except PackageError as error:
            message = f"repository {offer.id} is not complete, the next source with it is taken: {error.what}"
            problems.append(Problem(Severity.WARNING, message, offer.location.shown()))
        else:
            return _with_fallbacks(offer, offers), problems
    return offers[0], []


def _with_fallbacks(whole: Repository, offers: tuple[Repository, ...]) -> Repository:
    """Only one with the very same packages can stand in for another."""
    same = [offer for offer in offers if offer.packages == whole.packages]
    places = (place for offer in same for place in (offer.location, *offer.fallbacks))
    return replace(whole, fallbacks=tuple(place for place in dict.fromkeys(places) if place != whole.location))
