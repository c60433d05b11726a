"""Packages are unpacked completely, and nothing of them reaches outside the target."""

from __future__ import annotations

import bz2
import os
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend.packages import HANDLERS
from backend.packages import tarball as tarball_module
from backend.packages.tbz2 import install_tbz2
from backend.recording import RecordingSystem
from backend.repository_build import METADATA
from installer.model.errors import CommandFailed, PackageError, SourceError
from installer.model.source import Package, PackageType
from installer.model.units import MIB
from tests.backend.sentinel import sentinel_tree, state
from tests.backend.tarballs import MTIME, Member, package, tarball
from tests.backend.target import Target, mounted_target
from tests.needs import needs

CAPABILITY = "\x01\x00\x00\x02\x00\x20" + "\x00" * 14


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    with mounted_target(tmp_path) as mounted:
        yield mounted


def chunks(data: bytes, size: int = 1000) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def install(target: Target, *members: Member, destination: str = "/") -> None:
    data = tarball(*members)
    install_tbz2(target.system, chunks(data), package(data, destination=destination), lambda _: None)


def unpack(target: Target, data: bytes, about: Package) -> None:
    install_tbz2(target.system, chunks(data), about, lambda _: None)


@pytest.mark.root
def test_unpacks_content_mode_owner_time_xattrs_and_hard_links(target: Target) -> None:
    install(
        target,
        Member("srv/", mode=0o1777, owner=12),
        Member(
            "srv/tool", b"words", mode=0o4750, owner=34, xattrs={"security.capability": CAPABILITY, "user.mark": "x"}
        ),
        Member("srv/again", hard="srv/tool"),
        Member("srv/link", link="/srv/tool"),
    )
    directory, tool = os.stat(target.root / "srv"), os.stat(target.root / "srv/tool")
    assert (directory.st_mode & 0o7777, directory.st_uid, directory.st_gid, directory.st_mtime) == (
        0o1777,
        12,
        12,
        MTIME,
    )
    assert (tool.st_mode & 0o7777, tool.st_uid, tool.st_gid, tool.st_mtime) == (0o4750, 34, 34, MTIME)
    assert (target.root / "srv/tool").read_bytes() == b"words"
    assert os.getxattr(target.root / "srv/tool", "user.mark") == b"x"
    assert os.getxattr(target.root / "srv/tool", "security.capability") == CAPABILITY.encode()
    assert os.stat(target.root / "srv/again").st_ino == tool.st_ino
    assert os.readlink(target.root / "srv/link") == "/srv/tool"


