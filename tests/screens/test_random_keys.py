"""A short run of random keys; the long one is a command (random_keys.py)."""

from __future__ import annotations

import pytest

from tests.screens.random_keys import run


@pytest.mark.parametrize("seed", [1, 2])
def test_random_keys_break_nothing(seed: int) -> None:
    findings = run(600, seed)
    assert findings.keys >= 600 and len(findings.screens) > 12
