"""The installed command on a raw pseudo-terminal: what a key makes it send, when the last byte came, and how often."""

from __future__ import annotations

import os
import re
import select
import time
from dataclasses import dataclass

from tests.screens.on_pty import Terminal
from tests.screens.stage import KEYS

QUIET_S = 0.05  # a picture is one write, or a few after one another; so long nothing comes: it is whole
LINE_OF_KEYS = re.compile(rb"F3\S* log")  # the last line of every screen
# what a program may ask a terminal (ECMA-48, XTerm Control Sequences): ENQ and DECID, attributes, reports, window,
# keys, modes, version, and all that stands in OSC, DCS, APC and PM strings
QUERIES = re.compile(rb"\x05|\x1bZ|\x1b\[[?>=]?[0-9;]*[cntu]|\x1b\[[?0-9;]*\$p|\x1b\[>[0-9]*q|\x1b[\]P_^]")


@dataclass(frozen=True)
class Burst:
    """Bytes that came without a pause, and when the first and the last of them did."""

    data: bytes
    began: float
    ended: float


def next_burst(shown: Terminal, seconds: float) -> Burst:
    """Wait so long for bytes, and return all until it is quiet; nothing is drawn before the clock is read."""
    data, began, ended = b"", 0.0, 0.0
    deadline = time.monotonic() + seconds
    while True:
        left = QUIET_S if data else deadline - time.monotonic()
        ready, _, _ = select.select([shown.fd], [], [], max(0.0, left))
        if not ready:
            break
        try:
            found = os.read(shown.fd, 65536)
        except OSError:  # the program has ended
            found = b""
        if not found:
            shown.ended = True
            break
        ended = time.monotonic()
        began = began or ended
        data += found
    shown.draw(data)
    return Burst(data, began, ended)


def press(shown: Terminal, key: str, seconds: float = 2.0) -> tuple[Burst, float]:
    """Press a key; returns what was painted, and the seconds from the key to its last byte."""
    pressed = time.monotonic()
    os.write(shown.fd, KEYS.get(key, key.encode()))
    burst = next_burst(shown, seconds)
    return burst, burst.ended - pressed if burst.data else 0.0


def first_picture(shown: Terminal, seconds: float = 60.0) -> Burst:
    """Return all that came until the first screen stands, its last line and the cursor included."""
    data, began, ended = b"", 0.0, 0.0
    while not LINE_OF_KEYS.search(data):
        burst = next_burst(shown, seconds)
        if not burst.data:
            raise SystemExit(f"there is no first screen:\n{shown.text}")
        data, began, ended = data + burst.data, began or burst.began, burst.ended
    return Burst(data, began, ended)


def bytes_while_idle(shown: Terminal, seconds: float) -> int:
    """Return how many bytes come although nobody presses a key."""
    total = 0
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        total += len(next_burst(shown, left).data)
    return total
