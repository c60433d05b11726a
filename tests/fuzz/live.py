"""The readers of what reaches the running installer: machine files, signatures, keys, answers of web servers."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from backend.signature import check_signature, manifest
from backend.sources.http import HttpTransport, Limits
from installer.model.errors import InstallerError, SourceError, UsageError
from installer.model.machine_file import dump_host, load_host
from installer.model.openpgp import Verdict, read_keyring, read_verdict
from screens.keys import PASTE_BEGIN, SEQUENCES, Decoder, PasteGuard
from tests.fuzz.broken import Broken
from tests.fuzz.written import EXTENDED_PACKAGES, XS_REPOSITORY

MACHINES = Path(__file__).parent.parent / "machines"
SEPARATOR = b"\n--- "
SIGNED = manifest(XS_REPOSITORY, EXTENDED_PACKAGES)
KNOWN = "0123456789ABCDEF0123456789ABCDEF01234567"
VERDICTS = f"""\
[GNUPG:] NEWSIG
[GNUPG:] ERRSIG 2EAB6EE0343DF471 22 10 00 1795895814 9 {KNOWN[::-1]}
[GNUPG:] NEWSIG
[GNUPG:] GOODSIG 2EAB6EE0343DF471 one
[GNUPG:] VALIDSIG {KNOWN} 2026-11-26 1795895814 0 4 0 22 10 00 {KNOWN}
""".encode()
OK = b"HTTP/1.1 200 OK\r\n"
PARTIAL = b"HTTP/1.1 206 Part\r\nContent-Range: bytes "
GONE_ON = b'0HTTP/1.1 200 OK\r\nContent-Length: 4\r\nETag: "1"\r\n\r\nfo'  # and it breaks off: the rest is asked for
ANSWERS = (  # the first byte says what is asked: how large the file is (s), or the file from byte 0 to 3 on
    b"s" + OK + b"Content-Length: 4\r\n\r\n",
    b"s" + OK + b"\r\n" + SEPARATOR + OK + b"\r\nfour",
    b"s" + OK + b"\r\n" + SEPARATOR + OK + b"Content-Length: 4\r\n\r\n",
    b"sHTTP/1.1 405 No\r\n\r\n" + SEPARATOR + OK + b"\r\nfour",
    b"0" + OK + b"Content-Length: 4\r\n\r\nfour",
    b"0" + OK + b"\r\nfour",
    b"0" + OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n",
    b"0" + OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"0" + OK + b"Content-Encoding: gzip\r\n\r\n",
    b"0HTTP/1.1 302 Found\r\nLocation: http://other/b\r\n\r\n" + SEPARATOR + OK + b"\r\nfour",
    b"0HTTP/1.1 302 Found\r\nLocation: ftp://other/b\r\n\r\n",
    b"0HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
    b"0" + SEPARATOR.join([b"HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n"] * 4),
    b"0HTTP/1.1 302 Found\r\nLocation: https://other/b\r\n\r\n" + SEPARATOR + b"HTTP/1.1 200 OK\r\n\r\n",
    b"2" + PARTIAL + b"2-3/4\r\nLast-Modified: Thu, 26 Nov 2026 12:00:00 GMT\r\n\r\nur",
    b"2" + PARTIAL + b"0-3/4\r\n\r\nfour",
    b"2HTTP/1.1 416 No\r\nContent-Range: bytes */2\r\n\r\n",
    b"2HTTP/1.1 416 No\r\nContent-Range: bytes */9\r\n\r\n",
    b"1HTTP/1.1 401 Who\r\n\r\n",
    b"1HTTP/1.1 404 None\r\n\r\n",
    b"1HTTP/1.1 500 Fell\r\n\r\n",
    GONE_ON + SEPARATOR + PARTIAL + b'2-3/4\r\nETag: "1"\r\n\r\nur',
    GONE_ON + SEPARATOR + OK + b'Content-Length: 4\r\nETag: "2"\r\n\r\nfour',
    b"0no HTTP at all\r\n\r\n",
)
MANY_KEYS = sorted(SEQUENCES)
KEYS = (
    *(b"".join(MANY_KEYS[start : start + 8]) for start in range(0, len(MANY_KEYS), 8)),
    "äö€😀".encode() + b"\x1b[1;5A\x1b\x1b[B\r\n\x00\x7f",
    b"\x1b[200~one\rtwo\x1b[201~",
)
LONGEST_KEYS = 128  # bytes that are looked at
LIMITS = Limits(connect_s=2, read_s=2, answer_s=5, pause_s=0, redirects=2)
LARGEST_FILE = 2**20


def read_machine(data: bytes) -> None:
    """Any bytes are a machine, which is the same when written and read again, or an error of ours."""
    try:
        host = load_host(data, "machine.json")
    except UsageError as error:
        _check_told(error)
        return
    if load_host(dump_host(host), "again") != host:
        raise Broken("written and read again it differs")


def read_status(data: bytes) -> None:
    """Whatever gpgv prints, nothing is good but by a key that is known."""
    found = read_verdict(data.decode("utf-8", "replace").splitlines(), (KNOWN,))
    if found.verdict is Verdict.GOOD and (found.fingerprint != KNOWN or KNOWN.encode() not in data):
        raise Broken("good by a key that nobody knows")


def read_signature(data: bytes, key: bytes) -> None:
    """Give a signature to the real gpgv: only that key can have made it, and only of what was signed."""
    keyring = read_keyring(key, "key")
    try:
        if check_signature(SIGNED, data, (keyring,), "http://server/") not in keyring.fingerprints:
            raise Broken("signed by a key that nobody knows")
        check_signature(b"not " + SIGNED, data, (keyring,), "http://server/")
    except InstallerError as error:
        _check_told(error)
        return
    raise Broken("a signature of two texts")


def _check_told(error: InstallerError) -> None:
    told = f"{error.what}{error.where}{error.hint}"
    if "marked-secret" in told or not told.isprintable():
        raise Broken("an error that shows a password, or cannot be shown") from error


def read_keys(data: bytes) -> None:
    """Bytes of a terminal are the same keys however they are cut, none is kept back, no paste begins in a paste."""
    data = data[:LONGEST_KEYS]
    whole, cut = Decoder(), Decoder()
    keys = [*whole.feed(data), *whole.flush()]
    single = [key for number in range(len(data)) for key in cut.feed(data[number : number + 1])]
    if keys != [*single, *cut.flush()] or whole.waiting or cut.waiting:
        raise Broken("other keys when they come one by one")
    guard = PasteGuard()
    if not all(keys) or PASTE_BEGIN in guard.filter(keys):
        raise Broken("a key without a name, or the beginning of pasted text as a key")


@dataclass
class _Server:
    """Answers whoever connects with the next of some answers, whatever is asked, and closes the connection."""

    answers: list[bytes] = field(default_factory=list)
    port: int = 0

    def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    connection.recv(65536)
                    connection.sendall(self.answers.pop(0) if self.answers else b"")
                except OSError:
                    continue


@cache
def _server() -> _Server:
    server = _Server()
    server.start()
    return server


@contextmanager
def _as_proxy(port: int) -> Iterator[None]:
    """Have every address asked of the server, wherever it redirects to: nothing leaves this machine."""
    before = dict(os.environ)
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        os.environ.pop(name, None)
    os.environ["http_proxy"] = os.environ["https_proxy"] = f"http://127.0.0.1:{port}"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def read_answers(data: bytes) -> None:
    """Whatever a web server answers gives bytes or an error of ours that shows no password."""
    server = _server()
    server.answers = data[1:].split(SEPARATOR)
    start_byte = (data or b"0")[0] % 4
    transport = HttpTransport("http://user:marked-secret@server/directory", limits=LIMITS)
    with _as_proxy(server.port):
        try:
            if data[:1] == b"s":
                transport.size("file", LARGEST_FILE)
                return
            with transport.open("file", start_byte) as chunks:
                sum(len(chunk) for chunk in chunks)
        except SourceError as error:
            _check_told(error)
