"""The screens as a process on a raw pty: time to the first one beside importing urwid; what keys and pictures cost.

Keys are pressed in the longest list that the screens show, the time zones of the area with the most (America).
"""

from __future__ import annotations

import math
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.locale_data import read_zone_areas
from installer.model.errors import ExitCode
from tests.bench.figures import Cost, Figure, interleaved, ratio
from tests.bench.raw_terminal import QUERIES, Burst, bytes_while_idle, first_picture, next_burst, press
from tests.bench.room import Room
from tests.end_to_end.command import answerfile
from tests.end_to_end.web_server import serving_slowly
from tests.screens.frames import text
from tests.screens.on_pty import Terminal, on_terminal

MACHINE = Path(__file__).parents[1] / "machines" / "twins.json"
PAIRS = 9
KEYS = 100
ROUNDS = 3
LEAST_ZONES = KEYS + 1  # in the list: a key at its end would paint nothing
IDLE_S = 5
KEY_TERMS = ("xterm", "vt220")
ASKED_TERMS = ("vt100", "vt220", "linux")
RATE_OVER = 10  # so many pictures after one another: what one is late the next one is early
PACE_BYTES_S = 8_000_000
POINTERS = str.maketrans("►>", "  ")
PASSWORD = "marked-secret-bench"


@dataclass(frozen=True)
class _Downs:
    """What each Down cost: seconds until it was painted, bytes, and whether the list was scrolled by it."""

    times: tuple[float, ...]
    sizes: tuple[int, ...]
    scrolled: tuple[bool, ...]


def measure(room: Room) -> tuple[Figure, ...]:
    """Return the figures with their limits."""
    figures = [Figure("screens-first-wall", _time_to_first_screen(), "ratio", 3)]
    looks = [_look(term) for term in dict.fromkeys((*KEY_TERMS, *ASKED_TERMS))]
    figures.append(Figure("screens-first-bytes", max(size for size, _ in looks), "bytes", 4000))
    for term in KEY_TERMS:
        figures += _in_the_list(room, term)
    figures += [Figure(f"screens-queries-{term}", _look(term)[1], "count", 0) for term in ASKED_TERMS]
    return (*figures, *_progress(room))


def _time_to_first_screen() -> float:
    """Return the time from the start of the process to the last byte of its first picture, beside importing urwid."""
    firsts: list[float] = []

    def ours() -> None:
        began = time.monotonic()
        with _started("xterm") as shown:
            firsts.append(first_picture(shown).ended - began)
            _end(shown)

    def theirs() -> None:
        subprocess.run([sys.executable, "-c", "import urwid"], check=True)

    _, urwid = interleaved((ours, theirs), PAIRS)
    return ratio([Cost(first, 0) for first in firsts], urwid, lambda cost: cost.wall_s)


def _look(term: str) -> tuple[int, int]:
    """Return the bytes of the first picture, and how often the terminal was asked something on a short walk."""
    with _started(term) as shown:
        first = first_picture(shown)
        for key in ("f12", "f1", "esc", "f4", "f4", "f3", "esc", "esc", "esc", "right", "enter"):
            press(shown, key)
        while next_burst(shown, 2).data:
            pass
        if shown.finish(10) != ExitCode.CANCELLED:
            raise SystemExit(f"the screens were not left as they should:\n{shown.text}")
        return len(first.data), len(QUERIES.findall(shown.sent))


def _in_the_list(room: Room, term: str) -> tuple[Figure, ...]:
    """Go down the longest list, then do nothing."""
    (room.directory / "answers.xml").write_text(answerfile(str(room.repository), timezone=""), encoding="utf-8")
    with _started(term, "--answerfile", str(room.directory / "answers.xml"), "--ask-missing", "install") as shown:
        first_picture(shown)
        for key in (*_longest_area(), "f12"):
            press(shown, key)
        rounds = [_go_down(shown) for _ in range(ROUNDS)]
        idle = bytes_while_idle(shown, IDLE_S)
        _end(shown)
    # a stall of the program's own comes in every round; one for the sake of others on this machine in some
    late = min(_percentile(downs.times, 0.99) for downs in rounds)
    times = [took for downs in rounds for took in downs.times]
    pairs = [pair for downs in rounds for pair in zip(downs.sizes, downs.scrolled, strict=True)]
    return (
        Figure(f"screens-key-{term}-median", statistics.median(times) * 1000, "ms", 5),
        Figure(f"screens-key-{term}-p99", late * 1000, "ms", 30),
        Figure(f"screens-key-{term}-bytes-max", max(size for size, scrolled in pairs if not scrolled), "bytes", 400),
        Figure(f"screens-key-{term}-bytes", statistics.mean(size for size, _ in pairs), "bytes", 500),
        Figure(f"screens-idle-{term}", idle / IDLE_S, "B/s", 0),
    )


