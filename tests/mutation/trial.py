"""Tries mutants in a collected pytest session: each in a forked child, which ends with the first test that fails."""

from __future__ import annotations

import ast
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from _pytest.runner import runtestprotocol

from tests.mutation.change import Patch, import_anew, patches
from tests.mutation.cover import Covered
from tests.mutation.mutants import ROOT, Mutant

LAST = ROOT / "build" / "mutation" / "last.txt"  # what the test said that killed the last mutant
ROOM = 4 << 30  # bytes of address space: a mutant that collects without end is stopped
LEAST_SECONDS = 5.0  # of processor time for a test, however fast it is without a mutant
TIMES_SLOWER = 20
PATIENCE_SECONDS = 600  # on the wall clock for one mutant: a test that sleeps uses no processor time
PAUSE_SECONDS = 0.005  # between two looks at a child
SLOW_SECONDS = 0.5  # tests from here on come after all others
OF_ALL_DATA = "tests/installer/model/test_data.py"
MOST_TESTS = 100  # of those that run the line; what only a slower one would notice counts as not noticed
MOST_FILES = 12
FIRST_FILES = 4  # so many are collected anew for a mutant of what runs on import, then twice as many, and so on
# what a failure looks like takes pytest longer to draw than the test takes, and nobody reads it
QUIET = (
    "-q",
    "-x",
    "--tb=native",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:warnings",
    "-m",
    "not vm and not long and not root",
)


class Verdict(IntEnum):
    """What became of a mutant; the exit code of its child."""

    SURVIVED = 70
    KILLED = 71
    TIMEOUT = 72
    STILLBORN = 73  # the module could not be imported: no mutant, and not counted


class Trial:
    """Runs the tests for one mutant after the other."""

    def __init__(self, session: pytest.Session, covered: Covered, arguments: Sequence[str]) -> None:
        self._covered = covered
        self._arguments = arguments
        self._sound: set[tuple[str, bool]] = set()  # tests that have passed in a child without a mutant
        self._items = {item.nodeid: item for item in session.items}

    def verdict(self, mutant: Mutant) -> Verdict:
        """Say whether a test notices the mutant; one that fails without it as well ends the run."""
        found, lines = patches(mutant.module, mutant.source), _statement(mutant)
        by_line = self._covered.tests.get(mutant.module, {})
        names = {name for line in lines for name in by_line.get(line, ())} & set(self._items)
        on_import = not names and bool(lines & self._covered.imported.get(mutant.module, frozenset()))
        if found is None or on_import:
            return self._believed(_forked(lambda: self._anew(mutant, self._files(mutant))), mutant, anew=True)
        items = [self._items[name] for name in sorted(names, key=self._order(mutant))[:MOST_TESTS]]
        if not items:
            return Verdict.SURVIVED
        return self._believed(_forked(lambda: self._patched(found, items)), mutant, anew=False)

    def _believed(self, verdict: Verdict, mutant: Mutant, *, anew: bool) -> Verdict:
        """Return the verdict once the test that killed has passed in such a child without a mutant."""
        killer = LAST.read_text(encoding="utf-8").split("\n")[0] if verdict is Verdict.KILLED else ""
        if verdict is not Verdict.KILLED or (killer, anew) in self._sound:
            return verdict
        same = replace(mutant, source=(ROOT / mutant.module).read_text(encoding="utf-8"))
        if anew:
            control = _forked(lambda: self._anew(same, [[killer]]))
        else:
            control = _forked(lambda: self._patched([], [self._items[killer]]))
        if control is not Verdict.SURVIVED:
            raise SystemExit(f"this fails in a forked child without a mutant, too: {LAST.read_text(encoding='utf-8')}")
        self._sound.add((killer, anew))
        return verdict

    def _order(self, mutant: Mutant) -> Callable[[str], tuple[bool, bool, bool, float]]:
        """Return the order of tests: those that have killed before, those of the module's name, the quick ones."""
        stem = f"test_{Path(mutant.module).stem}.py"

        def order(name: str) -> tuple[bool, bool, bool, float]:
            seconds = self._covered.seconds.get(name, 0.0)
            return seconds > SLOW_SECONDS, (name, False) not in self._sound, stem not in name, seconds

        return order

    def _patched(self, found: list[Patch], items: Sequence[pytest.Item]) -> NoReturn:
        for function, code in found:
            function.__code__ = code
        for item, following in zip(items, [*items[1:], None], strict=True):
            _limit(self._covered.seconds.get(item.nodeid, 0.0))
            failed = [report for report in runtestprotocol(item, nextitem=following, log=False) if report.failed]
            if failed:
                _note(failed[0])
                os._exit(Verdict.KILLED)
        os._exit(Verdict.SURVIVED)

    def _anew(self, mutant: Mutant, parts: Iterable[list[str]]) -> NoReturn:
        if not import_anew(mutant.module, mutant.source):
            os._exit(Verdict.STILLBORN)
        for files in parts:
            status = pytest.main([*self._arguments, *QUIET, *files], plugins=[_Limits(self._covered.seconds)])
            if status != 0:
                os._exit(Verdict.KILLED)
        os._exit(Verdict.SURVIVED)

    def _files(self, mutant: Mutant) -> Iterator[list[str]]:
        """Yield files with tests, some at a time: of the same name, that name the module, that run a line of it."""
        seconds: dict[str, float] = {}
        for name in self._items:
            taken = self._covered.seconds.get(name, 0.0)
            seconds[name.split("::")[0]] = seconds.get(name.split("::")[0], 0.0) + taken
        using = {name.split("::")[0] for names in self._covered.tests.get(mutant.module, {}).values() for name in names}
        stem = Path(mutant.module).stem
        imported = mutant.module.removesuffix(".py").replace("/", ".")
        naming = {file for file in seconds if imported in _text(file)}
        own = [file for file in seconds if Path(file).stem.startswith(f"test_{stem}")]
        yield [OF_ALL_DATA, *own]
        others = (using & set(seconds) | naming or set(seconds)) - set(own)
        rest = sorted(others, key=lambda file: (file not in naming, seconds[file]))[:MOST_FILES]
        start, size = 0, FIRST_FILES
        while start < len(rest):
            yield rest[start : start + size]
            start, size = start + size, size * 2


