"""One thing wrong with the answers, the machine or the repositories, before anything was changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Errors stop the run, warnings are said."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """`where` is file:line:column or empty; `hint` says what to do."""

    severity: Severity
    message: str
    where: str = ""
    hint: str = ""

    def line(self) -> str:
        """Return `file:line:column: error: message (hint)` as one line."""
        text = f"{self.severity}: {self.message}"
        if self.hint:
            text += f" ({self.hint})"
        return f"{self.where}: {text}" if self.where else text


def errors(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return only the problems that stop the run."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)
