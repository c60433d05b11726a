"""Real servers on loopback that fail in every way: each gives its own message, and none shows a credential."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler

import pytest

from backend.sources.http import HttpTransport, Limits
from backend.sources.transport import AbsentError, BrokenError, UnreachableError
from installer.model.errors import SourceError
from tests.backend.sources.web_server import Answer, answering, reply, serving_files

USER, PASSWORD = "marked-user-1c4e", "marked/password 9b2d"
CREDENTIALS = f"{USER}:marked%2Fpassword%209b2d"
BODY = bytes(range(256)) * 4000
QUICK = Limits(connect_s=2, read_s=0.5, answer_s=1, pause_s=0.01, redirects=3)
LIMIT = 10_000_000


def read(url: str, name: str = "file") -> bytes:
    return HttpTransport(url, limits=QUICK).read_file(name, LIMIT)


def failing(url: str, name: str = "file") -> SourceError:
    """Read with credentials in the address; returns the error, in which none of them may stand."""
    scheme, _, rest = url.partition("://")
    with pytest.raises(SourceError) as caught:
        read(f"{scheme}://{CREDENTIALS}@{rest}", name)
    error = caught.value
    everything = "".join([str(error), repr(error), repr(error.__cause__)])
    assert USER not in everything
    assert "9b2d" not in everything
    assert error.where.startswith((f"{scheme}://***@", scheme))
    return error


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("/xs", "/xs/file"),
        ("/xs/", "/xs/file"),
        ("/xs//", "/xs/file"),
        ("", "/file"),
        ("/", "/file"),
        ("/xs?version=4&build=1", "/xs/file?version=4&build=1"),
        ("/xs%20installation/", "/xs%20installation/file"),
        ("/xs#fragment", "/xs/file"),
    ],
)
def test_joins_address_and_name(base: str, path: str) -> None:
    seen: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.path)
        reply(handler, BODY)

    with answering(answer) as server:
        assert read(f"http://{server}{base}") == BODY
    assert seen == [path]


def test_reads_directories_below_with_the_same_query_and_credentials() -> None:
    seen: list[tuple[str, str]] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append((handler.path, handler.headers.get("Authorization", "")))
        reply(handler, BODY)

    with answering(answer) as server:
        source = HttpTransport(f"http://{CREDENTIALS}@{server}/xs?a=b", limits=QUICK)
        below = source.at("packages.main")
        assert below.read_file("a+b c", 10_000_000) == BODY
        again = HttpTransport(below.location.url.reveal(), limits=QUICK)
        assert again.size("x", LIMIT) == len(BODY)
        assert "***@" in below.shown and USER not in below.shown
    basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert seen == [("/xs/packages.main/a%2Bb%20c?a=b", basic), ("/xs/packages.main/x?a=b", basic)]


def test_asks_for_the_address_itself_when_there_is_no_name() -> None:
    with answering(serving_files({"/answers/rack7.xml": b"<installation/>"})) as server:
        assert read(f"http://{server}/answers/rack7.xml?host=7", "") == b"<installation/>"


def test_asks_for_unencoded_bytes() -> None:
    seen: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Accept-Encoding"])
        reply(handler, BODY, Content_Encoding="x-bzip2")

    with answering(answer) as server:
        assert read(f"http://{server}/") == BODY
    assert seen == ["identity"]


def status(code: int) -> Answer:
    return lambda handler: reply(handler, b"<html>an error page</html>", status=code)


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (404, AbsentError, "the server has no such file (404 Not Found)"),
        (410, AbsentError, "the server has no such file (410 Gone)"),
        (401, SourceError, "the server refuses the user name and password of the address (401 Unauthorized)"),
        (403, SourceError, "the server does not give out this file (403 Forbidden)"),
        (500, BrokenError, "the server failed (500 Internal Server Error)"),
        (503, BrokenError, "the server failed (503 Service Unavailable)"),
        (206, SourceError, "the server answers 206 Partial Content instead of the file"),
        (418, SourceError, "the server answers 418"),
        (299, SourceError, "the server answers 299 instead"),
    ],
)
def test_says_what_the_server_answers(code: int, kind: type[SourceError], message: str) -> None:
    with answering(status(code)) as server:
        error = failing(f"http://{server}/xs")
    assert type(error) is kind
    assert message in error.what
    assert error.where == f"http://***@{server}/xs/file"


def test_tells_how_to_write_a_password_where_one_is_wanted() -> None:
    with answering(status(401)) as server, pytest.raises(SourceError) as caught:
        read(f"http://{server}/xs")
    assert "wants a user name and password" in caught.value.what
    assert "USER:PASSWORD@" in caught.value.hint


def test_refused_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    error = failing(f"http://127.0.0.1:{port}/xs")
    assert isinstance(error, UnreachableError)
    assert error.what == f"127.0.0.1:{port} refuses the connection"
    assert "is the server running" in error.hint


def test_unknown_host() -> None:
    error = failing("http://no-such-host.invalid/xs")
    assert isinstance(error, UnreachableError)
    assert error.what == "the host name of no-such-host.invalid is not known"


@pytest.mark.parametrize("url", ["http://", "http:///path", "http://[::1/x", "http://host:port/", "http://h:99999/"])
def test_address_that_is_none(url: str) -> None:
    with pytest.raises(SourceError, match="not a valid address"):
        read(url)


def test_address_with_a_slash_in_the_password_does_not_show_it() -> None:
    with pytest.raises(SourceError) as caught:
        read("http://user:marked/9b2d@host/xs")
    assert "9b2d" not in str(caught.value)


@contextmanager
def raw_server(answer: bytes, *, wait_s: float = 0) -> Iterator[str]:
    """Send these bytes to whoever connects, wait, and close."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(answer)
                        time.sleep(wait_s)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP as it should"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "does not speak HTTP as it should"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nten bytes!", "closed the connection after 10 of 1000 bytes"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nten bytes!\r\n",
            "closed the connection after 10 bytes",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "does not speak HTTP"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx",
            "sends the file encoded ('gzip')",
        ),
        (b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n", "from http:// to ftp://"),
        (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/x\r\nContent-Length: 0\r\n\r\n", "an address that is not valid"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[x\r\nContent-Length: 0\r\n\r\n", "an address that is not valid"),
    ],
)
def test_hostile_answers(answer: bytes, message: str) -> None:
    with raw_server(answer) as server:
        assert message in failing(f"http://{server}/xs").what


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nten bytes!"], ids=["no answer", "in the middle"]
)
def test_server_that_stops_sending(answer: bytes) -> None:
    with raw_server(answer, wait_s=1) as server:
        error = failing(f"http://{server}/xs")
    assert isinstance(error, UnreachableError)
    assert error.what.startswith(f"{server} stopped sending for 0.5 seconds")


