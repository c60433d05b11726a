"""Sources with the same repository stand in for one another, before the first write and while installing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from backend.fallback import Check, select_repositories
from backend.recording import RecordingSystem
from backend.sources.transport import Transport
from backend.steps.packages import InstallPackage
from installer.model.errors import PackageError, SourceError
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Repository
from tests.backend.run_plan import MemorySource, recording_session
from tests.backend.sample import PACKAGES, REPOSITORY

PACK = replace(REPOSITORY, id="xs:linux")


def address(name: str) -> Location:
    return Location(LocationKind.URL, Secret(f"http://{name}/"))


def at(name: str, repository: Repository = REPOSITORY) -> Repository:
    return replace(repository, location=address(name))


def broken(*names: str) -> Check:
    """Return a check that finds the repositories at these places incomplete."""

    def check(repositories: Sequence[Repository]) -> None:
        if {repository.location for repository in repositories} & {address(name) for name in names}:
            raise PackageError("package docs is not there")

    return check


def test_the_first_of_several_is_taken_and_the_others_stand_behind_it() -> None:
    (chosen,), problems = select_repositories([(at("a"),), (at("b"),), (at("c"),)], broken())
    assert chosen.location == address("a") and not problems
    assert chosen.fallbacks == (address("b"), address("c"))


def test_one_that_is_not_whole_is_passed_over_and_told() -> None:
    (chosen,), (problem,) = select_repositories([(at("a"),), (at("b"),)], broken("a"))
    assert chosen.location == address("b")
    assert problem.where == "http://a/" and "docs is not there" in problem.message


def test_when_none_is_whole_the_first_one_is_found_wrong_later() -> None:
    (chosen,), problems = select_repositories([(at("a"),), (at("b"),)], broken("a", "b"))
    assert (chosen.location, chosen.fallbacks, problems) == (address("a"), (), ())


def test_one_with_other_packages_stands_in_for_nobody() -> None:
    other = replace(at("b"), packages=PACKAGES[:1])
    (chosen,), _ = select_repositories([(at("a"),), (other,)], broken())
    assert chosen.fallbacks == ()


def test_what_stands_alone_is_not_checked_here() -> None:
    """Its packages are looked at with all others."""
    chosen, problems = select_repositories([(at("a", PACK),), (at("b"),)], broken("a", "b"))
    assert [repository.id for repository in chosen] == ["xs:main", "xs:linux"] and not problems


def test_twice_in_one_source_stays_twice() -> None:
    """That is an error of the source's, told elsewhere."""
    chosen, _ = select_repositories([(at("a"), at("a/packages"))], broken())
    assert len(chosen) == 2


@dataclass
class Sources:
    """Opens sources of which some fail after their first bytes."""

    failing: tuple[Location, ...]
    opened: list[str] = field(default_factory=list)

    def open(self, location: Location) -> Transport:
        self.opened.append(location.shown())
        return FailingSource() if location in self.failing else MemorySource()


class FailingSource(MemorySource):
    """Gives some bytes and then fails."""

    @contextmanager
    def open(self, name: str) -> Iterator[Iterator[bytes]]:
        yield self._bytes()

    def _bytes(self) -> Iterator[bytes]:
        yield b"not"
        raise SourceError("the connection was closed", where="http://a/dom0fs.tar.bz2")


def test_a_source_that_fails_while_installing_is_replaced_by_the_next() -> None:
    sources, said = Sources((address("a"),)), list[str]()
    session = replace(recording_session(RecordingSystem()), open_source=sources.open, warn=said.append)
    InstallPackage("xs:main", address("a"), PACKAGES[0], (address("b"),)).run(session)
    assert sources.opened == ["http://a/", "http://b/"]
    assert said == ["dom0fs: http://a/dom0fs.tar.bz2: the connection was closed; the next source is taken"]


def test_when_the_last_source_fails_too_the_step_fails() -> None:
    sources = Sources((address("a"), address("b")))
    session = replace(recording_session(RecordingSystem()), open_source=sources.open)
    with pytest.raises(SourceError, match="connection"):
        InstallPackage("xs:main", address("a"), PACKAGES[0], (address("b"),)).run(session)
