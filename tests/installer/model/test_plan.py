"""A plan as it is told, and what a step or phase is where it says nothing of itself."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from installer.model.plan import AFTER_FAILURE, DiskSummary, Phase, Plan, Step


@dataclass(frozen=True)
class Say(Step[list[str]]):
    """Says a word."""

    word: str

    @property
    def title(self) -> str:
        return f"say {self.word}"

    def run(self, session: list[str]) -> None:
        session.append(self.word)

    def describe(self) -> tuple[str, ...]:
        return (self.title, "aloud")


@dataclass(frozen=True)
class Sing(Say):
    """Says it with a program."""

    needs = ("song", "choir")

    @property
    def weight(self) -> int:
        return 7


def test_a_step_weighs_a_megabyte_needs_nothing_and_erases_what_stops() -> None:
    assert (Say("a").weight, Say("a").needs, Say("a").settles) == (1_000_000, (), False)
    assert Step.describe(Say("a")) == ("say a",)


def test_a_step_says_what_it_is_and_does() -> None:
    for missing in ("title", "run"):
        kind = type("Half", (Step,), {name: getattr(Say, name) for name in ("title", "run") if name != missing})
        with pytest.raises(TypeError, match=missing):
            kind()


def test_a_phase_erases_and_does_not_boot_unless_it_says_so() -> None:
    phase = Phase[list[str]]("packages", ())
    assert (phase.destructive, phase.bootable, phase.state) == (True, False, "")


def test_a_plan_is_told_with_its_disks_packages_steps_and_notes() -> None:
    phases = (Phase("first", (Say("a"), Sing("b"))), Phase("second", (Sing("c"),)))
    plan = Plan(phases, (DiskSummary("disk sda", ("blank",), ("root", "rest")),), ("dom0fs",), ("mind the gap",))
    assert plan.describe() == (
        *("disk sda", "  before  blank", "  after   root", "  after   rest", "", "dom0fs", "", "first", "  say a"),
        *("    aloud", "  say b", "    aloud", "", "second", "  say c", "    aloud", "note: mind the gap"),
    )
    assert (plan.needs, plan.weight, plan.broken) == (("choir", "song"), 1_000_014, "")
    assert [(phase.title, step) for phase, step in plan.steps()][1:] == [("first", Sing("b")), ("second", Sing("c"))]


def test_what_is_run_after_a_failure_is_told_and_is_no_part_of_the_run() -> None:
    plan = Plan((Phase("first", (Say("a"),)),), (), (), after_failure=(Say("z"),))
    assert plan.describe()[-3:] == (AFTER_FAILURE, "  say z", "    aloud") and plan.weight == 1_000_000
