"""What strangers wrote is shown short: up to which length whole, and what is left of what is longer."""

from __future__ import annotations

import pytest

from installer.model.json_object import shown
from installer.model.package_fields import short


@pytest.mark.parametrize(("text", "said"), [("x" * 40, "x" * 40), ("y" * 41, "y" * 37 + "...")])
def test_a_string_of_a_machine_file_is_cut_behind_forty_letters(text: str, said: str) -> None:
    assert shown(text) == f"'{said}'"


@pytest.mark.parametrize(("text", "said"), [("x" * 60, "x" * 60), ("y" * 61, "y" * 57 + "..."), ("\x1b[2J\n", "?[2J?")])
def test_a_field_of_a_package_is_cut_behind_sixty_letters_and_cannot_disturb_the_terminal(text: str, said: str) -> None:
    assert short(text) == said
