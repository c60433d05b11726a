"""Every road with every fault: a fault is met at many places of a plan, and the next run brings the road to its end."""

from __future__ import annotations

import os
import random
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from backend.process import Argv
from backend.session import OpenSource
from backend.sources.transport import Transport
from installer.model.errors import Cancelled, DiskRefused
from installer.model.events import StepStarted
from installer.model.source import Location
from tests.faults.cells import Cell, Kind
from tests.faults.failing import FailingSystem, Fails, Fault
from tests.faults.injuries import DamagedMedium, FillsUp, GivesOut, Hangs, Interrupts, dying_server, heeding_ctrl_c
from tests.faults.judge import End, State, judge
from tests.faults.look import Look, different, look
from tests.faults.roads import MEDIUM_BYTES, Outcome, Road, Run, fill, resize
from tests.faults.signal_9 import run_and_kill

RANDOM_MOMENTS = 30
SEED = 20070924
# what a change of the system is called that runs no program
NO_PROGRAMS = (
    *("lock", "note-attached", "create-image", "partition-table", "zero", "erase-boot-code", "sync", "write", "link"),
    *("write-zeros", "import", "carry", "remove", "clear", "copy-tree", "compare-trees", "read-tree"),
)


@dataclass
class Matrix:
    """The faults of one road. `thin` takes every n-th place only."""

    road: Road
    thin: int = 1
    changes: list[Argv] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    duration_s: float = 0.0
    _prepared: Run | None = None
    _ended: set[tuple[Kind, str]] = field(default_factory=set)

    def learn(self) -> None:
        """Run the road without a fault, and learn what it changes in which step."""
        self.road.lay_out()
        self._prepared = self.road.prepare(self.road.here)
        system = self._system()
        began = time.monotonic()
        outcome = self.road.run(self._prepared, system)
        self.duration_s = time.monotonic() - began
        assert outcome.error is None, outcome.error
        self.road.here.check_left(allowed_loop=False)
        self.changes = system.changes
        starts = [
            (count, event.title)
            for count, event in zip(outcome.counts, outcome.events, strict=True)
            if isinstance(event, StepStarted)
        ]
        self.titles = [
            next((title for count, title in reversed(starts) if count < position), "")
            for position in range(1, len(self.changes) + 1)
        ]

    def places(self, kind: Kind) -> list[int]:
        """Return where a fault is tried: every n-th place where it can be."""
        found = self.positions()
        if kind is Kind.HANGS:
            found = [position for position in found if self.changes[position - 1][0] not in NO_PROGRAMS]
        return found[:: self.thin]

    def positions(self) -> list[int]:
        """Return the first change of each kind in every kind of step; those between are of the same kind."""
        seen: set[tuple[str, str, str]] = set()
        found: list[int] = []
        for position, (title, change) in enumerate(zip(self.titles, self.changes, strict=True), 1):
            inside = change[7:9] if change[0] == "chroot" else change[:2]
            kind = (" ".join(title.split()[:2]), change[0], " ".join(inside) if change[0] != "write" else "")
            if kind not in seen:
                found.append(position)
            seen.add(kind)
        return found

    def cell(self, kind: Kind) -> Cell:
        """Let the fault come at all its places; raises AssertionError at the first that is not as it must be."""
        cell = Cell(self.road.name, kind)
        if kind is Kind.SOURCE:
            self._sources(cell)
        elif kind is Kind.GIVES_OUT:
            for position in self.places(kind):
                self._give_out(cell, position)
        elif kind is Kind.KILLED:
            for position in self.places(kind):
                for during in (False, True):
                    self._kill(cell, position, during=during)
        else:
            for position in self.places(kind):
                for fault in self._faults(kind):
                    self._try(cell, position, fault)
            if kind is Kind.CTRL_C:
                self._any_moment(cell)
        return cell

    def _faults(self, kind: Kind) -> Iterator[Fault]:
        scratch = self.road.here.directory / "scratch"
        if kind is Kind.FAILS:
            yield from (Fails(after=False), Fails(after=True))
        elif kind is Kind.HANGS:
            yield Hangs()
        elif kind is Kind.FULL:
            yield FillsUp(scratch)
        elif kind is Kind.CTRL_C:
            yield from (Interrupts(scratch, after=False), Interrupts(scratch, after=True))
        elif kind is Kind.NO_ROOM:
            yield GivesOut(lambda: fill(self.road.here.medium))

    def _system(self, position: int = 0, fault: Fault | None = None) -> FailingSystem:
        return FailingSystem(self.road.here.directory / "scratch", position, fault=fault)

    def _try(self, cell: Cell, position: int, fault: Fault) -> None:
        self.road.lay_out()
        system = self._system(position, fault)
        with heeding_ctrl_c() as heed:
            heed.armed = True
            outcome = self._run(system)
            heed.armed = False
        if not getattr(fault, "met", True):  # nothing was mounted yet, or the change is no program
            self.road.here.check_left(allowed_loop=False)
            return
        what = f"{type(fault).__name__} {vars(fault)} at change {position}, {shlex.join(self.changes[position - 1])}"
        self._conclude(cell, outcome, system, what, detaching="losetup --detach" in what)

    def _give_out(self, cell: Cell, position: int) -> None:
        what = f"I/O errors from change {position} on, {shlex.join(self.changes[position - 1])}"
        with self.road.on_breakable() as trip:
            system = self._system(position, GivesOut(trip))
            outcome = self._run(system)
            self._check_left(outcome, what, detaching=False)
        self._conclude(cell, outcome, system, what)

    def _check_left(self, outcome: Outcome, what: str, *, detaching: bool) -> None:
        """See that nothing is left; where detaching was made to fail the loop device is, and that is told."""
        try:
            self.road.here.check_left(allowed_loop=detaching and outcome.error is not None)
        except AssertionError as problem:
            raise AssertionError(f"{self.road.name}: {what}: {problem}\n{outcome.events[-4:]}") from problem

    def _run(self, system: FailingSystem, open_source: OpenSource | None = None) -> Outcome:
        assert self._prepared
        return self.road.run(self._prepared, system, open_source)

    def _conclude(
        self, cell: Cell, outcome: Outcome, system: FailingSystem, what: str, *, detaching: bool = False
    ) -> None:
        """Judge one run, and have the next one bring the road to its end, the first time that a step failed so."""
        self._check_left(outcome, what, detaching=detaching)
        try:
            resize(self.road.here.medium, MEDIUM_BYTES)
            found = look(self.road.here.image)
            log = "\n".join([*system.lines, *map(shlex.join, system.changes)])
            verdict = judge(self.road, outcome, found, log)
            cell.tries += 1
            cell.ends[verdict.end] += 1
            cell.states[verdict.state] += 1
            if verdict.end in (End.FAILED, End.CANCELLED) and (cell.kind, verdict.title) not in self._ended:
                self._ended.add((cell.kind, verdict.title))
                self._next_run(cell, complete=verdict.state is State.BOOTS)
        except AssertionError as problem:
            told = [event for event in outcome.events if not isinstance(event, StepStarted)][-4:]
            raise AssertionError(f"{self.road.name}: {what}: {problem}\n{told}\n{outcome.error}") from problem

    def _next_run(self, cell: Cell, *, complete: bool) -> None:
        """Start again what was broken off; raises AssertionError unless that leads to what the road leads to."""
        self.road.go()
        cell.next_runs += 1
        now, after = look(self.road.here.image), self.road.after
        assert after and now.boots, "the next run left what does not boot"
        if self.road.first:
            assert now.guests == self.road.first.guests, "the next run wrote guest storage"
        if not complete:
            assert not (changed := different(now.root, after.root)), f"the next run left other files: {changed[:5]}"
            assert not (changed := different(now.backup, after.backup)), f"another backup: {changed[:5]}"

    def _sources(self, cell: Cell) -> None:
        directory = self.road.here.directory / "repository" / "packages.main"
        names = [path.name for path in sorted(directory.glob("*.tar.bz2"))]
        if not any(title.startswith("install kernel") for title in self.titles):
            return
        for name in names[:: self.thin]:
            size = (directory / name).stat().st_size
            for at in (0, size // 2, size - 1):
                with dying_server(directory, name, at) as server:
                    self._source(cell, f"server dies at byte {at} of {name}", partial(_given, server))
                medium = DamagedMedium(directory, name, at)
                self._source(cell, f"medium is damaged at byte {at} of {name}", partial(_given, medium))

    def _source(self, cell: Cell, what: str, open_source: OpenSource) -> None:
        self.road.lay_out()
        system = self._system()
        outcome = self._run(system, open_source)
        assert outcome.error is not None, f"{what}, and nobody is told"
        self._conclude(cell, outcome, system, what)

    def _any_moment(self, cell: Cell) -> None:
        """Press Ctrl-C at moments that have nothing to do with changes."""
        chance = random.Random(SEED)
        for _ in range(RANDOM_MOMENTS // self.thin):
            self.road.lay_out()
            system = self._system()
            moment_s = chance.random() * self.duration_s
            with heeding_ctrl_c() as heed:
                timer = threading.Timer(moment_s, os.kill, (os.getpid(), signal.SIGINT))
                heed.armed = True
                timer.start()
                try:
                    outcome = self._run(system)
                except KeyboardInterrupt:  # before the plan began or after it had ended
                    outcome = Outcome(error=Cancelled("between"))
                heed.armed = False
                timer.cancel()
                timer.join()
            if outcome.events and str(outcome.error) != "between":
                self._conclude(cell, outcome, system, f"Ctrl-C after {moment_s:.3f} s")

    def _kill(self, cell: Cell, position: int, *, during: bool) -> None:
        here = self.road.here
        self.road.lay_out()
        what = f"killed {'during' if during else 'before'} change {position}, {shlex.join(self.changes[position - 1])}"
        assert self._prepared
        run_and_kill(self.road, self._prepared, position, what, during=during)
        try:
            found = look(here.image)
            state = self._state_after_kill(found)
            self._free(position)
            cell.tries += 1
            cell.ends["killed"] += 1
            cell.states[state] += 1
            self._next_run(cell, complete=state is State.BOOTS)
        except AssertionError as problem:
            raise AssertionError(f"{self.road.name}: {what}: {problem}") from problem

    def _free(self, position: int) -> None:
        """Detach by hand what was attached a moment before the kill, and could not be noted down: a next run says how.

        Whose it is, nobody could know.
        """
        if not any(words in " ".join(self.changes[position - 1]) for words in ("losetup --find", "note-attached")):
            return
        try:
            self.road.prepare(self.road.here)
        except DiskRefused as refused:
            assert refused.hint.startswith("losetup --detach /dev/loop"), refused
            subprocess.run(refused.hint.split()[:3], check=True)

    def _state_after_kill(self, found: Look) -> State:
        """Say what the disk is; nobody was told anything, so it must be one of the states that a next run knows."""
        first, after = self.road.first, self.road.after
        assert after
        if first:
            assert (found.guests, found.table) == (first.guests, first.table), "guest storage or table was written"
            if not different(found.root, first.root):
                return State.WHOLE if found.loader == first.loader else State.UNSURE
        elif found.blank:
            return State.UNTOUCHED
        return State.BOOTS if found.boots else State.BROKEN


def _given(source: Transport, _: Location) -> Transport:
    return source
