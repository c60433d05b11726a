"""What is seen before the first question: the frame, while the rest loads and the machine is looked at."""

from __future__ import annotations

import termios
from collections.abc import Mapping
from contextlib import suppress

from installer.model.brand import default_brand
from screens.desk import Desk, Layer
from screens.shared import STATE
from screens.terminal import Terminal
from screens.widgets.buttons import Buttons
from screens.widgets.cells import Paragraph
from screens.widgets.form import Form

TITLE = "One moment"
TEXT = "The installer is loading and looks at the hardware of this machine."


class Opening:
    """The frame on a terminal; the screens go on on that very terminal, and paint what differs."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def show(self) -> None:
        """Take the terminal and paint; one that has gone shows nothing, which whatever comes next will tell."""
        desk = Desk(default_brand().product, lambda key: None, lambda action: None)
        desk.show(Layer(TITLE, Form([Paragraph(""), Paragraph(TEXT)], Buttons([])), keys=""))
        with suppress(OSError, termios.error):
            self.terminal.start()
            size = self.terminal.get_cols_rows()
            self.terminal.draw_screen(size, desk.render(size))

    def close(self) -> None:
        """Give the terminal back, before anything else is written there; nothing where that has been done."""
        self.terminal.stop()


def opening_on(environment: Mapping[str, str]) -> Opening | None:
    """Return what opens a session on this process's terminal: one of the image's own (initrd/init/share-consoles).

    Everywhere else the program is there at once.
    """
    return Opening(Terminal(0, 1, environment)) if environment.get(STATE) else None
