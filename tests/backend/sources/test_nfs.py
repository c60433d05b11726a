"""Repositories on a real NFS server, versions 3 and 4, and what is said where there is none."""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from backend.repository import check_packages, find_repositories, verify_repository
from backend.sources import fetch_text, open_location
from backend.sources.nfs import Limits, NfsTransport
from backend.sources.transport import AbsentError, Patience, UnreachableError
from installer.model.errors import SourceError
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from tests.backend.small_repository import small_repository
from tests.backend.sources.nfs_server import Export, nfs_server
from tests.needs import needs

pytestmark = pytest.mark.root
BODY = random.Random(4).randbytes(3_000_000)
MORE_THAN_IS_READ_AHEAD = 32_000_000  # bytes; pipe, socket and nfs-cat hold a few MiB that nobody has asked for
QUICK = Limits(read_s=1, answer_s=3, pause_s=0.01)
LIMIT = 10_000_000
BOTH = pytest.mark.parametrize("version", ["3", "4"])


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Export]:
    directory = tmp_path_factory.mktemp("export")
    small_repository(directory / "repository")
    (directory / "a b").mkdir()
    (directory / "a b/größer").write_bytes(BODY)
    with (directory / "a b/long").open("wb") as long:
        long.truncate(MORE_THAN_IS_READ_AHEAD)
    (directory / "rack7.xml").write_bytes(b"<installation/>")
    (directory / "hidden").write_bytes(b"x")
    (directory / "hidden").chmod(0)
    with nfs_server(directory, directory.parent / "ganesha") as running:
        yield running


def at(export: Export, version: str, path: str = "") -> Location:
    return Location(LocationKind.URL, Secret(export.url(version, path)))


@BOTH
def test_finds_checks_and_verifies_a_repository(export: Export, version: str) -> None:
    found = find_repositories(at(export, version, "/repository/"), None)
    check_packages(found)
    assert [(one.id, verify_repository(one, lambda _: None)) for one in found] == [("xs:main", ())]


@BOTH
def test_reads_a_single_file(export: Export, version: str) -> None:
    assert fetch_text(at(export, version, "/rack7.xml")) == b"<installation/>"


@BOTH
def test_reads_names_with_blanks_and_other_letters(export: Export, version: str) -> None:
    source = open_location(at(export, version, "/a%20b"), None)
    assert source.size("größer", 0) == len(BODY)
    assert source.read_file("größer", LIMIT) == BODY
    again = open_location(open_location(at(export, version), None).at("a b").location, None)
    assert again.size("größer", 0) == len(BODY)


def test_tries_version_4_and_then_3(export: Export) -> None:
    for version in ("3", "4"):
        url = export.url(version, "/rack7.xml").replace(f"version={version}&", "")
        assert NfsTransport(url, limits=QUICK).read_file("", LIMIT) == b"<installation/>"


@BOTH
def test_reads_from_a_byte_on(export: Export, version: str) -> None:
    source = NfsTransport(export.url(version, "/a%20b"), limits=QUICK)
    with source.open("größer", 2_000_000) as chunks:
        assert b"".join(chunks) == BODY[2_000_000:]


@BOTH
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/nothing", "there is no such file"),
        ("/nothing/file", "there is no such directory"),
    ],
)
def test_missing_files_are_absent(export: Export, version: str, path: str, message: str) -> None:
    directory, _, name = path.strip("/").rpartition("/")
    base = NfsTransport(export.url(version), limits=QUICK)
    source = base.at(directory) if directory else base
    for ask in (lambda: source.read_file(name, LIMIT), lambda: source.size(name, LIMIT)):
        with pytest.raises(AbsentError) as caught:
            ask()
        assert message in caught.value.what
        assert caught.value.where.startswith("nfs://127.0.0.1/") and path in caught.value.where


@pytest.mark.parametrize(
    ("version", "name", "message"),
    [
        ("4", "hidden", "the server does not give out this file"),
        ("4", "a b", "this is a directory, not a file"),
        ("3", "hidden", "this cannot be read on the server"),  # its programs say no more
        ("3", "a b", "this cannot be read on the server"),
    ],
)
def test_what_cannot_be_read_is_told(export: Export, version: str, name: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        NfsTransport(export.url(version), limits=QUICK).read_file(name, LIMIT)
    assert caught.value.what == message
    assert caught.value.hint


def test_a_directory_that_is_not_exported(export: Export) -> None:
    url = export.url("3").replace(str(export.directory), "/etc")
    with pytest.raises(SourceError) as caught:
        NfsTransport(url, limits=QUICK).read_file("passwd", LIMIT)
    assert caught.value.what == "the server does not let this machine into the directory"
    assert "/etc/exports" in caught.value.hint


def test_nobody_there_and_unknown_host() -> None:
    needs("nfs-cat", "nfs-ls")
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    nobody = NfsTransport(f"nfs://127.0.0.1/x?nfsport={port}&mountport={port}", limits=QUICK)
    unknown = NfsTransport("nfs://no-such-host.invalid/x", limits=QUICK)
    for source, message in ((nobody, "does not answer as an NFS server"), (unknown, "the host name of no-such-host")):
        with pytest.raises(UnreachableError, match=message):
            source.size("x", LIMIT)
        with pytest.raises(UnreachableError, match=message):
            source.read_file("x", LIMIT)


def test_a_server_that_says_nothing_is_given_up() -> None:
    needs("nfs-cat")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(UnreachableError) as caught:
            NfsTransport(f"nfs://127.0.0.1/x?version=4&nfsport={port}", limits=QUICK).read_file("x", LIMIT)
    assert caught.value.what == "127.0.0.1 stopped sending for 1 seconds"


@contextmanager
def stopped(export: Export) -> Iterator[None]:
    os.kill(export.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(export.pid, signal.SIGCONT)


def test_a_server_that_stops_in_the_middle_is_given_up(export: Export) -> None:
    source = NfsTransport(export.url("4", "/a%20b"), limits=QUICK)
    with source.open("long", 0, Patience(tries=1)) as chunks:
        next(chunks)
        with stopped(export), pytest.raises(UnreachableError, match="stopped sending for 1 seconds"):
            b"".join(chunks)


@BOTH
def test_a_server_that_is_started_anew_gives_the_rest(export: Export, version: str) -> None:
    """By version 3 nothing is read again. By version 4 libnfs cannot go on where the server forgot who had opened."""
    source = NfsTransport(export.url(version, "/a%20b"), limits=Limits(read_s=20, answer_s=40, pause_s=0.01))
    said: list[str] = []
    got = 0
    with source.open("long", 0, Patience(tries=3, known=True, tell=said.append)) as chunks:
        got += len(next(chunks))
        export.restart(1.0)
        got += sum(map(len, chunks))
    assert got == MORE_THAN_IS_READ_AHEAD
    assert len(said) == (1 if version == "4" else 0), said


def test_a_slow_reader_is_not_taken_for_a_slow_server(export: Export) -> None:
    source = NfsTransport(export.url("3", "/a%20b"), limits=QUICK)
    with source.open("größer") as chunks:
        got = next(chunks)
        time.sleep(3.5)
        assert got + b"".join(chunks) == BODY


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nfs://user:marked@host/x", "holds no user name"),
        ("nfs://host/a%3Fb", "cannot hold a question mark"),
        ("nfs://host/a%0Ab", "cannot hold a question mark or control character"),
        ("nfs:///x", "not a valid address"),
    ],
)
def test_addresses_that_libnfs_would_take_otherwise_are_refused(url: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        NfsTransport(url)
    assert "marked" not in str(caught.value)
