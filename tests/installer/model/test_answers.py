"""What a Draft becomes when it is complete, what it still lacks, and the Draft that completes to the same Answers."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from installer.model.answers import (
    LOCKED,
    Answers,
    Clock,
    DiskChoice,
    Draft,
    Kept,
    Naming,
    PasswordKind,
    RootPassword,
)
from installer.model.errors import AnswersError
from installer.model.interface import AdminInterface, Bond, BondMode
from installer.model.origin import Origin
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.wishes import Access, Existing, Mode, StorageType, TimeMethod

SOURCES = (Location(LocationKind.LOCAL),)
PASSWORD = RootPassword(PasswordKind.HASH, Secret("$6$salt$hash"))
LEAST = Draft(disks=DiskChoice(("sda",)), root_password=PASSWORD, timezone="Europe/Berlin", sources=SOURCES)
OLD = Draft(mode=Mode.REINSTALL, existing=Existing("sda"), sources=SOURCES)
NAMING = Naming("host", (IPv4Address("10.0.0.1"),))
GIVEN = {
    "keymap": "de",
    "interface": AdminInterface("eth1"),
    "naming": NAMING,
    "time_method": TimeMethod.MANUAL,
    "bonds": (Bond("bond0", BondMode.LACP, ("eth0", "eth1")),),
    "access": Access(ssh=False),
}


def test_what_nobody_answered_has_a_default() -> None:
    assert LEAST.complete() == Answers(
        keymap="us",
        disks=DiskChoice(("sda",)),
        root_password=PASSWORD,
        sources=SOURCES,
        interface=AdminInterface(),
        clock=Clock("Europe/Berlin", (), TimeMethod.NTP),
        naming=Naming(),
        storage_type=StorageType.LVM,
    )


def test_what_was_answered_stays() -> None:
    answers = replace(LEAST, **GIVEN, storage_type=StorageType.EXT).complete()  # type: ignore[arg-type]  # one of each
    assert (answers.keymap, answers.interface, answers.naming) == ("de", AdminInterface("eth1"), NAMING)
    assert answers.clock == Clock("Europe/Berlin", (), TimeMethod.MANUAL)
    assert (answers.storage_type, answers.access.ssh, answers.kept) == (StorageType.EXT, False, ())


def test_a_host_that_is_kept_keeps_what_nobody_answered() -> None:
    answers = OLD.complete()
    assert answers.kept == tuple(Kept)
    assert (answers.keymap, answers.root_password, answers.clock) == ("us", LOCKED, Clock("Etc/UTC"))
    assert (answers.disks, answers.interface, answers.naming) == (DiskChoice(("sda",)), AdminInterface(), Naming())


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"keymap": "de"}, Kept.KEYMAP),
        ({"root_password": PASSWORD}, Kept.PASSWORD),
        ({"interface": AdminInterface("eth1")}, Kept.INTERFACE),
        ({"timezone": "Europe/Berlin"}, Kept.TIMEZONE),
        ({"time_method": TimeMethod.MANUAL}, Kept.TIME),
        ({"ntp_servers": ("ntp.example.org",)}, Kept.TIME),
        ({"naming": Naming("host")}, Kept.HOSTNAME),
        ({"naming": Naming(None, (IPv4Address("10.0.0.1"),))}, Kept.NAMESERVERS),
        ({"access": Access(ssh=True)}, Kept.SSH),
        ({"access": Access(ssh=False)}, Kept.SSH),
    ],
)
def test_one_answer_takes_the_place_of_what_the_host_has(change: dict[str, object], kept: Kept) -> None:
    draft = replace(OLD, **change)  # type: ignore[arg-type]  # one of each
    answers = draft.complete()
    assert answers.kept == tuple(each for each in Kept if each is not kept)
    repeated = answers.draft()
    assert repeated.complete() == answers
    assert all(getattr(repeated, name) == value for name, value in change.items())


@pytest.mark.parametrize("mode", [Mode.REINSTALL, Mode.UPGRADE])
def test_all_answers_of_a_host_that_is_kept_are_repeated(mode: Mode) -> None:
    given = replace(OLD, mode=mode, root_password=PASSWORD, timezone="Etc/UTC", **GIVEN)  # type: ignore[arg-type]
    answers = given.complete()
    assert answers.preserves and answers.kept == ()
    assert answers.draft() == given and answers.draft().complete() == answers


def test_answers_of_a_fresh_installation_are_repeated() -> None:
    answers = replace(LEAST, **GIVEN).complete()  # type: ignore[arg-type]  # one of each
    assert not answers.preserves and answers.draft().complete() == answers
    assert LEAST.complete().draft().complete() == LEAST.complete()


@pytest.mark.parametrize(
    ("draft", "missing"),
    [
        (Draft(), ("primary-disk", "root-password", "timezone", "source")),
        (replace(LEAST, disks=None), ("primary-disk",)),
        (replace(LEAST, root_password=None), ("root-password",)),
        (replace(LEAST, timezone=None), ("timezone",)),
        (replace(LEAST, sources=None), ("source",)),
        (Draft(mode=Mode.UPGRADE), ("existing-installation", "source")),
        (replace(OLD, sources=None), ("source",)),
    ],
)
def test_what_is_missing_is_named(draft: Draft, missing: tuple[str, ...]) -> None:
    assert draft.missing() == missing
    with pytest.raises(AnswersError) as caught:
        draft.complete()
    assert caught.value.what == "\n".join(f"<{name}> is missing" for name in missing)


def test_a_host_to_keep_needs_its_disk() -> None:
    with pytest.raises(AnswersError):
        replace(OLD, existing=Existing(None)).complete()


def test_a_restore_needs_nothing_and_completes_to_nothing() -> None:
    assert Draft(mode=Mode.RESTORE).missing() == ()
    with pytest.raises(AnswersError):
        Draft(mode=Mode.RESTORE).complete()


def test_where_values_came_from_is_no_part_of_them() -> None:
    origins = {"keymap": Origin("answerfile", "a.xml:1:1")}
    assert replace(LEAST, origins=origins) == LEAST and hash(replace(LEAST, origins=origins)) == hash(LEAST)
    answers = LEAST.complete()
    assert replace(answers, origins=origins) == answers and hash(replace(answers, origins=origins)) == hash(answers)
