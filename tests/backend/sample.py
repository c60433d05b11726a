"""A small installation to test with: answers, machine, repository and identities that never change."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path

from backend.identities import GptIdentities, Identities, kept_identities
from backend.plan_parts import ImageFile, Inputs, ScriptFile
from backend.steps.esp import ESP_TYPE
from installer.model.answers import (
    AdminInterface,
    Answers,
    Clock,
    DiskChoice,
    Kept,
    Naming,
    PasswordKind,
    RootPassword,
    StaticAddress,
)
from installer.model.existing import GuestRecord, InstalledHost, KeptSettings, LocalStorage, Power
from installer.model.host import Disk, Firmware, Host, Nic, SerialConsole, Virtualization
from installer.model.interface import V6, Bond, BondMode, ProtocolV6
from installer.model.journal import JournalStep
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind, Package, PackageType, Repository
from installer.model.storage import Holder, HolderKind, Part, Signature
from installer.model.units import GIB, MIB
from installer.model.wishes import Access, Existing, Mode, Stage, StorageType, TimeMethod

PASSWORD = "marked-secret-7f3a"
SOURCE = Location(LocationKind.URL, Secret("http://user:marked-secret-url@mirror/xs/packages.main"))

IDENTITIES = Identities(
    installation_uuid="11111111-1111-4111-8111-111111111111",
    control_domain_uuid="22222222-2222-4222-8222-222222222222",
    sr_uuid="33333333-3333-4333-8333-333333333333",
    root_uuid="44444444-4444-4444-8444-444444444444",
    swap_uuid="55555555-5555-4555-8555-555555555555",
    root_label="root-kqzjwmxa",
    disk_id="1a2b3c4d",
    gpt=GptIdentities(
        disk_uuid="66666666-6666-4666-8666-666666666666",
        partition_uuids=tuple(f"7777777{number}-7777-4777-8777-777777777777" for number in (1, 2, 3, 4)),
        esp_volume_id="5e6f7a8b",
    ),
    hostname="xenserver-abcdefgh",
    pv_uuids=("aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg", "hhhhhh-iiii-jjjj-kkkk-llll-mmmm-nnnnnn"),
    installed_at="2026-01-02 03:04:05 UTC",
    backup_uuid="88888888-8888-4888-8888-888888888888",
)
SDA = Disk("sda", "/dev/sda", 16 * GIB, model="QEMU HARDDISK", serial="QM00001", contents="blank")
SDB = Disk("sdb", "/dev/sdb", 20 * GIB, model="QEMU HARDDISK", serial="QM00002", by_id=("/dev/disk/by-id/ata-QM00002",))
HOST = Host(
    firmware=Firmware.BIOS,
    memory_bytes=1536 * MIB,
    virtualization=Virtualization.NONE,
    disks=(SDA, SDB),
    nics=(Nic("eth0", "52:54:00:12:34:56"), Nic("eth1", "52:54:00:12:34:57")),
    console=SerialConsole(0, 115200),
)
ANSWERS = Answers(
    keymap="us",
    disks=DiskChoice(("sda",)),
    root_password=RootPassword(PasswordKind.PLAINTEXT, Secret(PASSWORD)),
    sources=(SOURCE,),
    interface=AdminInterface("eth0"),
    clock=Clock("Europe/London"),
    naming=Naming(),
)
STATIC = replace(
    ANSWERS,
    interface=AdminInterface("eth1", StaticAddress(IPv4Interface("10.1.2.3/24"), IPv4Address("10.1.2.1"))),
    naming=Naming("xen07.example.org", (IPv4Address("10.1.2.53"), IPv4Address("10.1.2.54"))),
    clock=Clock("America/New_York", ("ntp1.example.org", "10.1.2.123")),
)
ON_TWO = Signature("LVM2_member", "", "p2", "data", "g2", 2)
IN_ARRAY = Signature("linux_raid_member", "rack7:0", "a1", "rack7:0", "a1", 1)
ROOT_VOLUME = Holder("dm-0", "vg0-root", HolderKind.LVM, ("sda",), "vg0")
STALE_SDA = replace(
    SDA,
    contents="GPT: 2 partitions (member of the array rack7:0, LVM: data also on sdb)",
    table="gpt",
    parts=(Part(1, MIB, GIB, "", (IN_ARRAY,)), Part(2, GIB + MIB, 14 * GIB, "", (ON_TWO,))),
    holders=(ROOT_VOLUME, Holder("md127", "md127", HolderKind.ARRAY, ("sda",))),
)
SHARING_SDB = replace(SDB, contents="LVM: data also on sda", parts=(Part(0, 0, 20 * GIB, "", (ON_TWO,)),))
DATA = b"not really a tarball"
PACKAGES = (
    Package("dom0fs", len(DATA), hashlib.md5(DATA).hexdigest(), PackageType.TBZ2, "dom0fs.tar.bz2", "/"),
    Package("docs", len(DATA), hashlib.md5(DATA).hexdigest(), PackageType.TBZ2, "docs.tar.bz2", "/", required=False),
)
REPOSITORY = Repository("xs:main", "Base Pack", "XenServer", "4.0.1-1", SOURCE, PACKAGES)
_NIC = "/lib/modules/${KERNEL_VERSION}/extra/nic.ko"
DRIVERS = Repository(
    "acme:nic", "NIC driver", "XenServer", "4.0.1-1", SOURCE,
    (
        Package("nic", len(DATA), hashlib.md5(DATA).hexdigest(), PackageType.DRIVER, "nic.ko", _NIC),
        Package("fw", len(DATA), hashlib.md5(DATA).hexdigest(), PackageType.FIRMWARE, "n.bin", "/lib/firmware/n.bin"),
        Package("nic-tools", len(DATA), hashlib.md5(DATA).hexdigest(), PackageType.TBZ2, "tools.tar.bz2", "/opt/nic"),
    ),
)  # fmt: skip
ZSTD_DATA = b"\x28\xb5\x2f\xfd is how it begins"
EXTENDED = Repository(
    "acme:tools", "Tools", "XenServer", "4.0.1-1", SOURCE,
    (
        Package(
            "tools", len(ZSTD_DATA), hashlib.md5(ZSTD_DATA).hexdigest(), PackageType.TZST, "tools.tar.zst", "/opt",
            sha256=hashlib.sha256(ZSTD_DATA).hexdigest(), unpacked_bytes=MIB,
        ),
    ),
)  # fmt: skip
INPUTS = Inputs(ANSWERS, HOST, (REPOSITORY,), IDENTITIES)
VARIANTS: dict[str, Inputs] = {
    "one-disk-dhcp": INPUTS,
    "two-disks-static": replace(INPUTS, answers=replace(STATIC, disks=DiskChoice(("sda",), ("sdb", "/dev/sda")))),
    "no-storage": replace(INPUTS, answers=replace(ANSWERS, disks=DiskChoice(("sda",), storage_on_primary=False))),
    "script-and-skipped-package": replace(
        INPUTS,
        answers=replace(ANSWERS, post_install_script=SOURCE, skipped_packages=("docs",)),
        scripts=(ScriptFile(SOURCE.shown(), b"#!/bin/sh\ntrue\n"),),
    ),
    "ext-vlan-access": replace(
        INPUTS,
        answers=replace(
            ANSWERS,
            storage_type=StorageType.EXT,
            interface=AdminInterface("eth1", vlan=7),
            clock=Clock("UTC", method=TimeMethod.MANUAL),
            access=Access(("ssh-ed25519 AAAA admin",), ssh=False),
        ),
        scripts=(ScriptFile("http://mirror/one", b"#!/bin/sh\n", abort=True),),
        answerfile=Secret(f"<installation>{PASSWORD}</installation>"),
    ),
    "scripts-of-all-stages": replace(
        INPUTS, scripts=tuple(ScriptFile(f"http://mirror/{stage}", b"#!/bin/sh\n", stage=stage) for stage in Stage)
    ),
    "bond-vlan-ipv6": replace(
        INPUTS,
        answers=replace(
            ANSWERS,
            bonds=(Bond("bond0", BondMode.LACP, ("eth0", "eth1")),),
            interface=AdminInterface("bond0", vlan=7, ipv6=V6(ProtocolV6.AUTOCONF)),
        ),
    ),
    "ipv6-only": replace(
        INPUTS,
        answers=replace(
            ANSWERS,
            interface=AdminInterface(
                "eth0",
                ipv6=V6(ProtocolV6.STATIC, IPv6Interface("2001:db8::10/64"), IPv6Address("fe80::1")),
                without_ipv4=True,
            ),
        ),
    ),
    "ssh-on": replace(INPUTS, answers=replace(ANSWERS, access=Access(("ssh-ed25519 AAAA admin",), ssh=True))),
    "stale-storage": replace(
        INPUTS,
        answers=replace(ANSWERS, disks=DiskChoice(("sda",), erase_shared=True)),
        host=replace(HOST, disks=(STALE_SDA, SHARING_SDB)),
    ),
    "drivers-and-firmware": replace(INPUTS, repositories=(REPOSITORY, DRIVERS)),
    "zstd-package": replace(INPUTS, repositories=(REPOSITORY, EXTENDED)),
    "image-file": replace(INPUTS, images=(ImageFile("sda", "/images/disk.img", 16 * GIB),)),
    "image-left-behind": replace(INPUTS, images=(ImageFile("sda", "/images/disk.img", left_on="/dev/loop7"),)),
    "vga": replace(INPUTS, host=replace(HOST, console=None)),
}
_NVME = Disk("nvme0n1", "/dev/nvme0n1", 20 * GIB, model="QEMU NVMe Ctrl", serial="QM00003", transport="nvme")
_4KN = replace(_NVME, sector_bytes=4096, by_id=("/dev/disk/by-id/lvm-pv-uuid-old", "/dev/disk/by-id/nvme-QM00003"))
_UEFI = replace(HOST, firmware=Firmware.UEFI)
_ON_NVME = replace(ANSWERS, disks=DiskChoice(("nvme0n1",)))
VARIANTS |= {
    "uefi": replace(INPUTS, host=_UEFI, own_firmware=True),
    "uefi-no-storage": replace(VARIANTS["no-storage"], host=_UEFI, own_firmware=True),
    "uefi-nvme": replace(INPUTS, answers=_ON_NVME, host=replace(_UEFI, disks=(SDA, _NVME)), own_firmware=True),
    "uefi-4kn-image": replace(
        INPUTS,
        answers=_ON_NVME,
        host=replace(_UEFI, disks=(replace(_4KN, path="/images/disk.img"),)),
        images=(ImageFile("nvme0n1", "/images/disk.img", create_bytes=20 * GIB, sector_bytes=4096),),
        own_firmware=True,
    ),
    "bios-gpt-3-tb": replace(INPUTS, host=replace(HOST, disks=(replace(SDA, size_bytes=3_000_592_982_016), SDB))),
}
_GUESTS = Signature("LVM2_member", "", "p3", "VG_XenStorage-99999999-9999-4999-8999-999999999999", "g3", 1)
_HOST_PARTS = (
    Part(1, MIB, 4096 * MIB, "0x83", (Signature("ext3", "root-oldhosta", "u1"),)),
    Part(2, 4097 * MIB, 4096 * MIB, "0x83"),
    Part(3, 8193 * MIB, 8190 * MIB, "0x8e", (_GUESTS,)),
)
OLD_HOST = InstalledHost(
    product="XenServer",
    version="4.0.1",
    build="1",
    installation_uuid="aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    control_domain_uuid="bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb",
    root_label="root-oldhosta",
    storage=LocalStorage("99999999-9999-4999-8999-999999999999", StorageType.LVM, ("/dev/sda3",)),
    settings=KeptSettings(keymap="de", timezone="Europe/Berlin", hostname="old", interface=AdminInterface("eth1")),
    guests=(
        GuestRecord("cccccccc-cccc-4ccc-8ccc-cccccccccccc", "mail", Power.RUNNING, ("LV-mail", "LV-spool")),
        GuestRecord("dddddddd-dddd-4ddd-8ddd-dddddddddddd", "web", Power.HALTED),
    ),
    iqn="iqn.2026-11.org.example:old",
)
OLD_SDA = replace(SDA, contents="XenServer 4.0.1-1 host", table="dos", parts=_HOST_PARTS, installed=OLD_HOST)
_OVER = replace(
    INPUTS,
    answers=replace(
        ANSWERS,
        mode=Mode.REINSTALL,
        existing=Existing("sda"),
        kept=tuple(Kept),
        keymap="de",
        interface=AdminInterface("eth1"),
        clock=Clock("Europe/Berlin"),
        naming=Naming("old"),
    ),
    host=replace(HOST, disks=(OLD_SDA, SDB)),
    identities=kept_identities(IDENTITIES, OLD_HOST),
    installed=OLD_HOST,
    answerfile=Secret(f"<installation>{PASSWORD}</installation>"),
)
_OLDER = replace(OLD_HOST, version="3.2.0", build="1960", mode=Mode.UPGRADE)
_BROKEN_OFF = replace(OLD_HOST, unfinished=True, step=JournalStep.REPLACING)
_ESP = Part(4, MIB, 512 * MIB, ESP_TYPE, (Signature("vfat", "ESP", "1234-5678"),))
_GPT_PARTS = (*(replace(part, start_bytes=part.start_bytes + 512 * MIB) for part in _HOST_PARTS), _ESP)
_UEFI_SDA = replace(OLD_SDA, table="gpt", parts=_GPT_PARTS)
VARIANTS |= {
    "over-host": _OVER,
    "over-host-without-backup": replace(
        _OVER,
        answers=replace(
            _OVER.answers,
            existing=Existing("sda", backup=False),
            root_password=ANSWERS.root_password,
            kept=tuple(kept for kept in Kept if kept is not Kept.PASSWORD),
        ),
    ),
    "over-older-host": replace(
        _OVER,
        answers=replace(_OVER.answers, mode=Mode.UPGRADE, access=Access(("ssh-ed25519 AAAA admin",))),
        installed=_OLDER,
        host=replace(HOST, disks=(replace(OLD_SDA, installed=_OLDER), SDB)),
    ),
    "over-host-broken-off": replace(
        _OVER, installed=_BROKEN_OFF, host=replace(HOST, disks=(replace(OLD_SDA, installed=_BROKEN_OFF), SDB))
    ),
    "over-host-uefi": replace(_OVER, host=replace(_UEFI, disks=(_UEFI_SDA, SDB)), own_firmware=True),
}
PLANS = Path(__file__).parent.parent / "plans"
