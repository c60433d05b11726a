"""The survivors that somebody has looked at, each with the reason why no test can or should notice it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutants import Mutant

REVIEWED = Path(__file__).with_name("survivors.toml")


@dataclass
class Reviewed:
    """Reasons by module and line, as it was and as it became; line numbers would not last."""

    reasons: dict[tuple[str, str, str], str]

    def pop_reason(self, mutant: Mutant) -> str:
        """Return the reason of a survivor, or nothing."""
        return self.reasons.get((mutant.module, mutant.before, mutant.after), "")


def read_reviewed(path: Path = REVIEWED) -> Reviewed:
    """Read the file: a table for each module, of lists with `before`, `after` (all that apply) and `reason`."""
    reasons: dict[tuple[str, str, str], str] = {}
    for module, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for entry in entries:
            for after in entry["after"]:
                reasons[module, entry["before"], after] = entry["reason"]
    return Reviewed(reasons)
