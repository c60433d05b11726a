"""The reference page and the element table say the same."""

from __future__ import annotations

from pathlib import Path

from installer.reference import answerfile_reference

PAGE = Path(__file__).parent.parent.parent / "docs" / "answerfile.md"


def test_page_is_made_from_the_table(write_golden: bool) -> None:
    if write_golden:
        PAGE.write_text(answerfile_reference(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == answerfile_reference()
