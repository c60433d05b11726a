"""The terminal the screens run on: its mode, size, input and output, and giving it back as it was found."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import termios
import tty
from collections.abc import Callable, Mapping
from typing import Protocol

from urwid import Canvas
from urwid.display import BaseScreen

from installer.model.errors import Cancelled
from screens.keys import Decoder, PasteGuard
from screens.looks import Look, look_of
from screens.paint import Painter, rows_of
from screens.shared import shown_on

DEFAULT_SIZE = (80, 24)
LARGEST = 500  # columns or rows: more is not a terminal but a mistake


class Loop(Protocol):
    """What of an event loop is used here."""

    def watch_file(self, fd: int, callback: Callable[[], object]) -> object:
        """Call when there is something to read."""

    def remove_watch_file(self, handle: object) -> bool:
        """Do not call any more."""

    def alarm(self, seconds: float, callback: Callable[[], object]) -> object:
        """Call later."""

    def remove_alarm(self, handle: object) -> bool:
        """Do not call any more."""


Heard = Callable[[list[str], list[int]], object]


class Terminal(BaseScreen):
    """urwid's screen on a pair of descriptors: it asks the terminal nothing and sends changed cells alone."""

    def __init__(self, input_fd: int, output_fd: int, environment: Mapping[str, str]) -> None:
        super().__init__()
        self._input = input_fd
        self._output = output_fd
        self._environment = environment
        self._shown_on = shown_on(environment, _name_of(input_fd))
        self.look: Look = look_of(*self._shown_on)
        self._painter = Painter(self.look)
        self._decoder = Decoder()
        self._guard = PasteGuard()
        self._mode: list[int | list[bytes | int]] | None = None
        self._resized = (-1, -1)
        self._loop: Loop | None = None
        self._heard: Heard = lambda keys, raw: None
        self._alarm: object = None
        self._old_handler: object = None
        self._old_wakeup = -1

    def _start(self, *args: object, **kwargs: object) -> None:
        """Take the terminal: no echo, no signals by keys, no flow control (Ctrl-S must not freeze it)."""
        self._mode = termios.tcgetattr(self._input)
        tty.setraw(self._input)
        self._resized = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._old_handler = signal.signal(signal.SIGWINCH, self._on_resize)
        # one that comes just before the loop waits would be handled only after the next key
        self._old_wakeup = signal.set_wakeup_fd(self._resized[1], warn_on_full_buffer=False)
        begin = "\x1b[?1049h" if self.look.alternate_buffer else ""
        begin += "\x1b[?2004h" if self.look.bracketed_paste else ""
        self._write((begin + self._painter.begin()).encode())
        self._look_again()
        self._painter.forget()

    def _stop(self) -> None:
        """Give the terminal back with the cursor on a line of its own, even when it has gone."""
        rows = self.get_cols_rows()[1]
        end = "\x1b[m" + ("\x1b[?2004l" if self.look.bracketed_paste else "")
        end += "\x1b[?1049l" if self.look.alternate_buffer else f"\x1b[{rows};1H\r\n"
        try:
            self._write(f"{end}\x1b[?25h".encode())
        except (OSError, Cancelled):
            pass
        finally:
            if self._mode is not None:
                _set_mode(self._input, self._mode)
            signal.set_wakeup_fd(self._old_wakeup)
            signal.signal(signal.SIGWINCH, self._old_handler)  # type: ignore[arg-type]  # what signal() gave
            for descriptor in self._resized:
                os.close(descriptor)

    def get_cols_rows(self) -> tuple[int, int]:
        """Return the size; a serial line without one gets it here: LINES and COLUMNS, else 80 by 24."""
        try:
            packed = fcntl.ioctl(self._output, termios.TIOCGWINSZ, bytes(8))
        except OSError:
            return DEFAULT_SIZE
        rows, columns, _, _ = struct.unpack("4H", packed)
        if rows and columns:
            return min(columns, LARGEST), min(rows, LARGEST)
        columns = _number(self._environment.get("COLUMNS")) or DEFAULT_SIZE[0]
        rows = _number(self._environment.get("LINES")) or DEFAULT_SIZE[1]
        try:  # what is started from here, a shell or an editor, needs it too
            fcntl.ioctl(self._output, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        except OSError:
            return columns, rows
        return columns, rows

    def set_look(self, look: Look) -> None:
        """Change colours or characters and paint everything anew."""
        self.look = self._painter.look = look
        self.clear()

    def _look_again(self) -> None:
        """The session may be shown on another console than before."""
        now = shown_on(self._environment, _name_of(self._input))
        if now != self._shown_on:
            self._shown_on = now
            self.set_look(look_of(*now))

    def clear(self) -> None:
        """Paint everything next time."""
        self._painter.forget()

    def draw_screen(self, size: tuple[int, int], canvas: Canvas) -> None:
        """Send what changed."""
        frame = self._painter.frame(rows_of(canvas, self.look), canvas.cursor)
        if frame:
            self._write(frame)

    def bell(self) -> None:
        """Beep."""
        self._write(b"\a")

    def hook_event_loop(self, event_loop: Loop, callback: Heard) -> None:
        """Have the loop read the keys."""
        if not self._started:
            return
        self._loop, self._heard = event_loop, callback
        event_loop.watch_file(self._input, self._read)
        event_loop.watch_file(self._resized[0], self._on_resized)

    def unhook_event_loop(self, event_loop: Loop) -> None:
        """Let the loop read no more."""
        event_loop.remove_watch_file(self._input)
        event_loop.remove_watch_file(self._resized[0])
        if self._alarm is not None:
            event_loop.remove_alarm(self._alarm)
            self._alarm = None

    def _read(self) -> None:
        try:
            data = os.read(self._input, 4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            raise Cancelled("the terminal was closed")
        self._hear(self._decoder.feed(data), data)
        self._wait_for_more()

    def _wait_for_more(self) -> None:
        """A lone escape is the key Esc once nothing has followed for a while."""
        if self._loop is None:
            return
        if self._alarm is not None:
            self._loop.remove_alarm(self._alarm)
            self._alarm = None
        if self._decoder.waiting:
            self._alarm = self._loop.alarm(self.look.escape_s, self._nothing_followed)

    def _nothing_followed(self) -> None:
        self._alarm = None
        self._hear(self._decoder.flush(), b"")

    def _hear(self, keys: list[str], data: bytes) -> None:
        heard = self._guard.filter(keys)
        if heard:
            self._heard(heard, list(data))

    def _on_resize(self, *_: object) -> None:
        try:
            os.write(self._resized[1], b"r")
        except BlockingIOError:
            return

    def _on_resized(self) -> None:
        os.read(self._resized[0], 64)
        self._look_again()
        self._painter.forget()
        self._heard(["window resize"], [])

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._output, view) :]
            except OSError as error:
                raise Cancelled("the terminal was closed") from error


def _set_mode(descriptor: int, mode: list[int | list[bytes | int]]) -> None:
    try:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, mode)
    except termios.error:  # it has gone
        return


def _name_of(descriptor: int) -> str:
    try:
        return os.ttyname(descriptor)
    except OSError:
        return ""


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and 0 < int(text) <= LARGEST else 0
