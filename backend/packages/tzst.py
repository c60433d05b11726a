"""Packages of type tzst: zstd tarballs, an extension of ours that a 4.0.1 repository does not have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from backend.packages.tarball import PACKED_WRONGLY, Decompressor, install_tarball
from backend.sources.checked import checked
from backend.system import System
from installer.model.errors import PackageError
from installer.model.source import Package
from installer.model.units import MIB

# RFC 8878, 3.1: the magic numbers of a Zstandard frame and of a skippable one, little-endian
MAGIC = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
MAGIC_BYTES = 4
# The window of the highest level, 22, and what zstd takes by itself; a frame may ask for 2 GiB.
DECOMPRESS = ("zstd", "--decompress", "--stdout", "--quiet", "--memory=128MiB")
# Address space; zstd 1.5.4 does with 220 MiB for that window. zstd also reads xz, whose frames may ask for 4 GiB.
MEMORY_BYTES = 320 * MIB


def install_tzst(system: System, chunks: Iterable[bytes], package: Package, on_bytes: Callable[[int], None]) -> None:
    """Unpack a package at its destination on the target; `on_bytes` hears how many bytes of it have passed.

    Raises PackageError when size or a sum differ, when it cannot be unpacked and when the root partition is full.
    """
    stream = _zstd(checked(chunks, package, on_bytes), package)
    install_tarball(system, stream, package, Decompressor(DECOMPRESS, MEMORY_BYTES))


def _zstd(stream: Iterator[bytes], package: Package) -> Iterator[bytes]:
    """Pass on what begins as zstd does; raises PackageError for anything else, which zstd might read as well."""
    head = b""
    while len(head) < MAGIC_BYTES and (chunk := next(stream, b"")):
        head += chunk
    if not MAGIC.match(head):
        for _ in stream:  # a wrong MD5 explains more
            pass
        raise PackageError(
            f"package {package.name} ({package.filename}) cannot be unpacked: it does not begin as zstd does",
            hint=PACKED_WRONGLY,
        )
    yield head
    yield from stream
