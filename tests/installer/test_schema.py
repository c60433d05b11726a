"""The schema is made from the table, and agrees with the reader on every file there is."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from installer.answerfile import read_answerfile, write_answerfile
from installer.model.answers import DiskChoice, Draft, PasswordKind, RootPassword
from installer.model.problem import Problem, Severity
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.unbuilt import NOT_BUILT
from installer.model.wishes import Existing, Mode
from installer.schema import answerfile_schema
from tests.installer.drafts import DRAFTS
from tests.needs import needs

TOP = Path(__file__).parent.parent
SCHEMA = TOP.parent / "docs" / "answerfile.rng"
FILES = sorted((TOP / "answerfiles").glob("*/*.xml"))
LOCAL = Location(LocationKind.LOCAL)
# errors of the reader's that no schema can know, and why
BEYOND = {
    "bad/address-is-network": "arithmetic of addresses",
    "bad/gateway-outside": "arithmetic of addresses",
    "bad/hash-placeholder-xes": "a hash by its form, but of one letter",
    "bad/no-address-at-all": "two attributes of which one alone may be none",
    "bad/password-two-lines": "a schema sees a line end as a blank",
    "bad/processing-instruction": "no part of a document's content",
    "bad/time-by-hand-with-servers": "one element makes another one void",
    "bad/timezone-unknown": "the time-zone database",
    "bad/timezone-wrong-case": "the time-zone database",
}


def name_of(path: Path) -> str:
    """Return directory and stem: good/access."""
    return f"{path.parent.name}/{path.stem}"


def test_schema_is_made_from_the_table(write_golden: bool) -> None:
    if write_golden:
        SCHEMA.write_text(answerfile_schema(), encoding="utf-8")
    assert SCHEMA.read_text(encoding="utf-8") == answerfile_schema()


def valid(files: Sequence[Path]) -> set[str]:
    """Return the names of the files that xmllint finds valid; a schema it cannot read is an error of ours."""
    needs("xmllint")
    argv = ["xmllint", "--noout", "--relaxng", str(SCHEMA), *map(str, files)]
    said = subprocess.run(argv, capture_output=True, check=False).stderr.decode(errors="replace")
    assert "regexp error" not in said and "Relax-NG parser error" not in said
    return {name_of(Path(path)) for path in re.findall(r"^(.*) validates$", said, re.MULTILINE)}


def is_stopped(problems: Sequence[Problem]) -> bool:
    """Tell whether the file itself is wrong: what is not built yet is right, an unknown name is wrong in an editor."""
    return any(
        NOT_BUILT not in problem.message
        if problem.severity is Severity.ERROR
        else problem.message.endswith("is ignored")
        for problem in problems
    )


@pytest.fixture(scope="module")
def agreed() -> set[str]:
    return valid(FILES)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_schema_agrees_with_the_reader(path: Path, agreed: set[str]) -> None:
    wrong = is_stopped(read_answerfile(path.read_bytes(), path.name)[1])
    assert (name_of(path) in agreed) == (not wrong or name_of(path) in BEYOND)


@pytest.mark.parametrize("name", BEYOND)
def test_what_is_beyond_the_schema_is_wrong_for_the_reader(name: str) -> None:
    path = TOP / "answerfiles" / f"{name}.xml"
    assert is_stopped(read_answerfile(path.read_bytes(), path.name)[1])


def with_required(draft: Draft) -> Draft:
    """Return a draft of which nothing is missing in its mode."""
    if draft.mode is Mode.RESTORE:
        return draft
    if draft.mode is not Mode.FRESH:
        return replace(draft, existing=draft.existing or Existing("sda"), sources=draft.sources or (LOCAL,))
    return replace(
        draft,
        disks=draft.disks or DiskChoice(("sda",)),
        root_password=draft.root_password or RootPassword(PasswordKind.HASH, Secret("!!")),
        timezone=draft.timezone or "UTC",
        sources=draft.sources or (LOCAL,),
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(draft=DRAFTS)
def test_what_is_written_is_valid_when_nothing_is_missing(tmp_path: Path, draft: Draft) -> None:
    text = write_answerfile(with_required(draft))
    file = tmp_path / "written.xml"
    file.write_text(text, encoding="utf-8")
    assert valid([file]) == {name_of(file)}, text
