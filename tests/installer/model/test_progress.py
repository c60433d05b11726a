"""Progress for people: the fraction never falls, rate and time left are known only when they can be."""

from __future__ import annotations

import random

import pytest

from installer.model.events import (
    Event,
    PlanFinished,
    Retried,
    StepFailed,
    StepFinished,
    StepProgress,
    StepStarted,
)
from installer.model.progress import (
    STALLED_S,
    WINDOW_S,
    PhaseOutline,
    PhaseState,
    Progress,
    Speed,
    View,
    human_time_left,
)

OUTLINE = (PhaseOutline("disks", 2), PhaseOutline("packages", 2), PhaseOutline("boot loader", 1))
MB = 1_000_000


class Run:
    """A run whose clock is set by hand."""

    def __init__(self, outline: tuple[PhaseOutline, ...] = OUTLINE) -> None:
        self.now_s = 100.0
        self.progress = Progress(outline, lambda: self.now_s)

    def hear(self, *events: Event, after_s: float = 0.0) -> View:
        self.now_s += after_s
        for event in events:
            self.progress(event)
        return self.progress.view()

    def to_packages(self) -> None:
        self.hear(StepStarted(1, 5, "disks", "erase"), StepFinished(1, "erase", 0.02, 1.0), after_s=1)
        self.hear(StepStarted(2, 5, "disks", "mkfs"), StepFinished(2, "mkfs", 0.04, 1.0), after_s=2)
        self.hear(StepStarted(3, 5, "packages", "install dom0fs"))

    def bytes(self, done: int, fraction: float, after_s: float = 1.0) -> View:
        return self.hear(StepProgress(fraction, "dom0fs", done, 160 * MB, 0.0), after_s=after_s)


def test_before_anything_all_phases_are_to_come() -> None:
    view = Run().progress.view()
    assert [phase.state for phase in view.phases] == [PhaseState.NEXT] * 3
    assert (view.fraction, view.rate_bytes_s, view.left_s) == (0.0, None, None)


def test_phases_are_done_now_and_next_with_their_durations() -> None:
    run = Run()
    run.to_packages()
    view = run.hear(after_s=4)
    assert [phase.state for phase in view.phases] == [PhaseState.DONE, PhaseState.NOW, PhaseState.NEXT]
    assert [phase.duration_s for phase in view.phases] == [2, 4, 0]
    assert (view.phases[1].step, view.phases[1].steps) == (1, 2)
    assert view.title == "install dom0fs" and view.elapsed_s == 7


def test_rate_is_that_of_the_last_seconds_and_not_of_the_whole_step() -> None:
    run = Run()
    run.to_packages()
    for second in range(1, 21):  # 20 s of 1 MB/s, then 10 s of 5 MB/s
        view = run.bytes(second * MB, 0.04 + second / 1000)
    assert view.rate_bytes_s == pytest.approx(MB)
    for second in range(1, 11):
        view = run.bytes(20 * MB + second * 5 * MB, 0.06 + second / 200)
    assert view.rate_bytes_s == pytest.approx(5 * MB)


def test_no_rate_before_a_second_has_passed() -> None:
    run = Run()
    run.to_packages()
    run.bytes(1 * MB, 0.05, after_s=0)
    assert run.bytes(2 * MB, 0.06, after_s=0.5).rate_bytes_s is None


def test_rate_and_time_left_are_forgotten_when_nothing_moves() -> None:
    run = Run()
    run.to_packages()
    for second in range(1, 11):
        view = run.bytes(second * MB, 0.04 + second / 100)
    assert view.rate_bytes_s and view.left_s
    stalled = run.hear(after_s=6)
    assert stalled.rate_bytes_s is None and stalled.left_s is None


def test_time_left_is_known_only_after_a_while_and_then_right() -> None:
    """At 1 % a second from 4 %, 80 s are left at 20 %."""
    run = Run()
    run.to_packages()
    for second in range(1, 5):
        assert run.bytes(second * MB, 0.04 + second / 100).left_s is None
    for second in range(5, 17):
        view = run.bytes(second * MB, 0.04 + second / 100)
    assert view.fraction == pytest.approx(0.20)
    assert view.left_s == pytest.approx(80, rel=0.01)


