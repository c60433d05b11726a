"""What a step that was broken off left open is let go of, and its number closes nothing that was opened since."""

from __future__ import annotations

import os
from pathlib import Path

from backend.descriptors import let_go, open_in, open_on
from backend.scratch import mount_ids_below


def _open(path: Path) -> int:
    path.touch()
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def test_those_open_on_a_device_are_found(tmp_path: Path) -> None:
    kept, left = _open(tmp_path / "kept"), _open(tmp_path / "left")
    try:
        assert open_on(str(tmp_path / "left")) == {left}
        assert open_on(str(tmp_path / "gone")) == set()
    finally:
        os.close(kept)
        os.close(left)


def test_those_open_in_a_mount_are_found(tmp_path: Path) -> None:
    kept, left = _open(tmp_path / "kept"), os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = open_in(mount_ids_below("/proc"))
        assert left in found and kept not in found
    finally:
        os.close(kept)
        os.close(left)


def test_number_let_go_of_is_not_given_out_again_before_its_owner_closes_it(tmp_path: Path) -> None:
    left = _open(tmp_path / "left")
    let_go([left])
    later = _open(tmp_path / "later")
    try:
        assert later != left and not os.get_inheritable(left)
        assert os.path.samestat(os.fstat(left), os.stat(os.devnull))
        os.close(left)
        os.fstat(later)
    finally:
        os.close(later)
