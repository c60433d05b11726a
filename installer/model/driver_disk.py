"""What a driver disk holds and which of its drivers fit: rules on names and marks of kernel modules, pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from installer.model.errors import SourceError
from installer.model.repository import KERNEL_VERSION
from installer.model.source import Package, PackageType, Repository
from installer.model.units import human_size

COMPRESSIONS = (".gz", ".xz", ".zst")
RUN_TIME = (PackageType.DRIVER, PackageType.FIRMWARE)
SHARE_OF_MEMORY = 2  # one part in so many of what is free; the rest is for installing


def fits(vermagic: str, release: str) -> bool:
    """Say whether a module was built for a kernel: `vermagic` begins with the release (linux/vermagic.h)."""
    return vermagic.partition(" ")[0] == release


def plain_name(path: str) -> str:
    """Return the path of a module without the ending of its compression."""
    return next((path.removesuffix(end) for end in COMPRESSIONS if path.endswith(f".ko{end}")), path)


def module_file(package: Package, release: str) -> str:
    """Return the name of the file that a driver package becomes."""
    return posixpath.basename(package.destination.replace(KERNEL_VERSION, release))


def module_name(file: str) -> str:
    """Return the name by which modprobe(8) knows a module's file."""
    return plain_name(file).removesuffix(".ko").replace("-", "_")


def needed_modules(index: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return paths of modules with all that they need, what is needed first.

    `index` is the text of modules.dep (modules.dep(5)), which names after each module every other one needed, the
    nearest first; paths are relative to it. Of modules with one name it has one: what that needs, the other needs too.
    """
    lines = (line.partition(":") for line in index.splitlines())
    needs = {module_name(posixpath.basename(path)): rest.split() for path, _, rest in lines}
    own = {module_name(posixpath.basename(path)): path for path in wanted}
    found: list[str] = []
    for name, path in own.items():
        others = (own.get(module_name(posixpath.basename(other)), other) for other in needs.get(name, ()))
        found += reversed([path, *others])
    return tuple(dict.fromkeys(found))


def with_drivers(repositories: Sequence[Repository], where: str) -> tuple[Repository, ...]:
    """Return those of the repositories at an address that hold drivers or firmware: the others are no driver disks.

    Raises SourceError when none does.
    """
    found = tuple(each for each in repositories if any(package.type in RUN_TIME for package in each.packages))
    if not found:
        names = ", ".join(repository.id for repository in repositories)
        what = f"this is no driver disk: there is neither a driver nor firmware in {names}"
        raise SourceError(what, where=where, hint="give it as a source of packages instead")
    return found


def names_of(disks: Sequence[Repository]) -> str:
    """Return driver disks for people."""
    return ", ".join(f"{disk.name} ({disk.id})" for disk in disks)


def fitting_drivers(disk: Repository, marks: Mapping[str, str], release: str) -> tuple[Package, ...]:
    """Return the drivers of a disk that this kernel takes, one for each module; `marks` is their vermagic by name.

    A disk may have a module for several kernels, under one name for each of their directories. Raises SourceError for
    a module that it has only for others.
    """
    chosen: dict[str, Package] = {}
    unfit: dict[str, str] = {}
    for package in _drivers(disk):
        name = module_name(module_file(package, release))
        if fits(marks[package.name], release):
            chosen.setdefault(name, package)
        else:
            unfit.setdefault(name, marks[package.name].partition(" ")[0] or "none that it tells")
    wrong = [f"{name} is made for the kernel {kernel}" for name, kernel in unfit.items() if name not in chosen]
    if wrong:
        what = f"{disk.id}: {'; '.join(wrong)}; this is {release}"
        raise SourceError(what, where=disk.location.shown(), hint="get the driver disk for this kernel")
    return tuple(chosen.values())


def check_room(disk: Repository, free_bytes: int) -> None:
    """Raise SourceError for a disk that cannot be kept in memory: all of it, and what is loaded once more."""
    loaded = sum(package.size_bytes for package in disk.packages if package.type in RUN_TIME)
    needed, room = disk.size_bytes + loaded, free_bytes // SHARE_OF_MEMORY
    if needed > room:
        what = f"driver disk {disk.id} is too big for memory: it needs {human_size(needed)}, and {human_size(room)}"
        raise SourceError(
            f"{what} can be given to it",
            where=disk.location.shown(),
            hint="leave drivers and firmware on it, and put its other packages into packages.site of the source",
        )


def _drivers(disk: Repository) -> Iterator[Package]:
    return (package for package in disk.packages if package.type is PackageType.DRIVER)
