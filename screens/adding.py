"""What comes between a finished installation and its last screen: further media, as many as there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from installer.model.errors import InstallerError
from installer.model.ports import Further
from screens.additional import AdditionalScreen
from screens.screen import State

if TYPE_CHECKING:
    from screens.app import App


class Adding:
    """Asks for media until the user has enough; each is added by a run of its own."""

    def __init__(self, app: App, state: State, run: Callable[[State], None], finish: Callable[[], None]) -> None:
        self._app = app
        self._state = state
        self._run = run
        self._finish = finish
        self._names = ""

    def show(self, further: Further | None = None, told: str = "") -> None:
        """Show the screen: ask for a medium, or show what the one in the drive holds."""
        screen = AdditionalScreen(self._state, self._app.machine, self._app.say)
        screen.further, screen.told = further, told
        screen.show_again, screen.add, screen.finish = self.show, self._add, self._finish
        self._app.begin(screen)

    def _add(self, further: Further) -> None:
        """Carry the plan for a medium out. Raises InstallerError when there is none."""
        self._names = ", ".join(repository.name for repository in further.repositories)
        preview = self._app.machine.preview_additional(further)
        self._run(replace(self._state, preview=preview))

    def ended(self, error: InstallerError | None) -> None:
        """Say what became of the last medium, and ask for the next."""
        if error is None:
            self.show(told=f"Added: {self._names}.")
        else:
            what = f"{error.where}: {error.what}" if error.where else error.what
            self.show(told=f"{self._names} is not complete: {what}. The host is installed and starts all the same.")
