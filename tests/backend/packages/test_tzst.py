"""Packages of type tzst go through the same pipeline as tbz2, and hostile ones get neither memory nor time."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend.packages import tarball
from backend.packages.tzst import install_tzst
from backend.recording import RecordingSystem
from installer.model.errors import PackageError
from installer.model.source import Package, PackageType
from installer.model.units import MIB
from tests.backend.sentinel import sentinel_tree, state
from tests.backend.tarballs import Member, archive_of, package, zstd
from tests.backend.target import Target, mounted_target
from tests.needs import needs


@pytest.fixture(autouse=True)
def program() -> None:
    needs("zstd")


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    with mounted_target(tmp_path) as mounted:
        yield mounted


def chunks(data: bytes, size: int = 1000) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def about(data: bytes, destination: str = "/") -> Package:
    return package(data, kind=PackageType.TZST, destination=destination)


def unpack(target: Target, data: bytes, wanted: Package | None = None, *, size: int = 1000) -> None:
    install_tzst(target.system, chunks(data, size), wanted or about(data), lambda _: None)


CONTENT = os.urandom(300_000)
ARCHIVE = archive_of(Member("a/"), Member("a/file", CONTENT))


@pytest.mark.root
@pytest.mark.parametrize("options", [("-1",), ("-19",), ("--ultra", "-22"), ("--long=27",), ("--no-check",)], ids=str)
@pytest.mark.parametrize("size", [3, MIB])
def test_unpacks_what_zstd_makes_whatever_the_chunks(target: Target, options: tuple[str, ...], size: int) -> None:
    unpack(target, zstd(ARCHIVE, *options), size=size)
    assert (target.root / "a/file").read_bytes() == CONTENT


@pytest.mark.root
def test_unpacks_the_largest_window_of_any_level(tmp_path: Path) -> None:
    """More than the window of incompressible bytes, so that all of it is needed."""
    content = os.urandom(MIB) * 140
    data = zstd(archive_of(Member("file", content)), "-1", "--long=27", "--no-content-size")
    with mounted_target(tmp_path, size_bytes=256 * MIB) as target:
        unpack(target, data, size=MIB)
        assert (target.root / "file").read_bytes() == content


@pytest.mark.root
def test_several_frames_and_skippable_ones_are_one_package(target: Target) -> None:
    half = len(ARCHIVE) // 2
    skippable = b"\x53\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"words"
    unpack(target, skippable + zstd(ARCHIVE[:half]) + skippable + zstd(ARCHIVE[half:]))
    assert (target.root / "a/file").read_bytes() == CONTENT


@pytest.mark.root
def test_absolute_links_of_the_target_leave_the_machine_alone(target: Target, tmp_path: Path) -> None:
    sentinel = sentinel_tree(tmp_path)
    before = state(sentinel)
    unpack(target, zstd(archive_of(Member("usr/"), Member("lib", link="usr"), Member("etc", link=f"{sentinel}/etc"))))
    unpack(target, zstd(archive_of(Member("lib/x", b"x"), Member("etc/"), Member("etc/passwd", b"attacked"))))
    assert state(sentinel) == before
    assert os.readlink(target.root / "lib") == "usr" and (target.root / "usr/x").read_bytes() == b"x"
    with pytest.raises(PackageError, match="cannot be unpacked"):
        unpack(target, zstd(archive_of(Member("../escaped", b"x"))))
    assert not (target.root.parent / "escaped").exists()


GOOD = zstd(ARCHIVE)


@pytest.mark.root
@pytest.mark.parametrize("length", [0, 3, 4, 9, 20, 1000, len(GOOD) // 2, len(GOOD) - 4, len(GOOD) - 1])
def test_truncated_package_is_cut_short_and_if_packed_so_cannot_be_unpacked(target: Target, length: int) -> None:
    with pytest.raises(PackageError) as caught:
        unpack(target, GOOD[:length], about(GOOD))
    assert f"has {length} bytes, XS-PACKAGES states {len(GOOD)}: it is cut short" in caught.value.what
    with pytest.raises(PackageError, match=r"package dom0 \(dom0.tar.zst\) cannot be unpacked: .") as caught:
        unpack(target, GOOD[:length])
    assert "packed wrongly" in caught.value.hint


@pytest.mark.root
@pytest.mark.parametrize(
    "data",
    [
        b"not zstd at all " * 9000,
        gzip.compress(ARCHIVE),
        lzma.compress(ARCHIVE, preset=0),
        b"\x28\xb5\x2f\xfe" + GOOD[4:],
        ARCHIVE,
    ],
    ids=["words", "gzip", "xz", "wrong magic", "plain tar"],
)
def test_what_is_not_zstd_is_refused_also_where_zstd_would_read_it(target: Target, data: bytes) -> None:
    with pytest.raises(PackageError, match="does not begin as zstd does") as caught:
        unpack(target, data)
    assert "packed wrongly" in caught.value.hint
    assert not (target.root / "a").exists()
    with pytest.raises(PackageError, match="has the MD5"):
        unpack(target, data, replace(about(data), md5="0" * 32))


@pytest.mark.root
def test_wrong_md5_and_too_many_bytes_are_named(target: Target) -> None:
    with pytest.raises(PackageError, match=f"has the MD5 {about(GOOD).md5}, XS-PACKAGES states {'0' * 32}"):
        unpack(target, GOOD, replace(about(GOOD), md5="0" * 32))
    with pytest.raises(PackageError, match=f"is longer than the {len(GOOD)} bytes"):
        unpack(target, GOOD + b"x", about(GOOD))
    damaged = GOOD[:1000] + b"?" * 50 + GOOD[1050:]
    with pytest.raises(PackageError, match="has the MD5"):
        unpack(target, damaged, about(GOOD))
    with pytest.raises(PackageError, match="cannot be unpacked: "):
        unpack(target, damaged)


@pytest.mark.root
def test_stated_sha256_is_checked_beside_the_md5(target: Target) -> None:
    right = hashlib.sha256(GOOD).hexdigest()
    unpack(target, GOOD, replace(about(GOOD), sha256=right))
    assert (target.root / "a/file").read_bytes() == CONTENT
    with pytest.raises(PackageError, match=f"has the SHA-256 {right}, XS-PACKAGES states {'0' * 64}"):
        unpack(target, GOOD, replace(about(GOOD), sha256="0" * 64))


@pytest.mark.root
@pytest.mark.parametrize(
    ("hostile", "words"),
    [
        (b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x01\x00\x00", "requires too much memory"),  # a window of 2 GiB
        (GOOD + lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1536 * MIB}]), "lzma"),
    ],
    ids=["window of 2 GiB", "xz that asks for 1.5 GiB"],
)
def test_frames_that_ask_for_much_memory_do_not_get_it(target: Target, hostile: bytes, words: str) -> None:
    with pytest.raises(PackageError, match=f"cannot be unpacked: .*{words}"):
        unpack(target, hostile)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < 1024 * MIB


BOMB = zstd(bytes(64 * MIB), "-19") * 3000  # 6 MB that decompress to 200 GB of zeros


@pytest.mark.root
@pytest.mark.parametrize("before", [b"", GOOD], ids=["zeros alone", "after an archive"])
def test_a_package_that_decompresses_to_no_end_is_given_up(
    target: Target, before: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tarball, "LEAST_CPU_S", 1)
    monkeypatch.setattr(tarball, "CPU_S_PER_MIB", 0)
    with pytest.raises(PackageError, match="took more than 1 s of processor time") as caught:
        unpack(target, before + BOMB, size=MIB)
    assert "packed wrongly" in caught.value.hint


@pytest.mark.root
def test_full_root_partition_is_named(tmp_path: Path) -> None:
    data = zstd(archive_of(Member("big", bytes(16 * MIB))))
    with mounted_target(tmp_path, size_bytes=8 * MIB) as target, pytest.raises(PackageError, match="partition is full"):
        unpack(target, data)


def test_runs_zstd_and_tar_confined_with_a_limit_of_memory() -> None:
    system = RecordingSystem()
    install_tzst(system, chunks(GOOD), about(GOOD, "/opt/x"), lambda _: None)
    (_, pipeline) = system.actions
    assert pipeline[:9] == (
        "zstd", "--decompress", "--stdout", "--quiet", "--memory=128MiB", "|", "chroot", "/target", "tar",
    )  # fmt: skip
    assert pipeline[-2:] == ("--directory", "/opt/x")
