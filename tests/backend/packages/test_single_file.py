"""Drivers and firmware land on the target, for its kernel, and nowhere else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend.packages import HANDLERS
from backend.recording import RecordingSystem
from backend.session import Session
from backend.steps.modules import IndexModules
from backend.system import System
from installer.model.errors import DeviceError, PackageError
from installer.model.source import Package, PackageType
from installer.model.units import MIB
from tests.backend.run_plan import recording_session
from tests.backend.small_repository import compiled_driver
from tests.backend.target import Target, mounted_target
from tests.needs import needs

DATA = b"one file, as it is" * 1000
DRIVER_PATH = "/lib/modules/${KERNEL_VERSION}/extra/nic.ko"


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    with mounted_target(tmp_path) as mounted:
        for name in ("xen.gz", "vmlinuz-1.2.3", "initrd.img-1.2.3"):
            mounted.system.write_text(f"/boot/{name}", "")
        os.makedirs(mounted.root / "usr/lib/modules/1.2.3")
        os.symlink("usr/lib", mounted.root / "lib")
        yield mounted


def about(data: bytes, kind: PackageType, destination: str) -> Package:
    md5 = subprocess.run(["md5sum"], input=data, capture_output=True, check=True).stdout.decode().split()[0]
    return Package("nic", len(data), md5, kind, "nic.ko", destination)


def install(system: System, data: bytes, package: Package) -> list[int]:
    heard: list[int] = []
    HANDLERS[package.type](system, iter((data[:100], data[100:])), package, heard.append)
    return heard


def _session(system: System) -> Session:
    session = recording_session(RecordingSystem())
    session.system = system
    return session


@pytest.mark.root
def test_driver_goes_to_the_unpacked_kernel_and_modprobe_finds_it(target: Target, tmp_path: Path) -> None:
    needs("gcc", "depmod")
    data = compiled_driver(tmp_path)
    assert install(target.system, data, about(data, PackageType.DRIVER, DRIVER_PATH))[-1] == len(data)
    IndexModules().run(_session(target.system))
    modules = target.root / "usr/lib/modules/1.2.3"
    assert (modules / "extra/nic.ko").read_bytes() == data
    assert (modules / "extra/nic.ko").stat().st_mode & 0o7777 == 0o644
    assert "extra/nic.ko:" in (modules / "modules.dep").read_text(encoding="ascii")
    assert "alias pci:v00001AF4d00001000" in (modules / "modules.alias").read_text(encoding="ascii")
    assert os.readlink(target.root / "lib") == "usr/lib"


@pytest.mark.root
def test_file_that_is_no_driver_is_warned_of(target: Target) -> None:
    install(target.system, DATA, about(DATA, PackageType.DRIVER, DRIVER_PATH))
    warnings: list[str] = []
    session = _session(target.system)
    session.warn = warnings.append
    IndexModules().run(session)
    assert len(warnings) == 1 and "nic.ko" in warnings[0]


@pytest.mark.root
def test_firmware_never_follows_a_link_out_of_the_target(target: Target, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    inside = target.root / str(outside).lstrip("/")
    inside.mkdir(parents=True)
    os.symlink(outside, target.root / "usr/lib/firmware")
    install(target.system, DATA, about(DATA, PackageType.FIRMWARE, "/lib/firmware/nic.bin"))
    assert os.listdir(outside) == []
    assert (inside / "nic.bin").read_bytes() == DATA


@pytest.mark.root
@pytest.mark.parametrize(
    ("changed", "words"), [(b"x" + DATA[1:], "MD5"), (DATA[:-1], "cut short"), (DATA + b"x", "is longer than")]
)
def test_wrong_bytes_never_take_the_place_of_the_file(target: Target, changed: bytes, words: str) -> None:
    target.system.write_text("/lib/firmware/nic.bin", "old")
    with pytest.raises(PackageError, match=words):
        install(target.system, changed, about(DATA, PackageType.FIRMWARE, "/lib/firmware/nic.bin"))
    assert os.listdir(target.root / "usr/lib/firmware") == ["nic.bin"]
    assert target.system.read_text("/lib/firmware/nic.bin") == "old"


@pytest.mark.root
def test_full_root_partition_is_named(tmp_path: Path) -> None:
    data = bytes(16 * MIB)
    with mounted_target(tmp_path, size_bytes=8 * MIB) as small, pytest.raises(DeviceError) as caught:
        install(small.system, data, about(data, PackageType.FIRMWARE, "/lib/firmware/big.bin"))
    assert "the root partition is full" in caught.value.what and caught.value.where == "/lib/firmware/big.bin"
    assert "skip-package" in caught.value.hint


def test_driver_without_a_kernel_is_told() -> None:
    with pytest.raises(DeviceError, match="0 kernels"):
        install(RecordingSystem(files={}), DATA, about(DATA, PackageType.DRIVER, DRIVER_PATH))


def test_kernel_version_stands_only_for_drivers() -> None:
    system = RecordingSystem()
    install(system, DATA, about(DATA, PackageType.DRIVER, DRIVER_PATH))
    install(system, DATA, replace(about(DATA, PackageType.FIRMWARE, "/lib/firmware/n"), name="fw"))
    assert [action[:2] for action in system.actions] == [
        ("write", "/lib/modules/KERNEL/extra/nic.ko"),
        ("write", "/lib/firmware/n"),
    ]
