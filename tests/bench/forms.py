"""The reference payload in another form: the same trees as zstd packages, in one repository."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from backend.real_system import RealSystem
from backend.repository import find_repositories
from backend.repository_build import build_repository
from installer.model.repository import Identity
from installer.model.repository_build import Form, make_request
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, PackageType
from tests.bench.room import Room

PLAIN = 'lbzip2 -dc "$1" | tar -x -C "$2"'
SHELL = ("bash", "-euo", "pipefail", "-c")
MAIN = Identity("xs:main", "The reference payload, once more", "XenServer", "4.0.1-1")


def as_zstd(room: Room, packages: Sequence[Path]) -> Path:
    """Make a base repository of bzip2 packages again with zstd packages; returns its directory, beside the trees."""
    trees = []
    for package in packages:
        tree = room.directory / "trees" / package.name.partition(".")[0]
        tree.mkdir(parents=True)
        subprocess.run([*SHELL, PLAIN, "bench", str(package), str(tree)], check=True)
        trees.append(f"{tree.name}={tree}")
    place = room.directory / "packages.zstd"
    request = make_request(MAIN, tuple(trees), None, Form(PackageType.TZST))
    build_repository(RealSystem(lambda line: None, room.directory / "scratch"), request, place)
    return place


def packages_of(directory: Path) -> tuple[str, ...]:
    """Return the file names of a repository's packages, in order."""
    (repository,) = find_repositories(Location(LocationKind.URL, Secret(str(directory))), None)
    return tuple(package.filename for package in repository.packages)