def test_time_left_is_known_from_the_fifth_second_and_never_below_nothing() -> None:
    """The first figure is the beginning: five seconds have gone by with the sixth."""
    run = Run()
    run.to_packages()
    for second in range(1, 6):
        assert run.bytes(second * MB, 0.04 + second / 50).left_s is None
    assert run.bytes(6 * MB, 0.04 + 6 / 50).left_s == pytest.approx(42)
    view = run.bytes(40 * MB, 0.99)
    assert view.left_s is not None and 0 < view.left_s < 1
    assert run.bytes(41 * MB, 1.0).left_s == 0


def test_a_crawling_start_gives_no_time_left() -> None:
    run = Run()
    run.to_packages()
    for second in range(1, 60):
        view = run.bytes(second * 1000, 0.04 + second / 10_000)
        assert view.left_s is None or view.fraction >= 0.09


def test_retry_marks_the_failed_phase_and_goes_on_without_falling() -> None:
    run = Run()
    run.to_packages()
    run.bytes(80 * MB, 0.5)
    failed = run.hear(StepFailed(3, "install dom0fs", "cut", "", (), "", ""))
    assert failed.failed and failed.phases[1].state is PhaseState.FAILED
    run.hear(Retried(3, "install dom0fs"))
    view = run.bytes(1 * MB, 0.5, after_s=0)
    assert view.fraction == 0.5 and not view.failed and view.phases[1].state is PhaseState.NOW
    assert run.bytes(3 * MB, 0.5, after_s=2).rate_bytes_s == pytest.approx(MB)


def test_the_end_is_one_with_nothing_left() -> None:
    run = Run()
    run.to_packages()
    view = run.hear(PlanFinished(ok=True, duration_s=7.0))
    assert view.finished and view.fraction == 1.0 and view.left_s is None
    assert view.phases[1].state is PhaseState.DONE


def test_a_failed_end_is_not_one() -> None:
    run = Run()
    run.to_packages()
    run.bytes(80 * MB, 0.5)
    view = run.hear(PlanFinished(ok=False, duration_s=7.0))
    assert view.failed and not view.finished and view.fraction == 0.5


def test_phases_that_nobody_announced_are_shown_as_they_begin() -> None:
    run = Run(())
    run.hear(StepStarted(1, 3, "disks", "erase"), StepStarted(2, 3, "disks", "mkfs"), after_s=1)
    view = run.hear(StepStarted(3, 3, "packages", "install"), after_s=2)
    assert [(phase.title, phase.step, phase.duration_s) for phase in view.phases] == [
        ("disks", 2, 2),
        ("packages", 1, 0),
    ]


def test_any_order_of_events_gives_a_view_that_never_falls() -> None:
    """Seeded noise: also events that no executor sends break nothing."""
    rng = random.Random(5)
    run, last = Run(), 0.0
    for _ in range(3000):
        event = rng.choice(
            (
                StepStarted(1, 5, rng.choice(("disks", "packages", "other")), "step"),
                StepProgress(rng.uniform(-0.1, 1.2), "x", rng.randint(0, 99), rng.choice((0, 100)), 0.0),
                StepFinished(1, "step", rng.uniform(0, 1.2), 0.1),
                StepFailed(1, "step", "", "", (), "", ""),
                Retried(1, "step"),
            )
        )
        view = run.hear(event, after_s=rng.choice((0.0, 0.01, 1.0, 20.0)))
        assert last <= view.fraction <= 1.0
        assert view.left_s is None or view.left_s >= 0
        assert sum(phase.state is PhaseState.NOW for phase in view.phases) <= 1
        last = view.fraction


@pytest.mark.parametrize(
    ("left_s", "words"),
    [
        (0.0, "a few seconds"),
        (9.9, "a few seconds"),
        (12.0, "about 10 s"),
        (42.4, "about 40 s"),
        (57.0, "about 55 s"),
        (59.0, "about 1 min"),
        (95.0, "about 2 min"),
        (3500.0, "about 58 min"),
        (3600.0, "about 1 h"),
    ],
)
def test_time_left_is_said_in_round_words(left_s: float, words: str) -> None:
    assert human_time_left(left_s) == words


@pytest.mark.parametrize(
    ("left_s", "words"),
    [
        (9.9, "a few seconds"),
        (10, "about 10 s"),
        (57.4, "about 55 s"),
        (57.5, "about 1 min"),
        (89.9, "about 1 min"),
        (90, "about 2 min"),
        (3569, "about 59 min"),
        (3570, "about 1 h"),
        (7200, "about 2 h"),
        (5.5 * 3600 - 1, "about 5 h"),
    ],
)
def test_words_change_at_their_edges(left_s: float, words: str) -> None:
    assert human_time_left(left_s) == words


