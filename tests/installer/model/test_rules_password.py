"""Hashes of passwords that are none: digests in which too few letters differ."""

from __future__ import annotations

import pytest

from installer.model import rules
from installer.model.errors import InvalidAnswer
from installer.model.rules_password import SHORT_PASSWORD


def test_a_digest_has_six_letters_at_least() -> None:
    assert rules.root_password_hash("$6$salt$" + "abcdef" * 14 + "ab").text.reveal().startswith("$6$")
    with pytest.raises(InvalidAnswer, match="is a placeholder"):
        rules.root_password_hash("$6$salt$" + "abcde" * 17 + "a")


def test_a_password_of_six_characters_is_long_enough() -> None:
    assert SHORT_PASSWORD == 6 and not rules.is_short(rules.root_password("123456"))
    assert rules.is_short(rules.root_password("12345"))


@pytest.mark.parametrize(("length", "taken"), [(511, True), (512, False)])
def test_crypt_takes_511_bytes(length: int, taken: bool) -> None:
    if taken:
        assert len(rules.root_password("p" * length).text) == length
    else:
        with pytest.raises(InvalidAnswer, match="longer than 511 bytes"):
            rules.root_password("p" * length)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("plain", "is not a hash"),
        ("$6$abcd$efgh", "not well-formed"),
        ("$9$" + "abcdefgh" * 6, "not well-formed"),
        ("", "is a placeholder"),
        ("$6$salt$hash", "is a placeholder"),
    ],
)
def test_what_is_wrong_with_a_hash_is_said(text: str, reason: str) -> None:
    with pytest.raises(InvalidAnswer, match=reason):
        rules.root_password_hash(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\nb", "holds a line end"),
        ("a\rb", "holds a line end"),
        ("a\0b", "holds a control character"),
        ("a\ufffe", "holds a control character"),
        ("a\ud800", "holds a control character"),
        (" a", "begins or ends with a blank"),
        ("a ", "begins or ends with a blank"),
        ("", "is empty"),
    ],
)
def test_what_is_wrong_with_a_password_in_clear_is_said(text: str, reason: str) -> None:
    with pytest.raises(InvalidAnswer, match=reason):
        rules.root_password(text)


def test_only_what_is_said_to_be_in_clear_can_look_like_a_hash() -> None:
    text = "$6$abcd$" + "abcdef" * 14 + "ab"
    assert rules.looks_like_hash(rules.root_password(text)) and not rules.looks_like_hash(rules.root_password("mine"))
    assert not rules.looks_like_hash(rules.root_password_hash(text))
