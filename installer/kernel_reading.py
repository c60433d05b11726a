"""What is found while the kernel's words are read: values by name, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from installer.model.problem import Problem, Severity
from installer.model.wording import quoted

LISTS = ("extramodules", "blacklist", "map_netdev")  # joined when they are given more than once


@dataclass
class Reading:
    """The words found so far, the last of each kind, and what is wrong."""

    consoles: Collection[str]
    given: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in LISTS})
    kernel_consoles: dict[str, int | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def error(self, message: str, hint: str = "") -> None:
        """Take note of what speaks against an installation."""
        self.problems.append(Problem(Severity.ERROR, message, hint=hint))

    def warning(self, message: str, hint: str = "") -> None:
        """Take note of what has no effect."""
        self.problems.append(Problem(Severity.WARNING, message, hint=hint))


def shown(text: str) -> str:
    """Return a word as it is quoted in a sentence: on one line, without credentials."""
    return quoted(text)[1:-1]