def _speed(*points: tuple[float, float]) -> Speed:
    speed = Speed()
    for now_s, value in points:
        speed.add(now_s, value)
    return speed


def test_figures_older_than_the_window_are_dropped_but_the_last_of_them() -> None:
    """The one before the window stays, so that the window is whole: ten a second before it, one a second in it."""
    points = [(float(second), 10.0 * second) for second in range(5)]
    points += [(4.0 + second, 40.0 + second) for second in range(1, int(WINDOW_S) + 1)]
    speed = _speed(*points)
    assert speed.span_s == WINDOW_S and speed.per_s(points[-1][0]) == 1.0


def test_two_figures_stay_however_old_they_are() -> None:
    speed = _speed((0.0, 0.0), (1.0, 1.0), (100.0, 100.0))
    assert (speed.span_s, speed.per_s(100.0)) == (99.0, 1.0)
    assert _speed().span_s == 0.0 and _speed((5.0, 1.0)).span_s == 0.0


def test_speed_is_forgotten_only_after_the_time_of_a_stall() -> None:
    speed = _speed((0.0, 0.0), (2.0, 4.0))
    assert speed.per_s(2.0 + STALLED_S) == 2.0 and speed.per_s(2.1 + STALLED_S) is None
    assert _speed((0.0, 0.0)).per_s(0.0) is None and _speed((0.0, 3.0), (2.0, 3.0)).per_s(2.0) is None


def test_a_figure_that_falls_begins_anew() -> None:
    assert _speed((0.0, 50.0), (2.0, 10.0)).per_s(2.0) is None
    assert _speed((0.0, 50.0), (2.0, 10.0), (4.0, 12.0)).per_s(4.0) == 1.0


def test_before_the_first_step_there_are_no_bytes_and_a_new_step_has_none() -> None:
    run = Run()
    view = run.progress.view()
    assert (view.item, view.done_bytes, view.total_bytes) == ("", 0, 0)
    run.to_packages()
    run.bytes(MB, 0.1)
    view = run.hear(StepStarted(4, 5, "packages", "install docs"))
    assert (view.fraction, view.item, view.done_bytes, view.total_bytes) == (0.1, "", 0, 0)


def test_a_phase_of_more_steps_than_were_announced_grows() -> None:
    run = Run((PhaseOutline("disks", 1),))
    view = run.hear(StepStarted(1, 2, "disks", "erase"), StepStarted(2, 2, "disks", "mkfs"))
    assert [(phase.step, phase.steps) for phase in view.phases] == [(2, 2)]


def test_a_figure_that_stays_does_not_begin_anew_and_a_second_is_enough() -> None:
    assert _speed((0.0, 5.0), (2.0, 5.0), (4.0, 6.0)).per_s(4.0) == 0.25
    assert _speed((0.0, 0.0), (1.0, 3.0)).per_s(1.0) == 3.0


def test_speed_is_from_the_first_figure_to_the_last_unless_one_fell() -> None:
    assert _speed((0.0, 0.0), (1.0, 0.0), (4.0, 8.0)).per_s(4.0) == 2.0
    assert _speed((0.0, 5.0), (1.0, 20.0), (3.0, 10.0)).per_s(3.0) is None


def test_time_left_is_known_from_a_twentieth_of_the_run_on() -> None:
    run = Run()
    run.hear(StepStarted(1, 5, "packages", "install"))
    run.bytes(0, 0.0)
    assert run.bytes(5 * MB, 0.05, after_s=5).left_s == pytest.approx(95)


def test_a_view_is_of_a_run_that_goes_on_unless_it_says_otherwise() -> None:
    view = View(0.0, "", "", 0, 0, None, None, (), 0.0)
    assert not view.finished and not view.failed


def test_rates_are_those_of_eight_seconds_and_forgotten_after_five_of_silence() -> None:
    speed = _speed(*((float(second), float(second)) for second in range(20)))
    assert speed.span_s == 8.0
    assert speed.per_s(24.0) == 1.0 and speed.per_s(24.1) is None


def test_a_run_that_is_over_has_no_time_left() -> None:
    run = Run()
    run.to_packages()
    for second in range(1, 11):
        view = run.bytes(second * MB, 0.04 + second / 100)
    assert view.left_s
    assert run.hear(PlanFinished(ok=False, duration_s=7.0)).left_s is None
