"""The image's base is made anew when anything that it is made from has changed, and only then."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.needs import needs

BASE = ("make-base", "packages", "kernel-packages", "python-packages", "python-build-packages", "modules", "left-out")
FIRMWARE = ("make-firmware", "firmware-packages", "firmware-left-out")
BOOTSTRAP = "initrd/payload/bootstrap"
# the slow programs: each notes that it was started, and makes what `build` expects of it
MAKE = """\
#!/bin/bash
echo "{name}" >>"$CALLS"
out=${{!#}}
mkdir -p "$out/root/etc"
touch "$out/vmlinuz" "$out/packages" "$out/root/etc/{name}"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source tree with the real `build` and stand-ins for the programs that it starts."""
    needs("cpio", "zstd", "flock")
    here = tmp_path / "source/initrd/image"
    (here / "files/etc").mkdir(parents=True)
    (here.parent / "payload").mkdir()
    for name in (*BASE, *FIRMWARE, "files/etc/hosts", "../payload/bootstrap"):
        (here / name).write_text("as it was\n", encoding="ascii")
    for name in ("make-base", "make-firmware", "make-layer", "contents"):
        (here / name).write_text("#!/bin/sh\n" if name == "contents" else MAKE.format(name=name), encoding="ascii")
        (here / name).chmod(0o755)
    shutil.copy(ROOT / "initrd/image/build", here)
    return tmp_path / "source"


def _made(source: Path) -> list[str]:
    """Build the image; returns which of its parts were made, the layer of our code aside."""
    calls = source / "calls"
    calls.write_text("", encoding="ascii")
    argv = [str(source / "initrd/image/build"), str(source / "build/install.img"), "zstd"]
    environment = {"PATH": os.environ["PATH"], "CALLS": str(calls)}
    subprocess.run(argv, env=environment, check=True, capture_output=True)
    return [name for name in calls.read_text(encoding="ascii").split() if name != "make-layer"]


def _change(path: Path) -> None:
    path.write_text(path.read_text(encoding="ascii") + "# as it is now\n", encoding="ascii")


def test_nothing_slow_is_made_twice(source: Path) -> None:
    assert _made(source) == ["make-base", "make-firmware"]
    assert _made(source) == []


@pytest.mark.parametrize("name", [BOOTSTRAP, *(f"initrd/image/{name}" for name in (*BASE, "files/etc/hosts"))])
def test_base_is_made_anew_when_an_input_changes(source: Path, name: str) -> None:
    _made(source)
    _change(source / name)
    assert _made(source) == ["make-base", "make-firmware"]


@pytest.mark.parametrize("name", FIRMWARE)
def test_firmware_is_made_anew_when_an_input_changes(source: Path, name: str) -> None:
    _made(source)
    _change(source / f"initrd/image/{name}")
    assert _made(source) == ["make-firmware"]
