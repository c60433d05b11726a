"""Servers on loopback that take reports, or do anything else with them."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.backend.sources.web_server import running

Answer = Callable[[BaseHTTPRequestHandler], int]


@dataclass
class Taken:
    """What a server was sent: the requests' headers and the records, in order."""

    headers: list[dict[str, str]] = field(default_factory=list)
    records: list[dict[str, object]] = field(default_factory=list)
    text: str = ""

    def events(self) -> list[str]:
        """Return the records' kinds."""
        return [str(record["event"]) for record in self.records]


@contextmanager
def receiving(
    taken: Taken, answer: Answer = lambda handler: 200, *, tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Take what is posted where `answer` gives a status of success; gives the server's `host:port`.

    Status 0: `answer` has seen to everything itself.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = answer(self)
            if status == 0:
                return
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if status < 300:
                taken.headers.append(dict(self.headers.items()))
                taken.text += body.decode()
                taken.records += [json.loads(line) for line in body.splitlines()]
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not printed."""

    with running(Handler, tls=tls) as address:
        yield address


@contextmanager
def datagrams(taken: list[bytes]) -> Iterator[str]:
    """Take datagrams; gives `host:port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def take() -> None:
            with suppress(OSError):
                while data := server.recv(65536):
                    taken.append(data)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        host, port = server.getsockname()
        yield f"{host}:{port}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", (host, port))
        thread.join(5)


@contextmanager
def streams(taken: list[bytes]) -> Iterator[str]:
    """Take what comes over connections, each as one piece; gives `host:port`."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        pieces = []
                        while piece := connection.recv(65536):
                            pieces.append(piece)
                        taken.append(b"".join(pieces))

        threading.Thread(target=take, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
