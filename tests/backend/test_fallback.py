"""Sources with the same repository stand in for one another, before the first write and while installing."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from backend.fallback import Check, select_repositories
from backend.recording import RecordingSystem
from backend.sources import open_location
from backend.sources.transport import BRIEF, Patience, Transport
from backend.steps.packages import InstallPackage
from installer.model.errors import PackageError, SourceError
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Repository
from tests.backend.run_plan import MemorySource, recording_session
from tests.backend.sample import DATA, PACKAGES, REPOSITORY
from tests.backend.sources.web_server import RangeServer, answering
from tests.backend.tarballs import Member, package, tarball
from tests.backend.target import mounted_target

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
class Copies:
    """Opens copies of the sample's packages; each gives some bytes, and fails if those are not all."""

    given: dict[str, bytes]
    sizes: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def open(self, location: Location) -> Transport:
        name = location.url.reveal().split("/")[2]
        return Copy(self, name)


@dataclass
class Copy(MemorySource):
    """One of them."""

    copies: Copies
    name: str

    def size(self, name: str, limit_bytes: int) -> int:
        return self.copies.sizes.get(self.name, len(DATA))

    @contextmanager
    def open(self, name: str, start_byte: int = 0, patience: Patience = BRIEF) -> Iterator[Iterator[bytes]]:
        self.copies.asked.append((self.name, start_byte))
        yield self._bytes(start_byte)

    def _bytes(self, start_byte: int) -> Iterator[bytes]:
        given = self.copies.given[self.name]
        yield given[start_byte:]
        if len(given) < len(DATA):
            raise SourceError("the connection was closed", where=f"http://{self.name}/dom0fs.tar.bz2")


def install(copies: Copies) -> list[str]:
    """Install a package from copies a, b and c; returns what was told."""
    said: list[str] = []
    session = replace(recording_session(RecordingSystem()), open_source=copies.open, warn=said.append)
    InstallPackage("xs:main", address("a"), PACKAGES[0], (address("b"), address("c"))).run(session)
    return said


def test_a_source_that_dies_in_the_middle_is_continued_from_the_next() -> None:
    copies = Copies({"a": DATA[:4], "b": DATA})
    assert install(copies) == [
        "dom0fs: http://a/dom0fs.tar.bz2: the connection was closed; the next source is taken from byte 4"
    ]
    assert copies.asked == [("a", 0), ("b", 4)]


def test_each_that_dies_is_continued_from_the_next() -> None:
    copies = Copies({"a": DATA[:4], "b": DATA[:7], "c": DATA})
    install(copies)
    assert copies.asked == [("a", 0), ("b", 4), ("c", 7)]


def test_a_copy_of_another_size_does_not_continue_it() -> None:
    copies = Copies({"a": DATA[:4], "c": DATA}, sizes={"b": len(DATA) - 1})
    said = install(copies)
    assert f"has {len(DATA) - 1} bytes, XS-PACKAGES states {len(DATA)}" in said[1]
    assert copies.asked == [("a", 0), ("c", 4)]


def test_a_mixture_of_two_that_differ_is_taken_whole_from_the_later_one() -> None:
    copies = Copies({"a": b"????", "b": DATA})
    assert "it is taken whole from http://b/" in install(copies)[1]
    assert copies.asked == [("a", 0), ("b", 4), ("b", 0)]


def test_a_damaged_package_is_taken_whole_from_the_next() -> None:
    copies = Copies({"a": DATA[::-1], "b": DATA})
    (said,) = install(copies)
    assert "has the MD5" in said and "it is taken whole from http://b/" in said
    assert copies.asked == [("a", 0), ("b", 0)]


def test_when_all_are_damaged_the_step_fails() -> None:
    with pytest.raises(PackageError, match="has the MD5"):
        install(Copies(dict.fromkeys("abc", DATA[::-1])))


def test_when_the_last_source_dies_too_the_step_fails() -> None:
    copies = Copies({"a": DATA[:4], "b": DATA[:5], "c": DATA[:5]})
    with pytest.raises(SourceError, match="connection"):
        install(copies)
    assert copies.asked == [("a", 0), ("b", 4), ("c", 5)]


@pytest.mark.root
def test_a_server_that_goes_away_in_the_middle_of_a_real_package(tmp_path: Path) -> None:
    data = tarball(Member("a/"), Member("a/file", random.Random(3).randbytes(3_000_000)))
    about = package(data)
    first, second = RangeServer(data, cuts=[1_000_000, 0, 0, 0, 0]), RangeServer(data)
    said: list[str] = []
    with mounted_target(tmp_path) as target, answering(first) as one, answering(second) as two:
        session = replace(
            recording_session(RecordingSystem()), system=target.system, open_source=open_anywhere, warn=said.append
        )
        InstallPackage("xs:main", address(one), about, (address(two),)).run(session)
        assert (target.root / "a/file").stat().st_size == 3_000_000
    assert second.asked == [("bytes=1000000-", "")]
    assert first.sent_bytes + second.sent_bytes <= 1.02 * len(data)
    assert "the next source is taken from byte 1000000" in said[-1]


def open_anywhere(location: Location) -> Transport:
    return open_location(location, None)
