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

from tests.fuzz.inputs import inputs
from tests.fuzz.readers import LONGEST_INPUT, READERS, Reader

BATCH = 500  # examples between two looks at the clock
FINDINGS = Path("build/fuzz-findings")


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
    parser.add_argument("--seconds", type=float, default=60.0, help="for each reader")
    seconds = parser.parse_args().seconds
    run = _by_atheris if importlib.util.find_spec("atheris") else by_hypothesis
    results = [run(reader, seconds) for reader in READERS]
    print(f"{'reader':16}{'engine':12}{'inputs':>12}{'seconds':>10}{'per second':>12}  result")
    for result in results:
        rate = result.inputs / max(result.seconds, 1e-6)
        verdict = "FAILED" if result.failure else "ok"
        print(f"{result.reader:16}{result.engine:12}{result.inputs:12,}{result.seconds:10.0f}{rate:12,.0f}  {verdict}")
    for result in results:
        if result.failure:
            print(f"\n{result.reader}:\n{result.failure}")
    return 1 if any(result.failure for result in results) else 0


def _by_atheris(reader: Reader, seconds: float) -> Result:
    """Run libFuzzer in a process of its own, which ends with it."""
    FINDINGS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        for number, seed in enumerate(reader.seeds):
            Path(directory, f"seed-{number}").write_bytes(seed)
        began = time.monotonic()
        options = [f"-max_total_time={int(seconds)}", f"-max_len={LONGEST_INPUT}", "-timeout=10", "-verbosity=1"]
        argv = [sys.executable, "-m", "tests.fuzz.with_atheris", reader.name, *options]
        argv += [f"-artifact_prefix={FINDINGS}/{reader.name}-", directory]
        outcome = subprocess.run(argv, capture_output=True, check=False)
    said = outcome.stderr.decode(errors="replace") + outcome.stdout.decode(errors="replace")
    done = re.search(r"Done (\d+) (?:runs )?in (\d+) second", said)
    failure = "" if outcome.returncode == 0 and done else "\n".join(said.splitlines()[-40:])
    return Result(reader.name, "atheris", int(done[1]) if done else 0, time.monotonic() - began, failure)


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
