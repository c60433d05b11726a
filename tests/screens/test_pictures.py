"""The pictures in the documents are what the program shows today: `make screens` draws them anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screens.pictured import MEDIUM, drawn_at, write_medium
from tests.screens.pictures import picture_of
from tests.screens.reach import ALL

PICTURES = Path(__file__).parents[2] / "docs" / "pictures" / "screens"


@pytest.fixture(scope="module")
def medium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_medium(tmp_path_factory.mktemp("pictures") / "medium")


@pytest.mark.parametrize("name", ALL)
def test_picture_is_of_today(medium: Path, tmp_path: Path, name: str) -> None:
    """Text, colours and all: a picture is the whole of what the terminal shows."""
    assert picture_of(name, medium, tmp_path) == PICTURES.joinpath(f"{name}.svg").read_text(encoding="utf-8")


def test_there_is_a_picture_of_every_screen_and_of_nothing_else() -> None:
    assert sorted(path.stem for path in PICTURES.glob("*")) == sorted(ALL)


def test_confirm_and_failure_are_those_of_the_real_backend(medium: Path, tmp_path: Path) -> None:
    """Packages as the repository has them, and a failure that the program found by itself."""
    with drawn_at("confirm", medium, tmp_path) as shown:
        words = " ".join(shown.text.split())
        assert f"from {MEDIUM}/packages.main (xs:main, XenServer 4.0.1-1): Base Pack" in words
        shown.press("f5", "end")
        assert "install the boot loader on sda" in shown.text, shown.text
    with drawn_at("failure", medium, tmp_path) as shown:
        assert "package kernel (kernel.tar.bz2) has the MD5" in shown.text and "StepStarted" in shown.text
