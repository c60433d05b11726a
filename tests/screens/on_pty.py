"""The installed command on a pseudo-terminal: keys as bytes, the screen read by a terminal emulator."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pyte

from tests.end_to_end.command import INSTALLER
from tests.screens.stage import KEYS

NOTHING_MORE: Mapping[str, str] = MappingProxyType({})
QUIET_S = 0.08  # so long nothing comes: the picture stands


class Terminal:
    """A terminal with a program on it."""

    def __init__(self, pid: int, fd: int, size: tuple[int, int]) -> None:
        self.pid = pid
        self.fd = fd
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.sent = b""
        self.ended = False
        self.code: int | None = None

    def read(self, seconds: float) -> bytes:
        """Take what comes within this time, until it is quiet."""
        found = b""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self.ended:
            ready, _, _ = select.select([self.fd], [], [], min(left, QUIET_S) if found else left)
            if not ready:
                break
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                self.ended = True
                break
            found += data
            self._stream.feed(data)
        self.sent += found
        return found

    def draw(self, data: bytes) -> None:
        """Take bytes that were read elsewhere."""
        self._stream.feed(data)
        self.sent += data

    @property
    def text(self) -> str:
        """What is shown."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for(self, words: str, seconds: float = 30) -> None:
        """Wait until these words are shown."""
        deadline = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < deadline and not self.ended, f"never saw {words!r}:\n{self.text}"
            self.read(0.3)

    def press(self, *keys: str) -> None:
        """Press keys by name, or type a text."""
        for key in keys:
            os.write(self.fd, KEYS.get(key, key.encode()))
            self.read(0.4)

    def answer(self, words: str, *keys: str) -> None:
        """Wait for a screen, then press keys."""
        self.wait_for(words)
        self.press(*keys)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size, as a person does who pulls at the window."""
        self.screen.resize(rows, columns)
        self.screen.reset()
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def finish(self, seconds: float = 60) -> int:
        """Wait for the program's end and return its exit code."""
        deadline = time.monotonic() + seconds
        while not self.ended and time.monotonic() < deadline:
            self.read(0.5)
        if self.code is None:
            _, status = os.waitpid(self.pid, 0)
            self.code = os.waitstatus_to_exitcode(status)
        return self.code


@contextmanager
def on_terminal(
    arguments: Sequence[str],
    cwd: Path,
    term: str = "xterm",
    size: tuple[int, int] = (80, 24),
    more: Mapping[str, str] = NOTHING_MORE,
) -> Iterator[Terminal]:
    """Run the installer on a terminal of this kind and size; (0, 0) is a serial line. `more` is for its environment."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        environment = {"TERM": term, "LANG": "C.UTF-8", "PATH": os.environ["PATH"], "HOME": str(cwd), **more}
        os.execve(INSTALLER, [str(INSTALLER), *arguments], environment)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", size[1], size[0], 0, 0))
    shown = Terminal(pid, fd, size if all(size) else (80, 24))
    try:
        yield shown
    finally:
        if shown.code is None:
            os.kill(pid, signal.SIGTERM)
            shown.finish(30)
        os.close(fd)
