"""Boot code on a disk that fdisk of 2007 divided: no room before partition 1 for GRUB's core image."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from backend.execute import InstallPlan, execute
from backend.probe.existing.tree import ExtTree
from backend.real_system import temporary_system
from backend.recording import RecordingSystem
from backend.steps.bootloader import GRUB_MODULES, GRUB_SETUP, InstallBootCode
from backend.steps.filesystem import MountRoot
from backend.steps.installed import ShowPartitions
from backend.steps.partition import AttachImage
from installer.model.errors import CommandFailed
from installer.model.events import Event, StepFailed
from installer.model.plan import Phase
from tests.backend.probe.existing.ext_image import filesystem
from tests.backend.run_plan import recording_session
from tests.end_to_end.disk_image import partitions
from tests.end_to_end.old_hosts import ROOT_LABEL, TOOLS, XENSERVER_40, build_old_host
from tests.end_to_end.volumes import check_volumes
from tests.needs import needs

GAP = 62 * 512
KERNEL_SECTOR = 0x5C  # GRUB_BOOT_MACHINE_KERNEL_SECTOR (grub/i386/pc/boot.h): where the boot sector goes on
LIST_END = 500  # of the first sector behind it, where the place of the rest stands
TABLE = slice(446, 512)  # of the first sector


@pytest.mark.root
def test_a_small_core_image_lies_in_the_gap_before_partition_1(tmp_path: Path) -> None:
    needs(*TOOLS, "grub-mkimage", "partx")
    image = tmp_path / "old.img"
    volumes = build_old_host(image, XENSERVER_40)
    root = partitions(image)[0]
    assert root.start_bytes == 63 * 512
    with image.open("rb") as stream:
        table = stream.read(512)[TABLE]
    steps = (
        AttachImage("sda", str(image), 0, 512),
        ShowPartitions("sda"),
        MountRoot("sda:1"),
        InstallBootCode("sda", ROOT_LABEL),
    )
    events: list[Event] = []
    with temporary_system() as system:
        session = recording_session(RecordingSystem())
        session.system, session.devices = system, {}
        execute(InstallPlan((Phase("boot loader", steps),), (), ()), session, events.append)
    assert not [event for event in events if isinstance(event, StepFailed)]
    with image.open("rb") as stream:
        sector, gap = stream.read(512), stream.read(GAP)
    with filesystem(image, root.start_bytes) as found:
        core = ExtTree(found).read(f"{GRUB_MODULES}/core.img", 2**20)
    assert struct.unpack_from("<Q", sector, KERNEL_SECTOR) == (1,) and sector[TABLE] == table
    assert core and len(core) < GAP and gap[:LIST_END] == core[:LIST_END] and core[4096:8192] in gap
    assert check_volumes(image, volumes) == []


def test_after_any_other_failure_no_small_one_is_tried() -> None:
    whole = RecordingSystem()
    InstallBootCode("sda", ROOT_LABEL).run(recording_session(whole))
    number = next(number for number, action in enumerate(whole.actions, 1) if GRUB_SETUP in action)
    failing = RecordingSystem(fail_at=number)
    with pytest.raises(CommandFailed):
        InstallBootCode("sda", ROOT_LABEL).run(recording_session(failing))
    assert sum("grub-mkimage" in action for action in failing.actions) == 1
    assert not any("--force" in action for action in (*whole.actions, *failing.actions))
