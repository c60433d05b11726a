"""Random keys: a short run, and long ones that together show every screen."""

from __future__ import annotations

import pytest

from tests.screens.random_keys import Findings, missed, run


@pytest.mark.parametrize("seed", [1, 2])
def test_random_keys_break_nothing(seed: int) -> None:
    findings = run(600, seed)
    assert findings.keys >= 600 and len(findings.screens) > 12


@pytest.mark.long
def test_twenty_thousand_random_keys_break_nothing_and_show_every_screen() -> None:
    whole = Findings()
    for seed in (11, 12, 13, 14):
        found = run(5_000, seed)
        whole.keys += found.keys
        whole.screens += found.screens
    assert whole.keys >= 20_000 and not missed(whole), missed(whole)
