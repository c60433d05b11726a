"""Reading from a connection in chunks, each within a time: a server that trickles is never silent, and never done."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

from backend.sources.transport import CHUNK_BYTES


class Watch:
    """Shuts the connections made meanwhile when what is done in the context takes longer than `limit_s`.

    The context can be entered again and again; `is_late` says that the time ran out. `close` lets go of all.
    """

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.is_late = False
        self._watched: list[socket.socket] = []
        self._timer = threading.Timer(limit_s, self._shut)

    def add(self, connection: socket.socket) -> None:
        """Watch a connection, by a descriptor of its own: TLS takes the one it came with."""
        self._watched.append(socket.socket(fileno=os.dup(connection.fileno())))

    def __enter__(self) -> None:
        self._timer = threading.Timer(self.limit_s, self._shut)
        self._timer.daemon = True
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _shut(self) -> None:
        self.is_late = True
        for connection in self._watched:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the descriptors."""
        self._timer.cancel()
        for connection in self._watched:
            connection.close()


def gather(read: Callable[[], bytes], watch: Watch, failures: tuple[type[Exception], ...]) -> Iterator[bytes]:
    """Yield what `read` gives until b"", in chunks of at least CHUNK_BYTES but for the last one.

    When `read` raises one of `failures`, what came before it is yielded first: nothing has to be fetched twice.
    """
    while True:
        pieces: list[bytes] = []
        gained, failure = 0, None
        try:
            with watch:
                while gained < CHUNK_BYTES and (piece := read()):
                    pieces.append(piece)
                    gained += len(piece)
        except failures as error:
            failure = error
        if pieces:
            yield b"".join(pieces)
        if failure:
            raise failure
        if gained < CHUNK_BYTES:
            return
