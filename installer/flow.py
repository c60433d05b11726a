"""The order of the screens, without any toolkit: next, back and skip, and answers opened again from the last one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

StateT = TypeVar("StateT")


@dataclass(frozen=True)
class Stage(Generic[StateT]):
    """One screen: `applies` says whether it is shown; `entered` what is forgotten when it is shown again.

    `reachable` says whether it can be opened from the last one, which one that is passed over may be (None: as shown).
    """

    name: str
    applies: Callable[[StateT], bool]
    entered: Callable[[StateT], StateT] = lambda state: state
    reachable: Callable[[StateT], bool] | None = None


class Flow(Generic[StateT]):
    """Where the user is, and what was answered so far.

    A screen that does not apply is passed over in the direction of travel. The last stage is the one that everything
    leads to: from there any earlier stage can be opened again, and the way back to it leads only through stages that
    have not been answered. An answer that makes another one questionable takes it out of `answered`.
    """

    def __init__(
        self, stages: Sequence[Stage[StateT]], state: StateT, answered: Callable[[StateT], frozenset[str]]
    ) -> None:
        self._stages = tuple(stages)
        self._answered = answered
        self._reopened = False
        self.state = state
        self._at = self._first(0, 1)
        self.state = self._stages[self._at].entered(state)

    @property
    def name(self) -> str:
        """The stage the user is at."""
        return self._stages[self._at].name

    @property
    def at_first(self) -> bool:
        """Whether there is nothing to go back to."""
        return not self._leads_to_last and not any(stage.applies(self.state) for stage in self._stages[: self._at])

    @property
    def _leads_to_last(self) -> bool:
        """Whether the stage was opened again and nothing is left to answer."""
        return self._reopened and self._unanswered(0) == len(self._stages) - 1

    @property
    def position(self) -> tuple[int, int]:
        """Return the number of the stage, from 1, and how many apply."""
        applying = [stage.name for stage in self._stages if stage.applies(self.state)]
        number = applying.index(self.name) + 1 if self.name in applying else len(applying)
        return number, len(applying)

    def next(self, state: StateT) -> str:
        """Take a stage's answer and go on; returns the name of the stage that comes."""
        self.state = state
        last = len(self._stages) - 1
        to = self._unanswered(self._at + 1) if self._reopened else self._first(self._at + 1, 1)
        if to == last and self._unanswered(0) != last:  # a later answer made an earlier one questionable
            self._reopened = True
            to = self._unanswered(0)
        self._go(to)
        return self.name

    def back(self, state: StateT) -> str:
        """Go back with what was typed so far; a stage opened again leads back to the last one."""
        self.state = state
        if self._leads_to_last:
            self._go(len(self._stages) - 1)
        elif not self.at_first:
            self._go(self._first(self._at - 1, -1))
        return self.name

    def reopen(self, name: str, state: StateT) -> str:
        """Open an earlier stage again."""
        self.state = state
        self._reopened = True
        self._go(next(number for number, stage in enumerate(self._stages) if stage.name == name))
        return self.name

    def reopenable(self) -> tuple[str, ...]:
        """Return the names of the stages that can be opened again, without the last one."""
        return tuple(stage.name for stage in self._stages[:-1] if (stage.reachable or stage.applies)(self.state))

    def skip_answered(self) -> str:
        """Go to the first stage that was not answered beforehand; what lies before it is only reached from the end."""
        self._reopened = True
        self._go(self._first(self._unanswered(0), 1))
        return self.name

    def _unanswered(self, start: int) -> int:
        answered = self._answered(self.state)
        for number in range(start, len(self._stages) - 1):
            stage = self._stages[number]
            if stage.name not in answered and stage.applies(self.state):
                return number
        return len(self._stages) - 1

    def _first(self, start: int, step: int) -> int:
        """Return the first stage from here that applies; at the end of the road one stays."""
        number = start
        while 0 <= number < len(self._stages):
            if self._stages[number].applies(self.state):
                return number
            number += step
        return self._at

    def _go(self, number: int) -> None:
        self._at = number
        if number == len(self._stages) - 1:
            self._reopened = False
        self.state = self._stages[number].entered(self.state)
