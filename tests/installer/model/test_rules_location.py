"""Addresses of sources at the edges of what they may be, and what is said of the others."""

from __future__ import annotations

import pytest

from installer.model import rules
from installer.model.errors import InvalidAnswer
from installer.model.rules_location import location_or_file

LONGEST = ".".join(["a" * 63] * 3 + ["a" * 61])


def refused(text: str) -> InvalidAnswer:
    """Return what the rule says against an address."""
    with pytest.raises(InvalidAnswer) as caught:
        rules.location(text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "http://host:1/",
        "http://host:65535/",
        "http://host:00080/",
        "http://[fd00::1]/",
        "http://[::1]/",
        "http://[fd00::1]:65535/",
        f"http://{LONGEST}/",
        "http://user:@host/",
        "http://10.0.0.255/",
        "http://10.0.0.x/",
        "http://host./",
        "nfs://host/a?version=3",
        "nfs://host:/a",
    ],
)
def test_what_is_just_right_is_taken(text: str) -> None:
    assert rules.location(text).url.reveal() == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://host:0/", "not a number from 1 to 65535"),
        ("http://host:65536/", "not a number from 1 to 65535"),
        ("http://host:000080/", "not a number from 1 to 65535"),
        ("http://host:/", "not a number from 1 to 65535"),
        ("http://[fd00::1]:/", "not a number from 1 to 65535"),
        ("http://[fd00::1]x/", "not a number from 1 to 65535"),
        ("http://[fd00::1/", "not an IPv6 address"),
        ("http://[10.0.0.1]/", "not an IPv6 address"),
        (f"http://{LONGEST}a/", "neither a name nor an IPv4 address"),
        ("http://10.0.0/", "neither a name nor an IPv4 address"),
        ("http://10.0.0.256/", "neither a name nor an IPv4 address"),
        ("http://-host/", "neither a name nor an IPv4 address"),
        ("http:///a", "names no server"),
        ("http://a:b:c@host/", "holds an @ or :"),
        ("http://a@b@host/", "holds an @ or :"),
        ("nfs://user@host/a", "holds no user name"),
        ("nfs://host/a%3fb", "a question mark or a control character"),
        ("nfs://host/a%7Fb", "a question mark or a control character"),
        ("nfs://host/a?version=5", "after the question mark"),
        ("nfs://host/a?", "after the question mark"),
        ("file:///a?b", "holds a question mark"),
        ("file://server/a", "names no server"),
        ("file://server", "needs three slashes"),
        ("http://host/a#b", "holds a #"),
        ("ftp://host/a?b", "holds a question mark"),
        ("ftp://host/a%0ab", "holds a line end"),
        ("//host/a", "begins with two slashes"),
        ("/a ", "ends with a blank"),
        ("/a\x07", "a control character or a line end"),
        ("/a\uffff", "a control character or a line end"),
    ],
)
def test_what_is_wrong_is_said(text: str, reason: str) -> None:
    assert reason in refused(text).what


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("http:host", "write two slashes after http:"),
        ("file:/a", "write three slashes after file:"),
        ("host:a/b", "as in nfs://server/path, or server:/path"),
        ("host", "give an address with http"),
        ("user@host:/a", "give an address with http"),
        ("host:2049/a", "give an address with http"),
        ("gopher://host/", "give an address with http"),
        ("ftp://host/a?b", "write it as %3F"),
        ("ftp://host/a%0Db", "leave it out"),
        ("nfs://host/a?x", "as in nfs://server/path"),
        ("file://server/a", "as in file:///mnt/xenserver"),
        ("http://host:0/", "as in http://server/path"),
    ],
)
def test_what_to_do_is_said(text: str, hint: str) -> None:
    assert hint in refused(text).hint


@pytest.mark.parametrize(("text", "file"), [("a.xml", True), ("./a.xml", True), ("a:b", True), ("http:/h/a", False)])
def test_what_looks_like_an_address_is_no_file(text: str, file: bool) -> None:
    if file:
        assert location_or_file(text).url.reveal() == text
    else:
        with pytest.raises(InvalidAnswer):
            location_or_file(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("syslog://h/a", "more than a server and its port"),
        ("syslog://h:70000", "not a number from 1 to 65535"),
        ("ftp://h/", "no address that reports can be sent to"),
        ("reports", "no address that reports can be sent to"),
    ],
)
def test_what_is_no_place_for_reports_is_said(text: str, reason: str) -> None:
    with pytest.raises(InvalidAnswer, match=reason):
        rules.report_location(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("host:/a", "nfs://host/a"),
        ("host:a b", "nfs://host/a%20b"),
        ("host:/", "nfs://host/"),
        ("10.0.0.1:/a@b", "nfs://10.0.0.1/a%40b"),
        ("nfs://host/a", "nfs://host/a"),
        ("NFS://host:2050/a", "NFS://host:2050/a"),
        ("host:/a$name", "nfs://host/a%24name"),
    ],
)
def test_an_nfs_directory_is_an_address_or_as_mount_has_it(text: str, url: str) -> None:
    assert rules.nfs_location(text).url.reveal() == url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("host:", "not the address of an NFS server"),
        ("host", "not the address of an NFS server"),
        ("http://host/a", "not the address of an NFS server"),
        ("/a", "not the address of an NFS server"),
        ("host:2049/a", "neither a URL nor an absolute path"),
        ("host:2049", "neither a URL nor an absolute path"),
        ("user@host:/a", "neither a URL nor an absolute path"),
        ("user:word@host/a", "neither a URL nor an absolute path"),
        ("user:word@host", "neither a URL nor an absolute path"),
        ("@HOST@:/a", "a template mark"),
    ],
)
def test_what_is_no_nfs_directory_is_said(text: str, reason: str) -> None:
    with pytest.raises(InvalidAnswer, match=reason):
        rules.nfs_location(text)


@pytest.mark.parametrize("text", ["host:/a", "10.0.0.1:/a"])
def test_a_source_may_be_as_mount_has_it(text: str) -> None:
    assert rules.location(text) == rules.nfs_location(text)


def test_a_place_for_reports_may_hold_a_dollar() -> None:
    assert rules.report_location("http://host/a$name").url.reveal() == "http://host/a$name"
