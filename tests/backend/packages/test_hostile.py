"""Hostile packages of either type: nothing outside the target changes, memory is bounded, and what fails is told."""

from __future__ import annotations

import bz2
import hashlib
import os
import resource
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.packages import HANDLERS
from installer.model.errors import DeviceError, PackageError
from installer.model.source import PackageType
from installer.model.units import MIB
from tests.backend.packages.hostile import BLOCK, Hostile, corpus, entry, extended_headers, many
from tests.backend.sentinel import sentinel_tree, state
from tests.backend.tarballs import Member, archive_of, package, zstd
from tests.backend.target import Target, mounted_target

pytestmark = pytest.mark.root
PACK: dict[PackageType, Callable[[bytes], bytes]] = {PackageType.TBZ2: bz2.compress, PackageType.TZST: zstd}
NAMES = tuple(corpus("/outside", (7, 0)))
LONGEST_S = 60
MOST_MEMORY = 1024 * MIB


@dataclass
class Place:
    """A target, and beside it a tree and a disk that no package may reach."""

    target: Target
    outside: Path
    disk: Path
    loop: str

    def seen(self) -> tuple[object, ...]:
        """Return everything by which a change outside would be seen."""
        beside = sorted(path.name for path in self.target.root.parent.iterdir())
        return state(self.outside), hashlib.sha256(self.disk.read_bytes()).hexdigest(), beside

    def device(self) -> tuple[int, int]:
        """Return the numbers of the disk."""
        number = os.stat(self.loop).st_rdev
        return os.major(number), os.minor(number)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    disk = tmp_path / "disk.img"
    disk.write_bytes(b"a disk that nobody chose" * 1000)
    loop = subprocess.run(
        ["losetup", "--find", "--show", str(disk)], check=True, capture_output=True, text=True
    ).stdout.strip()
    try:
        with mounted_target(tmp_path) as target:
            yield Place(target, sentinel_tree(tmp_path), disk, loop)
    finally:
        subprocess.run(["losetup", "--detach", loop], check=True)


def _install(target: Target, archive: bytes, kind: PackageType) -> None:
    _install_packed(target, PACK[kind](archive), kind)


def _install_packed(target: Target, data: bytes, kind: PackageType) -> None:
    HANDLERS[kind](target.system, iter((data,)), package(data, kind=kind), lambda _: None)


def _check_told(error: PackageError | DeviceError) -> None:
    """A message names the package, says what to do, and holds nothing that a terminal obeys."""
    text = str(error)
    assert "package dom0" in text and error.hint, text
    assert all(char.isprintable() or char == "\n" for char in text), repr(text)
    assert len(text) < 2000


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_outside_the_target_changes(place: Place, name: str, kind: PackageType) -> None:
    hostile: Hostile = corpus(str(place.outside), place.device())[name]
    before, began = place.seen(), time.monotonic()
    try:
        _install(place.target, hostile.archive, kind)
        refused = ""
    except PackageError as error:
        refused = str(error)
        _check_told(error)
    assert place.seen() == before
    assert time.monotonic() - began < LONGEST_S
    assert hostile.refused in refused, refused
    assert hostile.refused or hostile.may_fail or not refused, refused
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < MOST_MEMORY


@pytest.mark.long
@pytest.mark.parametrize("kind", PACK)
def test_extended_headers_get_no_more_memory_than_anything_else(place: Place, kind: PackageType) -> None:
    """They are all there, 1.5 GiB of them: tar would hold them in memory to read them."""
    head, zeros = extended_headers(24 * 64 * MIB), PACK[kind](bytes(64 * MIB))
    with pytest.raises(PackageError) as caught:
        _install_packed(place.target, PACK[kind](head) + zeros * 24, kind)
    _check_told(caught.value)
    assert "memory" in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < MOST_MEMORY


GOOD = archive_of(
    Member("a/"), Member("a/file", os.urandom(3 * BLOCK + 7)), Member("a/link", link="file"), Member("b", b"last words")
)


@pytest.mark.long
@pytest.mark.parametrize("kind", PACK)
def test_archive_cut_at_every_block_and_then_packed_is_unpacked_or_told(place: Place, kind: PackageType) -> None:
    before, told = place.seen(), 0
    for end in range(0, len(GOOD), BLOCK):
        try:
            _install(place.target, GOOD[:end], kind)
        except PackageError as error:
            _check_told(error)
            told += 1
    assert place.seen() == before
    assert told >= 4, "the file's own blocks, and what comes before the first member"


@pytest.mark.long
@pytest.mark.parametrize("kind", PACK)
def test_package_cut_anywhere_and_then_summed_is_told(place: Place, kind: PackageType) -> None:
    data, before = PACK[kind](GOOD), place.seen()
    ends = [*range(0, len(data), max(1, len(data) // 24)), len(data) - 1]
    for end in ends:
        with pytest.raises(PackageError) as caught:
            _install_packed(place.target, data[:end], kind)
        _check_told(caught.value)
    assert place.seen() == before


@pytest.mark.long
@pytest.mark.parametrize("kind", PACK)
def test_a_hundred_thousand_entries_are_unpacked_in_bounded_memory(tmp_path: Path, kind: PackageType) -> None:
    with mounted_target(tmp_path, size_bytes=2048 * MIB) as target:
        _install(target, many(100_000), kind)
        assert sum(len(files) for _, _, files in os.walk(target.root / "many")) == 100_000
        assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < MOST_MEMORY


@pytest.mark.parametrize("kind", PACK)
def test_more_entries_than_the_file_system_holds_are_told_as_such(place: Place, kind: PackageType) -> None:
    with pytest.raises(PackageError, match="the root partition is full"):
        _install(place.target, many(20_000), kind)


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("what", ["pipe", "device of no end", "sparse file of 8 GiB"])
def test_what_only_looks_like_a_file_is_never_read(place: Place, kind: PackageType, what: str) -> None:
    """The installer reads files that packages brought; one that does not end would hold it up for good."""
    made = {
        "pipe": entry("etc/settings", tarfile.FIFOTYPE),
        "device of no end": entry("etc/settings", tarfile.CHRTYPE, devmajor=1, devminor=5),
        "sparse file of 8 GiB": b"",
    }[what]
    _install(place.target, made or archive_of(Member("etc/")), kind)
    if not made:
        with open(place.target.root / "etc/settings", "wb") as stream:
            stream.truncate(2**33)
    with pytest.raises(DeviceError, match=r"no regular file|too large"):
        place.target.system.read_text("/etc/settings")
    place.target.system.write_text("/etc/settings", "ours\n")
    assert place.target.system.read_text("/etc/settings") == "ours\n"
