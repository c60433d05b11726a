"""What the Makefile finds out about the machine: missing packages, and where temporary files have room."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.needs import needs

LISTS = ("debian-packages", "initrd/payload/debian-packages", "initrd/image/debian-packages")
GIB = 2**30
# one package is missing, one was removed; by its locale dpkg-query says so in another language
DPKG_QUERY = """\
shift 2
for name; do
    case $name in
    mdadm)
        if [ "$LC_ALL" = C ]; then echo "dpkg-query: no packages found matching $name" >&2
        else echo "dpkg-query: Kein Paket gefunden, das auf $name passt" >&2; fi ;;
    tar) echo "config-files $name" ;;
    *) echo "installed $name" ;;
    esac
done
"""


def _make(directory: Path, programs: dict[str, str], *arguments: str) -> str:
    """Run make with stand-ins for programs that tell of the machine or would change it; returns what it printed."""
    needs("make")
    (directory / "programs").mkdir()
    for name, text in programs.items():
        path = directory / "programs" / name
        path.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        path.chmod(0o755)
    environment = {"PATH": f"{directory}/programs:{os.environ['PATH']}", "LC_ALL": "de_DE.UTF-8"}
    result = subprocess.run(["make", *arguments], env=environment, capture_output=True, text=True, check=True)
    return result.stdout


def test_missing_packages_are_found_in_any_language(tmp_path: Path) -> None:
    for name in ("Makefile", *LISTS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    programs = {"dpkg-query": DPKG_QUERY, "apt-get": 'echo "apt-get $*"\n'}
    said = _make(tmp_path, programs, "-C", str(tmp_path), "deps")
    assert "installing: mdadm tar\n" in said
    assert "apt-get install -y -qq --no-install-recommends mdadm tar\n" in said


@pytest.mark.parametrize(("free_bytes", "place"), [(8 * GIB - 1, "/tmp"), (8 * GIB, "/dev/shm")])
def test_tests_write_into_memory_only_where_it_has_room(tmp_path: Path, free_bytes: int, place: str) -> None:
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("this machine has no /dev/shm that may be written")
    said = _make(tmp_path, {"df": f"echo Avail; echo {free_bytes}\n"}, "-C", str(ROOT), "--dry-run", "check")
    assert f"PYTEST_DEBUG_TEMPROOT={place} " in said


def test_help_has_every_target_and_fits_a_terminal(tmp_path: Path) -> None:
    said = _make(tmp_path, {}, "-C", str(ROOT), "help")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = makefile.partition(".PHONY: ")[2].partition("\n")[0].split()
    listed = [line.split()[1] for line in said.splitlines() if line.startswith("  make ")]
    assert sorted(listed) == sorted(targets)
    assert [line for line in said.splitlines() if len(line) > 100] == []
