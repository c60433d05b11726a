"""Which branches of the parsers the inputs reach: `python -m tests.fuzz.branches FILE DIRECTORY [TEST ...]`.

DIRECTORY has the inputs that a fuzzer found new, below each reader's name; the tests are run after that. FILE becomes
JSON: by module the number of branches, and those that were not reached as number and text of two lines, twice: before
and after the tests.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

ROOT = Path(__file__).parent.parent.parent


WAY_OUT = "the way out"


@dataclass(frozen=True)
class Missed:
    """A branch that nothing reached: where it begins, and the text of that line and of the one where it leads."""

    line: int
    start: str
    end: str


@dataclass(frozen=True)
class Branches:
    """Of one module: how many there are, which the inputs missed, and which of those the tests missed, too."""

    count: int
    missed: tuple[Missed, ...]
    untested: tuple[Missed, ...]

    @property
    def reached(self) -> int:
        """How many the inputs reached."""
        return self.count - len(self.missed)


Found = dict[str, tuple[int, list[tuple[int, str, str]]]]


def measure(corpus: Path, tests: Sequence[str]) -> dict[str, Branches]:
    """Replay seeds and corpus of all readers in a process of its own, because coverage has to be there first."""
    with tempfile.TemporaryDirectory() as room:
        written = Path(room, "branches.json")
        argv = [sys.executable, "-m", "tests.fuzz.branches", str(written), str(corpus), *tests]
        subprocess.run(argv, stdout=sys.stderr, check=True, cwd=ROOT)
        before, after = json.loads(written.read_bytes())
    return {
        name: Branches(count, *(tuple(Missed(*one) for one in found[name][1]) for found in (before, after)))
        for name, (count, _) in before.items()
    }


def main() -> int:
    """Replay, run the tests, and write what is missed; returns 1 if a test fails."""
    written, corpus, *tests = sys.argv[1:]
    coverage = importlib.import_module("coverage").Coverage(
        data_file=None,
        config_file=False,
        branch=True,
        source=[str(ROOT / top) for top in ("installer", "backend", "screens")],
    )
    coverage.start()
    from tests.fuzz.readers import READERS

    for reader in READERS:
        found = sorted(Path(corpus, reader.name).glob("*"))
        for data in (*reader.seeds, *reader.large, *reader.corpus(), *(path.read_bytes() for path in found)):
            with contextlib.suppress(Exception):  # what goes wrong was told when it was found
                reader.read(data)
    coverage.stop()
    modules = {module for reader in READERS for module in reader.modules}
    before = _missed(coverage, modules)
    coverage.start()
    failed = tests and pytest.main(["-q", "-p", "no:cacheprovider", *tests])
    coverage.stop()
    Path(written).write_text(json.dumps([before, _missed(coverage, modules)]), encoding="utf-8")
    return 1 if failed else 0


class Coverage(Protocol):
    """What is used of coverage, which is not among what the project depends on."""

    def json_report(self, morfs: list[str], outfile: str) -> float:
        """Write a report of some modules."""


def _missed(coverage: Coverage, modules: Iterable[str]) -> Found:
    with tempfile.NamedTemporaryFile() as written, contextlib.redirect_stdout(sys.stderr):
        coverage.json_report(morfs=[str(ROOT / module) for module in modules], outfile=written.name)
        files = json.loads(Path(written.name).read_bytes())["files"]
    result: Found = {}
    for name, found_of in sorted(files.items()):
        module = os.path.relpath(name, ROOT)
        lines = [line.strip() for line in (ROOT / module).read_text(encoding="utf-8").splitlines()]
        missed = [
            (start, lines[start - 1], lines[end - 1] if end > 0 else WAY_OUT)
            for start, end in found_of["missing_branches"]
        ]
        result[module] = found_of["summary"]["num_branches"], missed
    return result


if __name__ == "__main__":
    sys.exit(main())
