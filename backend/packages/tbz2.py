"""Packages of type tbz2: bzip2 tarballs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from backend.packages.tarball import Decompressor, install_tarball
from backend.sources.checked import checked
from backend.system import System
from installer.model.source import Package


def install_tbz2(system: System, chunks: Iterable[bytes], package: Package, on_bytes: Callable[[int], None]) -> None:
    """Unpack a package at its destination on the target; `on_bytes` hears how many bytes of it have passed.

    Raises PackageError when size or a sum differ, when it cannot be unpacked and when the root partition is full.
    """
    program = "lbzip2" if system.has_tool("lbzip2") else "bzip2"
    stream = checked(chunks, package, on_bytes)
    install_tarball(system, stream, package, Decompressor((program, "--decompress", "--stdout")))
