"""Private directories: those of killed installers are removed, never those of living ones or of others."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from backend.scratch import PREFIX, kept, remove_left_behind


@pytest.fixture
def dead_pid() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def _left(base: Path, name: str) -> Path:
    directory = base / name
    (directory / "inside").mkdir(parents=True)
    (directory / "inside" / "script").write_text("x", encoding="ascii")
    return directory


def test_directory_of_a_dead_process_is_removed(tmp_path: Path, dead_pid: int) -> None:
    dead = _left(tmp_path, f"{PREFIX}{dead_pid}-abc")
    living = _left(tmp_path, f"{PREFIX}{os.getpid()}-abc")
    others = [_left(tmp_path, name) for name in (f"{PREFIX}x-abc", f"other-{dead_pid}-abc")]
    remove_left_behind(str(tmp_path))
    assert not dead.exists()
    assert all((directory / "inside" / "script").exists() for directory in (living, *others))


def test_directory_that_another_process_namespace_keeps_stays(tmp_path: Path, dead_pid: int) -> None:
    foreign = _left(tmp_path, f"{PREFIX}{dead_pid}-abc")
    with kept(str(foreign)):
        remove_left_behind(str(tmp_path))
        assert (foreign / "inside" / "script").exists()
    remove_left_behind(str(tmp_path))
    assert not foreign.exists()


def test_link_in_place_of_a_directory_is_not_followed(tmp_path: Path, dead_pid: int) -> None:
    outside = _left(tmp_path, "outside")
    (tmp_path / f"{PREFIX}{dead_pid}-abc").symlink_to(outside)
    remove_left_behind(str(tmp_path))
    assert (outside / "inside" / "script").exists()


@pytest.mark.root
def test_what_is_mounted_in_it_is_never_deleted(tmp_path: Path, dead_pid: int) -> None:
    precious = _left(tmp_path, "precious")
    directory = _left(tmp_path, f"{PREFIX}{dead_pid}-abc")
    subprocess.run(["mount", "--bind", str(precious), str(directory / "inside")], check=True)
    try:
        remove_left_behind(str(tmp_path))
        assert (precious / "inside" / "script").exists()
    finally:
        subprocess.run(["umount", str(directory / "inside")], check=True)
    remove_left_behind(str(tmp_path))
    assert not directory.exists()
