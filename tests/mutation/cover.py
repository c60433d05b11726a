"""Which test runs which line of the modules, and for how long: a pytest plugin that uses coverage."""

from __future__ import annotations

import importlib
import json
import os
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mutation.mutants import ROOT

OUTPUT = "MUTATION_COVERAGE"  # the environment's word for where it is written
MODULES = "MUTATION_MODULES"
_coverage = None
_seconds: dict[str, float] = {}

if OUTPUT in os.environ:  # before anything of ours is imported: what runs then is known as well
    _coverage = importlib.import_module("coverage").Coverage(
        data_file=None, config_file=False, include=[str(ROOT / name) for name in os.environ[MODULES].split()]
    )
    _coverage.start()


@dataclass(frozen=True)
class Covered:
    """Seconds of each test; of each module's lines the tests that run them, and those that run when it is imported."""

    seconds: dict[str, float]
    tests: dict[str, dict[int, tuple[str, ...]]]
    imported: dict[str, frozenset[int]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if _coverage is None:
        return (yield)
    _coverage.switch_context(item.nodeid)
    began = time.process_time()
    result = yield
    _seconds[item.nodeid] = time.process_time() - began
    return result


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if _coverage is None:
        return
    _coverage.stop()
    data = _coverage.get_data()
    numbers = {test: number for number, test in enumerate(_seconds)}
    lines: dict[str, dict[str, list[int]]] = {}
    for name in data.measured_files():
        contexts = data.contexts_by_lineno(name).items()
        lines[Path(name).relative_to(ROOT).as_posix()] = {
            str(line): [numbers.get(context, -1) for context in found] for line, found in contexts
        }
    written = {"failed": int(exitstatus), "seconds": _seconds, "lines": lines}
    Path(os.environ[OUTPUT]).write_text(json.dumps(written), encoding="utf-8")


def read_covered(path: Path) -> Covered:
    """Read what a run of the tests has written; an error if they were not green."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if found["failed"]:
        raise SystemExit(f"the tests fail without a mutant: pytest ended with {found['failed']}")
    names = list(found["seconds"])
    tests: dict[str, dict[int, tuple[str, ...]]] = {}
    imported: dict[str, frozenset[int]] = {}
    for module, lines in found["lines"].items():
        tests[module] = {
            int(line): tuple(names[number] for number in numbers if number >= 0) for line, numbers in lines.items()
        }
        imported[module] = frozenset(int(line) for line, numbers in lines.items() if -1 in numbers)
    return Covered(found["seconds"], tests, imported)
