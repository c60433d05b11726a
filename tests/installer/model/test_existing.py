"""Installed hosts: what they are called, and what is taken for theirs when nothing is known."""

from __future__ import annotations

import pytest

from installer.model.existing import InstalledHost, KeptSettings


@pytest.mark.parametrize(
    ("version", "build", "title"),
    [("4.0.1", "1", "XenServer 4.0.1-1"), ("4.0.1", "", "XenServer 4.0.1"), ("", "1", "XenServer (version unknown)")],
)
def test_a_host_is_called_by_what_is_known_of_it(version: str, build: str, title: str) -> None:
    assert InstalledHost("XenServer", version, build).title == title


def test_a_host_of_which_nothing_is_known_takes_its_time_from_servers() -> None:
    assert not KeptSettings().clock_by_hand and not InstalledHost("XenServer", "").settings.clock_by_hand
