"""The step that puts added drivers into the control domain's initrd, so that it boots from disks that need them.

Everything is done on the target, with this machine's tools: an archive may hold links that lead anywhere.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

from backend.grub import BootFiles
from backend.session import Session
from backend.steps.bootloader import read_boot_files
from backend.system import System
from installer.model.driver_disk import fits, needed_modules, plain_name
from installer.model.errors import CommandFailed, DeviceError
from installer.model.plan import Step
from installer.model.repository import FIRMWARE_DIRECTORY, KERNEL_VERSION
from installer.model.units import MIB

WORK = "/.installer-initrd"  # on the target, and removed
TREE = f"{WORK}/tree"
UNPACKED, PACKED, COMPRESSED = f"{WORK}/unpacked", f"{WORK}/packed", f"{WORK}/compressed"
ZSTD = ("28", "b5", "2f", "fd")  # RFC 8878, 3.1.1
CPIO = ("30", "37", "30", "37", "30", "31")  # newc, Documentation/driver-api/early-userspace/buffer-format.rst
LEVEL = "-9"


@dataclass(frozen=True)
class RebuildInitrd(Step[Session]):
    """Unpack the initrd, add the drivers with what they need, index them, and pack it again.

    `drivers` and `firmware` are the destinations of the packages. What is in the initrd already stays as it is, so the
    step can run again, and for further packages.
    """

    needs: ClassVar[tuple[str, ...]] = (
        "chroot", "cpio", "depmod", "install", "mkdir", "modinfo", "mv", "od", "rm", "zstd",
    )  # fmt: skip
    drivers: tuple[str, ...]
    firmware: tuple[str, ...] = ()

    @property
    def weight(self) -> int:
        return 500 * MIB  # as long as unpacking a package of 60 MB

    @property
    def title(self) -> str:
        return "put the drivers into the control domain's initrd"

    def run(self, session: Session) -> None:
        system = session.system
        files = read_boot_files(system)
        modules = f"/lib/modules/{files.kernel_version}"
        places = [destination.replace(KERNEL_VERSION, files.kernel_version) for destination in self.drivers]
        wanted = [path for path in places if _belongs(session, path, files.kernel_version)]
        if not wanted:
            return
        index = system.read_text(f"{modules}/modules.dep")
        _run(system, "rm", "--recursive", "--force", WORK)
        try:
            form, names = _unpack(system, files)
            prefix = _prefix(system, files)
            directory = f"{prefix}/modules/{files.kernel_version}"
            needed = needed_modules(index, [_relative(path) for path in wanted])
            added = _add_modules(system, needed, names, modules, directory)
            added += _add_firmware(system, self.firmware, prefix)
            _run(system, "depmod", "--basedir", TREE, files.kernel_version)
            added += [f"{directory}/{name}" for name in system.names(f"{TREE}/{directory}")]
            _pack(system, files, form, with_directories((*names, *added)))
        finally:
            _run(system, "rm", "--recursive", "--force", WORK)

    def describe(self) -> tuple[str, ...]:
        names = (posixpath.basename(path) for path in (*self.drivers, *self.firmware))
        return (f"{self.title}: {', '.join(names)}",)


def _run(system: System, *argv: str, stdin: str = "", why: str = "") -> tuple[str, ...]:
    return system.run(system.in_target(*argv), stdin=stdin, why=why)


def _relative(path: str) -> str:
    """Return a module's path below /lib/modules/VERSION, as modules.dep has it."""
    return path.removeprefix("/usr").split("/", 4)[4]


def _belongs(session: Session, path: str, version: str) -> bool:
    """Say whether a file is a driver that the control domain's kernel finds and takes; a warning says why it is not."""
    if not path.removeprefix("/usr").startswith(f"/lib/modules/{version}/"):
        session.warn(f"{path} is not below /lib/modules/{version}: it is left out of the initrd")
        return False
    try:
        marks = _run(session.system, "modinfo", "--field=vermagic", path)
    except CommandFailed as error:
        session.warn(f"{path} is no driver, and left out of the initrd: {' '.join(error.output)}")
        return False
    if not marks or not fits(marks[0], version):
        built_for = marks[0].split(" ")[0] if marks else "a kernel that it does not tell"
        session.warn(f"{path} is made for {built_for}, not for {version}, and left out of the initrd")
        return False
    return True


