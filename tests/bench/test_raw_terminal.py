"""What the bench of the screens counts and measures on a raw terminal."""

from __future__ import annotations

import os
import threading
import time

import pytest

from tests.bench.raw_terminal import QUERIES, QUIET_S, next_burst
from tests.bench.screens import _percentile
from tests.screens.on_pty import Terminal


@pytest.mark.parametrize(
    "query",
    [
        b"\x05", b"\x1bZ", b"\x1b[c", b"\x1b[0c", b"\x1b[>c", b"\x1b[=c", b"\x1b[6n", b"\x1b[?6n", b"\x1b[18t",
        b"\x1b[?u", b"\x1b[?2026$p", b"\x1b[4$p", b"\x1b[>0q", b"\x1b]11;?\x07",
        b"\x1bP+q544e\x1b\\", b"\x1b_Gi=1\x1b\\",
    ],
)  # fmt: skip
def test_question_to_a_terminal_is_counted(query: bytes) -> None:
    assert len(QUERIES.findall(b"text" + query + b"text")) == 1


def test_what_only_paints_is_no_question() -> None:
    painting = b"\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[m\x1b[H\x1b[2J\x1b[0;1;37;44m text \x1b[24;2H\x1b[K\x1b[?25h\r\n"
    assert not QUERIES.findall(painting)


def test_burst_lasts_to_its_last_byte_and_is_drawn() -> None:
    """Tried again where others work too: both halves may lie there before the first is read, or one is late."""
    master, slave = os.openpty()
    shown = Terminal(0, master, (80, 24))
    gap = QUIET_S / 5

    def paint() -> None:
        for text in (b"one", b"two"):
            time.sleep(gap)
            os.write(slave, text)

    lengths = []
    for _ in range(20):
        thread = threading.Thread(target=paint)
        thread.start()
        burst = next_burst(shown, 5)
        thread.join()
        if burst.data == b"onetwo":
            lengths.append(burst.ended - burst.began)
            if gap * 0.9 <= lengths[-1] < QUIET_S * 4:
                break
        next_burst(shown, 0.2)
    else:
        pytest.fail(f"no burst was as long as it was painted: {lengths}")
    assert "onetwo" in shown.text
    began = time.monotonic()
    assert next_burst(shown, 0.05).data == b"" and time.monotonic() - began >= 0.05
    for descriptor in (master, slave):
        os.close(descriptor)


def test_one_late_key_in_a_hundred_is_no_percentile() -> None:
    assert _percentile([1.0] * 99 + [50.0], 0.99) == 1.0
    assert _percentile([1.0] * 98 + [50.0] * 2, 0.99) == 50.0
