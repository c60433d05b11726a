"""Addresses are shown without what is secret in them."""

from __future__ import annotations

import pytest

from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Package, PackageType, Repository, without_credentials


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
        ("HTTP:u:pw@host/x", "HTTP:***@host/x"),
        ("http://u:p\nw@host/x", "http://***@host/x"),
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


@pytest.mark.parametrize(
    ("url", "network"),
    [
        ("http://h/", True),
        ("HTTPS://h/", True),
        ("ftp://h/", True),
        ("nfs://h/a", True),
        ("file:///a", False),
        ("/a", False),
    ],
)
def test_what_is_reached_over_a_network_is_known_by_its_scheme(url: str, network: bool) -> None:
    assert Location(LocationKind.URL, Secret(url)).over_network is network


def test_tarballs_are_told_from_single_files() -> None:
    assert [kind.is_tarball for kind in PackageType] == [True, True, False, False]


def test_a_package_is_required_unless_it_says_otherwise_and_a_repository_is_as_large_as_they_are() -> None:
    package = Package("a", 7, "0" * 32, PackageType.TBZ2, "a.tar.bz2", "/")
    assert package.required and package.unpacked_bytes is None
    assert Repository("xs:main", "a", "b", "c", Location(LocationKind.LOCAL), (package, package)).size_bytes == 14
