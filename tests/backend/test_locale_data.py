"""The lists of keymaps and time zones: every entry fits the rule of its answer."""

from __future__ import annotations

from pathlib import Path

from backend.locale_data import read_keymaps, read_zone_areas
from installer.model.keymaps import TITLES
from installer.model.rules import keymap, timezone


def test_every_zone_is_one_that_the_rule_takes() -> None:
    areas = read_zone_areas()
    zones = [area.zone(city) for area in areas for city in area.cities]
    assert [timezone(zone) for zone in zones] == zones
    assert len(zones) > 350 and len(set(zones)) == len(zones)


def test_areas_are_those_of_the_globe_and_the_nameless_one_is_last() -> None:
    areas = read_zone_areas()
    assert [area.name for area in areas][:4] == ["Africa", "America", "Antarctica", "Arctic"]
    assert (areas[-1].name, areas[-1].cities, areas[-1].zone("UTC")) == ("", ("UTC",), "UTC")
    europe = next(area for area in areas if area.name == "Europe")
    assert "London" in europe.cities and list(europe.cities) == sorted(europe.cities)
    assert europe.zone("London") == "Europe/London"


def test_keymaps_of_the_data_are_found_and_parts_of_keymaps_are_not(tmp_path: Path) -> None:
    files = "qwertz/de.kmap.gz qwerty/uk.map.gz qwerty/us.kmap qwerty/lt.l4.kmap.gz qwerty/README"
    parts = "include/qwerty-layout.inc include/x.kmap"
    for name in f"{files} {parts}".split():
        path = tmp_path / "i386" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = read_keymaps((str(tmp_path / "i386"),))
    assert [(entry.name, entry.title) for entry in found] == [
        ("uk", "British"), ("de", "German"), ("lt.l4", "lt.l4"), ("us", "US"),
    ]  # fmt: skip


def test_without_data_those_of_an_installed_host_are_offered(tmp_path: Path) -> None:
    found = read_keymaps((str(tmp_path),))
    assert {entry.name for entry in found} == set(TITLES)
    assert [entry.title for entry in found] == sorted((entry.title for entry in found), key=str.casefold)


def test_every_keymap_known_by_title_fits_the_rule() -> None:
    assert [keymap(name) for name in TITLES] == list(TITLES)
    assert len(set(TITLES.values())) == len(TITLES)
