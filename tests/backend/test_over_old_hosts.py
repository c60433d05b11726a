"""Reinstall and upgrade for real over disks that plain tools made as 4.0 and 3.2 had them: what must stay does."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from backend.installation import Circumstances
from backend.log import LogFile
from backend.machine import LiveMachine
from backend.parts import Parts
from backend.real_system import temporary_system
from backend.steps.kept_guests import KEPT_GUESTS
from backend.targets import TargetSpec
from installer.answerfile import read_answerfile
from installer.model.existing import BackupMaker, InstalledHost
from installer.model.host import Disk, Nic
from installer.model.machine_file import shipped_host
from installer.model.ports import Cancel
from tests.backend.small_repository import small_repository
from tests.backend.test_additional import Listener
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.old_hosts import (
    MACS,
    PASSWORD_HASH,
    ROOT_LABEL,
    TOOLS,
    XENSERVER_32,
    XENSERVER_40,
    OldHost,
    build_old_host,
    host_files,
)
from tests.end_to_end.volumes import check_volumes
from tests.needs import needs
from tests.recorded_machine import BRAND

pytestmark = pytest.mark.root
FACTS = replace(shipped_host("qemu"), nics=tuple(Nic(f"eth{number}", mac.lower()) for number, mac in enumerate(MACS)))
ANSWERS = """<installation mode="{mode}">
  <existing-installation>sda</existing-installation>
  <source type="local" />
</installation>
"""
KERNEL_SECTOR = 0x5C  # GRUB_BOOT_MACHINE_KERNEL_SECTOR (grub/i386/pc/boot.h)


@pytest.mark.parametrize(("old", "mode"), [(XENSERVER_40, "reinstall"), (XENSERVER_32, "upgrade")], ids=["4.0", "3.2"])
def test_identity_settings_and_every_volume_stay(old: OldHost, mode: str, tmp_path: Path) -> None:
    needs(*TOOLS, "lbzip2", "grub-mkimage", "debugfs")
    image = tmp_path / "disk.img"
    volumes = build_old_host(image, old)
    table = [(part.number, part.start_bytes, part.size_bytes) for part in partitions(image)]
    live = _machine(image, tmp_path)
    before = _host(live)
    draft, problems = read_answerfile(ANSWERS.format(mode=mode).encode(), "a.xml")
    assert not problems
    live.install(live.preview(draft, Cancel()), Listener())

    assert check_volumes(image, volumes) == []
    assert [(part.number, part.start_bytes, part.size_bytes) for part in partitions(image)] == table
    after, disk = _host(live), _disk(live)
    assert after.title == "XenServer 4.0.1-1" and after.iqn == before.iqn
    assert after.settings == replace(before.settings, fallback_hostname=None if old.static else old.hostname)
    assert (after.installation_uuid, after.control_domain_uuid) == (
        before.installation_uuid,
        before.control_domain_uuid,
    )
    assert after.storage and before.storage and after.storage.sr_uuid == before.storage.sr_uuid
    root = partitions(image)[0]
    assert f"root:{PASSWORD_HASH}:" in read_file(image, root, "/etc/shadow")
    for path in ("/var/xapi/state.db", "/etc/xensource/ptoken", "/etc/ssh/ssh_host_rsa_key"):
        assert read_file(image, root, path) == host_files(old).get(path, "")
    # a host that keeps its database knows its virtual machines by that
    listed = [line.rpartition("/")[2] for line in read_file(image, root, KEPT_GUESTS).splitlines() if line[:1] == " "]
    assert sorted(listed) == (sorted(volume.name for volume in volumes) if mode == "upgrade" else [])
    with image.open("rb") as stream:  # the core image lies in the gap of 62 sectors
        assert struct.unpack_from("<Q", stream.read(512), KERNEL_SECTOR) == (1,)
    backup = disk.backup
    assert backup and backup.maker is BackupMaker.INSTALLER and not backup.refused
    assert (backup.title, backup.hostname, backup.root_label) == (before.title, old.hostname, ROOT_LABEL)


def _machine(image: Path, directory: Path) -> LiveMachine:
    circumstances = Circumstances(
        lambda _: FACTS, BRAND, targets=(TargetSpec(str(image), "sda"),), media=(small_repository(directory / "drive"),)
    )
    log = LogFile(directory / "log", lambda text: text)
    return LiveMachine(Parts(circumstances, lambda: temporary_system(), log, lambda event: None, lambda draft: None))


def _disk(live: LiveMachine) -> Disk:
    return live.probe().disks[0]


def _host(live: LiveMachine) -> InstalledHost:
    """Return the host that must be there, whole and not refused."""
    found = _disk(live).installed
    assert found and not found.refused and not found.unfinished
    return found