def _unpack(system: System, files: BootFiles) -> tuple[str, tuple[str, ...]]:
    """Unpack the initrd; returns the form it is to be packed in, and the names of all that was in it.

    The form is one that every kernel reads, unless it was zstd.
    """
    path = f"/boot/{files.initrd}"
    why = f"{path} cannot be unpacked"
    head = " ".join(_run(system, "od", "--address-radix=n", "--format=x1", "--read-bytes=6", path)).split()
    form = "zstd" if not head or tuple(head[:4]) == ZSTD else "gzip"
    archive = path
    _run(system, "mkdir", "--parents", TREE)
    if tuple(head) != CPIO:  # zstd reads gzip, xz and lz4 as well
        archive = UNPACKED
        _run(system, "zstd", "--decompress", "--quiet", "--force", "-o", archive, path, why=why)
    options = ("--extract", "--quiet", "--make-directories", "--no-absolute-filenames", "--preserve-modification-time")
    _run(system, "cpio", *options, f"--file={archive}", f"--directory={TREE}", why=why)
    names = (name.removeprefix("./") for name in _run(system, "cpio", "--list", "--quiet", f"--file={archive}"))
    return form, tuple(name for name in names if name != ".")


def _prefix(system: System, files: BootFiles) -> str:
    """Return where in the initrd the modules are. Raises DeviceError when there are none of this kernel."""
    for prefix in ("usr/lib", "lib"):
        if system.names(f"{TREE}/{prefix}/modules/{files.kernel_version}"):
            return prefix
    raise DeviceError(
        f"/boot/{files.initrd} holds no drivers of the kernel {files.kernel_version}: none can be added",
        hint="the control domain's initrd must be one archive with modules in it; this one, or its first, has none",
    )


def _add_modules(
    system: System, wanted: Sequence[str], names: Collection[str], modules: str, directory: str
) -> list[str]:
    """Put in what is not there; uncompressed, as the modules of an initrd mostly are and busybox reads them."""
    have = {plain_name(name) for name in names}
    added: list[str] = []
    for path in wanted:
        plain = f"{directory}/{plain_name(path)}"
        if plain in have:
            continue
        _install(system, f"{modules}/{path}", f"{TREE}/{directory}/{path}")
        if plain_name(path) != path:
            _run(system, "zstd", "--decompress", "--quiet", "--rm", f"{TREE}/{directory}/{path}")
        added.append(plain)
    return added


def _add_firmware(system: System, paths: Sequence[str], prefix: str) -> list[str]:
    added = [f"{prefix}/firmware{path.removeprefix(FIRMWARE_DIRECTORY)}" for path in paths]
    for path, name in zip(paths, added, strict=True):
        _install(system, path, f"{TREE}/{name}")
    return added


def _install(system: System, source: str, destination: str) -> None:
    _run(system, "install", "-D", "--mode=644", source, destination)


def with_directories(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of an archive once, each after the directories that it lies in."""
    above = (str(parent) for name in names for parent in PurePosixPath(name).parents if str(parent) != ".")
    return tuple(sorted({*names, *above}))


def _pack(system: System, files: BootFiles, form: str, names: Sequence[str]) -> None:
    """Put the new initrd in the place of the old one when it is whole."""
    options = ("--create", "--quiet", "--format=newc", "--reproducible")
    text, why = "".join(f"{name}\n" for name in names), f"/boot/{files.initrd} cannot be packed again"
    _run(system, "cpio", *options, f"--file={PACKED}", f"--directory={TREE}", stdin=text, why=why)
    _run(system, "zstd", "--quiet", LEVEL, f"--format={form}", "-o", COMPRESSED, PACKED, why=why)
    _run(system, "mv", "--force", COMPRESSED, f"/boot/{files.initrd}")
