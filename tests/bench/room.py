"""Where benches work: a directory on tmpfs where there is one, and the reference payload."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BUILD = Path(__file__).parent.parent.parent / "build"
MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Room:
    """`directory` is empty and goes away afterwards; `repository` holds packages.main and packages.linux."""

    directory: Path
    repository: Path = BUILD / "repository"


@contextmanager
def room() -> Iterator[Room]:
    """Make a directory to work in."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=MEMORY if MEMORY.is_dir() else None) as directory:
        yield Room(Path(directory))
