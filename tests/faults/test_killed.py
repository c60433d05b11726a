"""Killed between steps: the next run frees what is left of it and installs; `make faults` kills at every step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.killed import kill_and_start_again, prepare, titles
from tests.needs import needs

pytestmark = pytest.mark.root


@pytest.mark.parametrize("title", ["check that sda", "make an ext3", "install kernel", "install the boot loader"])
def test_next_run_after_a_kill_works(tmp_path: Path, title: str) -> None:
    needs("losetup", "mkfs.ext3", "vgcreate", "lbzip2", "grub-mkimage")
    prepare(tmp_path)
    (number,) = [number for number, text in enumerate(titles(tmp_path), 1) if text.startswith(title)]
    kill_and_start_again(tmp_path, number)
