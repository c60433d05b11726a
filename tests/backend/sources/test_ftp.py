"""Repositories on a real FTP server, and on servers that fail in every way; no message shows a credential."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from backend.repository import check_packages, find_repositories, verify_repository
from backend.sources import fetch_text, open_location
from backend.sources.checked import checked
from backend.sources.ftp import FtpTransport, Limits
from backend.sources.transport import BRIEF, AbsentError, BrokenError, LostError, Patience, SlowError, UnreachableError
from installer.model.errors import PackageError, SourceError
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.units import MIB
from tests.backend.small_repository import small_repository
from tests.backend.sources.ftp_server import Served, ftp_server, saying
from tests.backend.tarballs import package

USER, PASSWORD = "marked-user-1c4e", "marked/password 9b2d@:"
CREDENTIALS = f"{USER}:marked%2Fpassword%209b2d%40%3A"
BODY = random.Random(2).randbytes(4 * MIB)
CUT = len(BODY) // 12
QUICK = Limits(connect_s=2, read_s=0.5, answer_s=1, pause_s=0.01)
LIMIT = 10_000_000


@pytest.fixture
def served(tmp_path: Path) -> Served:
    (tmp_path / "xs").mkdir()
    (tmp_path / "xs/file").write_bytes(BODY)
    return Served(tmp_path)


def opened(server: str, patience: Patience = BRIEF, start_byte: int = 0) -> AbstractContextManager[Iterator[bytes]]:
    return FtpTransport(f"ftp://{server}/xs", limits=QUICK).open("file", start_byte, patience)


def read(server: str, patience: Patience = BRIEF, start_byte: int = 0) -> bytes:
    with opened(server, patience, start_byte) as chunks:
        return b"".join(chunks)


def failing(server: str, path: str = "xs/file") -> SourceError:
    """Read with credentials in the address; returns the error, in which none of them may stand."""
    with pytest.raises(SourceError) as caught:
        FtpTransport(f"ftp://{CREDENTIALS}@{server}/{path}", limits=QUICK).read_file("", LIMIT)
    error = caught.value
    everything = "".join([str(error), repr(error), repr(error.__cause__)])
    assert USER not in everything and "9b2d" not in everything
    assert error.where == f"ftp://***@{server}/{path}"
    assert error.hint
    return error


def test_finds_checks_and_verifies_a_repository(tmp_path: Path) -> None:
    small_repository(tmp_path)
    with ftp_server(Served(tmp_path), user=USER, password=PASSWORD) as server:
        location = Location(LocationKind.URL, Secret(f"ftp://{CREDENTIALS}@{server}/"))
        found = find_repositories(location, None)
        check_packages(found)
        assert [verify_repository(repository, lambda _: None) for repository in found] == [()]
    assert found[0].location.shown() == f"ftp://***@{server}/packages.main"


def test_reads_an_answerfile_as_nobody_in_particular(served: Served) -> None:
    (served.directory / "rack 7.xml").write_bytes(b"<installation/>")
    with ftp_server(served) as server:
        url = Location(LocationKind.URL, Secret(f"ftp://{server}/rack%207.xml"))
        assert fetch_text(url) == b"<installation/>"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/xs", "xs/file"),
        ("/xs/", "xs/file"),
        ("", "file"),
        ("/%2Fsrv/xs", "/srv/xs/file"),
        ("/%2fsrv", "/srv/file"),
        ("//srv", "/srv/file"),
        ("/a%20b%3Bc", "a b;c/file"),
        ("/h%C3%A9", "hé/file"),
    ],
)
def test_asks_for_the_path_that_the_address_means(served: Served, path: str, asked: str) -> None:
    with ftp_server(served) as server, suppress(AbsentError):
        FtpTransport(f"ftp://{server}{path}", limits=QUICK).read_file("file", LIMIT)
    assert f"RETR {asked}" in served.commands
    assert "TYPE I" in served.commands
    assert {"EPSV", "PASV"} & set(served.commands)


def test_directories_below_keep_the_credentials(served: Served) -> None:
    with ftp_server(served, user=USER, password=PASSWORD) as server:
        below = open_location(Location(LocationKind.URL, Secret(f"FTP://{CREDENTIALS}@{server}")), None).at("xs")
        assert below.size("file", 0) == len(BODY)
        assert below.shown == f"ftp://***@{server}/xs"
        assert open_location(below.location, None).size("file", 0) == len(BODY)


def test_a_connection_cut_ten_times_gives_the_file_and_fetches_nothing_twice(served: Served) -> None:
    served.cuts = [CUT + 17 * number for number in range(10)]
    said: list[str] = []
    with ftp_server(served) as server:
        assert read(server, Patience(tell=said.append)) == BODY
    assert served.sent_bytes <= 1.02 * len(BODY)
    assert next(line for line in served.commands if line.startswith("REST")) == f"REST {CUT}"
    assert len(said) == 10 and f"trying again from byte {CUT}" in said[0]


@pytest.mark.parametrize("without", [("REST",), ("SIZE", "MDTM"), ("REST", "SIZE", "MDTM"), ("EPSV",)], ids=str)
def test_old_servers_give_the_file_all_the_same(served: Served, without: tuple[str, ...]) -> None:
    served.cuts, served.without = [CUT, 2 * CUT], without
    with ftp_server(served) as server:
        assert read(server) == BODY
        assert FtpTransport(f"ftp://{server}/xs", limits=QUICK).size("file", LIMIT) == len(BODY)


def test_reads_from_a_byte_on(served: Served) -> None:
    with ftp_server(served) as server:
        assert read(server, start_byte=1000) == BODY[1000:]
        assert read(server, start_byte=len(BODY)) == b""


@pytest.mark.parametrize(
    ("change", "without"),
    [(BODY[::-1], ()), (BODY + b"x", ("MDTM",)), (BODY[:100], ("MDTM",))],
    ids=["same size", "longer", "shorter"],
)
def test_a_file_that_changes_in_between_is_never_put_together_with_the_old_one(
    served: Served, change: bytes, without: tuple[str, ...]
) -> None:
    served.cuts, served.without = [CUT], without
    with ftp_server(served) as server, opened(server) as chunks:
        next(chunks)
        (served.directory / "xs/file").write_bytes(change)
        os.utime(served.directory / "xs/file", (1, 1))
        with pytest.raises(SourceError) as caught:
            b"".join(chunks)
    assert "the file changed on the server while it was read" in caught.value.what


def test_a_connection_that_always_breaks_is_given_up(served: Served) -> None:
    served.cuts = [1000] + [0] * 50
    with ftp_server(served) as server, pytest.raises(BrokenError) as caught:
        read(server)
    assert caught.value.what == f"the server closed the connection after 1000 of {len(BODY)} bytes (tried 4 times)"


def test_a_slow_reader_is_not_taken_for_a_slow_server(served: Served) -> None:
    with ftp_server(served) as server, opened(server) as chunks:
        got = next(chunks)
        time.sleep(1.5)
        assert got + b"".join(chunks) == BODY


def test_missing_files_are_absent(served: Served) -> None:
    with ftp_server(served, user=USER, password=PASSWORD) as server:
        for path in ("xs/nothing", "nothing/file", "xs"):
            error = failing(server, path)
            assert isinstance(error, AbsentError)
            assert error.what == "the server has no such file (550)"
        with pytest.raises(AbsentError):
            FtpTransport(f"ftp://{CREDENTIALS}@{server}", limits=QUICK).size("nothing", LIMIT)


def test_refused_user_and_missing_user(served: Served) -> None:
    with ftp_server(served, user=USER, password="another") as server:
        assert failing(server).what == "the server refuses the user name and password of the address (530)"
        with pytest.raises(SourceError) as caught:
            read(server)
    assert caught.value.what == "the server wants a user name and password (530)"
    assert "ftp://USER:PASSWORD@HOST" in caught.value.hint


LOGIN = (b"220 x\r\n", b"331 x\r\n", b"230 x\r\n", b"200 x\r\n")


@pytest.mark.parametrize(
    ("replies", "kind", "message"),
    [
        ((), LostError, "closed the connection without an answer (tried 3 times)"),
        ((b"HTTP/1.1 400 Bad Request\r\n",), SourceError, "does not speak FTP as it should (error_proto)"),
        ((b"220 x\r\n", b"what\r\n"), SourceError, "does not speak FTP as it should"),
        ((b"220-" + b"x" * 9000 + b"\r\n",), SourceError, "does not speak FTP as it should"),
        ((b"220-x\r\n" + b" x\r\n" * 40_000,), SourceError, "does not speak FTP as it should"),
        ((b"421 too many\r\n",), BrokenError, "the server cannot give the file now (421) (tried 3 times)"),
        ((b"220 x\r\n", b"331 x\r\n", b"530 marked-user-1c4e may not\r\n"), SourceError, "refuses the user name"),
        ((*LOGIN, b"500 x\r\n", b"500 x\r\n", b"500 x\r\n"), SourceError, "the server answers 500 instead"),
        ((*LOGIN, b"500 x\r\n", b"500 x\r\n", b"227 =\r\n"), SourceError, "does not speak FTP as it should"),
        (
            (*LOGIN, b"213 9\r\n", b"500 x\r\n", b"227 (127,0,0,1,{data})\r\n", b"550 Permission denied\r\n"),
            SourceError,
            "does not speak FTP",
        ),
    ],
    ids=str,
)
def test_hostile_replies(replies: tuple[bytes, ...], kind: type[SourceError], message: str) -> None:
    with saying(replies) as server:
        error = failing(server)
    assert isinstance(error, kind)
    assert message in error.what


def test_refused_connection_and_unknown_host() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    error = failing(f"127.0.0.1:{port}")
    assert isinstance(error, UnreachableError) and error.what == f"127.0.0.1:{port} refuses the connection"
    assert failing("no-such-host.invalid").what == "the host name of no-such-host.invalid is not known"


@contextmanager
def endless(piece: bytes, pause_s: float, *, at_first: bytes = b"") -> Iterator[str]:
    """Run a server that says the same without end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        connection.sendall(at_first)
                        while True:
                            connection.sendall(piece)
                            time.sleep(pause_s)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_a_server_that_trickles_is_given_up() -> None:
    with endless(b"x", 0.05, at_first=b"220-") as server:
        error = failing(server)
    assert isinstance(error, SlowError)
    assert error.what == f"{server} sends so slowly that it was given up after 1 seconds"


def test_a_silent_server_is_given_up() -> None:
    with endless(b"", 5) as server:
        error = failing(server)
    assert error.what == f"{server} stopped sending for 0.5 seconds"


def test_a_file_longer_than_stated_ends_with_the_stated_size(served: Served) -> None:
    about = package(BODY[: 3 * MIB])
    longer = pytest.raises(PackageError, match="is longer than the")
    with ftp_server(served) as server, longer, opened(server) as chunks:
        for _ in checked(chunks, about, lambda _: None):
            pass


@pytest.mark.parametrize("text", ["a%0D%0ADELE x", "a%0Ab", "%00"])
def test_addresses_that_smuggle_commands_are_refused(text: str) -> None:
    for url in (f"ftp://host/{text}", f"ftp://{text}:x@host/"):
        with pytest.raises(SourceError, match="holds a control character"):
            FtpTransport(url)


@pytest.mark.parametrize("url", ["ftp://", "ftp:///path", "ftp://[::1/x", "ftp://host:port/", "ftp://h:99999/"])
def test_address_that_is_none(url: str) -> None:
    with pytest.raises(SourceError, match="not a valid address"):
        FtpTransport(url)