def test_server_that_stops_in_the_middle_of_a_package() -> None:
    with answering(lambda handler: reply(handler, BODY[:300_000], length=len(BODY))) as server:
        error = failing(f"http://{server}/xs")
    assert error.what == f"the server closed the connection after 300000 of {len(BODY)} bytes (tried 4 times)"


def test_file_larger_than_its_limit_is_refused() -> None:
    with answering(serving_files({"/file": BODY})) as server, pytest.raises(SourceError) as caught:
        HttpTransport(f"http://{server}", limits=QUICK).read_file("file", 1000)
    assert "larger than 1000 bytes" in caught.value.what


def redirecting(target: str) -> Answer:
    return lambda handler: reply(handler, status=302, Location=target)


def test_follows_redirects() -> None:
    with (
        answering(serving_files({"/there/file": BODY})) as other,
        answering(redirecting(f"http://{other}/there/file")) as server,
    ):
        assert read(f"http://{server}/xs") == BODY
        assert HttpTransport(f"http://{server}/xs", limits=QUICK).size("file", LIMIT) == len(BODY)


@pytest.mark.parametrize(
    ("location", "escaped"),
    [("/\x1b[2J", "/%1B[2J"), ("/a b", "/a%20b"), ("/\xe4.img", "/%E4.img"), ("/100%25?a=b&c#d", "/100%25?***")],
)
def test_an_address_redirected_to_is_shown_as_an_address(location: str, escaped: str) -> None:
    """A control character in it would reach the terminal."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.startswith("/xs"):
            redirecting(location)(handler)
        else:
            reply(handler, status=404)

    with answering(answer) as server:
        error = failing(f"http://{server}/xs")
    assert error.where == f"http://***@{server}/xs/file (redirected to http://{server}{escaped})"


def test_does_not_read_what_comes_with_a_redirect() -> None:
    with answering(lambda handler: reply(handler, status=302, length=10**12, Location="/there")) as server:
        assert "redirects more than 3 times" in failing(f"http://{server}/xs").what


def test_keeps_credentials_from_the_server_it_is_redirected_to() -> None:
    seen: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers.get("Authorization"))
        reply(handler, status=404)

    with answering(answer) as other, answering(redirecting(f"http://{other}/there/file")) as server:
        error = failing(f"http://{server}/xs")
    assert seen == [None]
    assert error.where == f"http://***@{server}/xs/file (redirected to http://{other}/there/file)"


def test_sends_credentials_along_a_redirect_on_the_same_server() -> None:
    seen: list[bool] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append("Authorization" in handler.headers)
        if handler.path == "/there":
            reply(handler, BODY)
        else:
            reply(handler, status=301, Location="/there")

    with answering(answer) as server:
        assert read(f"http://{CREDENTIALS}@{server}/xs") == BODY
    assert seen == [True, True]


def test_endless_redirects_end() -> None:
    with answering(redirecting("/again")) as server:
        assert "redirects more than 3 times" in failing(f"http://{server}/xs").what


def test_size_asks_for_the_file_when_head_is_refused() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, BODY, status=501 if handler.command == "HEAD" else 200)

    with answering(answer) as server:
        assert HttpTransport(f"http://{server}", limits=QUICK).size("file", LIMIT) == len(BODY)


def test_size_counts_when_the_server_does_not_say() -> None:
    with answering(lambda handler: reply(handler, BODY, length=None)) as server:
        assert HttpTransport(f"http://{server}", limits=QUICK).size("file", LIMIT) == len(BODY)


def test_size_of_a_missing_file() -> None:
    with answering(status(404)) as server, pytest.raises(AbsentError):
        HttpTransport(f"http://{server}", limits=QUICK).size("file", LIMIT)
