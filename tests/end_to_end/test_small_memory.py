"""The least memory that is promised is enough, also for the image that is shipped, which is packed by other means."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.laboratory import SHELL_PROMPT, SHELL_S, Laboratory, in_shell
from tests.end_to_end.measure import SUCCESS, install

pytestmark = [pytest.mark.vm, pytest.mark.rare]
LEAST_MIB = 512  # initrd/init/init says so to whoever has less


def test_payload_is_installed(lab: Laboratory, repository: Path) -> None:
    lab.served.joinpath("repository").symlink_to(repository.resolve())
    said, _ = install(lab, LEAST_MIB, under_xen=False)
    assert SUCCESS in said, said[-2000:]


def test_shipped_image_starts(lab: Laboratory, small_image: Path) -> None:
    """The kernel unpacks its xz archives, and leaves nothing of the last one out for want of room."""
    lab.image = small_image
    machine = lab.boot_image(lab.hardware(lab.disk(), memory_mib=LEAST_MIB), "shell")
    machine.wait_for(r"A shell, as the word `shell` asks", SHELL_S)
    machine.wait_for(SHELL_PROMPT)
    said = in_shell(machine, "installer --record-machine -")
    assert '"path": "/dev/vda"' in said and "shell-result 0" in said
