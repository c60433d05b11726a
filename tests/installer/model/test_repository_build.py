"""The words of `repo build`."""

from __future__ import annotations

import pytest

from installer.model.errors import UsageError
from installer.model.repository import Identity
from installer.model.repository_build import (
    BuildRequest,
    Form,
    PackageInput,
    make_request,
    parse_package_input,
    parse_source_date,
)
from installer.model.source import PackageType


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("dom0=/srv/root", PackageInput("dom0", "/srv/root")),
        ("dom0=a=b.tar", PackageInput("dom0", "a=b.tar")),
        ("docs=docs.tar.bz2,optional", PackageInput("docs", "docs.tar.bz2", required=False)),
        ("docs=d,required,/opt", PackageInput("docs", "d", destination="/opt")),
        ("docs=docs.tar.zst", PackageInput("docs", "docs.tar.zst", type=PackageType.TZST)),
    ],
)
def test_reads_packages(text: str, package: PackageInput) -> None:
    assert parse_package_input(text) == package


@pytest.mark.parametrize(
    ("path", "kind"), [("d", "tzst"), ("d.tar", "tzst"), ("d.tar.zst", "tzst"), ("d.tar.bz2", "tbz2")]
)
def test_what_is_compressed_keeps_its_form(path: str, kind: str) -> None:
    assert parse_package_input(f"docs={path}", PackageType.TZST).type == kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dom0", "is not a package"),
        ("=path", "is not a package"),
        ("dom0=", "is not a package"),
        ("dom0=a,optional,/,more", "is not a package"),
        ("dom0=a,sometimes", "neither required nor optional"),
        ("a/b=path", "contains `/` or `..`"),
        ("a b=path", "is not a plain name"),
        ("a=path,required,opt", "is not absolute"),
        ("a=path,required,/../x", "contains `..`"),
    ],
)
def test_refuses_what_is_no_package(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_package_input(text)


@pytest.mark.parametrize(("text", "seconds"), [(None, None), ("", None), ("0", 0), ("1700000000", 1700000000)])
def test_reads_source_date_epoch(text: str | None, seconds: int | None) -> None:
    assert parse_source_date(text) == seconds


@pytest.mark.parametrize("text", ["yesterday", "-1", "1.5", "9" * 13, "9" * 5000])
def test_refuses_other_dates(text: str) -> None:
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        parse_source_date(text)


def test_makes_a_request() -> None:
    identity = Identity("xs:main", "Name", "XenServer", "4.0.1-1")
    request = make_request(identity, ["a=b", "c=d,optional"], "5")
    assert [package.name for package in request.packages] == ["a", "c"]
    assert request.newest_s == 5


def test_sums_of_the_longer_kind_are_stated_only_when_wished_for() -> None:
    assert not Form().sha256 and not BuildRequest(Identity("xs:main", "a", "b", "c"), ()).sha256


def test_the_latest_date_is_far_off() -> None:
    assert parse_source_date(str(2**40)) == 2**40
    with pytest.raises(UsageError):
        parse_source_date(str(2**40 + 1))


def test_of_two_wrong_fields_the_first_one_is_told() -> None:
    with pytest.raises(UsageError, match="name: `a/b`"):
        parse_package_input("a/b=d,required,usr")
