"""The branches that no input can reach, each with the reason; a list that is held against what was measured."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.branches import Branches, Missed

REVIEWED = Path(__file__).with_name("unreached.toml")


@dataclass(frozen=True)
class Judged:
    """Branches without a reason, reasons of branches that were reached or are gone, and how many are as explained."""

    unexplained: tuple[tuple[str, Missed], ...]
    stale: tuple[tuple[str, str, str], ...]
    explained: int


def read_reviewed(path: Path = REVIEWED) -> dict[tuple[str, str, str], str]:
    """Read the file: reasons by module, the text of the line where the branch begins, and where it leads."""
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    return {(module, one["from"], one["to"]): one["reason"] for module, ones in found.items() for one in ones}


def judge(branches: Mapping[str, Branches], reviewed: Mapping[tuple[str, str, str], str]) -> Judged:
    """Hold what was measured against the list; of modules that were not measured nothing is said."""
    missed = [(module, one) for module, found in sorted(branches.items()) for one in found.missed]
    alive = {(module, one.start, one.end) for module, one in missed}
    return Judged(
        unexplained=tuple((module, one) for module, one in missed if (module, one.start, one.end) not in reviewed),
        stale=tuple(key for key in reviewed if key[0] in branches and key not in alive),
        explained=sum((module, one.start, one.end) in reviewed for module, one in missed),
    )
