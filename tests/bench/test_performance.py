"""The document of figures: each with its words and its limit, and none forgotten."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from tests.bench.figures import Figure
from tests.bench.performance import ROADS, SECTIONS, render

WHEN = date(2026, 11, 26)
NAMES = re.compile(r'Figure\(\s*f?"([^"]+)"')


def test_values_stand_beside_their_limits_and_too_much_is_said() -> None:
    figures = (Figure("help-wall", 4.126, "ratio", 5), Figure("installer-memory", 90, "MiB", 80))
    text = render(figures, "2 processors", WHEN)
    assert "on 2026-11-26: 2 processors" in text
    assert "| `installer --help` | `python3 -c pass` | 4.13 | 5.00 |" in text
    assert "| 90.0 MiB **(too much)** | 80.0 MiB |" in text
    assert "Boot image" not in text


def test_a_whole_installation_has_a_row_for_each_kind() -> None:
    figures = [
        Figure(f"road-{form}-{processors}-{name}", value, unit, limit)
        for form, processors in ROADS
        for name, value, unit, limit in (
            ("plain", 1.05, "ratio", 1.15),
            ("2007", 0.31, "ratio", 0.4),
            ("ours-s", 7.5, "s", None),
            ("plain-s", 7.1, "s", None),
            ("2007-s", 24.3, "s", None),
            ("unpack-s", 5.2, "s", None),
            ("write-s", 1.9, "s", None),
        )
    ]
    text = render(figures, "2 processors", WHEN)
    row = "| tzst | 2 | 7.5 s | 7.1 s | 1.05 | 1.15 | 24.3 s | 0.31 | 0.40 | 5.2 s | 1.9 s |"
    assert row in text
    assert len(re.findall(r"^\| t(?:bz2|zst) \| [12] \|", text, re.MULTILINE)) == len(ROADS)


def test_every_figure_of_the_benches_has_words() -> None:
    """A name with a part that varies is held against the names here with that part."""
    known = {line.id for lines in SECTIONS.values() for line in lines} | {"road-tbz2-1-plain"}
    places = Path(__file__).parent.glob("[a-z]*.py")
    names = {
        name for place in places if not place.name.startswith("test_") for name in NAMES.findall(place.read_text())
    }
    assert len(names) > 20
    for name in names:
        pattern = re.compile(re.sub(r"\\\{[^}]*\\\}", ".+", re.escape(name)))
        assert name.startswith("{name}-") or any(map(pattern.fullmatch, known)), name
    with pytest.raises(ValueError, match="no words for new-one"):
        render([Figure("new-one", 1, "ratio", 2)], "2 processors", WHEN)
