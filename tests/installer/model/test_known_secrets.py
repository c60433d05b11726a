"""What is known of the answers' secrets is what a program might print of them, as written and as meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.model.answers import Draft
from installer.model.known_secrets import known_secrets
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.wishes import Script, Stage, Trust
from tests.backend.sample import ANSWERS, PASSWORD


def _place(url: str) -> Location:
    return Location(LocationKind.URL, Secret(url))


def _of(url: str) -> list[str]:
    answers = replace(ANSWERS, sources=(_place(url),))
    return [secret.reveal() for secret in known_secrets(answers)][1:]


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("http://user:marked-word@mirror/xs", ["marked-word"]),
        ("ftp://user:marked%2Fword@mirror/xs", ["marked%2Fword", "marked/word"]),
        ("http://user:marked/word@mirror/xs", ["marked/word"]),
        ("https://mirror/xs?token=marked", ["token=marked"]),
        ("http://user:marked-word@mirror/xs?a=marked", ["marked-word", "a=marked"]),
        ("ftp://anonymous:guest@mirror/xs", []),
        ("ftp://anonymous:guests@mirror/xs", ["guests"]),
        ("http://mirror/a@b/xs", []),
        ("/plain/path", []),
        ("server:/path", []),
    ],
)
def test_address_has_the_password_and_the_query(url: str, secrets: list[str]) -> None:
    assert _of(url) == secrets


def test_every_address_of_the_answers_is_looked_at() -> None:
    def place(word: str) -> Location:
        return _place(f"http://user:marked-{word}@mirror/x")

    answers = replace(
        ANSWERS,
        sources=(place("source"),),
        post_install_script=place("post-install"),
        scripts=(Script(Stage.INSTALLATION_START, place("script")),),
        driver_sources=(place("driver"),),
        trust=Trust((place("certificate"),), (place("key"),), place("report")),
    )
    words = ("source", "driver", "script", "certificate", "key", "post-install", "report")
    expected = [PASSWORD, *(f"marked-{word}" for word in words)]
    assert [secret.reveal() for secret in known_secrets(answers)] == expected
    assert [secret.reveal() for secret in known_secrets(answers.draft())] == expected


def test_draft_without_anything_has_none() -> None:
    assert list(known_secrets(Draft())) == []
