"""Addresses are shown without what is secret in them."""

from __future__ import annotations

import pytest

from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, without_credentials


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://host/xs", "http://host/xs"),
        ("http://user:pw@host:80/xs?a=b", "http://***@host:80/xs?***"),
        ("http://user@host", "http://***@host"),
        ("http://u:p@ss@host/x", "http://***@host/x"),
        ("http://u:p@[fe80::1]:8080/x", "http://***@[fe80::1]:8080/x"),
        ("http://[fe80::1]:8080/x@y", "http://[fe80::1]:8080/x@y"),
        ("http://host/a@b/c", "http://host/a@b/c"),
        ("http://host:80/a@b", "http://host:80/a@b"),
        ("http://host?mail=a@b", "http://host?***"),
        ("http://u:p/w@host/x", "http://***@host/x"),
        ("http://u:p?w@host/x", "http://***@host/x"),
        ("/media/a@b", "/media/a@b"),
        ("file:///media/a@b", "file:///media/a@b"),
        ("http:/u:pw@host/x", "http:/***@host/x"),
        ("http:u:pw@host/x?key", "http:***@host/x?***"),
        ("http:///u:pw@host/x", "http:///***@host/x"),
        ("hhtp:/u:pw@host/x", "hhtp:/***@host/x"),
        ("http//u:pw@host/x", "http//***@host/x"),
        ("server:/export/a@b", "server:/export/a@b"),
        ("rack7.xml", "rack7.xml"),
        ("me@home.xml", "me@home.xml"),
    ],
)
def test_credentials_are_replaced(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
    assert Location(LocationKind.URL, Secret(url)).shown() == shown


def test_local_media_has_a_name() -> None:
    assert Location(LocationKind.LOCAL).shown() == "local media"
