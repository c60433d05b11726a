"""What is made a second time from the same packages has the same bytes: our layer of the image, and the guest.

`make reproducible` makes all of it a second time.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import BUILD, ROOT
from tests.needs import built, needs

pytestmark = pytest.mark.root
DATE = "1767225600"  # initrd/payload/build


def state(root: Path) -> dict[str, tuple[object, ...]]:
    """Return kind, mode, owner and content of everything in a tree, by its path; packing sets the times."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else ""
        if path.is_file() and not path.is_symlink():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(root))] = (status.st_mode, status.st_uid, status.st_gid, content)
    return found


def _made_twice(directory: Path, *command: str) -> tuple[dict[str, tuple[object, ...]], ...]:
    """Run a program that makes a tree, whose path is its last argument, at two places and as two people would."""
    environments = ({"LC_ALL": "C", "TZ": "UTC"}, {"LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo", "HOME": str(directory)})
    for number, environment in enumerate(environments):
        common = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SOURCE_DATE_EPOCH": DATE}
        argv = [*command, str(directory / f"tree{number}")]
        subprocess.run(argv, env=common | environment, check=True, capture_output=True, umask=0o022)
    return tuple(state(directory / f"tree{number}") for number in range(len(environments)))


def test_layer_of_our_code_in_the_image(image: Path, tmp_path: Path) -> None:
    (base,) = (image.parent / "image").glob("base-*")
    first, second = _made_twice(tmp_path, str(ROOT / "initrd/image/make-layer"), str(base / "root"))
    assert "usr/lib/python3/dist-packages/installer/__pycache__/main.cpython-311.pyc" in first
    assert first == second


def test_guest_of_the_payload(tmp_path: Path) -> None:
    needs("cpio", "depmod", "zstd")
    base = built(BUILD / "payload" / "cache" / "kernel", "payload")
    first, second = _made_twice(tmp_path, str(ROOT / "initrd/payload/make-linux-guest"), str(base))
    assert "opt/xensource/guest/initrd.img" in first
    assert first == second
