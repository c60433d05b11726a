"""Which repositories an installer accepts."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

import pytest

from installer.model.brand import Brand, check_additional, check_repositories, parse_brand
from installer.model.errors import InstallerError
from installer.model.problem import Severity
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Package, PackageType, Repository

BRAND = Brand("XenServer", ("4.0.1-*",), "xs:main")
DOM0 = Package("dom0", 1, "0" * 32, PackageType.TBZ2, "dom0.tar.bz2", "/")
DOCS = replace(DOM0, name="docs", required=False)
MAIN = Repository(
    "xs:main", "Base", "XenServer", "4.0.1-1", Location(LocationKind.URL, Secret("http://u:marked@h/m")), (DOM0, DOCS)
)
LINUX = replace(MAIN, id="xs:linux", location=Location(LocationKind.URL, Secret("http://u:marked@h/l")), packages=())


def lines(*repositories: Repository, skip: tuple[str, ...] = (), accept_version: bool = False) -> list[str]:
    return [problem.line() for problem in check_repositories(repositories, skip, BRAND, accept_version=accept_version)]


def test_shipped_brand_accepts_4_0_1() -> None:
    brand = parse_brand(files("installer").joinpath("data/brand.ini").read_text(encoding="utf-8"))
    assert (brand.product, brand.versions, brand.main_repository) == ("XenServer", ("4.0.1-*",), "xs:main")
    assert brand.reinstalled and brand.upgraded and brand.first_upgrade in brand.upgraded


@pytest.mark.parametrize(
    "text", ["", "[brand]\nproduct = x\n", "no section", "[brand]\nproduct=\nversions=1\nmain-repository=a\n"]
)
def test_refuses_a_broken_brand_file(text: str) -> None:
    with pytest.raises(InstallerError):
        parse_brand(text)


@pytest.mark.parametrize(
    ("version", "accepted"),
    [("4.0.1-1", True), ("4.0.1-4249", True), ("4.0.1", False), ("4.0.10-1", False), ("3", False)],
)
def test_version_pattern(version: str, accepted: bool) -> None:
    assert BRAND.accepts(version) is accepted


def test_fitting_repositories_have_no_problem() -> None:
    assert lines(MAIN, LINUX, skip=("docs",)) == []


def test_other_product_is_an_error() -> None:
    (line,) = lines(replace(MAIN, product="Other"), accept_version=True)
    assert line.startswith("http://***@h/m: error: repository xs:main is made for Other, not for XenServer")


def test_other_version_is_an_error_that_names_the_option() -> None:
    (line,) = lines(replace(MAIN, version="3.2.0-1934"))
    assert "error: repository xs:main is of version 3.2.0-1934, not 4.0.1-*" in line
    assert "--accept-version" in line


def test_other_version_is_a_warning_when_accepted() -> None:
    (problem,) = check_repositories((replace(MAIN, version="3.2.0-1934"),), (), BRAND, accept_version=True)
    assert problem.severity is Severity.WARNING


def test_what_is_added_to_a_host_may_be_of_another_version_but_not_of_another_product() -> None:
    (problem,) = check_additional((replace(LINUX, version="3.2.0-1934"),), BRAND)
    assert problem.severity is Severity.WARNING and "is of version 3.2.0-1934" in problem.message
    (problem,) = check_additional((replace(LINUX, product="Other"),), BRAND)
    assert problem.severity is Severity.ERROR


def test_without_main_the_others_are_listed() -> None:
    (line,) = lines(LINUX)
    assert "there is no xs:main repository" in line
    assert "found: xs:linux (Base)" in line


def test_same_id_twice_names_both_places() -> None:
    (line,) = lines(MAIN, replace(LINUX, id="xs:main"))
    assert line.startswith("http://***@h/l: error: repository xs:main is also at http://***@h/m")


def test_required_package_cannot_be_skipped() -> None:
    (line,) = lines(MAIN, skip=("dom0",))
    assert "package dom0 is required" in line


def test_unknown_package_gets_a_guess_and_the_optional_ones() -> None:
    (line,) = lines(MAIN, skip=("dosc",))
    assert "there is no package dosc; did you mean docs?" in line
    assert "optional packages are: docs" in line


@pytest.mark.parametrize("kind", [PackageType.DRIVER, PackageType.FIRMWARE])
def test_drivers_and_firmware_are_accepted_and_cannot_be_skipped(kind: PackageType) -> None:
    nic = replace(DOM0, name="nic", type=kind)
    assert lines(replace(MAIN, packages=(DOM0, nic))) == []
    (line,) = lines(replace(MAIN, packages=(DOM0, nic)), skip=("nic",))
    assert "package nic is required" in line
