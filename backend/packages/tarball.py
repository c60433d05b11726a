"""What is common to packaged tarballs: decompressed, unpacked, counted and summed in one pass, inside the target."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass

from backend.mounts import TOOLS
from backend.process import Argv
from backend.system import System
from installer.model.errors import CommandFailed, PackageError, tells_of_failing_disk
from installer.model.source import Package
from installer.model.units import MIB

PACKED_WRONGLY = "its size and MD5 are as XS-PACKAGES states: it was packed wrongly"
# what tar says beside what is wrong
REMARKS = (
    "Exiting with failure status due to previous errors",
    "Ignoring unknown extended header keyword",
    "Removing leading ",
    "A lone zero block",
)
LONGEST_COMPLAINT = 400  # a path may be ten times as long
FULL = ("No space left on device", "Wrote only ")  # tar says the latter of the file that filled the disk
# Processor time for each program: what is zeros within zeros decompresses to terabytes, which tar skips as padding.
# A processor of 1.5 GHz needs 0.4 s for a MiB, an emulated one 2 s.
LEAST_CPU_S = 60
CPU_S_PER_MIB = 20
TAR_MEMORY_BYTES = 320 * MIB  # of address space: tar takes headers as large as they say they are
# GNU tar 1.34, tar(1). Not used: --absolute-names, so that `/` and `..` in member names are refused; --acls, which
# replaces the lists that came as extended attributes, the way `repo build` packs them, by those of the mode.
OPTIONS = (
    "--extract",
    "--file=-",
    "--blocking-factor=256",  # of 512 bytes that are read and written at once; with 20, as is usual, a sixth is lost
    "--ignore-zeros",  # else tar stops at the end mark, and the decompressor dies of the padding that follows
    "--numeric-owner",
    "--same-owner",
    "--preserve-permissions",
    "--xattrs",
    "--xattrs-include=*",
    "--keep-directory-symlink",  # else a package with lib/firmware/ replaces /lib -> usr/lib by a directory
)


@dataclass(frozen=True)
class Decompressor:
    """The program that makes a tar archive of a package's bytes; it gets so much memory."""

    argv: Argv
    memory_bytes: int | None = None


def install_tarball(system: System, stream: Iterator[bytes], package: Package, decompressor: Decompressor) -> None:
    """Unpack a package at its destination on the target; `stream` is checked while it passes.

    Raises PackageError when size or a sum differ, when it cannot be unpacked and when the root partition is full,
    DeviceError when the disk fails.
    """
    if package.destination != "/":
        why = f"the destination {package.destination} of package {package.name} cannot be made"
        system.run(system.in_target("mkdir", "--parents", "--", package.destination), why=why)
    try:
        _unpack(system, stream, package, decompressor)
    except CommandFailed as error:
        if any(words in line for line in error.output for words in FULL):
            raise PackageError(
                f"the root partition is full: package {package.name} does not fit",
                hint="leave out optional packages (skip-package)",
            ) from error
        if tells_of_failing_disk(error):
            system.sync()  # raises for a disk that fails: then nothing is wrong with the package
        for _ in stream:  # a wrong MD5 explains more than what tar makes of it
            pass
        raise PackageError(
            f"package {package.name} ({package.filename}) cannot be unpacked: {_complaint(error)}",
            hint=PACKED_WRONGLY,
        ) from error


def _unpack(system: System, stream: Iterator[bytes], package: Package, decompressor: Decompressor) -> None:
    tar = system.in_target("tar", *OPTIONS, "--directory", package.destination)
    cpu_s = LEAST_CPU_S + CPU_S_PER_MIB * (package.size_bytes // MIB)
    with system.pipe(
        decompressor.argv, tar, cpu_s=cpu_s, memory_bytes=(decompressor.memory_bytes, TAR_MEMORY_BYTES)
    ) as sink:
        for chunk in stream:
            sink.write(chunk)


def _complaint(error: CommandFailed) -> str:
    """Return the program's first own words of what is wrong; those in the middle of a long path are left out."""
    lines = [line for line in error.output if not any(words in line for words in REMARKS)]
    if error.exit_status == -signal.SIGXCPU:
        return error.what
    text = lines[0].rpartition(f"{TOOLS}/bin/")[2] if lines else error.what
    if len(text) <= LONGEST_COMPLAINT:
        return text
    half = LONGEST_COMPLAINT // 2
    return f"{text[:half]} … {text[-half:]}"
