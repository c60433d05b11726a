"""Real ext file systems on files, made by mkfs, and changed by debugfs: no root, no mount."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from backend.probe.existing.ext import ExtFilesystem
from backend.probe.existing.tree import opened

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
SIZE = "32M"


def make_ext(image: Path, kind: str, *options: str, files: Mapping[str, bytes | Path] | None = None) -> None:
    """Make a file system with files, and links where a path is given instead of contents."""
    source = image.with_suffix(".d")
    source.mkdir()
    for name, content in (files or {}).items():
        place = source / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            place.symlink_to(content)
        else:
            place.write_bytes(content)
    run(f"mkfs.{kind}", "-q", "-F", *options, "-d", str(source), str(image), SIZE)


def run(*argv: str, text: str = "", ok: tuple[int, ...] = (0,)) -> str:
    """Run a program and return what it wrote."""
    result = subprocess.run(argv, input=text, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert result.returncode in ok, f"{argv}: {result.stdout}{result.stderr}"
    return result.stdout


def debugfs(image: Path, *commands: str) -> str:
    """Change a file system; debugfs tells what fails on standard error alone."""
    argv = ["debugfs", "-w", "-f", "-", str(image)]
    text = "\n".join(commands)
    result = subprocess.run(argv, input=text, capture_output=True, text=True, env=ENVIRONMENT, check=True)
    faults = [line for line in result.stderr.splitlines() if line and not line.startswith("debugfs 1.")]
    assert not faults, faults
    return result.stdout


@contextmanager
def filesystem(image: Path, start_bytes: int = 0) -> Iterator[ExtFilesystem]:
    """Give the file system on an image."""
    with opened(str(image), start_bytes, image.stat().st_size - start_bytes) as read:
        yield ExtFilesystem(read)
