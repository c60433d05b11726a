"""What a test needs of the machine: at a desk it is skipped without it, in CI it fails."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def needs(*programs: str) -> None:
    """Skip the running test when a program is missing; fail it where CI is set, so that no test is lost silently."""
    missing = [program for program in programs if shutil.which(program, path=PATH) is None]
    if missing:
        _missing(f"not on this machine: {', '.join(missing)}")


def built(path: Path, target: str) -> Path:
    """Return a file that make has built; without it the running test is skipped, in CI it fails."""
    if not path.exists():
        _missing(f"there is no {path.name}; make {target} makes it")
    return path


def _missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
