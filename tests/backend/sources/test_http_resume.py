"""Connections that break, servers that lie: a file comes whole and is fetched once, or there is a clear error."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from http.server import BaseHTTPRequestHandler

import pytest

from backend.sources.checked import checked
from backend.sources.http import HttpTransport, Limits
from backend.sources.transport import BRIEF, AbsentError, BrokenError, Patience, SlowError, UnreachableError
from installer.model.errors import PackageError, SourceError
from installer.model.units import MIB
from tests.backend.sources.web_server import RangeServer, answering, reply
from tests.backend.tarballs import package

BODY = random.Random(1).randbytes(4 * MIB)
CUT = len(BODY) // 12
QUICK = Limits(connect_s=2, read_s=0.5, answer_s=1, pause_s=0.01, redirects=3)


def opened(server: str, patience: Patience = BRIEF, start_byte: int = 0) -> AbstractContextManager[Iterator[bytes]]:
    return HttpTransport(f"http://{server}", limits=QUICK).open("file", start_byte, patience)


def read(server: str, patience: Patience = BRIEF, start_byte: int = 0) -> bytes:
    with opened(server, patience, start_byte) as chunks:
        return b"".join(chunks)


def failing(server: str, kind: type[SourceError] = SourceError) -> str:
    with pytest.raises(kind) as caught:
        read(server)
    assert caught.value.where == f"http://{server}/file"
    assert caught.value.hint
    return caught.value.what


def test_a_connection_cut_ten_times_gives_the_file_and_fetches_nothing_twice() -> None:
    handed_out = RangeServer(BODY, cuts=[CUT + 17 * number for number in range(10)])
    said: list[str] = []
    with answering(handed_out) as server:
        assert read(server, Patience(tell=said.append)) == BODY
    assert len(handed_out.asked) == 11
    assert handed_out.sent_bytes <= 1.02 * len(BODY)
    assert handed_out.asked[1] == (f"bytes={CUT}-", '"1"')
    assert len(said) == 10 and f"trying again from byte {CUT}" in said[0]


def test_server_without_ranges_gives_the_file_all_the_same() -> None:
    with answering(RangeServer(BODY, cuts=[CUT, 2 * CUT], ranges=False)) as server:
        assert read(server) == BODY


def test_server_without_any_mark_of_the_file_is_asked_for_the_rest() -> None:
    handed_out = RangeServer(BODY, cuts=[CUT], tag="")
    with answering(handed_out) as server:
        assert read(server) == BODY
    assert handed_out.asked[1] == (f"bytes={CUT}-", "")


def test_reads_from_a_byte_on() -> None:
    handed_out = RangeServer(BODY, cuts=[CUT])
    with answering(handed_out) as server:
        assert read(server, start_byte=1000) == BODY[1000:]
    assert [wanted for wanted, _ in handed_out.asked] == ["bytes=1000-", f"bytes={CUT + 1000}-"]


def changing(handed_out: RangeServer, change: Callable[[], None]) -> str:
    """Let the file change as soon as its first bytes have come."""
    with answering(handed_out) as server, opened(server) as chunks:
        next(chunks)
        change()
        with pytest.raises(SourceError) as caught:
            b"".join(chunks)
    assert "repository has been copied" in caught.value.hint
    return caught.value.what


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_changes_in_between_is_never_put_together_with_the_old_one(ranges: bool) -> None:
    handed_out = RangeServer(BODY, cuts=[CUT], ranges=ranges)

    def change() -> None:
        handed_out.body, handed_out.tag = BODY[::-1], '"2"'

    assert f"changed on the server while it was read: its first {CUT} bytes" in changing(handed_out, change)


@pytest.mark.parametrize("size", [len(BODY) + 1, CUT + 1, CUT], ids=["longer", "shorter", "ends where it broke off"])
def test_a_file_of_another_size_is_another_file_even_without_marks(size: int) -> None:
    handed_out = RangeServer(BODY, cuts=[CUT], tag="")

    def change() -> None:
        handed_out.body = (BODY * 2)[:size]

    assert "changed on the server" in changing(handed_out, change)


def test_connection_broken_after_the_last_byte_of_a_file_of_unknown_length() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if "Range" in handler.headers:
            reply(handler, status=416, Content_Range="bytes */5")
            return
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"5\r\nhello\r\n")

    with answering(answer) as server:
        assert read(server) == b"hello"


@pytest.mark.parametrize(
    "stated",
    ["bytes 0-4194303/4194304", "bytes 100-4194302/4194304", "bytes 100-4194303/*", "", "lines 100-4194303/4194304"],
)
def test_wrong_answer_to_a_range_is_refused(stated: str) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if "Range" in handler.headers:
            reply(handler, BODY[100:], status=206, Content_Range=stated)
        else:
            reply(handler, BODY[:100], length=len(BODY))

    with answering(answer) as server:
        assert failing(server) == f'the server was asked for the file from byte 100 on and answers "{stated}"'


def test_what_a_server_states_as_range_cannot_clear_the_terminal() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if "Range" in handler.headers:
            reply(handler, BODY[100:], status=206, Content_Range="bytes \x1b[2J")
        else:
            reply(handler, BODY[:100], length=len(BODY))

    with answering(answer) as server:
        assert failing(server).endswith(r'on and answers "bytes \x1b[2J"')


def test_a_connection_that_always_breaks_is_given_up() -> None:
    handed_out = RangeServer(BODY, cuts=[1000] + [0] * 50)
    with answering(handed_out) as server:
        assert (
            failing(server, BrokenError)
            == f"the server closed the connection after 1000 of {len(BODY)} bytes (tried 4 times)"
        )
    assert len(handed_out.asked) == 4


def test_a_server_that_gives_a_byte_for_each_connection_is_given_up() -> None:
    handed_out = RangeServer(BODY, cuts=[1] * 1000)
    started = time.monotonic()
    with answering(handed_out) as server:
        assert "(tried 21 times)" in failing(server, BrokenError)
    assert time.monotonic() - started < 10


def test_a_server_that_fails_once_is_asked_again() -> None:
    answers = [503, 502, 200]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, BODY, status=answers.pop(0))

    with answering(answer) as server:
        assert read(server) == BODY


def test_a_missing_file_and_a_refused_connection_are_told_at_once() -> None:
    asked: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        reply(handler, status=404)

    with answering(answer) as server:
        failing(server, AbsentError)
    assert asked == ["/file"]
    assert "tried" not in failing(server, UnreachableError)


def test_a_server_known_to_answer_may_be_away_for_a_moment() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    def come_back() -> None:
        with socket.create_server(("127.0.0.1", port)) as listener:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    timer = threading.Timer(0.3, come_back)
    timer.start()
    assert read(f"127.0.0.1:{port}", Patience(tries=8, known=True)) == b"hello"
    timer.join()


def trickling(head: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """Send one byte after the other without ever falling silent."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            handler.wfile.write(head)
            while True:
                handler.wfile.write(b"x")
                time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nA: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n",
     b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"],
    ids=["first line", "head", "body", "body without length", "chunk"],
)  # fmt: skip
def test_a_server_that_trickles_is_given_up(head: bytes) -> None:
    started = time.monotonic()
    with answering(trickling(head)) as server:
        assert failing(server, SlowError) == f"{server} sends so slowly that it was given up after 1 seconds"
        assert time.monotonic() - started < 5


