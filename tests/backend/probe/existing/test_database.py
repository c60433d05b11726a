"""xapi's database: guests, volumes and repositories out of it, no secret, and no harm by hostile ones."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest

from backend.probe.existing.database import (
    LARGEST_DATABASE,
    MOST_ROWS,
    Database,
    LocalRepository,
    UnreadableDatabase,
    parse_database,
    unprotect,
)
from installer.model.existing import GuestRecord, Power
from tests.end_to_end.old_hosts import DATABASE_SECRET, GUESTS, SR_UUID, XENSERVER_40, OldGuest, database_of

TEXT = database_of(XENSERVER_40)


def test_guests_come_with_their_state_and_volumes() -> None:
    found = parse_database(TEXT.encode())
    assert found.guests == tuple(
        GuestRecord(guest.uuid, guest.name, Power(guest.power.lower()), guest.disks)
        for guest in sorted(GUESTS, key=lambda guest: guest.name)
    )
    assert found.repositories == (LocalRepository(SR_UUID, "lvm"),)


def test_templates_the_control_domain_and_secrets_stay_out() -> None:
    assert DATABASE_SECRET in TEXT and "Debian%.Etch" in TEXT and "Control%.domain" in TEXT
    shown = repr(parse_database(TEXT.encode()))
    assert DATABASE_SECRET not in shown and "Debian" not in shown and "Control" not in shown


@pytest.mark.parametrize(
    ("state", "power"),
    [
        ("Running", Power.RUNNING),
        ("running", Power.RUNNING),
        ("Paused", Power.RUNNING),
        ("Suspended", Power.SUSPENDED),
        ("Halted", Power.HALTED),
        ("Shutting down", Power.UNKNOWN),
        ("", Power.UNKNOWN),
    ],
)
def test_every_state_is_known_or_unknown(state: str, power: Power) -> None:
    (found,) = parse_database(
        database_of(replace(XENSERVER_40, guests=(replace(GUESTS[0], power=state),))).encode()
    ).guests
    assert found.power is power


@pytest.mark.parametrize(
    "name", ["a b", "100% %t", "tab\tnew\nline", "<&>\"'", "\u00fcml\u00e4ut \u65e5\u672c", "%.", ""]
)
def test_a_name_is_read_as_it_was_given(name: str) -> None:
    guest = OldGuest(GUESTS[0].uuid, name, "Halted", ())
    (found,) = parse_database(database_of(replace(XENSERVER_40, guests=(guest,))).encode()).guests
    assert found.name == " ".join(name.split())


def test_blanks_are_put_back() -> None:
    assert unprotect("a%.b%tc%nd%re%%.f%_g%xh%") == "a b\tc\nd\re%.f g%xh%"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no XML"),
        (TEXT.encode()[:-40], "no XML"),
        (b"\x1f\x8b\x08garbage", "no XML"),
        (b"<html><database/></html>", "no database"),
        (b'<!DOCTYPE d [<!ENTITY a "aaaa">]><database>&a;</database>', "DTD"),
        (b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><database/>', "DTD"),
        (b"<database>" + b"<a>" * 2000, "nested"),
        (b'<?xml version="1.0" encoding="utf-99"?><database/>', "no XML"),
        (
            b"<database><table name='VM'>" + b"<row ref='%d'/>" * (MOST_ROWS + 1) % tuple(range(MOST_ROWS + 1)),
            "more rows",
        ),
    ],
    ids=["empty", "cut short", "packed", "other document", "entity", "external", "deep", "encoding", "endless"],
)
def test_what_is_no_database_is_an_error_of_ours(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableDatabase, match=why):
        parse_database(data)


def test_rows_without_what_they_need_are_left_out() -> None:
    rows = '<row ref="a" uuid="no"/><row uuid="x"/><row ref="b"/><other/>'
    tables = "".join(f'<table name="{name}">{rows}</table>' for name in ("VM", "VBD", "VDI", "SR", "VM"))
    assert parse_database(f"<database>{tables}<table/></database>".encode()) == Database()


def test_a_large_database_takes_little_memory() -> None:
    """A value of some MB, and many rows of tables that are not looked at."""
    other = '<row ref="x" value="' + "s" * 200 + '"/>'
    long = f'<table name="SR"><row ref="{"r" * 10**6}"/></table>'
    data = f'<database><table name="task">{other * 20_000}</table>{long}</database>'.encode()
    tracemalloc.start()
    try:
        assert parse_database(data) == Database()
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_file_of_no_database_s_size_is_not_read() -> None:
    with pytest.raises(UnreadableDatabase, match="larger"):
        parse_database(bytes(LARGEST_DATABASE + 1))
