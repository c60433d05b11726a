"""Texts that are never shown, and the net that takes them out of what others print."""

from __future__ import annotations

import pickle

import pytest

from installer.model.secret import MASK, Masker, Secret


def test_a_secret_shows_nothing_and_gives_its_text_to_who_asks() -> None:
    secret = Secret("marked-word")
    assert [str(secret), f"{secret}", f"{secret:>5}", repr(secret)] == [MASK, MASK, f"  {MASK}", f"Secret({MASK})"]
    assert secret.reveal() == "marked-word" and len(secret) == 11
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_secrets_are_the_same_by_their_texts_and_never_a_text() -> None:
    assert Secret("a") == Secret("a") and hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b") and Secret("a") != "a" and hash(Secret("a")) != hash("a")


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("abc", "x abc abc", f"x {MASK} {MASK}"),
        ("ab", "x ab", "x ab"),
        ('q"ü', 'q"ü q\\"ü q\\"\\u00fc', f"{MASK} {MASK} {MASK}"),
        ("a<&>", "a<&> a&lt;&amp;&gt;", f"{MASK} {MASK}"),
    ],
)
def test_a_secret_is_taken_out_as_it_is_and_as_it_is_written(secret: str, text: str, shown: str) -> None:
    masker = Masker()
    assert masker.mask(text) == text
    masker.hide(Secret(secret))
    assert masker.mask(text) == shown


def test_several_secrets_are_hidden_one_after_the_other() -> None:
    masker = Masker()
    masker.hide(Secret("one"), Secret("two"))
    masker.hide(Secret("three"))
    assert masker.mask("one two three four") == f"{MASK} {MASK} {MASK} four"
