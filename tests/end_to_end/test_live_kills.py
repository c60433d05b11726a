"""A machine is killed while the host on it is installed over, and goes on from there when it is started again."""

from __future__ import annotations

import pytest

from tests.backend.small_repository import small_repository
from tests.end_to_end.disk_image import partitions
from tests.end_to_end.laboratory import INSTALL_S, Laboratory
from tests.end_to_end.over_host import part_sha256
from tests.end_to_end.power_cut import Before, Left, bring_to_its_end, old_host, what_is_left
from tests.end_to_end.test_reinstall import REINSTALL
from tests.end_to_end.virtual_machine import Bus

pytestmark = [pytest.mark.vm, pytest.mark.root, pytest.mark.rare]
# what the console says last before the machine is killed, and what is left then
DONE = r"  \(\d+\.\d s\)"
MOMENTS = {
    "backup": (r"backup  \d{2,} MB of", Left.KEPT),
    "unpacking": (r"install dom0fs \(\d+ B\)" + DONE, Left.UNFINISHED),
    "boot loader": (r"label sda:1 root-[a-z]{8}" + DONE, Left.UNFINISHED),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_machine_is_brought_to_its_end_by_the_same_answerfile(lab: Laboratory, moment: str) -> None:
    """QEMU is ended by a signal that it cannot answer; what it had written by then is what the next start finds."""
    last, left = MOMENTS[moment]
    disk = old_host(lab)
    root, _, storage = partitions(disk)
    known, guests = Before.of(disk, root), part_sha256(disk, storage)
    small_repository(lab.served / "repository")
    answers = lab.serve("over.xml", REINSTALL.format(base=lab.base))
    machine = lab.boot_image(lab.hardware(disk, bus=Bus.AHCI), f"answerfile={answers} install")
    machine.wait_for(last, INSTALL_S)
    machine.kill()
    assert what_is_left(disk, known) is left
    assert part_sha256(disk, storage) == guests
    bring_to_its_end(lab, disk, answers, known)
    assert part_sha256(disk, storage) == guests