@pytest.mark.root
@pytest.mark.parametrize("further", [(), ("--acls",)], ids=["as attributes", "as lists too"])
def test_access_control_lists_are_those_of_the_packed_tree(
    target: Target, tmp_path: Path, further: tuple[str, ...]
) -> None:
    needs("getfacl", "setfacl")
    tree = tmp_path / "tree"
    (tree / "log").mkdir(parents=True)
    (tree / "log/file").write_text("x")
    (tree / "log/plain").write_text("x")
    subprocess.run(["setfacl", "--modify", "user:7:rw", str(tree / "log/file")], check=True)
    subprocess.run(["setfacl", "--default", "--modify", "user:8:rx", str(tree / "log")], check=True)
    packed = subprocess.run(
        ["tar", "--create", "--bzip2", "--format=pax", *METADATA, *further, "--directory", str(tree), "log"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    unpack(target, packed, package(packed))
    assert _lists(target.root) == _lists(tree)
    assert "default:user:8:r-x" in _lists(tree) and "user:7:rw-" in _lists(tree)


def _lists(directory: Path) -> list[str]:
    argv = ["getfacl", "--numeric", "log", "log/file", "log/plain"]
    return subprocess.run(argv, cwd=directory, check=True, capture_output=True, text=True).stdout.splitlines()


@pytest.mark.root
def test_makes_a_missing_destination(target: Target) -> None:
    install(target, Member("file", b"x"), destination="/opt/a/b")
    assert (target.root / "opt/a/b/file").read_bytes() == b"x"


@pytest.mark.root
def test_package_with_lib_firmware_keeps_the_link_lib(target: Target) -> None:
    install(target, Member("usr/"), Member("usr/lib/"), Member("lib", link="usr/lib"))
    install(target, Member("lib/"), Member("lib/firmware/"), Member("lib/firmware/nic.bin", b"firmware"))
    assert os.readlink(target.root / "lib") == "usr/lib"
    assert (target.root / "usr/lib/firmware/nic.bin").read_bytes() == b"firmware"


def link_package(sentinel: Path) -> tuple[Member, ...]:
    return (
        Member("usr/"),
        Member("usr/lib/"),
        Member("lib", link="usr/lib"),
        Member("etc", link=f"{sentinel}/etc"),
        Member("opt", link=str(sentinel)),
        Member("var/"),
        Member("var/localtime", link=f"{sentinel}/etc/localtime"),
        Member("var/up", link="../../../../../../../../.." + str(sentinel / "etc/passwd")),
    )


ATTACK = (
    Member("lib/", mode=0o711, owner=99),
    Member("lib/firmware/"),
    Member("lib/firmware/nic.bin", b"firmware"),
    Member("etc/", mode=0o700, owner=99, xattrs={"user.mark": "attacked"}),
    Member("etc/localtime", b"attacked", mode=0o777, owner=99),
    Member("etc/deep/", mode=0o700, owner=99),
    Member("etc/deep/file", b"attacked", mode=0o777, owner=99, xattrs={"user.mark": "attacked"}),
    Member("opt/", mode=0o777, owner=99, xattrs={"user.mark": "attacked"}),
    Member("opt/new", b"attacked"),
    Member("opt/etc/passwd", b"attacked", mode=0o777),
    Member("var/localtime", b"attacked", mode=0o777, owner=99),
    Member("var/up", b"attacked", mode=0o777, owner=99),
    Member("var/hard", hard="etc/localtime"),
)


@pytest.mark.root
@pytest.mark.parametrize("leads_somewhere", [False, True], ids=["dangling in the target", "leading to a directory"])
def test_absolute_links_of_the_target_leave_the_machine_alone(
    target: Target, tmp_path: Path, leads_somewhere: bool
) -> None:
    sentinel = sentinel_tree(tmp_path)
    before = state(sentinel)
    inside = target.root / str(sentinel).lstrip("/")
    if leads_somewhere:
        (inside / "etc/deep").mkdir(parents=True)
    install(target, *link_package(sentinel))
    install(target, *ATTACK)
    assert state(sentinel) == before
    assert os.readlink(target.root / "lib") == "usr/lib"
    assert (target.root / "usr/lib/firmware/nic.bin").read_bytes() == b"firmware"
    assert (target.root / "var/localtime").read_bytes() == b"attacked"
    if leads_somewhere:
        assert os.readlink(target.root / "etc") == f"{sentinel}/etc"
        assert (inside / "etc/localtime").read_bytes() == b"attacked"
    else:
        assert (target.root / "etc/localtime").read_bytes() == b"attacked"


@pytest.mark.root
def test_plain_tar_would_reach_the_sentinel(tmp_path: Path) -> None:
    """The control: without the chroot the same packages change the tree outside."""
    sentinel, root = sentinel_tree(tmp_path), tmp_path / "root"
    root.mkdir()
    before = state(sentinel)
    for members in (link_package(sentinel), ATTACK):
        argv = ["tar", "--extract", "--bzip2", "--keep-directory-symlink", "--directory", str(root)]
        subprocess.run(argv, input=tarball(*members), check=False, capture_output=True)
    assert state(sentinel) != before


@pytest.mark.root
@pytest.mark.parametrize("name", ["../escaped", "etc/../../escaped"])
def test_refuses_members_that_climb_out(target: Target, name: str) -> None:
    with pytest.raises(PackageError, match=r"cannot be unpacked"):
        install(target, Member(name, b"x"))
    assert not (target.root.parent / "escaped").exists()


@pytest.mark.root
def test_absolute_member_lands_in_the_target(target: Target, tmp_path: Path) -> None:
    install(target, Member(f"{tmp_path}/absolute", b"x"))
    assert not (tmp_path / "absolute").exists()
    assert (target.root / str(tmp_path).lstrip("/") / "absolute").read_bytes() == b"x"


@pytest.mark.root
def test_full_root_partition_is_named(tmp_path: Path) -> None:
    with mounted_target(tmp_path, size_bytes=8 * MIB) as target, pytest.raises(PackageError) as caught:
        install(target, Member("big", bytes(16 * MIB)))
    assert "root partition is full" in caught.value.what
    assert "dom0" in caught.value.what


GOOD = tarball(Member("a/"), Member("a/file", os.urandom(300_000)))


@pytest.mark.root
@pytest.mark.parametrize(
    ("data", "about", "message"),
    [
        (GOOD, replace(package(GOOD), md5="0" * 32), f"has the MD5 {package(GOOD).md5}, XS-PACKAGES states {'0' * 32}"),
        (GOOD[:-5000], package(GOOD), f"has {len(GOOD) - 5000} bytes, XS-PACKAGES states {len(GOOD)}: it is cut short"),
        (GOOD[:20], package(GOOD), "has 20 bytes"),
        (b"", package(GOOD), "has 0 bytes"),
        (GOOD + b"x", package(GOOD), f"is longer than the {len(GOOD)} bytes"),
        (GOOD[:1000] + b"?" * 50 + GOOD[1050:], package(GOOD), "has the MD5"),
        (b"not bzip2 at all " * 9000, package(b"not bzip2 at all " * 9000), "cannot be unpacked: "),
        (b"no bzip2", package(b"no bzip2"), "cannot be unpacked: "),
    ],
    ids=["md5", "truncated", "nearly empty", "empty", "too long", "damaged", "no bzip2", "short and no bzip2"],
)
def test_names_what_is_wrong_with_a_package(target: Target, data: bytes, about: Package, message: str) -> None:
    with pytest.raises(PackageError) as caught:
        unpack(target, data, about)
    assert message in caught.value.what
    assert "package dom0 (dom0.tar.bz2)" in caught.value.what
    assert caught.value.hint


@pytest.mark.root
def test_stops_reading_a_package_that_is_too_long(target: Target) -> None:
    def endless() -> Iterator[bytes]:
        yield GOOD
        for number in range(3):
            assert number < 1, "read on after the package was found too long"
            yield b"x"

    with pytest.raises(PackageError):
        install_tbz2(target.system, endless(), package(GOOD), lambda _: None)


@pytest.mark.root
def test_failure_of_the_source_is_told_as_it_is(target: Target) -> None:
    def cut() -> Iterator[bytes]:
        yield GOOD[:100_000]
        raise SourceError("the server closed the connection")

    with pytest.raises(SourceError, match="closed the connection"):
        install_tbz2(target.system, cut(), package(GOOD), lambda _: None)


def test_progress_counts_the_bytes_of_the_package() -> None:
    heard: list[int] = []
    install_tbz2(RecordingSystem(), chunks(GOOD, 100_000), package(GOOD), heard.append)
    assert heard == [100_000, 200_000, 300_000, len(GOOD)]


def test_runs_tar_confined_and_keeps_directory_links() -> None:
    system = RecordingSystem()
    install_tbz2(system, chunks(GOOD), package(GOOD, destination="/opt/x"), lambda _: None)
    assert system.actions == [
        ("chroot", "/target", "mkdir", "--parents", "--", "/opt/x"),
        (
            "lbzip2", "--decompress", "--stdout", "|", "chroot", "/target", "tar", "--extract", "--file=-",
            "--blocking-factor=256", "--ignore-zeros", "--numeric-owner", "--same-owner", "--preserve-permissions",
            "--xattrs", "--xattrs-include=*", "--keep-directory-symlink", "--directory", "/opt/x",
        ),
    ]  # fmt: skip


@pytest.mark.parametrize("position", [1, 2])
def test_failing_program_becomes_an_error_about_the_package(position: int) -> None:
    with pytest.raises((PackageError, CommandFailed)):
        install_tbz2(
            RecordingSystem(fail_at=position), chunks(GOOD), package(GOOD, destination="/opt/x"), lambda _: None
        )


def test_every_type_has_a_handler() -> None:
    assert set(HANDLERS) == set(PackageType)


@pytest.mark.root
def test_padding_after_the_end_of_the_archive_does_no_harm(target: Target) -> None:
    """Archives are padded to a record, which may be long; several streams may follow each other (pbzip2)."""
    data = tarball(Member("file", b"x")) + bz2.compress(bytes(20 * MIB))
    unpack(target, data, package(data))
    assert (target.root / "file").read_bytes() == b"x"


@pytest.mark.root
@pytest.mark.parametrize("link", ["/opt/real", "real"])
def test_destination_may_be_a_link_inside_the_target(target: Target, link: str) -> None:
    install(target, Member("opt/"), Member("opt/real/"), Member("opt/link", link=link))
    install(target, Member("file", b"x"), destination="/opt/link")
    assert (target.root / "opt/real/file").read_bytes() == b"x"


@pytest.mark.root
def test_unpacking_again_gives_the_same(target: Target) -> None:
    members = (Member("a/", mode=0o700), Member("a/file", b"x", mode=0o400), Member("a/link", link="/a/file"))
    install(target, *members)
    before = state(target.root / "a")
    install(target, *members)
    assert [entry[1:4] for entry in state(target.root / "a")] == [entry[1:4] for entry in before]


@pytest.mark.root
def test_the_tools_bound_into_the_target_cannot_be_changed(target: Target) -> None:
    with pytest.raises(PackageError, match="Read-only file system"):
        install(target, Member(".installer-tools/bin/installer-test", b"x"))
    with pytest.raises(PackageError, match="cannot be unpacked"):
        install(target, Member(".installer-tools", link="/etc"))
    assert not Path("/usr/bin/installer-test").exists()


BOMB = bz2.compress(bytes(45_900_000)) * 3000  # 210 kB that decompress to 138 GB of zeros


@pytest.mark.root
@pytest.mark.parametrize("before", [b"", tarball(Member("file", b"x"))], ids=["zeros alone", "after an archive"])
def test_a_package_that_decompresses_to_no_end_is_given_up(
    target: Target, before: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tarball_module, "LEAST_CPU_S", 1)
    data = before + BOMB
    with pytest.raises(PackageError) as caught:
        unpack(target, data, package(data))
    assert "cannot be unpacked: lbzip2 took more than 1 s of processor time" in caught.value.what
    assert "packed wrongly" in caught.value.hint


@pytest.mark.root
def test_a_package_with_one_file_of_no_end_fills_the_root_partition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tarball_module, "LEAST_CPU_S", 2)
    data = endless_file(8 * 1024 * MIB) + BOMB
    with mounted_target(tmp_path, size_bytes=8 * MIB) as target, pytest.raises(PackageError, match="partition is full"):
        unpack(target, data, package(data))


def endless_file(size_bytes: int) -> bytes:
    """Return the head of an archive, in a stream of its own, whose only file is that large."""
    head = tarfile.TarInfo("big")
    head.size = size_bytes
    return bz2.compress(head.tobuf())
