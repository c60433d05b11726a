"""The screen and keyboard of a virtual machine, by QEMU's monitor: the text that a VGA console shows, and keys."""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

COLUMNS, ROWS = 80, 25
CELL_BYTES = 2  # a character and its colours
TEXT_MEMORY = 0xB8000  # of VGA text modes, 32 KiB
TEXT_BYTES = 32 * 1024
CRTC_INDEX, CRTC_DATA = 0x3D4, 0x3D5
START_HIGH, START_LOW = 0x0C, 0x0D  # where in its memory the screen begins, in cells
PROMPT = b"(qemu) "
LOOK_S = 0.5
ANSWER_S = 120.0
NAMES = {" ": "spc", "\n": "ret", "/": "slash", "-": "minus", ".": "dot", ";": "semicolon", "=": "equal"}


def listener(path: Path) -> socket.socket:
    """Wait at a socket for QEMU, which connects to it as it starts: nothing has to be tried again and again."""
    waiting = socket.socket(socket.AF_UNIX)
    waiting.bind(str(path))
    waiting.listen(1)
    waiting.settimeout(ANSWER_S)
    return waiting


def accepted(waiting: socket.socket) -> socket.socket:
    """Return the connection of the QEMU that was started."""
    connection, _ = waiting.accept()
    connection.settimeout(ANSWER_S)
    return connection


@dataclass
class Screen:
    """Talks to the monitor of one machine, which is started with its `options`."""

    path: Path
    _listener: socket.socket = field(init=False)
    _socket: socket.socket | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._listener = listener(self.path)

    @property
    def options(self) -> tuple[str, ...]:
        """What QEMU is started with to have this monitor."""
        return ("-monitor", f"unix:{self.path}")

    def command(self, text: str) -> str:
        """Give the monitor a command; returns what it printed."""
        if self._socket is None:
            self._socket = accepted(self._listener)
            self._answer()
        self._socket.sendall(text.encode() + b"\n")
        return self._answer()

    def _answer(self) -> str:
        assert self._socket
        data = b""
        while not data.endswith(PROMPT):
            more = self._socket.recv(4096)
            assert more, "the machine has ended"
            data += more
        return data.decode(errors="replace")

    def press(self, *keys: str) -> None:
        """Press keys by QEMU's names, such as alt-f2 or ret."""
        for key in keys:
            self.command(f"sendkey {key}")

    def type(self, text: str) -> None:
        """Type small letters, digits and what is in NAMES."""
        self.press(*(NAMES.get(letter, letter) for letter in text))

    def text(self) -> str:
        """Return what the screen shows, line by line, read from the card's memory as code page 437."""
        dump = self.path.with_suffix(".text")
        self.command(f'pmemsave {TEXT_MEMORY:#x} {TEXT_BYTES} "{dump}"')
        start = (self._register(START_HIGH) << 8 | self._register(START_LOW)) * CELL_BYTES
        data = dump.read_bytes() * 2  # the memory goes round
        letters = data[start : start + ROWS * COLUMNS * CELL_BYTES : CELL_BYTES].decode("cp437")
        lines = (letters[at : at + COLUMNS].rstrip() for at in range(0, len(letters), COLUMNS))
        return "\n".join(lines)

    def picture(self, path: Path) -> bytes:
        """Take a picture of the screen as it is; returns the portable pixmap that is kept at the path."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.command(f'screendump "{path}"')
        return path.read_bytes()

    def _register(self, number: int) -> int:
        self.command(f"o /b {CRTC_INDEX:#x} {number:#x}")
        match = re.search(r"= (0x[0-9a-f]+)", self.command(f"i /b {CRTC_DATA:#x}"))
        assert match
        return int(match[1], 16)

    def wait_for(self, *patterns: str, timeout_s: float) -> str:
        """Wait until the screen shows text that matches all patterns; returns it."""
        deadline = time.monotonic() + timeout_s
        while True:
            text = self.text()
            if all(re.search(pattern, text) for pattern in patterns):
                return text
            assert time.monotonic() < deadline, f"{patterns}: not seen within {timeout_s:.0f} s; it shows\n{text}"
            time.sleep(LOOK_S)
