"""A real target for tests: an ext3 file system in an image file, on a loop device, mounted by RealSystem."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.real_system import RealSystem
from installer.model.units import MIB
from tests.needs import needs


@dataclass(frozen=True)
class Target:
    """`root` is where the file system is mounted."""

    system: RealSystem
    root: Path


@contextmanager
def mounted_target(directory: Path, *, size_bytes: int = 64 * MIB) -> Iterator[Target]:
    """Make and mount a target in `directory`; everything is released afterwards."""
    needs("blockdev", "losetup", "mkfs.ext3", "mount", "tar", "chroot", "bzip2", "lbzip2")
    image = directory / "target.img"
    image.touch()
    _run("truncate", f"--size={size_bytes}", str(image))
    _run("mkfs.ext3", "-q", str(image))
    loop = _run("losetup", "--find", "--show", str(image)).strip()
    try:
        _run("blockdev", "--setrw", loop)  # the kernel keeps `read-only` of whoever used this loop device before
        system = RealSystem(lambda _: None, directory / "scratch")
        with system.mounted(loop, "ext3") as root:
            yield Target(system, Path(root))
    finally:
        _run("losetup", "--detach", loop)


def _run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