def _longest_area() -> str:
    """Return the name of the area with the longest list of cities."""
    area = max(read_zone_areas(), key=lambda area: len(area.cities))
    if len(area.cities) < LEAST_ZONES:
        raise SystemExit(f"{area.name} has but {len(area.cities)} time zones: too few to go down in")
    return area.name


def _go_down(shown: Terminal) -> _Downs:
    """Press Down from the top of the list; each key waits until the one before is painted."""
    press(shown, "home", 0.3)
    times, sizes, scrolled = [], [], []
    before = _rows(shown)
    for _ in range(KEYS):
        painted, took = press(shown, "down")
        if not painted.data:
            raise SystemExit(f"a key painted nothing:\n{shown.text}")
        times.append(took)
        sizes.append(len(painted.data))
        scrolled.append(_rows(shown) != before)
        before = _rows(shown)
    if not any(scrolled) or all(scrolled):
        raise SystemExit(f"this is no list that scrolls now and then:\n{shown.text}")
    return _Downs(tuple(times), tuple(sizes), tuple(scrolled))


def _rows(shown: Terminal) -> list[str]:
    """Return what the list shows, wherever its pointer is."""
    return [row.translate(POINTERS) for row in text(shown.screen)]


def _progress(room: Room) -> tuple[Figure, ...]:
    """Install for real, shown on a serial line, by a network that takes a while, so that there is enough to look at.

    The first picture of the progress and what follows it do not count.
    """
    with serving_slowly(room.repository, PACE_BYTES_S) as source:
        pictures = _pictures(room, source)
    (room.directory / "disk.img").unlink()
    began = [picture.began for picture in pictures]
    if len(began) <= RATE_OVER:
        raise SystemExit(f"{len(began)} pictures of the progress are too few to know how often it is painted")
    rates = [RATE_OVER / (later - earlier) for earlier, later in zip(began, began[RATE_OVER:], strict=False)]
    return (
        Figure("screens-progress-rate", max(rates), "1/s", 1),
        Figure("screens-progress-bytes", max(len(picture.data) for picture in pictures), "bytes", 300),
    )


def _pictures(room: Room, source: str) -> list[Burst]:
    """Return what is painted from the first picture of the progress to the last, without both."""
    (room.directory / "answers.xml").write_text(answerfile(source, root_password=""), encoding="utf-8")
    where = ("--target", f"sda={room.directory / 'disk.img'}", "--size", "16G", "--log-dir", str(room.directory))
    arguments = ("--machine", str(MACHINE), *where, "--answerfile", str(room.directory / "answers.xml"))
    pictures: list[Burst] = []
    with on_terminal([*arguments, "--ask-missing", "install"], room.directory, "vt220") as shown:
        shown.answer("Choose the password", PASSWORD, "enter", PASSWORD, "f12")
        shown.answer("Ready to install", "f12")
        press(shown, "enter")
        shown.wait_for("Nothing can be cancelled")
        while "The host is installed" not in shown.text:
            pictures.append(next_burst(shown, 60))
            if not pictures[-1].data or "Not installed" in shown.text:
                raise SystemExit(f"the installation failed:\n{shown.text}")
        _end(shown)
    return pictures[:-1]


@contextmanager
def _started(term: str, *arguments: str) -> Iterator[Terminal]:
    with on_terminal(["--dry-run", "--machine", str(MACHINE), *arguments], Path.cwd(), term) as shown:
        yield shown


def _end(shown: Terminal) -> None:
    """Break off at once: leaving is not measured."""
    os.kill(shown.pid, signal.SIGKILL)
    shown.finish(10)


def _percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all do not exceed."""
    return sorted(values)[math.ceil(len(values) * share) - 1]
