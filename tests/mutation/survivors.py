"""The survivors that somebody has looked at, each with the reason why no test can or should notice it."""

from __future__ import annotations

import tomllib
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutants import Mutant

REVIEWED = Path(__file__).with_name("survivors.toml")


Key = tuple[str, str, str]


@dataclass(frozen=True)
class Reviewed:
    """Reasons by module and line, as it was and as it became; line numbers would not last."""

    reasons: dict[Key, str]

    def explains(self, mutant: Mutant) -> bool:
        """Say whether somebody has given a reason for a survivor."""
        return _key(mutant) in self.reasons

    def stale(self, survivors: Iterable[Mutant], modules: Container[str]) -> tuple[Key, ...]:
        """Return the entries of modules of which all mutants were tried that fit none of the survivors."""
        alive = {_key(found) for found in survivors}
        return tuple(key for key in self.reasons if key[0] in modules and key not in alive)


def _key(mutant: Mutant) -> Key:
    return mutant.module, mutant.before, mutant.after


def read_reviewed(path: Path = REVIEWED) -> Reviewed:
    """Read the file: a table for each module, of lists with `before`, `after` (all that apply) and `reason`."""
    reasons: dict[Key, str] = {}
    for module, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for entry in entries:
            for after in entry["after"]:
                reasons[module, entry["before"], after] = entry["reason"]
    return Reviewed(reasons)
