"""`make mutants`: changes the decisions of the product one at a time; prints how many of the changes a test notices."""

from __future__ import annotations

import argparse
import gc
import hashlib
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.mutation.cover import MODULES, OUTPUT, read_covered
from tests.mutation.mutants import ROOT, Mutant, mutant, places
from tests.mutation.survivors import REVIEWED, read_reviewed
from tests.mutation.trial import QUIET, Trial, Verdict

TARGETS = (*sorted((ROOT / "installer/model").glob("*.py")), ROOT / "backend/layout.py", ROOT / "backend/planner.py")
# those that are left out look at the clock while a server dawdles, or want more memory than a mutant may have
LEFT_OUT = (
    "reports",
    "sources",
    "test_errand.py",
    "test_process.py",
    "probe/existing/test_ext.py",
    "packages/test_tzst.py",
)
TESTS = (*(f"--ignore=tests/backend/{name}" for name in LEFT_OUT), "tests/installer", "tests/backend")
LEAST_PERCENT = 85.0
BUILD = ROOT / "build" / "mutation"


@dataclass
class Run:
    """A plugin that tries mutants instead of running tests, and what it found."""

    modules: list[str]
    sample: int
    seed: int
    arguments: list[str]
    covered: Path
    counts: dict[str, Counter[Verdict]] = field(default_factory=dict)
    survivors: list[Mutant] = field(default_factory=list)
    whole: bool = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        trial = Trial(session, read_covered(self.covered), self.arguments)
        chosen = [place for module in self.modules for place in places(module)]
        if 0 < self.sample < len(chosen):
            numbers = sorted(random.Random(self.seed).sample(range(len(chosen)), self.sample))
            chosen, self.whole = [chosen[number] for number in numbers], False
        gc.freeze()  # what is there stays there, and is shared with the children
        for place in chosen:
            found = mutant(place)
            if found is None:
                continue
            began = _processor_s()
            verdict = trial.verdict(found)
            self.counts.setdefault(found.module, Counter())[verdict] += 1
            if verdict is Verdict.SURVIVED:
                self.survivors.append(found)
            line = f"{verdict.name.lower():10}{_processor_s() - began:7.2f} s  {found.name()}\n"
            with (BUILD / "trials.txt").open("a", encoding="utf-8") as log:
                log.write(line)
        return True


def main() -> int:
    """Try the mutants; returns 1 if too few are killed, or the reasons of survivors and they do not fit."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="so many of them, chosen by the seed; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("modules", nargs="*", help="all targets, unless named")
    options = parser.parse_args()
    targets = [path.relative_to(ROOT).as_posix() for path in TARGETS]
    modules = options.modules or targets
    if unknown := set(modules) - set(targets):
        parser.error(f"not among the modules that are changed: {' '.join(sorted(unknown))}")
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "trials.txt").write_text("", encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="mutants-") as room:
        os.environ["TMPDIR"] = tempfile.tempdir = room
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = f"{room}/hypothesis"
        arguments = ["--hypothesis-seed=0", f"--basetemp={room}/base"]
        covered = cover(targets, arguments)
        # what has failed need not become smaller, which takes half a minute; the profiles of tests are made of this one
        settings.register_profile("mutants", phases=(Phase.explicit, Phase.reuse, Phase.generate))
        settings.load_profile("mutants")
        run = Run(modules, options.sample, options.seed, arguments, covered)
        began = time.monotonic()
        status = pytest.main([*arguments, *QUIET, *TESTS], plugins=[run])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return 1
    return report(run, time.monotonic() - began)


def cover(modules: list[str], arguments: list[str]) -> Path:
    """Run the tests under coverage unless that was done for the very same files; returns what was written."""
    digest = hashlib.sha256()
    for path in sorted(
        path for top in ("installer", "backend", "screens", "tests") for path in ROOT.glob(f"{top}/**/*")
    ):
        if path.is_file() and path.suffix != ".pyc" and "mutation" not in path.parts:
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    written = BUILD / f"coverage-{digest.hexdigest()[:16]}.json"
    if not written.exists():
        environment = {**os.environ, OUTPUT: f"{written}.part", MODULES: " ".join(modules)}
        argv = [sys.executable, "-m", "pytest", "-p", "tests.mutation.cover", *arguments, *QUIET, *TESTS]
        subprocess.run(argv, cwd=ROOT, env=environment, check=False)
        read_covered(Path(f"{written}.part"))
        Path(f"{written}.part").rename(written)
    return written


def report(run: Run, seconds: float) -> int:
    """Print the table and the survivors; returns the exit code."""
    print(f"\n{'module':42}{'mutants':>9}{'killed':>9}{'timeouts':>10}{'survived':>10}{'percent':>9}")
    total: Counter[Verdict] = Counter()
    for module, counts in run.counts.items():
        print(_row(module, counts))
        total += counts
    print(_row("all", total))
    reviewed = read_reviewed()
    new = [found for found in run.survivors if not reviewed.explains(found)]
    stale = reviewed.stale(run.survivors, run.modules if run.whole else ())
    known, file = len(run.survivors) - len(new), REVIEWED.relative_to(ROOT)
    print(f"\n{seconds:.0f} s, {_processor_s():.0f} s of a processor")
    print(f"{total[Verdict.STILLBORN]} more could not be imported and are not counted")
    print(f"{known} of the survivors are explained in {file}; not explained: {len(new)}")
    for found in new:
        print(f"  {found.name()}")
    print(f"explained there, but no survivors: {len(stale)}")
    for module, before, after in stale:
        print(f"  {module}: {before}  ->  {after}")
    return 1 if new or stale or _percent(total) < LEAST_PERCENT else 0


def _processor_s() -> float:
    """Return what this process and those that it has waited for have used of processors."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _row(name: str, counts: Counter[Verdict]) -> str:
    killed, late, survived = (counts[verdict] for verdict in (Verdict.KILLED, Verdict.TIMEOUT, Verdict.SURVIVED))
    return f"{name:42}{killed + late + survived:9,}{killed:9,}{late:10,}{survived:10,}{_percent(counts):9.1f}"


def _percent(counts: Counter[Verdict]) -> float:
    killed = counts[Verdict.KILLED] + counts[Verdict.TIMEOUT]
    return 100.0 * killed / max(killed + counts[Verdict.SURVIVED], 1)


if __name__ == "__main__":
    sys.exit(main())
