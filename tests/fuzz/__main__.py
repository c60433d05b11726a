"""`make fuzz`: every reader for a while, by atheris where it is installed, else by hypothesis; prints the counts."""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.branches import Branches, measure
from tests.fuzz.inputs import inputs
from tests.fuzz.reader import LONGEST_INPUT, Reader
from tests.fuzz.readers import READERS
from tests.fuzz.unreached import REVIEWED, Reviewed, judge, read_reviewed

BATCH = 500  # examples between two looks at the clock
FINDINGS = Path("build/fuzz-findings")
FOUND = Path("build/fuzz-corpus")  # what was new in earlier runs, too


@dataclass(frozen=True)
class Result:
    """What one reader was given, and what went wrong (nothing, as a rule)."""

    reader: str
    engine: str
    inputs: int
    seconds: float
    failure: str = ""


def main() -> int:
    """Fuzz all readers; returns 1 when one of them let something through."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each reader; 0: look at the branches only")
    parser.add_argument("readers", nargs="*", help="all of them, unless named")
    options = parser.parse_args()
    readers = [reader for reader in READERS if not options.readers or reader.name in options.readers]
    run = _by_atheris if importlib.util.find_spec("atheris") else by_hypothesis
    results = []
    for reader in readers:
        results.append(run(reader, options.seconds) if options.seconds else Result(reader.name, "none", 0, 0.0))
        print(f"{reader.name}: {results[-1].inputs:,} inputs", file=sys.stderr)
    reviewed = read_reviewed()
    named = tuple(dict.fromkeys(reviewed.tests.values()))
    branches = measure(FOUND, named) if importlib.util.find_spec("coverage") else {}
    print_table(readers, results, branches)
    for result in results:
        if result.failure:
            print(f"\n{result.reader}:\n{result.failure}")
    wanted = {module for reader in readers for module in reader.modules}
    as_explained = print_branches({name: found for name, found in branches.items() if name in wanted}, reviewed)
    return 1 if not as_explained or any(result.failure for result in results) else 0


def print_table(readers: list[Reader], results: list[Result], branches: dict[str, Branches]) -> None:
    """Print a line for each reader and the sum."""
    print(f"{'reader':16}{'engine':12}{'inputs':>12}{'seconds':>9}{'per second':>12}{'branches':>12}  result")
    for reader, result in zip(readers, results, strict=True):
        rate, verdict = result.inputs / max(result.seconds, 1e-6), "FAILED" if result.failure else "ok"
        found = [branches[module] for module in reader.modules if module in branches]
        reached = f"{sum(one.reached for one in found)}/{sum(one.count for one in found)}" if found else "?"
        print(
            f"{result.reader:16}{result.engine:12}{result.inputs:12,}{result.seconds:9.0f}{rate:12,.0f}"
            f"{reached:>12}  {verdict}"
        )
    print(f"{'all':28}{sum(result.inputs for result in results):12,}")


def print_branches(branches: dict[str, Branches], reviewed: Reviewed) -> bool:
    """Print the branches that nothing reached; False when the list of those that cannot be is not what was found."""
    if not branches:
        return True
    judged, reached = judge(branches, reviewed), sum(found.reached for found in branches.values())
    print(
        f"\n{sum(found.count for found in branches.values())} branches: {reached} reached by inputs, {judged.tested} by"
        f" the tests named in {REVIEWED.name}, {judged.explained} cannot be, for the reasons there"
    )
    for module, one in judged.unexplained:
        print(f"not reached: {module}:{one.line} {one.start}  ->  {one.end}")
    for module, start, end in judged.wrong:
        print(f"not as {REVIEWED.name} has it: {module}: {start}  ->  {end}")
    return not judged.unexplained and not judged.wrong


def _by_atheris(reader: Reader, seconds: float) -> Result:
    """Run libFuzzer in a process of its own, which ends with it."""
    FINDINGS.mkdir(parents=True, exist_ok=True)
    found = FOUND / reader.name
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        for number, seed in enumerate((*reader.seeds, *reader.corpus())):
            Path(directory, f"seed-{number}").write_bytes(seed)
        words = Path(directory, "words.dictionary")
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in reader.words), encoding="ascii")
        began = time.monotonic()
        options = [f"-max_total_time={int(seconds)}", f"-max_len={LONGEST_INPUT}", "-timeout=10", "-verbosity=1"]
        options += [f"-artifact_prefix={FINDINGS}/{reader.name}-", f"-dict={words}"]
        argv = [sys.executable, "-m", "tests.fuzz.with_atheris", reader.name, *options, str(found), directory]
        outcome = subprocess.run(argv, capture_output=True, check=False)
    said = outcome.stderr.decode(errors="replace") + outcome.stdout.decode(errors="replace")
    done = re.search(r"Done (\d+) (?:runs )?in (\d+) second", said)
    failure = "" if outcome.returncode == 0 and done else "\n".join(said.splitlines()[-40:])
    return Result(reader.name, "atheris", int(done[1]) if done else 0, time.monotonic() - began, failure)


def _escaped(word: bytes) -> str:
    """Return a word as libFuzzer's dictionaries have it."""
    return "".join(f"\\x{byte:02X}" for byte in word)


def by_hypothesis(reader: Reader, seconds: float) -> Result:
    """Run batches of examples until the time is over or one of them fails."""
    count, began = 0, time.monotonic()

    @settings(
        max_examples=BATCH,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(data=inputs(reader))
    def read(data: bytes) -> None:
        nonlocal count
        count += 1
        reader.read(data)

    failure = ""
    while not failure and time.monotonic() - began < seconds:
        try:
            read()
        except Exception as error:
            failure = "\n".join([repr(error), *getattr(error, "__notes__", ())])
    return Result(reader.name, "hypothesis", count, time.monotonic() - began, failure)


if __name__ == "__main__":
    sys.exit(main())
