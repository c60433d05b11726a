"""The branches that no input reaches, each with a test that does or a reason; held against what was measured."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.branches import Branches, Missed

REVIEWED = Path(__file__).with_name("unreached.toml")
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Reviewed:
    """By module, text of the line where a branch begins and of the one where it leads: tests, or reasons."""

    tests: dict[Key, str]
    reasons: dict[Key, str]


@dataclass(frozen=True)
class Judged:
    """Branches that neither an input nor a test reaches and that have no reason; entries that are not as they say."""

    unexplained: tuple[tuple[str, Missed], ...]
    wrong: tuple[Key, ...]
    tested: int
    explained: int


def read_reviewed(path: Path = REVIEWED) -> Reviewed:
    """Read the file: a table for each module, of lists with `from`, `to` (all that apply), and `test` or `reason`."""
    tests: dict[Key, str] = {}
    reasons: dict[Key, str] = {}
    for module, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for entry in entries:
            into, text = (tests, entry["test"]) if "test" in entry else (reasons, entry["reason"])
            into |= {(module, entry["from"], end): text for end in entry["to"]}
    return Reviewed(tests, reasons)


def judge(branches: Mapping[str, Branches], reviewed: Reviewed) -> Judged:
    """Hold what was measured against the list; of modules that were not measured nothing is said."""
    missed = {(module, one.start, one.end): one for module, found in branches.items() for one in found.missed}
    untested = {(module, one.start, one.end) for module, found in branches.items() for one in found.untested}
    tested = [key for key in reviewed.tests if key in missed and key not in untested]
    explained = [key for key in reviewed.reasons if key in untested]
    right = {*tested, *explained}
    return Judged(
        unexplained=tuple((key[0], one) for key, one in sorted(missed.items()) if key not in right),
        wrong=tuple(key for key in (*reviewed.tests, *reviewed.reasons) if key[0] in branches and key not in right),
        tested=len(tested),
        explained=len(explained),
    )
