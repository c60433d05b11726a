"""Local time to UTC and to the clocks: by argv, and asked for as a step."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.clock import as_utc, local_now, set_clock
from backend.recording import RecordingSystem
from backend.session import LocalTime
from backend.steps.time import AskTime
from tests.backend.run_plan import recording_session


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("UTC", datetime(2026, 1, 2, 3, 4, 5), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 1, 2, 22, 0), datetime(2026, 1, 3, 3, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 7, 2, 23, 0), datetime(2026, 7, 3, 3, 0, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2026, 1, 2, 5, 45), datetime(2026, 1, 2, 0, 0, tzinfo=UTC)),
        ("Europe/London", datetime(2026, 10, 25, 1, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # twice; the first
    ],
)
def test_local_time_is_the_zones_own(zone: str, local: datetime, utc: datetime) -> None:
    assert as_utc(zone, local) == utc


def test_system_and_hardware_clock_are_set_in_utc() -> None:
    system = RecordingSystem()
    set_clock(system, "Europe/Paris", datetime(2026, 1, 2, 13, 0))
    assert system.actions == [("date", "--utc", "--set=@1767355200"), ("hwclock", "--systohc", "--utc")]


def _asked(answer: LocalTime, *, own_clock: bool) -> tuple[list[tuple[str, ...]], list[str]]:
    system, warnings = RecordingSystem(), list[str]()
    session = recording_session(system)
    session.local_time, session.own_clock, session.warn = answer, own_clock, warnings.append
    AskTime("Europe/Paris").run(session)
    return system.actions, warnings


def test_the_step_proposes_the_time_in_the_zone_and_sets_what_is_answered() -> None:
    proposed: list[tuple[str, datetime]] = []

    def answer(zone: str, now: datetime) -> datetime:
        proposed.append((zone, now))
        return datetime(2026, 1, 2, 13, 0)

    actions, warnings = _asked(answer, own_clock=True)
    assert [action[0] for action in actions] == ["date", "hwclock"] and warnings == []
    ((zone, now),) = proposed
    assert zone == "Europe/Paris" and abs((now - local_now("Europe/Paris")).total_seconds()) < 5


def test_nobody_there_keeps_the_clock() -> None:
    assert _asked(lambda zone, now: None, own_clock=True) == ([], [])


def test_the_clock_of_another_machine_is_never_set() -> None:
    actions, warnings = _asked(lambda zone, now: now, own_clock=False)
    assert actions == [] and "the clock was not set" in warnings[0]
