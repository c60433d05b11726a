"""The outer parts of a session: main loop, layers over each other, messages, keys that mean the same everywhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import urwid

from installer.model.errors import InstallerError
from installer.model.ports import Machine, Preview
from screens.desk import Desk, Layer
from screens.keyline import ALIASES, EVERYWHERE
from screens.looks import Look
from screens.readers import reader, reader_of
from screens.screen import Leave, told
from screens.terminal import Terminal
from screens.widgets.viewer import Viewer

LOG_LINES = 500
FAULT = "a fault in the installer itself; the log has it"
NO_CTRL_C = "Ctrl-C does nothing here. Esc goes back; on the first screen it leaves the installer."


@dataclass(frozen=True)
class Setting:
    """What the screens run in: terminal, machine, the product's name, and who hears of faults of the program."""

    terminal: Terminal
    machine: Machine
    product: str
    on_fault: Callable[[BaseException], None]


class Window:
    """What is shown on the terminal: a screen and what lies over it."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.machine = setting.machine
        self.terminal = setting.terminal
        self.result: Leave | None = None
        self._desk = Desk(setting.product, self._unhandled, self.guarded)
        self._layers: list[Layer] = []
        self._open_log: tuple[Layer, Viewer] | None = None
        self._looks = self.terminal.look.others()
        self.loop = urwid.MainLoop(
            self._desk,
            screen=self.terminal,
            handle_mouse=False,
            input_filter=self._filter,  # type: ignore[arg-type]  # there is no mouse
        )
        self._pipe = self.loop.watch_pipe(self._woken)

    def _woken(self, data: bytes) -> bool:
        """Look at what other threads have done."""
        raise NotImplementedError

    def plan(self) -> Preview | None:
        """Return the plan, once there is one."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what the session holds besides the terminal."""
        os.close(self._pipe)

    def leave(self, result: Leave) -> None:
        """End the session."""
        self.result = result
        raise urwid.ExitMainLoop

    def wake(self) -> None:
        """Have the UI thread look at what other threads have done; called on any thread."""
        os.write(self._pipe, b"w")

    def push(self, layer: Layer) -> None:
        """Show something over the screen."""
        self._layers.append(layer)
        self._desk.show(layer)

    def pop(self) -> None:
        """Take away what lies over the screen."""
        if len(self._layers) > 1:
            self._layers.pop()
        self._desk.show(self._layers[-1])

    @property
    def look(self) -> Look:
        """How the terminal looks, which changes with the console that shows it."""
        return self.terminal.look

    @property
    def _layer(self) -> Layer:
        return self._layers[-1]

    def guarded(self, action: Callable[[], object]) -> None:
        """Do something on the UI thread; what goes wrong is said, and the session goes on."""
        try:
            action()
        except urwid.ExitMainLoop:
            raise
        except InstallerError as error:
            self.say(f"{told(error)} ({error.hint})" if error.hint else told(error), error=True)
        except Exception as fault:
            self.setting.on_fault(fault)
            self.say(FAULT, error=True)

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message at the bottom of the screen."""
        if self._layers:
            self._layer.message = ("error" if error else "note", text)
            self._desk.refresh()

    def _filter(self, keys: list[str], raw: list[int]) -> list[str]:
        return [ALIASES.get(key, key) for key in keys]

    def _unhandled(self, key: str) -> None:
        actions: dict[str, Callable[[], None]] = {
            "esc": self._layer.esc,
            "f12": self._layer.f12,
            "enter": self._layer.f12,
            "f1": self._help,
            "?": self._help,
            "f2": self.shell,
            "f3": self._log,
            "f4": self._toggle,
            "f5": self._plan,
            "ctrl l": self.terminal.clear,
            "ctrl c": lambda: self.say(NO_CTRL_C),
        }
        action = self._layer.special.get(key) or actions.get(key)
        if action:
            action()

    def _help(self) -> None:
        if self._layer.help:
            self.push(reader(f"Help: {self._layer.title}", [self._layer.help, "", *EVERYWHERE], self.pop))

    def _log(self) -> None:
        viewer = Viewer(self._log_lines(), at_end=True)
        layer = reader_of("Log", viewer, self.pop)
        self._open_log = (layer, viewer)
        self.push(layer)

    def _log_lines(self) -> tuple[str, ...]:
        return self.machine.log_lines(LOG_LINES) or ("There is no log yet.",)

    def follow_log(self) -> None:
        """Show what has come to the log since it was opened, as long as it is."""
        if self._open_log is None:
            return
        layer, viewer = self._open_log
        if layer not in self._layers:
            self._open_log = None
        elif viewer.texts != (lines := self._log_lines()):
            viewer.replace(lines)

    def _plan(self) -> None:
        preview = self.plan()
        lines = list(preview.lines) if preview else ["The plan is made at the end, from all your answers."]
        self.push(reader("Plan", lines, self.pop))

    def _toggle(self) -> None:
        if self.look not in self._looks:  # the session has moved to another console
            self._looks = self.look.others()
        at = self._looks.index(self.look)
        self.terminal.set_look(self._looks[(at + 1) % len(self._looks)])

    def shell(self) -> None:
        """Give the terminal to a shell until it is left."""
        began = time.monotonic()
        with self.loop.paused():
            self.machine.shell()
        if time.monotonic() - began < 0.2:
            self.say("the shell ended at once")
