"""A real HTTP server on loopback for a directory, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SLICES = 20  # of a second


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Requests are not printed."""


@contextmanager
def serving_slowly(directory: Path, pace: int) -> Iterator[str]:
    """Serve a directory at `pace` bytes a second for each file; gives the base URL with its final slash."""

    class Handler(_Quiet):
        def do_GET(self) -> None:
            source = self.send_head()
            if source:
                with source:
                    while data := source.read(pace // SLICES):
                        self.wfile.write(data)
                        time.sleep(1 / SLICES)

    with _running(partial(Handler, directory=str(directory))) as base:
        yield base


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    """Serve a directory; gives the base URL with its final slash."""
    with _running(partial(_Quiet, directory=str(directory))) as base:
        yield base


@contextmanager
def serving_with(directory: Path, acts: Mapping[str, Callable[[], None]]) -> Iterator[str]:
    """Serve a directory, and act before a file is given, by its path in the address; gives the base URL."""

    class Handler(_Quiet):
        def do_GET(self) -> None:
            acts.get(self.path, lambda: None)()
            super().do_GET()

    with _running(partial(Handler, directory=str(directory))) as base:
        yield base


@contextmanager
def answering(answer: Callable[[], bytes]) -> Iterator[str]:
    """Answer every request with what a function returns at that moment; gives a URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not printed."""

    with _running(Handler) as base:
        yield f"{base}answer"


@contextmanager
def _running(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
