"""Installed hosts in machine files: wrong fields with their place (the round trip is in test_machine_file.py)."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from installer.model.errors import UsageError
from installer.model.existing import Backup, BackupMaker, GuestRecord, InstalledHost, KeptSettings, LocalStorage, Power
from installer.model.interface import AdminInterface, Bond, BondMode, StaticAddress
from installer.model.machine_file import default_host, dump_host, load_host

STATIC = StaticAddress(IPv4Interface("10.1.2.3/24"), IPv4Address("10.1.2.1"))
HOST = InstalledHost(
    "XenServer",
    "4.0.1",
    storage=LocalStorage("u"),
    settings=KeptSettings(
        nameservers=(IPv4Address("10.1.2.53"),),
        interface=AdminInterface(static=STATIC, mac="00:16:3e:4a:00:01", vlan=4094),
        bonds=(Bond("bond0", BondMode.LACP, ("eth0", "eth1")),),
    ),
    guests=(GuestRecord("g", "web", Power.RUNNING, ("LV-1",)),),
)
DISK = replace(default_host().disks[0], installed=HOST, backup=Backup(BackupMaker.HOST_RESTORE, "XenServer", "4.0.1"))
DOCUMENT = dump_host(replace(default_host(), disks=(DISK,)))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"10.1.2.3/24"', '"10.1.2.300/24"', "disks[0].installed.settings.interface.static.interface holds"),
        ('"10.1.2.1"', '"router"', "disks[0].installed.settings.interface.static.gateway holds 'router'"),
        ('"10.1.2.53"', '""', "disks[0].installed.settings.nameservers holds ''"),
        ('"vlan": 4094', '"vlan": 4095', "disks[0].installed.settings.interface.vlan is 4095, not between 1 and 4094"),
        ('"vlan": 4094', '"vlan": 0', "disks[0].installed.settings.interface.vlan is 0, not between 1 and 4094"),
        ('"running"', '"dancing"', "disks[0].installed.guests[0].power is 'dancing', not one of halted"),
        ('"lacp"', '"balance"', "disks[0].installed.settings.bonds[0].mode is 'balance'"),
        ('"sr_uuid": "u"', '"sr_uuid": " "', "disks[0].installed.storage.sr_uuid is empty"),
        ('"xe host-restore"', '"somebody"', "disks[0].backup.maker is 'somebody'"),
        ('"unfinished": false', '"unfinished": "no"', "disks[0].installed.unfinished is a string"),
        ('"iqn": ""', '"iqm": ""', "disks[0].installed.'iqm' is not a field"),
    ],
)
def test_a_wrong_field_is_told_with_its_place(old: str, new: str, told: str) -> None:
    assert DOCUMENT.count(old) >= 1
    with pytest.raises(UsageError) as caught:
        load_host(DOCUMENT.replace(old, new, 1), "m.json")
    assert caught.value.what.startswith(told)


def test_a_disk_without_a_host_says_nothing_of_it() -> None:
    """So that machine files of before read and write as they did."""
    (bare,) = json.loads(dump_host(default_host()))["disks"]
    assert not {"installed", "backup"} & set(bare)
    assert load_host(DOCUMENT, "m").disks == (DISK,)


def test_the_first_vlan_is_one() -> None:
    disk = load_host(DOCUMENT.replace('"vlan": 4094', '"vlan": 1'), "m").disks[0]
    assert disk.installed and disk.installed.settings.interface and disk.installed.settings.interface.vlan == 1


def test_a_host_without_guests_and_bonds_need_not_say_so() -> None:
    document = json.loads(DOCUMENT)
    installed = document["disks"][0]["installed"]
    del installed["guests"], installed["settings"]["bonds"]
    (disk,) = load_host(json.dumps(document), "m").disks
    assert disk.installed and (disk.installed.guests, disk.installed.settings.bonds) == ((), ())
