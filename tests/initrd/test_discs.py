"""The installation disc and the disc of the Linux pack: what lies where, and the same bytes for the same files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.boot_media import make_medium
from tests.needs import needs

INPUTS = ("install.img", "vmlinuz", "xen")


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Files in place of image, kernel and hypervisor, and two packages."""
    needs("xorriso", "grub-mkimage", "mformat")
    for name in INPUTS:
        tmp_path.joinpath(name).write_text(f"{name}\n", encoding="ascii")
    for pack in ("packages.main", "packages.linux"):
        tmp_path.joinpath(pack).mkdir()
        for name in ("XS-REPOSITORY", "XS-PACKAGES", "a-package-with-a-long-name_4.0.1.tar.bz2"):
            tmp_path.joinpath(pack, name).write_text(f"{pack} {name}\n", encoding="ascii")
    return tmp_path


def _make(directory: Path, name: str) -> Path:
    files = tuple(directory / name for name in INPUTS)
    make_medium("iso", directory / f"{name}.iso", *files, directory / "packages.main")
    return directory / f"{name}.iso"


def _read(disc: Path, path: str) -> str:
    """Return a text file of a disc, by its long name."""
    out = disc.with_suffix(".file")
    out.unlink(missing_ok=True)
    argv = ["xorriso", "-osirrox", "on", "-indev", f"stdio:{disc}", "-extract", path, str(out)]
    subprocess.run(argv, check=True, capture_output=True)
    return out.read_text(encoding="ascii")


def _report(disc: Path) -> str:
    argv = ["xorriso", "-indev", f"stdio:{disc}", "-report_el_torito", "plain", "-report_system_area", "plain"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_disc_has_image_kernel_hypervisor_and_packages_where_the_guide_has_them(inputs: Path) -> None:
    disc = _make(inputs, "disc")
    assert [_read(disc, path) for path in ("/install.img", "/boot/vmlinuz", "/boot/xen.gz")] == [
        "install.img\n",
        "vmlinuz\n",
        "xen\n",
    ]
    for name in ("XS-REPOSITORY", "a-package-with-a-long-name_4.0.1.tar.bz2"):
        assert _read(disc, f"/packages.main/{name}") == f"packages.main {name}\n"


def test_labels_load_files_of_the_disc(inputs: Path) -> None:
    disc = _make(inputs, "disc")
    isolinux = _read(disc, "/boot/isolinux/isolinux.cfg")
    assert "\n  kernel mboot.c32\n  append /boot/xen.gz " in isolinux
    assert " --- /boot/vmlinuz " in isolinux and " --- /install.img\n" in isolinux
    menu = _read(disc, "/boot/grub/grub.cfg")
    assert "multiboot2 /boot/xen.gz " in menu and "module2 /boot/vmlinuz " in menu and "module2 /install.img\n" in menu
    inputs.joinpath("grub.cfg").write_text(menu, encoding="ascii")
    subprocess.run(["grub-script-check", inputs / "grub.cfg"], check=True)


def test_disc_starts_with_bios_and_uefi_and_from_a_stick(inputs: Path) -> None:
    report = _report(_make(inputs, "disc"))
    assert "1  BIOS  y" in report and "2  UEFI  y" in report
    assert "MBR isohybrid" in report
    assert "0xef" in report and "MBR partition path :   2  /boot/efi.img" in report


def test_same_files_give_the_same_bytes(inputs: Path) -> None:
    """Also when they were made at another time."""
    first = _make(inputs, "first")
    for path in inputs.rglob("*"):
        if path != first:
            os.utime(path, (1_000_000_000, 1_000_000_000))
    assert _make(inputs, "second").read_bytes() == first.read_bytes()


def test_other_packages_give_another_mark_for_grub_to_find(inputs: Path) -> None:
    """With two discs in a machine GRUB must take the one that it was started from."""
    first = _make(inputs, "first")
    inputs.joinpath("packages.main", "XS-PACKAGES").write_text("more\n", encoding="ascii")
    second = _make(inputs, "second")
    assert _marks(first) and not _marks(first) & _marks(second)


def _marks(disc: Path) -> set[str]:
    argv = ["xorriso", "-indev", f"stdio:{disc}", "-find", "/boot", "-maxdepth", "1", "-type", "f"]
    listed = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    names = {line.strip("'").removeprefix("/boot/") for line in listed.splitlines()}
    return {name for name in names if len(name) == 16 and "." not in name}


def test_linux_disc_has_the_linux_pack_and_starts_nothing(inputs: Path) -> None:
    discs = []
    for name in ("first", "second"):
        make_medium("linux-iso", inputs / f"{name}.iso", inputs / "packages.linux")
        discs.append((inputs / f"{name}.iso").read_bytes())
    assert discs[0] == discs[1]
    assert _read(inputs / "first.iso", "/packages.linux/XS-PACKAGES") == "packages.linux XS-PACKAGES\n"
    assert "El Torito boot img" not in _report(inputs / "first.iso")
