"""The package phase from a local directory, beside what a shell would do with the same package, all on tmpfs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.real_system import RealSystem
from backend.repository import find_repositories
from backend.session import Session
from backend.sources import open_location
from backend.steps.packages import install_package
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from tests.bench.figures import LEAST_PAIRS, Figure, interleaved, ratio
from tests.bench.forms import PLAIN, SHELL, as_zstd
from tests.bench.room import Room

PACKAGE = "dom0fs"
OLD = 'md5sum "$1" >"$2.md5" && tar -xjf "$1" -C "$2"'
ZSTD = 'zstd -dc "$1" | tar -x -C "$2"'
COPY = 'cp -a "$1/." "$2"'


def measure(room: Room) -> tuple[Figure, ...]:
    """Return the figures of a package compressed by bzip2, and of the same one by zstd."""
    return (*_bzip2(room), *_zstd(room))


def _bzip2(room: Room) -> tuple[Figure, ...]:
    """Wall and processor time against lbzip2 and tar, and wall time against md5sum, then tar -xjf."""
    main = room.repository / "packages.main"
    package = main / f"{PACKAGE}.tar.bz2"
    package.read_bytes()  # from the cache, for all three
    runs = (package_phase(str(main), room, PACKAGE), _shell(PLAIN, package, room), _shell(OLD, package, room))
    ours, plain, old = interleaved(runs, LEAST_PAIRS)
    return (
        Figure("package-phase-wall", ratio(ours, plain, lambda cost: cost.wall_s), "ratio", 1.10),
        Figure("package-phase-cpu", ratio(ours, plain, lambda cost: cost.cpu_s), "ratio", 1.10),
        Figure("package-phase-wall-md5sum-tar", ratio(ours, old, lambda cost: cost.wall_s), "ratio", 0.75),
    )


def _zstd(room: Room) -> tuple[Figure, ...]:
    """Wall time against zstd and tar, against a copy of the tree, and against md5sum and tar -xjf of the bzip2 one."""
    old = room.repository / "packages.main" / f"{PACKAGE}.tar.bz2"
    main = as_zstd(room, (old,))
    tree = room.directory / "trees" / PACKAGE
    package = main / f"{PACKAGE}.tar.zst"
    runs = (
        package_phase(str(main), room, PACKAGE),
        _shell(ZSTD, package, room),
        _shell(COPY, tree, room),
        _shell(OLD, old, room),
    )
    ours, plain, copy, slow = interleaved(runs, LEAST_PAIRS)
    return (
        Figure("zstd-package-phase-wall", ratio(ours, plain, lambda cost: cost.wall_s), "ratio", 1.15),
        Figure("zstd-package-phase-wall-cp", ratio(ours, copy, lambda cost: cost.wall_s), "ratio", 1.3),
        Figure("zstd-package-phase-wall-md5sum-tar", ratio(ours, slow, lambda cost: cost.wall_s), "ratio", 0.30),
    )


def package_phase(address: str, room: Room, only: str = "") -> Callable[[], None]:
    """Return what installs the packages of a repository, or one of them, by the product's own steps onto a tmpfs."""
    (repository,) = find_repositories(Location(LocationKind.URL, Secret(address)), None)
    packages = [package for package in repository.packages if only in ("", package.name)]

    def run() -> None:
        system = RealSystem(lambda line: None, room.directory / "scratch")
        session = Session(
            system=system,
            devices={},
            fingerprints={},
            open_source=lambda place: open_location(place, None),
            log_lines=lambda: b"",
            warn=print,
        )
        with system.mounted("tmpfs", "tmpfs"):
            for package in packages:
                install_package(repository, package).run(session)

    return run


def _shell(script: str, package: Path, room: Room) -> Callable[[], None]:
    def run() -> None:
        with _tmpfs(room.directory / "unpacked") as directory:
            subprocess.run([*SHELL, script, "bench", str(package), str(directory)], check=True)

    return run


@contextmanager
def _tmpfs(directory: Path) -> Iterator[Path]:
    directory.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(directory)], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", str(directory)], check=True)
        os.rmdir(directory)
