"""Packages added to a host that is complete: whatever is wrong with one, nothing of it is left."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend.mounts import TOOLS
from backend.recording import RecordingSystem
from backend.session import Session
from backend.sources import open_location
from backend.steps.installed import CheckRoom
from backend.steps.packages import AddPackage, added, install_package
from installer.model.errors import DeviceError, InstallerError, PackageError, SourceError
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Package, PackageType, Repository
from installer.model.units import MIB
from tests.backend.run_plan import recording_session
from tests.backend.sample import EXTENDED, REPOSITORY
from tests.backend.tarballs import Member, archive_of, package, tarball, zstd
from tests.backend.target import Target, mounted_target

GOOD = tarball(Member("opt/"), Member("opt/file", b"added"), Member("opt/noise", os.urandom(600_000)))


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    with mounted_target(tmp_path) as target:
        yield target


def add(target: Target, directory: Path, data: bytes | None, about: Package) -> None:
    """Put the bytes where the package is to be fetched from (None: there is no such file), and add it."""
    source = directory / "pack"
    source.mkdir()
    if data is not None:
        source.joinpath(about.filename).write_bytes(data)
    location = Location(LocationKind.URL, Secret(str(source)))
    repository = Repository("xs:linux", "Pack", "XenServer", "4.0.1-1", location, (about,))
    added(install_package(repository, about)).run(session(target))


def session(target: Target, progress: list[tuple[int, int]] | None = None) -> Session:
    seen = progress if progress is not None else []
    return Session(
        system=target.system,
        devices={},
        fingerprints={},
        open_source=lambda location: open_location(location, None),
        log_lines=lambda: b"",
        warn=print,
        on_progress=lambda item, done, total: seen.append((done, total)),
    )


def names(target: Target) -> list[str]:
    """Return what is on the target, without the tools of this machine that are bound into it."""
    found = (path for top in target.root.iterdir() if top.name != TOOLS[1:] for path in (top, *top.rglob("*")))
    return sorted(str(path.relative_to(target.root)) for path in found)


def free_bytes(target: Target) -> int:
    status = os.statvfs(target.root)
    return status.f_bfree * status.f_frsize


@pytest.mark.root
@pytest.mark.parametrize("kind", [PackageType.TBZ2, PackageType.TZST])
def test_good_package_is_unpacked_and_the_room_of_its_packed_form_is_free_again(
    target: Target, tmp_path: Path, kind: PackageType
) -> None:
    members = (Member("opt/"), Member("opt/file", b"added"))
    data = tarball(*members) if kind is PackageType.TBZ2 else zstd(archive_of(*members))
    before, free = names(target), free_bytes(target)
    add(target, tmp_path, data, package(data, kind=kind))
    assert target.root.joinpath("opt/file").read_bytes() == b"added"
    assert sorted(set(names(target)) - set(before)) == ["opt", "opt/file"]
    assert free - free_bytes(target) < 64 * 1024  # the directory and the file, a block each


@pytest.mark.root
@pytest.mark.parametrize(
    ("data", "about", "message"),
    [
        (GOOD, replace(package(GOOD), md5="0" * 32), "has the MD5"),
        (GOOD, replace(package(GOOD), sha256="0" * 64), "has the SHA-256"),
        (GOOD[:-9], package(GOOD), "it is cut short"),
        (GOOD + b"x", package(GOOD), "is longer than the"),
    ],
    ids=["md5", "sha256", "cut short", "too long"],
)
def test_bad_package_leaves_nothing(target: Target, tmp_path: Path, data: bytes, about: Package, message: str) -> None:
    """Each would have been unpacked, in whole or in part, before its end told that it is wrong."""
    before, free = names(target), free_bytes(target)
    with pytest.raises(PackageError, match=message):
        add(target, tmp_path, data, about)
    assert (names(target), free_bytes(target)) == (before, free)


@pytest.mark.root
def test_source_that_goes_away_leaves_nothing(target: Target, tmp_path: Path) -> None:
    before, free = names(target), free_bytes(target)
    with pytest.raises(SourceError, match="no such file"):
        add(target, tmp_path, None, package(GOOD))
    assert (names(target), free_bytes(target)) == (before, free)


@pytest.mark.root
def test_full_partition_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    data = tarball(Member("big", os.urandom(16 * MIB)))
    with mounted_target(tmp_path, size_bytes=8 * MIB) as target:
        before, free = names(target), free_bytes(target)
        with pytest.raises(DeviceError, match="the root partition is full: what is to be unpacked there"):
            add(target, tmp_path, data, package(data))
        assert (names(target), free_bytes(target)) == (before, free)


@pytest.mark.root
def test_partition_that_fills_while_unpacking_is_told_and_is_not_left_full(tmp_path: Path) -> None:
    data = tarball(Member("noise", os.urandom(2 * MIB)), Member("zeros", bytes(16 * MIB)))
    with mounted_target(tmp_path, size_bytes=16 * MIB) as target:
        with pytest.raises(PackageError, match="the root partition is full: package dom0 does not fit"):
            add(target, tmp_path, data, package(data))
        assert free_bytes(target) > 2 * MIB - 64 * 1024


@pytest.mark.root
def test_packages_are_refused_when_they_cannot_fit(target: Target) -> None:
    large = replace(package(GOOD), unpacked_bytes=80 * MIB)
    with pytest.raises(DeviceError, match=r"has room for .* and the packages take 84"):
        CheckRoom((large,)).run(session(target))
    CheckRoom((package(GOOD),)).run(session(target))


@pytest.mark.root
def test_progress_rises_over_both_passes(target: Target, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    (source := tmp_path / "pack").mkdir()
    source.joinpath("dom0.tar.bz2").write_bytes(GOOD)
    repository = replace(REPOSITORY, location=Location(LocationKind.URL, Secret(str(source))))
    added(install_package(repository, package(GOOD))).run(session(target, seen))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {total for _, total in seen} == {2 * len(GOOD)} and seen[-1][0] == 2 * len(GOOD)


def test_nothing_is_unpacked_before_the_sum_is_known_to_be_right() -> None:
    system = RecordingSystem()
    wrong = replace(REPOSITORY.packages[0], md5=hashlib.md5(b"another").hexdigest())
    with pytest.raises(InstallerError, match="has the MD5"):
        added(install_package(REPOSITORY, wrong)).run(recording_session(system))
    assert system.actions == []


@pytest.mark.parametrize(("repository", "tool"), [(REPOSITORY, "bzip2"), (EXTENDED, "zstd")])
def test_needs_what_unpacks_its_kind(repository: Repository, tool: str) -> None:
    step = added(install_package(repository, repository.packages[0]))
    assert isinstance(step, AddPackage) and tool in step.needs and step.title.startswith("add ")
