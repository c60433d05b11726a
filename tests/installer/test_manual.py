"""The manual page answerfile(5) and the element table say the same, and man shows it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.answerfile import read_answerfile
from installer.element_row import ElementRow
from installer.elements import ROOTS
from installer.manual import EXAMPLES, answerfile_manual, roff
from tests.needs import PATH, needs

PAGE = Path(__file__).parent.parent.parent / "docs" / "answerfile.5"


def _rows(row: ElementRow) -> Iterator[ElementRow]:
    for child in row.children:
        yield child
        yield from _rows(child)


def _shown(page: Path) -> tuple[str, str]:
    """Return the page as man shows it on a wide terminal, and what it warns of."""
    environment = {"PATH": PATH, "LC_ALL": "C.UTF-8", "MANWIDTH": "200", "HOME": "/"}
    argv = ["man", "--warnings=w", "-l", str(page)]
    result = subprocess.run(argv, capture_output=True, text=True, check=True, env=environment)
    return re.sub(r".\x08", "", result.stdout), result.stderr


def test_page_is_made_from_the_table(write_golden: bool) -> None:
    if write_golden:
        PAGE.write_text(answerfile_manual(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == answerfile_manual()


def test_page_is_sound() -> None:
    needs("groff")
    result = subprocess.run(["groff", "-man", "-Tutf8", "-ww", str(PAGE)], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("name", ["answerfile.5", "installer.8"])
def test_man_shows_the_page_without_a_warning(name: str) -> None:
    needs("man", "groff")
    shown, warnings = _shown(PAGE.parent / name)
    assert (name.partition(".")[0].upper() in shown, warnings) == (True, "")


def test_man_shows_every_example_as_it_is_typed() -> None:
    """Quotes, hyphens and carets stay what XML and a shell take, and no line begins a request of roff."""
    needs("man", "groff")
    shown, _ = _shown(PAGE)
    lines = [line.strip() for line in shown.splitlines()]
    examples = [row.example for root in ROOTS for row in _rows(root)] + [text for _, text in EXAMPLES]
    missing = [line for text in examples for line in text.splitlines() if line.strip() not in lines]
    assert missing == []


@pytest.mark.parametrize("text", [text for _, text in EXAMPLES])
def test_examples_are_good_answerfiles(text: str) -> None:
    _, problems = read_answerfile(text.encode(), "example.xml")
    assert problems == ()


def test_texts_of_the_table_stay_themselves_in_roff() -> None:
    assert roff(r".a-b\c 'd' `e` …") == r"\&.a\-b\ec \(aqd\(aq \fBe\fR \[u2026]"
