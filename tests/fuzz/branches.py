"""Which branches of the parsers the inputs reach: `python -m tests.fuzz.branches DIRECTORY`, under coverage.

DIRECTORY has the inputs that a fuzzer found new, below each reader's name. Prints JSON: by module the number of
branches, how many were reached, and those that were not as pairs of lines.
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


@dataclass(frozen=True)
class Branches:
    """Of one module; `missed` as `line -> line`, a negative one is the way out."""

    count: int
    reached: int
    missed: tuple[str, ...]


def measure(corpus: Path) -> dict[str, Branches]:
    """Replay seeds and corpus of all readers in a process of its own, because coverage has to be there first."""
    argv = [sys.executable, "-m", "tests.fuzz.branches", str(corpus)]
    said = subprocess.run(argv, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    found: dict[str, list[object]] = json.loads(said.stdout)
    return {name: Branches(*values) for name, values in found.items()}  # type: ignore[arg-type]  # as written below


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
        missed = [f"{start} -> {end}" for start, end in found_of["missing_branches"]]
        result[os.path.relpath(name, ROOT)] = [summary["num_branches"], summary["covered_branches"], missed]
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
