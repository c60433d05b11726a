"""What a change may meet with: a program that hangs, a full file system, a disk that gives out, Ctrl-C, signal 9.

Each is made by the kernel where it can be: file systems are full, writes of the disk fail, signals are real.
"""

from __future__ import annotations

import http.server
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from backend.process import Argv
from backend.scratch import mounts_below
from backend.sources.directory import DirectoryTransport
from backend.sources.http import HttpTransport, Limits
from backend.sources.transport import BRIEF, Patience, Transport
from tests.faults.failing import Fault

HANGS = ("sleep", "1000")
LIMIT_S = 0.2  # instead of the time limits of programs, which are of minutes
CTRL_C_S = 0.3
A_MOMENT_S = 0.01


class Hangs(Fault):
    """The program does not end: its time limit ends it, and where there is none, Ctrl-C does."""

    def __init__(self) -> None:
        self.limited = self.met = False

    def program(self, argv: Argv, timeout_s: float | None) -> tuple[Argv, float | None]:
        self.met = True
        if timeout_s is not None:
            self.limited = True
            return HANGS, LIMIT_S
        threading.Timer(CTRL_C_S, os.kill, (os.getpid(), signal.SIGINT)).start()
        return HANGS, None


class Interrupts(Fault):
    """Somebody presses Ctrl-C just before the change, or just after.

    It comes at the worst moment: in each file system below a directory a file has just been opened that nobody knows
    of yet who would close it.
    """

    def __init__(self, below: Path, *, after: bool) -> None:
        self._after = after
        self._below = str(below)

    def before(self, change: Argv) -> None:
        if not self._after:
            self._interrupt()

    def after(self, change: Argv) -> None:
        if self._after:
            self._interrupt()

    def _interrupt(self) -> None:
        for point in mounts_below(self._below):
            os.open(point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        signal.raise_signal(signal.SIGINT)


class Kills(Fault):
    """Signal 9 comes just before the change, or `during` it."""

    def __init__(self, *, during: bool) -> None:
        self._during = during

    def before(self, change: Argv) -> None:
        if not self._during:
            os.kill(os.getpid(), signal.SIGKILL)
        threading.Timer(A_MOMENT_S, os.kill, (os.getpid(), signal.SIGKILL)).start()

    def after(self, change: Argv) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class FillsUp(Fault):
    """Every file system that is mounted for writing below a directory is full from this change on.

    ext4 keeps clusters back for its own needs, as many as it is told to (/sys/fs/ext4/*/reserved_clusters).
    """

    def __init__(self, below: Path) -> None:
        self._below = str(below)
        self.met = False

    def before(self, change: Argv) -> None:
        for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
            fields = line.split()
            if not fields[4].startswith(self._below) or "ext3" not in fields or not fields[5].startswith("rw"):
                continue
            name = os.path.basename(os.path.realpath(f"/sys/dev/block/{fields[2]}"))
            free = os.statvfs(fields[4]).f_bfree
            Path(f"/sys/fs/ext4/{name}/reserved_clusters").write_text(f"{free}\n", encoding="ascii")
            self.met = True


class GivesOut(Fault):
    """From this change on the disk takes no block any more where it has had none: such writes are I/O errors."""

    def __init__(self, fill: Callable[[], None]) -> None:
        self._fill = fill

    def before(self, change: Argv) -> None:
        self._fill()


@dataclass
class Heed:
    """Whether Ctrl-C means the run: between runs it is for nobody."""

    armed: bool = False


@contextmanager
def heeding_ctrl_c() -> Iterator[Heed]:
    """Have SIGINT raise KeyboardInterrupt while it is armed."""
    heed = Heed()

    def heard(number: int, frame: FrameType | None) -> None:
        if heed.armed:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, heard)
    try:
        yield heed
    finally:
        signal.signal(signal.SIGINT, before)


def stop_writing(mounted: Path) -> None:
    """Have the ext4 that is mounted there find an error in itself: it writes no more, and disks on it fail."""
    number = mounted.stat().st_dev
    name = os.path.basename(os.path.realpath(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}"))
    Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("made to fail\n", encoding="ascii")


class DamagedMedium(DirectoryTransport):
    """A directory on a medium that can be read only up to a byte of one file."""

    def __init__(self, path: Path, name: str, at: int) -> None:
        super().__init__(path)
        self._name, self._at = name, at

    @contextmanager
    def open(self, name: str, start_byte: int = 0, patience: Patience = BRIEF) -> Iterator[Iterator[bytes]]:
        with super().open(name, start_byte, patience) as chunks:
            yield self._damaged(name, chunks) if name == self._name else chunks

    def _damaged(self, name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        data = next(chunks, b"")[: self._at]
        if data:
            yield data
        raise self._error(name, OSError(5, os.strerror(5)))


@contextmanager
def dying_server(directory: Path, name: str, at: int) -> Iterator[Transport]:
    """Serve a directory by HTTP until so many bytes of one file were sent; then nobody answers any more."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = directory / self.path.rpartition("/")[2]
            data = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if path.name != name:
                self.wfile.write(data)
                return
            self.wfile.write(data[:at])
            self.wfile.flush()
            server.socket.close()

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not printed."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_address[1]

    def serve() -> None:
        with suppress(OSError, ValueError):  # its socket is closed under it
            server.serve_forever(poll_interval=0.05)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield HttpTransport(f"http://127.0.0.1:{port}/", limits=Limits(connect_s=2, read_s=2, pause_s=0.01))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
