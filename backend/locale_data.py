"""Keymaps and time zones that this machine has data for: what the lists of the screens offer."""

from __future__ import annotations

import os
from zoneinfo import available_timezones

from installer.model.errors import InvalidAnswer
from installer.model.keymaps import keymaps_of
from installer.model.ports import Keymap, ZoneArea
from installer.model.rules import keymap as keymap_rule

KEYMAPS = ("/usr/share/keymaps/i386", "/usr/share/kbd/keymaps/i386", "/lib/kbd/keymaps/i386")
ENDINGS = (".kmap.gz", ".map.gz", ".kmap", ".map")
NOT_FOR_PEOPLE = ("include", "compose")  # directories of parts that keymaps are made of
AREAS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific", "Etc",
)  # fmt: skip
NO_AREA = ("UTC",)


def read_keymaps(directories: tuple[str, ...] = KEYMAPS) -> tuple[Keymap, ...]:
    """Return the keymaps that can be loaded here, or without any those that every installed host has."""
    return keymaps_of(name for directory in directories for name in _keymap_names(directory) if _is_keymap(name))


def _keymap_names(directory: str) -> set[str]:
    names: set[str] = set()
    for _, below, files in os.walk(directory):
        below[:] = [name for name in below if name not in NOT_FOR_PEOPLE]
        for file in files:
            ending = next((ending for ending in ENDINGS if file.endswith(ending)), None)
            if ending:
                names.add(file.removesuffix(ending))
    return names


def _is_keymap(name: str) -> bool:
    try:
        return keymap_rule(name) == name
    except InvalidAnswer:
        return False


def read_zone_areas() -> tuple[ZoneArea, ...]:
    """Return the zones of this machine's database by area; names of former and other kinds are left out."""
    known = available_timezones()
    areas = [
        ZoneArea(area, tuple(sorted(name.removeprefix(f"{area}/") for name in known if name.startswith(f"{area}/"))))
        for area in AREAS
    ]
    plain = ZoneArea("", tuple(name for name in NO_AREA if name in known))
    return tuple(area for area in (*areas, plain) if area.cities)
