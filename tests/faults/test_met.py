"""Every road on the recording double: Ctrl-C, a full and a failing disk at every change are told and released."""

from __future__ import annotations

import signal

import pytest

from tests.faults.met import CTRL_C, MEETINGS, PLANS, sweep


@pytest.mark.parametrize("meeting", MEETINGS)
@pytest.mark.parametrize("name", PLANS)
def test_whatever_a_change_meets_with_is_told_and_everything_is_released(name: str, meeting: str) -> None:
    row = sweep(name, meeting)
    assert row.ends.total() > 10
    assert row.ends["broken off" if meeting == "Ctrl-C" else "failed"] > row.ends["warned"]


def test_ctrl_c_is_swept_where_a_shell_has_it_ignored() -> None:
    """As a shell does for what it starts in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        row = sweep(PLANS[0], CTRL_C)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert row.ends["broken off"] > 10
