"""Driver disks in the booted installation image: copied into memory, their firmware put in place, their modules loaded.

The copies are repositories of their own in a directory of the image, from which they are installed on the target too;
they last as long as the image runs, whichever installer loaded them. Drivers of sources are loaded in the same way, but
not copied: the source is read again when its packages are installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from backend.probe.memory import read_free
from backend.repository import METADATA_LIMIT_BYTES, find_repositories
from backend.sources import open_location
from backend.sources.checked import checked
from backend.sources.medium import driver_medium
from backend.sources.relay import Relay
from backend.sources.transport import UnreachableError
from backend.system import System
from installer.model.driver_disk import RUN_TIME, check_room, fitting_drivers, module_file, module_name, with_drivers
from installer.model.errors import Cancelled, CommandFailed, DeviceError, SourceError
from installer.model.ports import Cancel
from installer.model.repository import PACKAGES_FILE, REPOSITORY_FILE, parse_packages
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Media, Package, PackageType, Repository, not_among

COPIES = "/run/driver-disks"
UNFINISHED = ".part"
PLACE = "updates"  # depmod.d(5): before the image's own modules of the same name
PROBE = ("/usr/lib/installer/drivers", "probe")  # initrd/init/drivers
PROBE_S = 180.0
NICS = "/sys/class/net"
NOT_LOADED = "none is loaded here, all are installed"
NO_NIC = "a driver disk over the network needs a network interface that works already; put it on a disc or stick"

OpenSystem = Callable[[], AbstractContextManager[System]]
Find = Callable[[Location, Media], tuple[Repository, ...]]


@dataclass(frozen=True)
class Surroundings:
    """What of the machine is looked at: where copies are kept, how much memory is free, and whether it has a NIC."""

    copies: str = COPIES
    free_bytes: Callable[[], int] = read_free
    has_nic: Callable[[], bool] = lambda: any(Path(NICS).glob("*/device"))
    medium: Callable[[], AbstractContextManager[Path]] = driver_medium


class DriverDisks:
    """Loads each driver disk once, and knows those that were loaded, also by another installer of this image."""

    def __init__(
        self,
        open_system: OpenSystem,
        media: Media,
        tell: Callable[[str], None],
        around: Surroundings = Surroundings(),
    ) -> None:
        self._open_system = open_system
        self._media = media
        self._tell = tell
        self._around = around
        self._done: set[Location] = set()
        self._offered: set[Repository] = set()

    def __call__(self, locations: Sequence[Location]) -> tuple[Repository, ...]:
        """Load those of the driver disks that were not yet; returns all that are loaded."""
        for location in locations:
            if location not in self._done:
                self.load(location, find_repositories, Cancel())
        return self.loaded()

    def loaded(self) -> tuple[Repository, ...]:
        """Return the copies in memory."""
        try:
            names = sorted(name for name in os.listdir(self._around.copies) if not name.endswith(UNFINISHED))
        except FileNotFoundError:
            return ()
        places = (Location(LocationKind.URL, Secret(f"{self._around.copies}/{name}")) for name in names)
        return tuple(found for place in places for found in find_repositories(place, None))

    def load(self, location: Location, find: Find, cancel: Cancel) -> tuple[Repository, ...]:
        """Load what lies at an address; `find` reads it. Returns the disks.

        Raises SourceError when it is no driver disk, is faulty or does not fit, DeviceError when a driver cannot be
        loaded, Cancelled.
        """
        local = location.kind is LocationKind.LOCAL and self._media is None
        try:
            with self._around.medium() if local else nullcontext() as medium:
                media = (medium,) if medium else self._media
                disks = with_drivers(find(location, media), location.shown())
                for disk in not_among(disks, self.loaded()):
                    self._take(disk, cancel)
        except UnreachableError as error:
            if not self._around.has_nic():
                error.hint = NO_NIC
            raise
        self._done.add(location)
        return disks

    def offer(self, repositories: Sequence[Repository]) -> None:
        """Load drivers and firmware of sources; those that do not fit or load are told, for the host may need neither.

        Raises PackageError when one is not what the source states, SourceError when it cannot be read.
        """
        for repository in repositories:
            packages = tuple(package for package in repository.packages if package.type in RUN_TIME)
            if packages and repository not in self._offered:
                told = self._offer(replace(repository, packages=packages))
                self._tell(f"drivers of {repository.id} ({repository.name}): {told}")
                self._offered.add(repository)

    def _offer(self, drivers: Repository) -> str:
        """Load these packages of a source by way of a directory that is removed; returns what became of them."""
        try:
            check_room(drivers, self._around.free_bytes())
        except SourceError as error:
            return f"{NOT_LOADED}: {error.what}"
        part = self._place(drivers) + UNFINISHED
        with self._open_system() as system:
            try:
                _copy_packages(system, drivers, part, Cancel(), self._tell)
                try:
                    return load_copy(system, drivers, part)
                except (SourceError, DeviceError) as error:
                    return f"{NOT_LOADED}: {error.what}"
            finally:
                system.run(("rm", "--recursive", "--force", part))

    def _place(self, disk: Repository) -> str:
        return f"{self._around.copies}/{disk.id.replace(':', '_')}"

    def _take(self, disk: Repository, cancel: Cancel) -> None:
        """Copy a disk and load it; what fails leaves no copy."""
        check_room(disk, self._around.free_bytes())
        place = self._place(disk)
        part = place + UNFINISHED
        with self._open_system() as system:
            system.run(("rm", "--recursive", "--force", part))
            try:
                _copy(system, disk, part, cancel, self._tell)
                loaded = load_copy(system, disk, part)
                system.run(("rm", "--recursive", "--force", place))
                system.run(("mv", "--no-target-directory", part, place))
            except BaseException:
                system.run(("rm", "--recursive", "--force", part))
                raise
        self._tell(f"driver disk {disk.id} ({disk.name}): {loaded}")


def _copy(system: System, disk: Repository, place: str, cancel: Cancel, tell: Callable[[str], None]) -> None:
    """Keep a copy of the disk, with what it says of itself."""
    source = open_location(disk.location, None)
    for name in (PACKAGES_FILE, REPOSITORY_FILE):
        data = source.read_file(name, METADATA_LIMIT_BYTES)
        if name == PACKAGES_FILE and parse_packages(data.decode("utf-8-sig", "replace"), name) != disk.packages:
            raise SourceError("it has changed while it was read", where=disk.location.shown(), hint="load it again")
        system.keep(f"{place}/{name}", [data])
    _copy_packages(system, disk, place, cancel, tell)


def _copy_packages(system: System, disk: Repository, place: str, cancel: Cancel, tell: Callable[[str], None]) -> None:
    """Copy packages, each checked while it passes."""
    source = open_location(disk.location, None)
    for package in disk.packages:
        relay = Relay(lambda location: open_location(location, None), (disk.location, *disk.fallbacks), package, tell)
        with closing(relay.chunks()) as chunks:
            where = source.shown_file(package.filename)
            passing = checked(_until(cancel, chunks), package, lambda done: None, where=where)
            system.keep(f"{place}/{package.filename}", passing)


def _until(cancel: Cancel, chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if cancel.is_set():
            raise Cancelled("broken off by the user")
        yield chunk


def load_copy(system: System, disk: Repository, place: str) -> str:
    """Load what a copied disk holds: firmware first, then the modules that fit. Returns what was done, for people.

    Raises SourceError when a module does not fit, DeviceError when one cannot be loaded.
    """
    release = "".join(system.run(("uname", "--kernel-release")))
    drivers = fitting_drivers(disk, _marks(system, disk, place), release)
    firmware = [package for package in disk.packages if package.type is PackageType.FIRMWARE]
    for package in firmware:
        _install(system, f"{place}/{package.filename}", package.destination)
    if drivers:
        _load_modules(system, disk, place, drivers, release)
    system.run(PROBE, timeout_s=PROBE_S)
    names = [module_name(module_file(package, release)) for package in drivers]
    said = [f"loaded {', '.join(names)}"] if names else []
    if firmware:
        said.append(f"firmware {', '.join(package.filename for package in firmware)} is in place")
    return "; ".join(said)


def _install(system: System, source: str, destination: str) -> None:
    system.run(("install", "-D", "--mode=644", source, destination))


def _marks(system: System, disk: Repository, place: str) -> Mapping[str, str]:
    """Return the vermagic of every driver by the name of its package."""
    marks: dict[str, str] = {}
    for package in disk.packages:
        if package.type is not PackageType.DRIVER:
            continue
        try:
            lines = system.run(("modinfo", "--field=vermagic", f"{place}/{package.filename}"))
        except CommandFailed as error:
            what = f"package {package.name} ({package.filename}) is no kernel module"
            raise SourceError(what, where=disk.location.shown(), hint=" ".join(error.output)) from error
        marks[package.name] = lines[0] if lines else ""
    return marks


def _load_modules(system: System, disk: Repository, place: str, drivers: Sequence[Package], release: str) -> None:
    """Put the modules in place and load them with what they need, of this disk and of the image."""
    directory = f"/lib/modules/{release}/{PLACE}"
    files = [f"{directory}/{module_file(package, release)}" for package in drivers]
    for package, file in zip(drivers, files, strict=True):
        _install(system, f"{place}/{package.filename}", file)
    try:
        system.run(("depmod", "--all", release))
        for file in files:
            _load(system, disk, module_name(os.path.basename(file)))
    except BaseException:
        system.run(("rm", "--force", *files))
        raise


def _load(system: System, disk: Repository, name: str) -> None:
    try:
        system.run(("modprobe", name))
    except CommandFailed as error:
        said = "; ".join(line.removeprefix("modprobe: ") for line in error.output)
        what = f"the driver {name} of {disk.id} cannot be loaded: {said or error.what}"
        raise DeviceError(what, hint="`dmesg` in the shell has the kernel's own words") from error
