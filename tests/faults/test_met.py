"""Every road on the recording double: Ctrl-C, a full and a failing disk at every change are told and released."""

from __future__ import annotations

import pytest

from tests.faults.met import MEETINGS, PLANS, sweep


@pytest.mark.parametrize("meeting", MEETINGS)
@pytest.mark.parametrize("name", PLANS)
def test_whatever_a_change_meets_with_is_told_and_everything_is_released(name: str, meeting: str) -> None:
    row = sweep(name, meeting)
    assert row.ends.total() > 10
    assert row.ends["broken off" if meeting == "Ctrl-C" else "failed"] > row.ends["warned"]
