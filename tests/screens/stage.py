"""A session without a process: the App on a pty, keys as bytes, the screen read by a terminal emulator."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pyte
import urwid

from installer.flow import Flow, Stage
from installer.model.answers import Draft
from installer.model.ports import Machine
from screens.app import App
from screens.disks import with_only_disk
from screens.keys import Decoder, PasteGuard
from screens.order import RUN_SCREENS, SCREENS
from screens.screen import Leave, Screen, State
from screens.start import first_state
from screens.terminal import Terminal
from screens.widgets.cells import Element
from screens.window import Setting
from tests.screens.recorded_machine import RecordedMachine

KEYS = {
    "up": b"\x1b[A", "down": b"\x1b[B", "right": b"\x1b[C", "left": b"\x1b[D", "home": b"\x1b[H", "end": b"\x1b[F",
    "page up": b"\x1b[5~", "page down": b"\x1b[6~", "tab": b"\t", "shift tab": b"\x1b[Z", "enter": b"\r",
    "esc": b"\x1b\x1b", "f1": b"\x1bOP", "f2": b"\x1bOQ", "f3": b"\x1bOR", "f4": b"\x1bOS", "f5": b"\x1b[15~",
    "f12": b"\x1b[24~", "backspace": b"\x7f", "ctrl c": b"\x03", "ctrl l": b"\x0c", "space": b" ",
    "delete": b"\x1b[3~", "ctrl u": b"\x15",
}  # fmt: skip

PAINTED = b"\x1b]0;painted\x07"  # the end of what one painting sends
PAINTING_S = 10.0


def flow(state: State) -> Flow[State]:
    """Return the road as main.py lays it."""
    stages = [Stage(screen.name, screen.shown, screen.entered, screen.reachable) for screen in SCREENS]
    return Flow(stages, with_only_disk(state), lambda state: state.answered)


class Session:
    """One App; `result` is set once it was left."""

    def __init__(
        self,
        machine: Machine,
        size: tuple[int, int] = (80, 24),
        term: str = "xterm",
        draft: Draft | None = None,
    ) -> None:
        self.size = size
        self.master, self._slave = os.openpty()
        os.set_blocking(self.master, False)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("4H", size[1], size[0], 0, 0))
        environment = {"TERM": term, "LANG": "C.UTF-8"}
        self.terminal = Terminal(self._slave, self._slave, environment)
        self.faults: list[BaseException] = []
        setting = Setting(self.terminal, machine, "XenServer", self.faults.append)
        self.road = flow(first_state(machine, draft))
        if draft is not None:
            self.road.skip_answered()
        self.app = App(setting, self.road, (*SCREENS, *RUN_SCREENS))
        self.emulator = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.emulator)
        self._decoder, self._guard = Decoder(), PasteGuard()
        self.result: Leave | None = None
        self.raw = b""
        self.patience_s = 5.0
        self.remote = False
        self.clock_by_hand = False
        self.another_source = False
        self.additional = False
        self.ipv6 = False
        self.restores = False
        self.drivers = False

    @property
    def left(self) -> Leave | None:
        """How the session was left."""
        return self.result

    def start(self) -> None:
        self.terminal.start()
        self.app.begin()
        self.settle()

    def close(self) -> None:
        self.terminal.stop()
        if self.app._installing:
            self.app._installing.run.stop()
        os.close(self.app._pipe)
        os.close(self.master)
        os.close(self._slave)

    def press(self, *keys: str) -> None:
        """Press named keys, one after the other; a name that is none is typed as text."""
        for key in keys:
            self.send(KEYS.get(key, key.encode()))

    def type(self, text: str) -> None:
        for character in text:
            self.send(character.encode())

    def send(self, data: bytes) -> None:
        """Let the terminal send bytes, and paint what comes of it."""
        if self.result is not None:
            return
        keys: list[str | tuple[str, int, int, int]] = list(
            self._guard.filter(self._decoder.feed(data) + self._decoder.flush())
        )
        try:
            self.app.loop.process_input(self.app.loop.input_filter(keys, list(data)))
        except urwid.ExitMainLoop:
            self.result = self.app.result
            return
        self.settle()

    def settle(self) -> None:
        """Wait for works, then paint."""
        deadline = time.monotonic() + self.patience_s
        while self.app._task and not self._waits_for_cancel() and time.monotonic() < deadline:
            self.app._task.wait(0.05)
            try:
                self.app._woken(b"")
            except urwid.ExitMainLoop:
                self.result = self.app.result
                return
        self.paint()

    def _waits_for_cancel(self) -> bool:
        return bool(self.app._task and self.app._task.work.title.startswith("Looking for packages at http://slow"))

    def paint(self) -> bytes:
        """Paint; returns the bytes sent, all of them: what is written to a terminal comes out of it a little later."""
        self.app.loop.draw_screen()
        os.write(self._slave, PAINTED)
        data, deadline = b"", time.monotonic() + PAINTING_S
        while not data.endswith(PAINTED):
            assert select.select([self.master], [], [], deadline - time.monotonic())[0], "the terminal is stuck"
            data += os.read(self.master, 65536)
        data = self.raw = data.removesuffix(PAINTED)
        self._stream.feed(data)
        return data

    def wait_for(self, text: str, seconds: float = 5) -> None:
        """Wait until a running installation shows a text."""
        deadline = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < deadline, self.text
            time.sleep(0.02)
            if self.app._installing:
                self.app._installing.look()
                self.app._installing.paint()
            self.paint()

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size."""
        self.size = (columns, rows)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        self.emulator.resize(rows, columns)
        self.emulator.reset()
        self.app.loop.screen_size = None
        self.terminal.clear()
        self.paint()

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.emulator.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def name(self) -> str:
        return self.app._screen.name if self.app._screen else ""

    @property
    def title(self) -> str:
        return self.app._layers[-1].title

    def go_to(self, name: str) -> None:
        """Go forward until a screen is shown, answering what has to be."""
        for _ in range(60):
            if self.name == name:
                return
            self.answer()
        raise AssertionError(f"{name} was never shown:\n{self.text}")

    def focus(self, name: str) -> Element:
        """Move the focus to the element of that name, and return it."""
        form = self.app._layers[-1].form
        element = form.field(name)
        assert element is not None, self.text
        form.focus_on(element)
        return element

    def answer(self) -> None:
        """Answer the screen in the shortest way."""
        if len(self.app._layers) > 1 or self.title == "Change an answer":
            self.press("esc")
        elif self.name == "welcome" and self.restores and "( ) Restore" in self.text:
            self.press("down", "down", "space", "f12")
        elif self.name == "eula":
            self.press("f12", "enter")
        elif self.name == "password":
            self.app._layers[-1].form.focus_on(self.app._layers[-1].form.elements[2])
            self.type("marked-secret-1")
            self.press("enter")
            self.type("marked-secret-1")
            self.press("f12")
        elif self.name == "source" and self.additional and "[ ] Use additional media" in self.text:
            form = self.app._layers[-1].form
            form.focus_on(form.elements[4])
            self.press("space")
            form.focus_on(form.elements[2])
            self.press(*(("down", "space") if self.remote else ()), "f12")
        elif (self.name == "source" and self.remote and "(*) HTTP" not in self.text) or (
            self.name == "ntp" and self.clock_by_hand and "(*) By hand" not in self.text
        ):
            self.press("down", "space", "f12")
        elif self.name == "failure" and self.another_source and "< Other source >" in self.text:
            self.press("home", "right", "enter")
        elif self.ipv6 and "[ ] IPv6 too" in self.text:
            self.focus("ipv6")
            self.press("space", "f12")
        elif self.name == "shared-storage" and "[ ] Yes" in self.text:
            self.press("space", "f12")
        elif self.name == "welcome" and self.drivers:
            self.press("down", "space", "f12")
        elif self.name == "other-source":
            self.type("http://mirror/xs/")
            self.press("f12")
        elif self.name == "confirm":
            self.press("shift tab" if "[ ] Yes, erase" in self.text else "f12", "space", "f12", "enter")
        elif self.name in ("completion", "failure"):
            self.press("f12", "enter")
        elif self.name == "address" and not self.app._screen._fields["url"].text:  # type: ignore[union-attr]
            self.type("http://mirror/xs/")
            self.press("f12")
        else:
            self.press("f12")


@contextmanager
def session(
    machine: Machine, size: tuple[int, int] = (80, 24), term: str = "xterm", draft: Draft | None = None
) -> Iterator[Session]:
    """Return a session that has begun."""
    found = Session(machine, size, term, draft)
    found.start()
    try:
        yield found
    finally:
        found.close()


def with_host(machine: RecordedMachine, **facts: object) -> RecordedMachine:
    """Return the machine with other facts."""
    return replace(machine, facts=replace(machine.facts, **facts))  # type: ignore[arg-type]


def all_screens() -> tuple[type[Screen], ...]:
    """Return every screen."""
    return (*SCREENS, *RUN_SCREENS)