@cache
def _text(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


class _Limits:
    """The limit of processor time, set for each test."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        _limit(self._seconds.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            _note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            _note(report)


def _note(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Keep what the test said that killed the last mutant: for whoever asks whether it was the mutant's fault."""
    LAST.write_text(f"{report.nodeid}\n{report.longreprtext}\n", encoding="utf-8")


def _limit(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, LEAST_SECONDS + TIMES_SLOWER * seconds)


def _statement(mutant: Mutant) -> frozenset[int]:
    """Return the lines of the statement in which the change is; of one that holds others, its head."""
    best: tuple[int, int] | None = None
    for node in ast.walk(ast.parse((ROOT / mutant.module).read_text(encoding="utf-8"))):
        if not isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            continue
        first, last = _extent(node)
        inside = first <= mutant.line <= last
        if inside and (best is None or last - first <= best[1] - best[0]):
            best = first, last
    return frozenset(range(best[0], best[1] + 1)) if best else frozenset({mutant.line})


def _extent(node: ast.stmt | ast.ExceptHandler | ast.match_case) -> tuple[int, int]:
    if isinstance(node, ast.match_case):
        return node.pattern.lineno, node.body[0].lineno
    body = getattr(node, "body", None)
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
    return first, body[0].lineno if body else node.end_lineno or node.lineno


def _forked(run: Callable[[], NoReturn]) -> Verdict:
    """Run something in a child that is a group of its own, and end all that it leaves behind."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _in_child(run)
    looks, status = 0, 0
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        looks += 1  # not the clock: nobody waits while both are stopped (SIGSTOP)
        if looks > PATIENCE_SECONDS / PAUSE_SECONDS:
            os.kill(child, signal.SIGKILL)
        time.sleep(PAUSE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if os.WIFSIGNALED(status):
        return Verdict.TIMEOUT
    return Verdict(os.WEXITSTATUS(status))


def _in_child(run: Callable[[], NoReturn]) -> NoReturn:
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))
    try:
        run()
    except BaseException as error:  # whatever gets out of pytest, a test was not passed
        LAST.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        os._exit(Verdict.KILLED)
