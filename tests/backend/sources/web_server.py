"""Web servers on loopback that answer as they are told, well or badly."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CA_SETTINGS = """\
[ca]
default_ca = this
[this]
database = {directory}/index.txt
serial = {directory}/serial
new_certs_dir = {directory}
default_md = sha256
policy = names
copy_extensions = copy
[names]
commonName = supplied
"""

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def running(handler: type[BaseHTTPRequestHandler], *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Run a server on loopback until the context is left; gives `host:port`."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Clients that go away are what is tested here."""

    server = Server(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def answering(answer: Answer, *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Run a server whose every GET and HEAD is answered by `answer`; gives `host:port`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(self)
            self.close_connection = True

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not printed."""

    with running(Handler, tls=tls) as address:
        yield address


def reply(
    handler: BaseHTTPRequestHandler, body: bytes = b"", *, status: int = 200, length: int | None = -1, **headers: str
) -> None:
    """Answer; `length` is what Content-Length claims: None for no such header, -1 for the truth."""
    handler.send_response(status)
    if length is not None:
        handler.send_header("Content-Length", str(len(body) if length == -1 else length))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    if handler.command == "GET":
        handler.wfile.write(body)


def serving_files(files: dict[str, bytes]) -> Answer:
    """Return an answer that hands out files by path (without query), else 404."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        body = files.get(handler.path.partition("?")[0])
        if body is None:
            reply(handler, status=404)
        else:
            reply(handler, body)

    return answer


@dataclass
class RangeServer:
    """Answers with one file, from a byte on where that is asked for, and closes each connection after some bytes.

    `cuts` are the bytes given on each connection, one after the other; after the last one all are given. The file may
    be changed at any time: its tag then changes with it. `ranges` False: a server that cannot leave bytes out.
    """

    body: bytes
    cuts: list[int] = field(default_factory=list)
    tag: str = '"1"'
    ranges: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)
    sent_bytes: int = 0

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        wanted, condition = handler.headers.get("Range", ""), handler.headers.get("If-Range", "")
        start = int(wanted.removeprefix("bytes=").rstrip("-") or 0)
        if handler.command == "GET":
            self.asked.append((wanted, condition))
        in_part = bool(wanted) and self.ranges and condition in ("", self.tag)
        if in_part and start >= len(self.body):
            reply(handler, status=416, Content_Range=f"bytes */{len(self.body)}")
            return
        rest = self.body[start:] if in_part else self.body
        handler.send_response(206 if in_part else 200)
        if in_part:
            handler.send_header("Content-Range", f"bytes {start}-{len(self.body) - 1}/{len(self.body)}")
        if self.tag:
            handler.send_header("ETag", self.tag)
        handler.send_header("Content-Length", str(len(rest)))
        handler.end_headers()
        if handler.command == "GET":
            rest = rest[: self.cuts.pop(0)] if self.cuts else rest
            handler.wfile.write(rest)
            self.sent_bytes += len(rest)


def certificate(directory: Path, name: str, *options: str) -> tuple[ssl.SSLContext, Path]:
    """Make a self-signed certificate; returns a server's context and the certificate's path."""
    key, pem = directory / f"{name}.key", directory / f"{name}.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(pem),
         "-subj", f"/CN={name}", *options],
        check=True, capture_output=True,
    )  # fmt: skip
    return _context(pem, key), pem


def expired_certificate(directory: Path, name: str, *options: str) -> tuple[ssl.SSLContext, Path]:
    """Make a self-signed certificate that was good in the past."""
    return dated_certificate(directory, name, 2020, *options)


def dated_certificate(directory: Path, name: str, year: int, *options: str) -> tuple[ssl.SSLContext, Path]:
    """Make a self-signed certificate that is good for a day of a year; `openssl req` cannot, `openssl ca` can."""
    key, pem, request, settings = (directory / f"{name}.{ending}" for ending in ("key", "pem", "csr", "cnf"))
    settings.write_text(CA_SETTINGS.format(directory=directory))
    (directory / "index.txt").touch()
    subprocess.run(
        ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(request),
         "-subj", f"/CN={name}", *options],
        check=True, capture_output=True,
    )  # fmt: skip
    subprocess.run(
        ["openssl", "ca", "-batch", "-selfsign", "-rand_serial", "-config", str(settings), "-keyfile", str(key),
         "-startdate", f"{year}0101000000Z", "-enddate", f"{year}0102000000Z", "-in", str(request), "-out", str(pem)],
        check=True, capture_output=True,
    )  # fmt: skip
    return _context(pem, key), pem


@dataclass(frozen=True)
class Authority:
    """A certification authority of a site: its certificate, and servers' certificates that it signs."""

    directory: Path

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        certificate(self.directory, "authority")

    @property
    def pem(self) -> Path:
        """The certificate to be trusted."""
        return self.directory / "authority.pem"

    def server(self, name: str = "server", names: str = "IP:127.0.0.1") -> ssl.SSLContext:
        """Make a certificate for a server of these names; returns the server's context."""
        signer = ("-CA", str(self.pem), "-CAkey", str(self.directory / "authority.key"))
        plain = ("-addext", "basicConstraints=critical,CA:FALSE", "-addext", f"subjectAltName={names}")
        return certificate(self.directory, name, *signer, *plain)[0]


def _context(pem: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    return context
