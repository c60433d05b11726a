"""The bench harness itself: limits, medians of pairs, the table and its file."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.bench.__main__ import TOPICS, main
from tests.bench.figures import LEAST_PAIRS, Cost, Figure, interleaved, ratio, write_json
from tests.bench.installation import counting


def test_figures_of_other_topics_stay(tmp_path: Path) -> None:
    write_json([Figure("one", 1, "ratio", 2), Figure("two", 1, "ratio", 2)], tmp_path / "bench.json")
    write_json([Figure("two", 3, "ratio", 2)], tmp_path / "bench.json")
    found = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert [(record["id"], record["value"], record["ok"]) for record in found] == [("one", 1, True), ("two", 3, False)]


def test_a_value_is_held_against_its_limit_unrounded() -> None:
    assert Figure("x", 1.1, "ratio", 1.10).ok
    assert not Figure("x", 1.1004, "ratio", 1.10).ok
    line = Figure("x", 1.104, "ratio", 1.10).line()
    assert "1.104" in line and "TOO MUCH" in line


def test_only_the_bodies_of_packages_are_counted(tmp_path: Path) -> None:
    """What is fetched besides, metadata and answers, has no size to be held against."""
    for name in ("XS-REPOSITORY", "XS-PACKAGES", "answers.xml", "dom0.tar.bz2"):
        (tmp_path / name).write_bytes(bytes(100))
    with counting(tmp_path, ("dom0.tar.bz2",)) as (base, sent):
        for name in ("XS-REPOSITORY", "XS-PACKAGES", "answers.xml", "dom0.tar.bz2", "dom0.tar.bz2"):
            with urlopen(f"{base}/{name}") as response:
                response.read()
    assert sum(sent) == 200


def test_ratio_is_the_median_of_pairs_and_not_of_all() -> None:
    """A machine that is twice as slow for some of the pairs changes nothing."""
    ours = [Cost(wall, 0) for wall in (2, 4, 2, 4, 2, 4, 30)]
    theirs = [Cost(wall, 0) for wall in (1, 2, 1, 2, 1, 2, 1)]
    assert ratio(ours, theirs, lambda cost: cost.wall_s) == 2


def test_runs_are_interleaved_and_every_other_time_reversed() -> None:
    order: list[str] = []
    costs = interleaved((lambda: order.append("a"), lambda: order.append("b")), LEAST_PAIRS)
    assert order == ["a", "b", "b", "a"] * 3 + ["a", "b"]
    assert [len(found) for found in costs] == [LEAST_PAIRS, LEAST_PAIRS]
    with pytest.raises(ValueError, match="too few"):
        interleaved((lambda: None,), LEAST_PAIRS - 1)


def test_wall_and_processor_time_are_told_apart() -> None:
    ((sleeping, *_), (working, *_)) = interleaved((lambda: time.sleep(0.05), _work), LEAST_PAIRS)
    assert sleeping.wall_s >= 0.05 > sleeping.cpu_s
    assert working.cpu_s > 0.04


def _work() -> None:
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass


def test_figures_are_written_as_agreed(tmp_path: Path) -> None:
    write_json((Figure("a", 1.5, "ratio", 2), Figure("b", 90, "MiB", 80)), tmp_path / "build" / "bench.json")
    assert json.loads((tmp_path / "build" / "bench.json").read_text(encoding="utf-8")) == [
        {"id": "a", "value": 1.5, "unit": "ratio", "limit": 2, "ok": True},
        {"id": "b", "value": 90, "unit": "MiB", "limit": 80, "ok": False},
    ]


def test_topics_have_names_of_their_own_and_unknown_ones_are_refused() -> None:
    names = [name for name, _ in TOPICS]
    assert len(set(names)) == len(names)
    with pytest.raises(SystemExit, match="there is no topic speed; there are start"):
        main(["speed"])
