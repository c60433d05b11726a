"""Packages of types driver and firmware: one file each, put in place as it is (G C.3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from backend.sources.checked import checked
from backend.steps.bootloader import read_boot_files
from backend.system import System
from installer.model.repository import KERNEL_VERSION
from installer.model.source import Package


def install_driver(system: System, chunks: Iterable[bytes], package: Package, on_bytes: Callable[[int], None]) -> None:
    """Put a kernel module in place; only the unpacked target tells the version of the kernel it is for.

    Raises PackageError when size or MD5 differ, DeviceError when the target has no kernel or is full.
    """
    version = read_boot_files(system).kernel_version
    destination = package.destination.replace(KERNEL_VERSION, version)
    system.write_stream(destination, checked(chunks, package, on_bytes))


def install_firmware(
    system: System, chunks: Iterable[bytes], package: Package, on_bytes: Callable[[int], None]
) -> None:
    """Put a firmware file below /lib/firmware.

    Raises PackageError when size or MD5 differ, DeviceError when the target is full.
    """
    system.write_stream(package.destination, checked(chunks, package, on_bytes))
