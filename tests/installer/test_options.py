"""The command line, and the pages that describe it."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from installer.kernel_reading import LISTS
from installer.kernel_words import FLAGS, VALUES
from installer.model.errors import UsageError
from installer.options import build_parser, parse_options
from tests.needs import needs

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "installer.8"
README = ROOT / "README.md"


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _options(command)


def _heads(page: str, section: str = "") -> Iterator[str]:
    """Give what stands as the head of an item, of the whole page or of one section, as it is typed."""
    part = page.partition(f".SH {section}\n")[2].partition("\n.SH ")[0] if section else page
    lines = part.split("\n")
    for tag, head in pairwise(lines):
        if tag == ".TP":
            yield re.sub(r"\\f[BIR]|^\.[BIR]+ ", "", head).replace('"', "").replace("\\-", "-")


def test_man_page_has_every_option_and_no_other() -> None:
    options = set(_options(build_parser()))
    page = PAGE.read_text(encoding="utf-8")
    described = {word for head in _heads(page) for word in re.findall(r"--[a-z0-9-]+", head)}
    mentioned = set(re.findall(r"--[a-z0-9-]+", page.replace("\\-", "-")))
    assert (described, mentioned - options) == (options, set())


KERNEL_WORDS = {*FLAGS, *VALUES, *LISTS}


def test_man_page_has_every_kernel_word_and_no_other() -> None:
    heads = list(_heads(PAGE.read_text(encoding="utf-8"), "KERNEL WORDS"))
    assert sorted(re.split(r"[= ]", head)[0] for head in heads) == sorted(KERNEL_WORDS)


def test_readme_has_every_kernel_word_and_no_other() -> None:
    table = README.read_text(encoding="utf-8").partition("| kernel word |")[2].partition("\n\n")[0]
    words = {re.split("[^a-z0-9_-]+", row.removeprefix("| `").removeprefix('"'))[0] for row in table.split("\n")[2:]}
    assert words | {"install"} == KERNEL_WORDS  # `install` stands with `answerfile=`


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
    assert parse_options(["--media", "a", "install", "--media", "b"]).media == ["a", "b"]
    assert parse_options([]).media == []


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


@pytest.mark.parametrize(
    ("words", "what", "meant"),
    [
        (["--anwerfile", "rack7.xml", "install"], "there is no option --anwerfile", "--answerfile"),
        (["install", "--dryrun"], "there is no option --dryrun", "--dry-run"),
        (["chek", "rack7.xml"], 'there is no command "chek", only install, restore, check and repo', "check"),
        (["repo", "verfy", "."], 'there is no command "verfy", only build, show and verify', "verify"),
    ],
)
def test_misspelt_word_is_told_with_the_one_that_was_meant(words: list[str], what: str, meant: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_options(words)
    assert raised.value.what == what
    assert raised.value.hint.startswith(f"did you mean {meant}? ")


@pytest.mark.parametrize(
    "words",
    [
        ["http://user:marked-secret@server/rack7.xml", "install"],
        ["install", "http://user:marked-secret@server/rack7.xml"],
        ["--anwerfile=http://user:marked-secret@server/rack7.xml", "install"],
    ],
)
def test_address_in_the_wrong_place_is_told_without_its_password(words: list[str]) -> None:
    with pytest.raises(UsageError) as raised:
        parse_options(words)
    assert "marked-secret" not in raised.value.what + raised.value.hint


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _parsers(command)


def _examples(text: str) -> list[str]:
    """Return the commands among the examples of a help, each on one line."""
    joined = re.sub(r" \\\n *", " ", text.partition("examples:\n")[2])
    return [line.strip() for line in joined.split("\n") if line.startswith("  installer")]


PARSERS = {parser.prog: parser for parser in _parsers(build_parser())}


@pytest.mark.parametrize("prog", PARSERS)
def test_help_has_examples_that_are_understood(prog: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("words").write_text("--answerfile=rack7.xml\n", encoding="ascii")
    found = _examples(PARSERS[prog].format_help())
    assert found
    for example in found:
        words = shlex.split(example)
        assert parse_options(words[1:])
        assert set(prog.split()) <= set(words), "an example of another command"


def test_commands_of_the_readme_are_understood() -> None:
    found = re.findall(r"^[$#] (.*\binstaller .*)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(found) > 10
    for example in found:
        words = shlex.split(example)
        assert words[0] == "installer", "sudo does not know the path of a virtual environment"
        assert parse_options(words[1:])
