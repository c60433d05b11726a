"""The answerfile that is kept makes the same plan again, on the machine it was written on."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from backend.planner import make_plan
from installer.answerfile import read_answerfile
from installer.model.answers import AdminInterface, Answers, DiskChoice, Draft, PasswordKind, RootPassword
from installer.model.check import check_answers
from installer.model.choice import choose_devices
from installer.model.disk_rule import DiskRule, Pick
from installer.model.interface import Bond, BondMode
from installer.model.password_hash import hashed
from installer.model.problem import errors
from installer.model.secret import Secret
from installer.model.wishes import NO_TRUST, Mode, StorageType
from installer.reproduce import reproducing_answerfile
from tests.backend.sample import HOST, INPUTS, PASSWORD, SDA, SDB, STATIC
from tests.installer.drafts import FRESH
from tests.needs import needs

SALT = "0123456789abcdef"
SDA_LINK = "/dev/disk/by-id/ata-QEMU_HARDDISK_QM00001"
SDB_LINK = "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"
# links come first that the rule of disk names does not take, and such as go when the disk is erased
MACHINE = replace(
    HOST,
    disks=(
        replace(SDA, by_id=("/dev/disk/by-id/odd name", SDA_LINK)),
        replace(SDB, by_id=("/dev/disk/by-id/lvm-pv-uuid-8mWBYg", "/dev/disk/by-id/md-uuid-1", SDB_LINK)),
    ),
)


def read_again(text: Secret) -> Answers:
    draft, problems = read_answerfile(text.reveal().encode(), "kept.xml")
    assert not errors(problems)
    return draft.complete()


def test_kept_answers_have_stable_names_and_no_password() -> None:
    answers = replace(STATIC, disks=DiskChoice(("sda",), ("sda", "/dev/sdb")))
    _, text = reproducing_answerfile(answers, MACHINE, SALT)
    kept = read_again(text)
    assert kept.disks == DiskChoice((SDA_LINK,), (SDA_LINK, SDB_LINK))
    assert (kept.interface.name, kept.interface.mac) == (None, "52:54:00:12:34:57")
    assert kept.root_password.kind is PasswordKind.HASH
    assert PASSWORD not in text.reveal() and "marked-secret-url" in text.reveal()


def test_names_stay_where_the_machine_knows_no_better() -> None:
    _, text = reproducing_answerfile(replace(STATIC, disks=DiskChoice(("sda",))), HOST, SALT)
    assert read_again(text).disks.primary == ("sda",)


CHOICES = st.sampled_from(
    [
        DiskChoice(("sda",), ("sdb",)),
        DiskChoice(("/dev/sdb",), ("sda", "sdb")),
        DiskChoice((SDA_LINK,), storage_on_primary=False),
        DiskChoice((), primary_rules=(DiskRule(serial="QM00001"),), guest_rules=(DiskRule(pick=Pick.LARGEST),)),
    ]
)
BOND = Bond("bond0", BondMode.LACP, ("eth1", "52:54:00:12:34:56"))
NICS = st.sampled_from([("eth0", None), (None, "52:54:00:12:34:57"), ("eth1", None), ("bond0", None)])


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], max_examples=30)
@given(draft=FRESH, disks=CHOICES, nic=NICS)
def test_the_kept_answerfile_makes_the_same_plan(
    draft: Draft, disks: DiskChoice, nic: tuple[str | None, str | None]
) -> None:
    """Over answers of every kind; what one machine alone decides is set to something it has."""
    answers = with_machine(draft, disks, nic)
    chosen, problems = choose_devices(answers, MACHINE)
    assume(not errors((*problems, *check_answers(chosen, MACHINE))))
    ran, text = reproducing_answerfile(chosen, MACHINE, SALT)
    again, unclear = choose_devices(read_again(text), MACHINE)
    assert not unclear and not errors(check_answers(again, MACHINE))
    first = make_plan(replace(INPUTS, host=MACHINE, answers=ran))
    assert make_plan(replace(INPUTS, host=MACHINE, answers=again)) == first
    assert reproducing_answerfile(again, MACHINE, "other")[1] == text


def with_machine(draft: Draft, disks: DiskChoice, nic: tuple[str | None, str | None]) -> Answers:
    """Return complete answers that the sample machine can carry out, apart from what hypothesis chose."""
    interface = draft.interface or AdminInterface()
    name, mac = nic
    several = disks.storage_on_primary and disks.guest + disks.guest_rules
    return replace(
        draft,
        mode=Mode.FRESH,
        existing=None,
        disks=disks,
        storage_type=StorageType.LVM if several else draft.storage_type,
        root_password=draft.root_password or RootPassword(PasswordKind.HASH, Secret("!!")),
        sources=draft.sources or STATIC.sources,
        timezone=draft.timezone or "UTC",
        interface=replace(interface, name=name, mac=mac),
        driver_sources=(),
        bonds=(BOND,) if name == BOND.name else (),
        other_interfaces=(),
        trust=NO_TRUST,
    ).complete()


@pytest.mark.parametrize("password", ["x", "mypassword", "pass word", "ü" * 70, "x" * 200])
def test_the_hash_is_that_of_openssl(password: str) -> None:
    needs("openssl")
    argv = ["openssl", "passwd", "-6", "-salt", SALT, "-stdin"]
    theirs = subprocess.run(argv, input=password.encode(), capture_output=True, check=True).stdout.decode().strip()
    ours = hashed(RootPassword(PasswordKind.PLAINTEXT, Secret(password)), SALT)
    assert ours == RootPassword(PasswordKind.HASH, Secret(theirs))


def test_a_hash_stays_as_it_is() -> None:
    locked = RootPassword(PasswordKind.HASH, Secret("!!"))
    assert hashed(locked, SALT) is locked
