"""The order of the screens, as the screens use it."""

from __future__ import annotations

from typing import Protocol

from screens.screen import State


class Road(Protocol):
    """What of the order of the screens is used here (installer/flow.py)."""

    state: State

    @property
    def name(self) -> str:
        """The screen the user is at."""

    @property
    def at_first(self) -> bool:
        """Whether there is nothing to go back to."""

    @property
    def position(self) -> tuple[int, int]:
        """The number of the screen and how many there are."""

    def next(self, state: State) -> str:
        """Go on."""

    def back(self, state: State) -> str:
        """Go back."""

    def reopen(self, name: str, state: State) -> str:
        """Open an earlier screen again."""

    def reopenable(self) -> tuple[str, ...]:
        """Which can be opened again."""
