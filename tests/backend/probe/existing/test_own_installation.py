"""What this installer installs for real, onto an image file, is found again as it was answered."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from backend.installation import Circumstances
from backend.log import LogFile
from backend.machine import LiveMachine
from backend.parts import Parts
from backend.real_system import temporary_system
from backend.targets import TargetSpec
from installer import VERSION
from installer.model.answers import Clock, Naming
from installer.model.existing import KeptSettings
from installer.model.host import Firmware
from installer.model.interface import AdminInterface, StaticAddress
from installer.model.machine_file import shipped_host
from installer.model.ports import Cancel
from installer.model.source import Location, LocationKind
from installer.model.units import GIB
from installer.model.wishes import Access, Mode, StorageType
from tests.backend.sample import ANSWERS
from tests.backend.small_repository import small_repository
from tests.backend.test_additional import Listener
from tests.needs import needs
from tests.recorded_machine import BRAND

pytestmark = pytest.mark.root
STATIC = StaticAddress(IPv4Interface("10.1.2.3/24"), IPv4Address("10.1.2.1"))
SOURCE = Location(LocationKind.LOCAL)


@pytest.mark.parametrize(("machine", "storage"), [("qemu", StorageType.LVM), ("qemu-uefi", StorageType.EXT)])
def test_an_installation_is_found_as_it_was_answered(machine: str, storage: StorageType, tmp_path: Path) -> None:
    needs("losetup", "mkfs.ext3", "vgcreate", "lbzip2", "grub-mkimage", "mformat", "blkid", "partx")
    facts = shipped_host(machine)
    target = TargetSpec(str(tmp_path / "disk.img"))
    circumstances = Circumstances(
        lambda _: facts, BRAND, targets=(target,), size_bytes=16 * GIB, media=(small_repository(tmp_path / "drive"),)
    )
    log = LogFile(tmp_path / "log", lambda text: text)
    live = LiveMachine(Parts(circumstances, lambda: temporary_system(), log, lambda event: None, lambda draft: None))
    answers = replace(
        ANSWERS,
        keymap="de",
        sources=(SOURCE,),
        interface=AdminInterface(facts.nics[0].name, STATIC, vlan=7),
        clock=Clock("Asia/Tokyo", ("ntp1.example.org",)),
        naming=Naming("xen1.example.org", (IPv4Address("10.1.2.53"),)),
        access=Access(ssh=False),
        storage_type=storage,
    )
    live.install(live.preview(answers.draft(), Cancel()), Listener())
    (disk,) = live.probe().disks
    found = disk.installed
    assert found and found.title == "XenServer 4.0.1-1" and (found.mode, found.refused) == (Mode.REINSTALL, "")
    assert found.installer_version == VERSION and found.installation_uuid and found.control_domain_uuid
    assert found.root_label.startswith("root-") and disk.backup is None and not found.unfinished
    assert found.storage and found.storage.type is storage and len(found.storage.devices) == 1
    if storage is StorageType.LVM:
        groups = {one.group for part in disk.parts for one in part.signatures if one.group}
        assert groups == {f"VG_XenStorage-{found.storage.sr_uuid}"}
    assert found.settings == KeptSettings(
        keymap="de",
        timezone="Asia/Tokyo",
        ntp_servers=("ntp1.example.org",),
        hostname="xen1.example.org",
        nameservers=(IPv4Address("10.1.2.53"),),
        interface=AdminInterface(static=STATIC, mac=facts.nics[0].mac, vlan=7),
        ssh=False,
        nics=tuple(f"{nic.mac} {nic.name}" for nic in facts.nics),
    )
    other = Firmware.BIOS if facts.firmware is Firmware.UEFI else Firmware.UEFI
    facts = replace(facts, firmware=other)
    (disk,) = live.probe().disks
    assert disk.installed and disk.installed.refused.startswith("it is started by")
