"""Which drivers of a disk fit, what they need, and what is no driver disk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.model.driver_disk import (
    check_room,
    fits,
    fitting_drivers,
    module_name,
    names_of,
    needed_modules,
    plain_name,
    with_drivers,
)
from installer.model.errors import SourceError
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Package, PackageType, Repository
from installer.model.units import MIB

PLACE = Location(LocationKind.URL, Secret("http://user:marked-secret@mirror/drivers"))
RELEASE = "6.1.0-56-amd64"
MAGIC = f"{RELEASE} SMP preempt mod_unload modversions "
SCSI = "kernel/drivers/scsi"
INDEX = f"""\
{SCSI}/scsi_mod.ko.zst:
{SCSI}/spi.ko.zst: {SCSI}/scsi_mod.ko.zst
extra/esp_scsi.ko: {SCSI}/spi.ko.zst {SCSI}/scsi_mod.ko.zst
{SCSI}/am53c974.ko.zst: extra/esp_scsi.ko {SCSI}/spi.ko.zst {SCSI}/scsi_mod.ko.zst
"""


def _package(name: str, kind: PackageType, destination: str, size_bytes: int = 1000) -> Package:
    return Package(name, size_bytes, "0" * 32, kind, f"{name}.file", destination)


def _driver(name: str, directory: str = "${KERNEL_VERSION}", file: str = "esp.ko") -> Package:
    return _package(name, PackageType.DRIVER, f"/lib/modules/{directory}/extra/{file}")


FIRMWARE = _package("fw", PackageType.FIRMWARE, "/lib/firmware/fw.bin")
TOOLS = _package("tools", PackageType.TBZ2, "/", 100 * MIB)


def _disk(*packages: Package) -> Repository:
    return Repository("acme:esp", "ESP drivers", "XenServer", "4.0.1-1", PLACE, packages)


def test_release_is_compared_as_a_whole() -> None:
    assert fits(MAGIC, RELEASE)
    assert not fits(MAGIC, "6.1.0-5") and not fits("6.1.0-5 SMP", RELEASE) and not fits("", RELEASE)


@pytest.mark.parametrize(
    ("file", "plain", "name"),
    [("a/esp-scsi.ko.zst", "a/esp-scsi.ko", "esp_scsi"), ("x.ko", "x.ko", "x"), ("x.zst", "x.zst", "x.zst")],
)
def test_names_of_modules(file: str, plain: str, name: str) -> None:
    assert plain_name(file) == plain
    assert module_name(file.rpartition("/")[2]) == name


def test_what_a_driver_needs_comes_before_it_and_once() -> None:
    """The index has the kernel's own module of that name; the added one has the same needs, also of each other."""
    found = needed_modules(INDEX, ("extra/am53c974.ko", "extra/esp_scsi.ko"))
    assert found == (
        "kernel/drivers/scsi/scsi_mod.ko.zst",
        "kernel/drivers/scsi/spi.ko.zst",
        "extra/esp_scsi.ko",
        "extra/am53c974.ko",
    )


def test_driver_that_the_index_does_not_know_stands_for_itself() -> None:
    assert needed_modules(INDEX, ("extra/nic.ko",)) == ("extra/nic.ko",)


def test_only_repositories_with_drivers_or_firmware_are_driver_disks() -> None:
    other = replace(_disk(TOOLS), id="acme:tools")
    assert with_drivers((other, _disk(FIRMWARE)), "here") == (_disk(FIRMWARE),)
    with pytest.raises(SourceError, match="no driver disk") as raised:
        with_drivers((other,), "here")
    assert raised.value.where == "here" and "acme:tools" in raised.value.what


def test_of_a_module_for_several_kernels_the_one_that_fits_is_taken() -> None:
    old, new = _driver("esp-old", "5.10.0"), _driver("esp-new", RELEASE)
    marks = {"esp-old": "5.10.0 SMP", "esp-new": MAGIC}
    assert fitting_drivers(_disk(old, FIRMWARE, new), marks, RELEASE) == (new,)


def test_module_for_another_kernel_is_refused_with_both_named() -> None:
    with pytest.raises(SourceError) as raised:
        fitting_drivers(_disk(_driver("esp")), {"esp": "5.10.0-xen SMP"}, RELEASE)
    text = str(raised.value)
    assert "esp is made for the kernel 5.10.0-xen" in text and f"this is {RELEASE}" in text
    assert "marked-secret" not in text and raised.value.hint


def test_firmware_alone_has_no_drivers() -> None:
    assert fitting_drivers(_disk(FIRMWARE), {}, RELEASE) == ()


def test_disk_too_big_for_memory_is_refused_and_packages_site_named() -> None:
    """Half of what is free may be taken; a driver is there twice."""
    check_room(_disk(FIRMWARE, TOOLS), 201 * MIB)
    with pytest.raises(SourceError, match="too big for memory") as raised:
        check_room(_disk(FIRMWARE, TOOLS), 200 * MIB)
    assert "packages.site" in raised.value.hint and "marked-secret" not in str(raised.value)
    driver = replace(_driver("esp"), size_bytes=10 * MIB)
    with pytest.raises(SourceError, match="too big"):
        check_room(_disk(driver), 39 * MIB)
    check_room(_disk(driver), 40 * MIB)


def test_people_read_names_and_ids() -> None:
    assert names_of((_disk(FIRMWARE),)) == "ESP drivers (acme:esp)"
