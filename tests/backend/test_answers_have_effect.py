"""Nothing that can be answered is without effect: it changes the plan, or is an error before anything is written."""

from __future__ import annotations

from dataclasses import fields, replace
from ipaddress import IPv4Address, IPv6Interface
from pathlib import Path

import pytest

from backend.planner import make_plan
from backend.preparation import read_scripts
from installer.model.answers import (
    AdminInterface,
    Answers,
    Clock,
    DiskChoice,
    Naming,
    PasswordKind,
    RootPassword,
)
from installer.model.check import check_answers
from installer.model.choice import choose_devices
from installer.model.disk_rule import DiskRule
from installer.model.interface import V6, Bond, BondMode, ProtocolV6
from installer.model.keep_settings import keep_settings
from installer.model.problem import errors
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.wishes import Access, Existing, Mode, OnFailure, Script, Stage, StorageType, TimeMethod
from tests.backend.sample import ANSWERS, INPUTS, STATIC

LOCAL = Location(LocationKind.LOCAL)
# sources are read before it is made, where sample repositories stand for them (tests/backend/test_installation.py has
# both); certificates and keys count for that reading, and reports tell of the run: tests/end_to_end/test_trust.py,
# test_reports.py; what is kept is no wish of anybody's
NOT_IN_THE_PLAN = {"sources", "driver_sources", "trust", "kept"}
CHANGES: dict[str, tuple[object, ...]] = {
    "keymap": ("de",),
    "disks": (
        DiskChoice(("sdb",)),
        DiskChoice(("sda",), ("sdb",)),
        DiskChoice(("sda",), storage_on_primary=False),
        DiskChoice((), primary_rules=(DiskRule(serial="QM00002"),)),
        DiskChoice(("sda",), guest_rules=(DiskRule(serial="QM00002"),)),
    ),
    "mode": (Mode.REINSTALL, Mode.UPGRADE),
    "existing": (Existing("sda"),),
    "root_password": (RootPassword(PasswordKind.HASH, Secret("!!")),),
    "interface": (
        AdminInterface("eth1"),
        AdminInterface(mac="52:54:00:12:34:57"),
        AdminInterface("eth0", vlan=7),
        AdminInterface("eth0", STATIC.interface.static),
        AdminInterface("eth0", ipv6=V6(ProtocolV6.STATIC, IPv6Interface("2001:db8::7/64"))),
        AdminInterface("eth0", ipv6=V6(ProtocolV6.DHCP), without_ipv4=True),
    ),
    "clock": (
        Clock("UTC"),
        Clock("Europe/London", ("ntp.example.com",)),
        Clock("Europe/London", method=TimeMethod.MANUAL),
        Clock("Europe/London", ("ntp.example.com",), TimeMethod.MANUAL),
    ),
    "naming": (Naming("xen1"), Naming(None, (IPv4Address("10.0.0.1"),))),
    "skipped_packages": (("docs",),),
    "post_install_script": (LOCAL,),
    "storage_type": (StorageType.EXT,),
    "scripts": (
        (Script(Stage.FILESYSTEM_POPULATED, LOCAL),),
        (Script(Stage.FILESYSTEM_POPULATED, LOCAL, OnFailure.ABORT),),
        (Script(Stage.INSTALLATION_START, LOCAL),),
        (Script(Stage.INSTALLATION_COMPLETE, LOCAL),),
        (Script(Stage.INSTALL_FAILED, LOCAL),),
    ),
    "bonds": ((Bond("bond0", BondMode.LACP, ("eth0", "eth1")),),),
    "other_interfaces": ((AdminInterface("eth1"),),),
    "access": (Access(("ssh-ed25519 AAAA admin",)), Access(ssh=True), Access(ssh=False)),
}


def test_every_answer_is_tried() -> None:
    assert set(CHANGES) | NOT_IN_THE_PLAN | {"origins"} == {field.name for field in fields(Answers)}


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in CHANGES.items() for value in values],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_changes_the_plan_or_is_an_error(tmp_path: Path, field: str, value: object) -> None:
    for stage in Stage:
        tmp_path.joinpath(stage.file_name).write_text("#!/bin/sh\n")
    answers, problems = choose_devices(replace(ANSWERS, **{field: value}), INPUTS.host)  # type: ignore[arg-type]  # as said
    kept = keep_settings(answers, INPUTS.host)
    if errors((*problems, *kept.problems, *check_answers(answers, INPUTS.host))):
        return
    changed = make_plan(replace(INPUTS, answers=answers, scripts=read_scripts(answers, (tmp_path,))))
    assert changed != make_plan(INPUTS)
