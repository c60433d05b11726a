"""How a wrong text is spoken of."""

from __future__ import annotations

import pytest

from installer.model.errors import InvalidAnswer
from installer.model.wording import listed, nearest, quoted, refuse_template_mark


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sda", '"sda"'),
        ("a\nb\x1b", '"a\\nb\\x1b"'),
        ("x" * 60, f'"{"x" * 60}"'),
        ("x" * 61, f'"{"x" * 59}…"'),
        ("http://user:word@host/a", '"http://***@host/a"'),
        ("http://user:w@rd@host/a", '"http://***@host/a"'),
        ("http://host/a", '"http://host/a"'),
        ("user@host", '"user@host"'),
    ],
)
def test_a_text_is_quoted_on_one_line_without_credentials(text: str, shown: str) -> None:
    assert quoted(text) == shown


@pytest.mark.parametrize(("words", "text"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_words_are_listed_as_people_do(words: list[str], text: str) -> None:
    assert listed(words) == text


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Root_Password", "root-password"),
        ("root-pasword", "root-password"),
        ("keymaps", "keymap"),
        ("kemyap", "keymap"),
        ("kmp", None),
        ("keymap" + " " * 54, "keymap"),
        ("keymap" + " " * 55 + "and what comes behind", "keymap"),
        ("something", None),
    ],
)
def test_the_nearest_word_is_found_by_letters_and_not_from_afar(word: str, meant: str | None) -> None:
    assert nearest(word, ("keymap", "root-password")) == meant


def test_in_an_address_a_dollar_may_be_a_dollar() -> None:
    refuse_template_mark("http://host/a$name", address=True)
    with pytest.raises(InvalidAnswer):
        refuse_template_mark("a$name")
