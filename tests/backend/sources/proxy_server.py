"""A small real proxy on loopback: asks for absolute addresses, and tunnels by CONNECT (RFC 9110 9.3.6)."""

from __future__ import annotations

import base64
import http.client
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.backend.sources.web_server import running

LEFT_OUT = ("host", "connection", "proxy-authorization", "proxy-connection")


@dataclass
class ProxyServer:
    """What it was asked for, as `GET http://…` or `CONNECT host:port`, and who may ask (`user:password`; anybody).

    `refuses` is a status that it answers with instead of making a connection.
    """

    allowed: str = ""
    refuses: int = 0
    asked: list[str] = field(default_factory=list)

    def lets_in(self, handler: BaseHTTPRequestHandler) -> bool:
        """Take note of a request; answers it when it is refused."""
        self.asked.append(f"{handler.command} {handler.path}")
        right = "Basic " + base64.b64encode(self.allowed.encode()).decode()
        status = self.refuses
        if self.allowed and handler.headers.get("Proxy-Authorization") != right:
            status = 407
        if status:
            handler.send_response(status)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        return not status


@contextmanager
def proxying(proxy: ProxyServer) -> Iterator[str]:
    """Run the proxy; gives `host:port`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if not proxy.lets_in(self):
                return
            url = urlsplit(self.path)
            connection = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=10)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in LEFT_OUT}
            length = int(self.headers.get("Content-Length", 0))
            path = f"{url.path}?{url.query}" if url.query else url.path
            connection.request(self.command, path, self.rfile.read(length) or None, headers)
            answer = connection.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.read())
            self.close_connection = True

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_POST(self) -> None:
            self.do_GET()

        def do_CONNECT(self) -> None:
            if not proxy.lets_in(self):
                return
            host, _, port = self.path.rpartition(":")
            with socket.create_connection((host, int(port)), timeout=10) as far:
                self.send_response(200)
                self.end_headers()
                _pump(self.connection, far)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not printed."""

    with running(Handler) as address:
        yield address


def _pump(near: socket.socket, far: socket.socket) -> None:
    """Carry bytes both ways until one end has none left."""
    with suppress(OSError):
        while True:
            ready = select.select((near, far), (), (), 10)[0]
            if not ready:
                return
            for end in ready:
                data = end.recv(65536)
                if not data:
                    return
                (far if end is near else near).sendall(data)
