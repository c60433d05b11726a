"""What the command line says of media reaches the process that reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errand import find
from installer.main_parts import media_of
from installer.model.ports import Cancel
from installer.model.source import Location, LocationKind
from installer.options import parse_options
from tests.backend.small_repository import small_repository


def test_medium_by_a_relative_path_is_found_by_the_screens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_repository(tmp_path / "build" / "medium")
    monkeypatch.chdir(tmp_path)
    media = media_of(parse_options(["--dry-run", "--media", "build/medium"]))
    assert find(Location(LocationKind.LOCAL), media, Cancel(), 60.0)
