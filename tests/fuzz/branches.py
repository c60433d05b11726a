"""Which branches of the parsers the inputs reach: `python -m tests.fuzz.branches DIRECTORY`, under coverage.

DIRECTORY has the inputs that a fuzzer found new, below each reader's name. Prints JSON: by module the number of
branches, how many were reached, and those that were not as number and text of two lines.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

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
    """Of one module."""

    count: int
    reached: int
    missed: tuple[Missed, ...]


def measure(corpus: Path) -> dict[str, Branches]:
    """Replay seeds and corpus of all readers in a process of its own, because coverage has to be there first."""
    argv = [sys.executable, "-m", "tests.fuzz.branches", str(corpus)]
    said = subprocess.run(argv, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    found: dict[str, tuple[int, int, list[tuple[int, str, str]]]] = json.loads(said.stdout)  # as written below
    return {
        name: Branches(count, reached, tuple(Missed(*one) for one in missed))
        for name, (count, reached, missed) in found.items()
    }


def main() -> int:
    """Replay and print."""
    coverage = importlib.import_module("coverage").Coverage(
        data_file=None,
        config_file=False,
        branch=True,
        source=[str(ROOT / top) for top in ("installer", "backend", "screens")],
    )
    coverage.start()
    from tests.fuzz.readers import READERS

    for reader in READERS:
        found = sorted(Path(sys.argv[1], reader.name).glob("*"))
        for data in (*reader.seeds, *reader.corpus(), *(path.read_bytes() for path in found)):
            with contextlib.suppress(Exception):  # what goes wrong was told when it was found
                reader.read(data)
    coverage.stop()
    modules = {module for reader in READERS for module in reader.modules}
    with tempfile.NamedTemporaryFile() as written, contextlib.redirect_stdout(sys.stderr):
        coverage.json_report(morfs=[str(ROOT / module) for module in modules], outfile=written.name)
        files = json.loads(Path(written.name).read_bytes())["files"]
    result = {}
    for name, found_of in sorted(files.items()):
        summary = found_of["summary"]
        module = os.path.relpath(name, ROOT)
        lines = [line.strip() for line in (ROOT / module).read_text(encoding="utf-8").splitlines()]
        missed = [
            (start, lines[start - 1], lines[end - 1] if end > 0 else WAY_OUT)
            for start, end in found_of["missing_branches"]
        ]
        result[module] = [summary["num_branches"], summary["covered_branches"], missed]
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
