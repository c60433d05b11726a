"""The plan: phases of steps, decided before anything is changed and shown as what will be run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

SessionT = TypeVar("SessionT")
AFTER_FAILURE = "only after a failure"


class Step(ABC, Generic[SessionT]):
    """One thing done to the machine. Steps are frozen dataclasses; none reads another step's result.

    `needs` names the programs it runs; `weight` is its share of the progress bar in bytes or the like. `settles` says
    that what it stops may write its last state to the disks, which erases nothing.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    settles: ClassVar[bool] = False

    @property
    def weight(self) -> int:
        """Share of the progress bar; one unit is about the work of writing one byte."""
        return 1_000_000

    @property
    @abstractmethod
    def title(self) -> str:
        """What a person reads while it runs."""

    @abstractmethod
    def run(self, session: SessionT) -> None:
        """Do it. Running a second time after a failure leaves the same result."""

    def describe(self) -> tuple[str, ...]:
        """Return the lines that tell a person what will be done; the first one stands for all."""
        return (self.title,)


@dataclass(frozen=True)
class Phase(Generic[SessionT]):
    """A named part of the plan; `destructive` marks the phases from the point of no return on.

    `bootable` marks those that begin when the host boots already. `state` says in what state a failure leaves the
    disks, where neither of the two tells it.
    """

    title: str
    steps: tuple[Step[SessionT], ...]
    destructive: bool = True
    bootable: bool = False
    state: str = ""


@dataclass(frozen=True)
class DiskSummary:
    """What the plan does to one disk: the lines shown before and after."""

    heading: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True)
class Plan(Generic[SessionT]):
    """Everything that will happen, in order. `disks` are the only disks ever written.

    `broken` says in what state a failure leaves them after the point of no return, when that is not "not bootable yet".
    `after_failure` are run when the run has failed, before what it holds is released; none can fail the run again.
    """

    phases: tuple[Phase[SessionT], ...]
    disks: tuple[DiskSummary, ...]
    packages: tuple[str, ...]
    notes: tuple[str, ...] = ()
    broken: str = ""
    after_failure: tuple[Step[SessionT], ...] = ()

    def steps(self) -> Iterator[tuple[Phase[SessionT], Step[SessionT]]]:
        """Yield every step with its phase, in order."""
        for phase in self.phases:
            for step in phase.steps:
                yield phase, step

    @property
    def needs(self) -> tuple[str, ...]:
        """The programs that any step runs, sorted."""
        return tuple(sorted({tool for _, step in self.steps() for tool in step.needs}))

    @property
    def weight(self) -> int:
        """The sum of all weights."""
        return sum(step.weight for _, step in self.steps())

    def _parts(self) -> Iterator[tuple[str, tuple[Step[SessionT], ...]]]:
        yield from ((phase.title, phase.steps) for phase in self.phases)
        if self.after_failure:
            yield AFTER_FAILURE, self.after_failure

    def describe(self) -> tuple[str, ...]:
        """Return the whole plan as lines: disks before and after, packages, then every step."""
        lines: list[str] = []
        for disk in self.disks:
            lines.append(disk.heading)
            lines += [f"  before  {line}" for line in disk.before]
            lines += [f"  after   {line}" for line in disk.after]
        lines += ["", *self.packages]
        for title, steps in self._parts():
            lines += ["", title]
            for step in steps:
                first, *rest = step.describe()
                lines.append(f"  {first}")
                lines += [f"    {line}" for line in rest]
        lines += [f"note: {note}" for note in self.notes]
        return tuple(lines)
