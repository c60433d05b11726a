"""Which hosts can be installed over: the shipped brand file against every kind of version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installer.model.acceptance import Acceptance, accept
from installer.model.brand import Brand, default_brand
from installer.model.wishes import Mode

BRAND = default_brand()


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ("4.0.1", Mode.REINSTALL),
        ("4.0.1-1", Mode.REINSTALL),
        ("4.0.0", Mode.REINSTALL),
        ("4.0.0b2", Mode.REINSTALL),
        ("4.0.0b3", Mode.REINSTALL),
        ("3.2", Mode.UPGRADE),
        ("3.2.0", Mode.UPGRADE),
    ],
)
def test_what_the_guide_names_is_accepted(version: str, mode: Mode) -> None:
    assert accept("XenServer", version, BRAND) == Acceptance(mode)


@pytest.mark.parametrize("version", ["3.1", "3.1.0", "3.0.3", "0.4.3-1", "3"])
def test_what_is_older_is_told_to_upgrade_to_3_2_first(version: str) -> None:
    found = accept("XenEnterprise", version, BRAND)
    assert "too old" in found.refused and found.hint.startswith("first upgrade to XenServer 3.2")


@pytest.mark.parametrize("version", ["4.0.2", "4.1.0", "5.0.0", "10.0", "4.0.1.1"])
def test_what_is_later_is_refused(version: str) -> None:
    assert "later than" in accept("XenServer", version, BRAND).refused


@pytest.mark.parametrize("version", ["4.0.0b1", "3.3", "4.0", "4.0.1b1", "3.2b1"])
def test_what_lies_between_is_refused(version: str) -> None:
    assert "not among" in accept("XenServer", version, BRAND).refused


def test_of_our_own_releases_all_but_later_versions_are_reinstalled() -> None:
    """Such as one that was made from repositories of another version (--accept-version)."""
    assert accept("XenServer", "4.0.0b1", BRAND, own=True) == Acceptance(Mode.REINSTALL)
    assert accept("XenServer", "4.0.0", BRAND, own=True) == Acceptance(Mode.REINSTALL)
    assert accept("XenServer", "4.0.1b1", BRAND, own=True) == Acceptance(Mode.REINSTALL)
    assert "later than" in accept("XenServer", "4.1.0", BRAND, own=True).refused
    assert "another product" in accept("XCP-ng", "4.0.1", BRAND, own=True).refused


def test_another_product_is_refused() -> None:
    assert accept("XCP-ng", "4.0.1", BRAND).refused == "XCP-ng 4.0.1 is another product than XenServer"


@given(st.text(), st.text())
def test_any_text_is_accepted_or_refused_with_a_hint(product: str, version: str) -> None:
    found = accept(product, version, BRAND)
    assert bool(found.refused) is bool(found.hint)


def test_a_brand_that_names_no_hosts_refuses_them_all() -> None:
    assert accept("XenServer", "4.0.1", Brand("XenServer", ("4.0.1-*",), "xs:main")).refused