def test_a_slow_reader_is_not_taken_for_a_slow_server() -> None:
    with answering(RangeServer(BODY)) as server, opened(server) as chunks:
        got = next(chunks)
        time.sleep(1.5)
        assert got + b"".join(chunks) == BODY


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        while handler.command == "GET":
            handler.wfile.write(bytes(MIB))


def test_endless_zeros_end_with_the_stated_size() -> None:
    about = package(bytes(3 * MIB))
    with answering(endless) as server:
        source = HttpTransport(f"http://{server}", limits=QUICK)
        assert about.size_bytes < source.size("file", about.size_bytes) < about.size_bytes + 2 * MIB
        with pytest.raises(PackageError, match="is longer than the"), source.open("file") as chunks:
            for _ in checked(chunks, about, lambda _: None):
                pass
        with pytest.raises(SourceError, match="larger than 1000 bytes"):
            source.read_file("file", 1000)


@pytest.mark.parametrize(("claimed", "message"), [(10, "is cut short"), (len(BODY) + 10, "closed the connection")])
def test_a_server_that_lies_about_the_length(claimed: int, message: str) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, BODY, length=claimed)

    with answering(answer) as server, pytest.raises(SourceError, match=message), opened(server) as chunks:
        for _ in checked(chunks, package(BODY), lambda _: None):
            pass
