"""The pages lead to each other, to targets of make that there are, and show answers and messages that are real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from installer.answerfile import read_answerfile
from installer.main import main
from installer.model.errors import ExitCode
from tests.conftest import ROOT

README = ROOT / "README.md"
PAGES = (README, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
LINK = re.compile(r"\]\(([^)\s]+)\)")
XML = re.compile(r"^```xml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _names(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_names)
def test_links_lead_somewhere(page: Path) -> None:
    lost: list[str] = []
    for link in LINK.findall(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            lost.append(link)
    assert lost == []


def test_readme_leads_to_every_page_of_docs() -> None:
    links = {link.partition("#")[0] for link in LINK.findall(README.read_text(encoding="utf-8"))}
    pages = {f"docs/{path.name}" for path in (ROOT / "docs").iterdir() if path.is_file() and path.suffix != ".py"}
    assert pages - links == set()


@pytest.mark.parametrize("page", PAGES, ids=_names)
def test_targets_of_make_are_there(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w.-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z.-]*)", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert named - targets == set()


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "pxe.md"], ids=_names)
def test_answerfiles_of_pages_are_good(page: Path) -> None:
    examples = XML.findall(page.read_text(encoding="utf-8"))
    assert examples
    for text in examples:
        assert read_answerfile(text.encode(), _names(page))[1] == ()


def test_message_of_the_readme_is_what_check_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = README.read_text(encoding="utf-8")
    text = next(text for text in XML.findall(page) if "Europe/London" in text).replace("London", "Londn")
    Path("rack7.xml").write_text(text, encoding="utf-8")
    code = main(["check", "rack7.xml"])
    said = capsys.readouterr()
    assert code == ExitCode.BAD_ANSWERS
    assert f"$ installer check rack7.xml\n{said.out}{said.err}```\n" in page
