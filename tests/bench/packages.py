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
from backend.steps.packages import InstallPackage
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from tests.bench.figures import LEAST_PAIRS, Figure, interleaved, ratio
from tests.bench.room import Room

PACKAGE = "dom0fs"
PLAIN = 'lbzip2 -dc "$1" | tar -x -C "$2"'
OLD = 'md5sum "$1" >"$2.md5" && tar -xjf "$1" -C "$2"'
SHELL = ("bash", "-euo", "pipefail", "-c")


def measure(room: Room) -> tuple[Figure, ...]:
    """Return wall and processor time against lbzip2 and tar, and wall time against md5sum, then tar -xjf."""
    package = room.repository / "packages.main" / f"{PACKAGE}.tar.bz2"
    package.read_bytes()  # from the cache, for all three
    runs = (_installer(room), _shell(PLAIN, package, room), _shell(OLD, package, room))
    ours, plain, old = interleaved(runs, LEAST_PAIRS)
    return (
        Figure("package-phase-wall", ratio(ours, plain, lambda cost: cost.wall_s), "ratio", 1.10),
        Figure("package-phase-cpu", ratio(ours, plain, lambda cost: cost.cpu_s), "ratio", 1.10),
        Figure("package-phase-wall-md5sum-tar", ratio(ours, old, lambda cost: cost.wall_s), "ratio", 0.75),
    )


def _installer(room: Room) -> Callable[[], None]:
    """The product's own step, from the repository's metadata to the last file."""
    location = Location(LocationKind.URL, Secret(str(room.repository / "packages.main")))
    (repository,) = find_repositories(location, None)
    (package,) = [package for package in repository.packages if package.name == PACKAGE]

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
            InstallPackage(repository.id, repository.location, package).run(session)

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
