"""The loader that a package brings for Secure Boot: planned instead of our own, copied as it is."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from backend.plan_parts import Inputs
from backend.planner import make_plan
from backend.recording import RecordingSystem
from backend.steps.esp import CopySignedLoader, MakeEsp
from installer.model.errors import DeviceError
from tests.backend.run_plan import recording_session
from tests.backend.sample import PACKAGES, REPOSITORY, VARIANTS
from tests.backend.target import mounted_target
from tests.needs import needs

STEP = CopySignedLoader("esp", "root-kqzjwmxa", "/boot/efi")


def _signed(name: str, variant: str) -> Inputs:
    packages = tuple(replace(package, signed_loader="/boot/efi" * (package.name == name)) for package in PACKAGES)
    return replace(VARIANTS[variant], repositories=(replace(REPOSITORY, packages=packages),))


def _titles(inputs: Inputs) -> list[str]:
    return [step.title for phase, step in make_plan(inputs).steps() if phase.title == "boot loader"]


def test_signed_loader_takes_the_place_of_our_own() -> None:
    assert _titles(_signed("dom0fs", "uefi"))[1:-1] == [  # the mark of an unfinished host goes around them
        "copy the signed boot loader of /boot/efi to sda:4",
        "make the firmware's boot entry XenServer for sda",
    ]


def test_boot_entry_leads_to_the_signed_loader() -> None:
    *_, entry, _ = (
        step for phase, step in make_plan(_signed("dom0fs", "uefi")).steps() if phase.title == "boot loader"
    )
    system = RecordingSystem()
    entry.run(recording_session(system))
    assert "\\EFI\\xenserver\\BOOTX64.EFI" in [word for action in system.actions for word in action]


@pytest.mark.parametrize("variant", ["script-and-skipped-package", "one-disk-dhcp"])
def test_a_package_left_out_and_a_bios_have_no_use_for_it(variant: str) -> None:
    assert not any("signed" in title for title in _titles(_signed("docs", variant)))


def test_directory_without_the_loader_is_an_error_that_names_it() -> None:
    session = replace(recording_session(RecordingSystem()), devices={"esp": "/dev/esp"})
    with pytest.raises(DeviceError, match=r"BOOTX64\.EFI into /boot/efi"):
        STEP.run(session)


@pytest.mark.root
def test_everything_beside_the_loader_is_copied_with_links_resolved_inside_the_target(tmp_path: Path) -> None:
    needs("mkfs.vfat", "mcopy", "mmd")
    esp = tmp_path / "esp.img"
    with esp.open("wb") as stream:
        stream.truncate(2**26)
    outside = tmp_path / "second"
    outside.write_text("of the machine", encoding="utf-8")
    with mounted_target(tmp_path) as target:
        session = recording_session(RecordingSystem())
        session = replace(session, system=target.system, devices={"esp": str(esp)})
        directory = target.root / "boot" / "efi"
        directory.mkdir(parents=True)
        directory.joinpath("BOOTX64.EFI").write_bytes(b"first")
        directory.joinpath("second.efi").symlink_to(outside)
        inside = Path(f"{target.root}{outside}")
        inside.parent.mkdir(parents=True)
        inside.write_text("of the package", encoding="utf-8")
        MakeEsp("esp", "5e6f7a8b").run(session)
        for _ in range(2):
            STEP.run(session)
    for place in ("BOOT", "xenserver"):
        assert _read(esp, f"::/EFI/{place}/BOOTX64.EFI") == "first"
        assert _read(esp, f"::/EFI/{place}/second.efi") == "of the package"
        assert "root-kqzjwmxa" in _read(esp, f"::/EFI/{place}/grub.cfg")


def _read(image: Path, place: str) -> str:
    return subprocess.run(["mtype", "-i", str(image), place], capture_output=True, text=True, check=True).stdout
