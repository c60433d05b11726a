"""Every message that the page explains stands in the sources, word for word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"
SOURCES = ("installer", "backend", "screens", "initrd/init")
VARIABLE = "…"
FEWEST = 25
REASON = re.compile(r"(is|it is|has|its|carries|holds|this is|Nothing) ")
HEADING = re.compile(r"^### `(.+)`$", re.MULTILINE)


def _texts_of_python(path: Path) -> Iterator[str]:
    """Give every text of a module, with the sign for variables in place of what is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else VARIABLE for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def _texts() -> tuple[str, ...]:
    found: list[str] = []
    for directory in SOURCES:
        for path in sorted((ROOT / directory).rglob("*")):
            if path.suffix == ".py":
                found += _texts_of_python(path)
            elif path.is_file() and path.read_bytes()[:2] == b"#!":
                text = path.read_text(encoding="utf-8")
                found += re.sub(r"\$(\([^)]*\)|\{[^}]*\}|\w+)", VARIABLE, text).splitlines()
    return tuple(found)


def _is_said(message: str) -> bool:
    """Say whether one text of the sources has all that is always the same in a message, in its order."""
    pattern = re.compile(".*".join(map(re.escape, message.split(VARIABLE))))
    return any(pattern.search(text) for text in _texts())


def _messages() -> list[str]:
    return HEADING.findall(PAGE.read_text(encoding="utf-8"))


def _reasons() -> list[str]:
    """Return the quotations inside the explanations that are words of messages, and no commands or names."""
    text = HEADING.sub("", PAGE.read_text(encoding="utf-8"))
    return [quoted for quoted in re.findall(r"`([^`\n]+)`", text) if REASON.match(quoted)]


def test_page_explains_many_messages_each_once() -> None:
    assert len(_messages()) == len(set(_messages())) >= FEWEST


@pytest.mark.parametrize("message", _messages())
def test_message_stands_in_the_sources(message: str) -> None:
    assert re.search(r"\w{3}", message.replace(VARIABLE, "")), "a heading needs words that are always the same"
    assert _is_said(message)


@pytest.mark.parametrize("reason", _reasons())
def test_reason_stands_in_the_sources(reason: str) -> None:
    assert _is_said(reason)


def test_every_section_says_more_than_the_message() -> None:
    sections = re.split(r"^##+ ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    short = [heading for heading, _, text in (section.partition("\n") for section in sections)
             if heading.startswith("`") and len(text.split()) < 5]  # fmt: skip
    assert short == []


def test_a_message_that_nobody_says_is_noticed() -> None:
    assert _is_said("the disk … cannot be used: …")
    assert not _is_said("the disk … cannot be eaten: …")
    assert not _is_said("cannot be used: … the disk …")
