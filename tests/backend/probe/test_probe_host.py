"""All facts of this machine at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.probe import probe_host
from backend.real_system import RealSystem
from installer.model.machine_file import dump_host, load_host


@pytest.mark.root
def test_this_machine_can_be_recorded_and_loaded(tmp_path: Path) -> None:
    host = probe_host(RealSystem(lambda _: None, tmp_path))
    assert load_host(dump_host(host), "this") == host


def test_the_facts_need_no_program() -> None:
    assert all(not disk.contents for disk in probe_host().disks)
