"""The command line, and the pages that describe it."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.model.errors import UsageError
from installer.options import build_parser, parse_options
from tests.needs import needs

PAGE = Path(__file__).parent.parent.parent / "docs" / "installer.8"


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _options(command)


def test_every_option_stands_in_the_man_page() -> None:
    page = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    missing = {option for option in _options(build_parser()) if option not in page} - {"--help", "--product"}
    assert missing <= {"--product-version"}


def test_man_page_is_sound() -> None:
    needs("groff")
    result = subprocess.run(["groff", "-man", "-Tutf8", "-ww", str(PAGE)], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_options_may_stand_before_and_after_the_word_install() -> None:
    before = parse_options(["--answerfile", "a.xml", "--dry-run", "--target", "x", "install"])
    after = parse_options(["install", "--answerfile", "a.xml", "--dry-run", "--target", "x"])
    assert before == after


def test_options_on_both_sides_are_all_kept() -> None:
    options = parse_options(["--answerfile", "a.xml", "--target", "sda=x", "install", "--target", "sdb=y", "--dry-run"])
    assert options.answerfile == "a.xml" and options.dry_run
    assert options.target == ["sda=x", "sdb=y"]


def test_words_of_a_file_stand_for_its_name(tmp_path: Path) -> None:
    """Each line is one word, whatever blanks and signs are in it."""
    path = tmp_path / "words"
    path.write_text("--answerfile=http://user:a b#%@server/{mac}.xml\n", encoding="ascii")
    options = parse_options([f"@{path}", "--dry-run", "install"])
    assert options.answerfile == "http://user:a b#%@server/{mac}.xml"
    assert options.dry_run and options.command == "install"


def test_file_of_words_that_is_missing_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no-such-file"):
        parse_options([f"@{tmp_path}/no-such-file", "install"])


@pytest.mark.parametrize(
    "words", [["--answerfle", "x", "install"], ["repo"], ["repo", "build"], ["check"], ["instal"], ["--answerfile"]]
)
def test_wrong_words_are_a_usage_error_that_names_help(words: list[str]) -> None:
    with pytest.raises(UsageError) as raised:
        parse_options(words)
    assert "--help" in raised.value.hint
