"""FTP servers on loopback: a real one that can be made to cut connections, and one that says what it is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer


@dataclass
class Served:
    """What the server does and did: `cuts` are the bytes given on each connection, after the last one all are given.

    Only the files whose name ends in `cut_name` are cut. `without` are commands it does not know.
    """

    directory: Path
    cuts: list[int] = field(default_factory=list)
    cut_name: str = ""
    without: tuple[str, ...] = ()
    commands: list[str] = field(default_factory=list)
    sent_bytes: int = 0


@contextmanager
def ftp_server(served: Served, *, user: str = "anonymous", password: str = "") -> Iterator[str]:
    """Run a server whose user, or nobody in particular, reads the directory; gives `host:port`."""

    class Data(DTPHandler):  # type: ignore[misc]  # pyftpdlib has no types
        left = -1
        is_cut = False

        def send(self, data: bytes) -> int:
            if self.left < 0:
                asked = next(line for line in reversed(served.commands) if line.startswith("RETR"))
                self.is_cut = asked.endswith(served.cut_name)
                self.left = served.cuts.pop(0) if served.cuts and self.is_cut else 1 << 60
            sent: int = super().send(data[: self.left]) if self.left else 0
            self.left -= sent
            served.sent_bytes += sent * self.is_cut
            if not self.left:
                self.cmd_channel.close()
            return sent

    class Handler(FTPHandler):  # type: ignore[misc]  # pyftpdlib has no types
        dtp_handler = Data
        use_sendfile = False
        auth_failed_timeout = 0

        def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
            served.commands.append(line)
            if cmd in served.without:
                self.respond("502 Command not implemented.")
            else:
                super().pre_process_command(line, cmd, arg)

    authorizer = DummyAuthorizer()
    if user == "anonymous":
        authorizer.add_anonymous(str(served.directory))
    else:
        authorizer.add_user(user, password, str(served.directory))
    Handler.authorizer = authorizer
    server = FTPServer(("127.0.0.1", 0), Handler, ioloop=IOLoop())
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            server.serve_forever(timeout=0.02, blocking=False, handle_exit=False)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.address[1]}"
    finally:
        ended.set()
        thread.join()
        server.close_all()


@contextmanager
def saying(replies: Sequence[bytes]) -> Iterator[str]:
    """Run a server that says these replies, one at the start and one for each line it hears, and then closes.

    `{data}` in one is replaced by the port of a data connection, which is closed as soon as it is made.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as data:
        port = str(data.getsockname()[1]).encode()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        for reply in replies:
                            connection.sendall(reply.replace(b"{data}", port))
                            if not connection.recv(4096):
                                break

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
