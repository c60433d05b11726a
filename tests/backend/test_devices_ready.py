"""The machine is looked at when its devices are there, and at once where nobody said that they come up."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from backend.devices_ready import FILE, wait_for_devices

LONG_S = 60.0


def test_they_are_waited_for_until_the_file_is_there(tmp_path: Path) -> None:
    ready = tmp_path / "devices"
    came: list[float] = []

    def come() -> None:
        came.append(time.monotonic())
        ready.touch()

    timer = threading.Timer(0.2, come)
    timer.start()
    wait_for_devices({FILE: str(ready)}, LONG_S)
    assert came and time.monotonic() >= came[0]


def test_without_a_word_of_them_nobody_waits() -> None:
    began = time.monotonic()
    wait_for_devices({}, LONG_S)
    assert time.monotonic() - began < LONG_S / 2


def test_devices_that_never_come_are_not_waited_for_for_ever(tmp_path: Path) -> None:
    began = time.monotonic()
    wait_for_devices({FILE: str(tmp_path / "devices")}, 0.2)
    assert 0.2 <= time.monotonic() - began < LONG_S / 2
