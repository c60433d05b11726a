"""Waits until the disks and media of the machine may be looked at: the screens are begun before (initrd/init/init)."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

FILE = "INSTALLER_DEVICES"  # names the file that is there from then on
LIMIT_S = 150.0  # more than init needs for them, unless udev hangs
LOOK_S = 0.05


def wait_for_devices(environment: Mapping[str, str] = os.environ, limit_s: float = LIMIT_S) -> None:
    """Return when they may be looked at, at once where nobody said otherwise, and at the latest after `limit_s`."""
    path = environment.get(FILE)
    end_s = time.monotonic() + limit_s
    while path and not os.path.exists(path) and time.monotonic() < end_s:
        time.sleep(LOOK_S)
