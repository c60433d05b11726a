"""The licence agreement: read, then accepted by an act of its own."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

from screens.screen import BACK, Outcome, Screen
from screens.widgets.cells import Element
from screens.widgets.viewer import Viewer

ACCEPT = "Accept"


def read_licence(media: str | None) -> tuple[str, ...]:
    """Return the lines of the file EULA at the root of the medium, else of the one that comes with this program."""
    own = Path(media, "EULA") if media else None
    if own is not None and own.is_file():
        text = own.read_text(encoding="utf-8", errors="replace")
    else:
        text = files("installer").joinpath("data/EULA").read_text(encoding="utf-8")
    return tuple(text.splitlines())


class EulaScreen(Screen):
    """F12 only leads to the button."""

    name = "eula"
    title = "Licence agreement"
    f12 = ACCEPT
    buttons = (BACK, ACCEPT)
    default = BACK
    help = """\
Read the agreement with the arrow keys, PgUp and PgDn. To accept it, go to the Accept button with Tab and press \
Enter. F12 does not accept it: it only moves to the button.

The text is the file EULA at the root of the installation medium, where there is one."""
    text: ClassVar[tuple[str, ...]] = ("There is no licence text on this medium.",)

    def body(self) -> Sequence[Element]:
        self._viewer = Viewer(self.text)
        return [self._viewer]

    def accept(self) -> Outcome:
        return self.state
