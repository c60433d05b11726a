"""The virtual machines and storage repositories of xapi's database (/var/xapi/state.db). Pure.

The file holds secrets (sessions, passwords of storage, the pool's); only names, identities, states and volumes are
taken out of it. Its form, and what of it is assumed, stands in docs/decisions/0036.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat

from backend.probe.existing.assignments import plain
from installer.model.errors import DeviceError
from installer.model.existing import GuestRecord, Power

LARGEST_DATABASE = 16 * 2**20  # those of whole pools have some MB; it is read at once, in an image of little memory
PIECE_BYTES = 65536
MOST_ROWS = 20_000  # of all the tables that are kept while reading: some 10 MB
TRUE = "true"
TABLES = {
    "VM": ("uuid", "name__label", "power_state", "is_a_template", "is_control_domain", "is_a_snapshot"),
    "VBD": ("VM", "VDI", "type", "userdevice"),
    "VDI": ("uuid", "location", "SR"),
    "SR": ("uuid", "type"),
}
LOCAL_TYPES = ("lvm", "ext")
POWER = {"halted": Power.HALTED, "running": Power.RUNNING, "paused": Power.RUNNING, "suspended": Power.SUSPENDED}
PROTECTED = {".": " ", "_": " ", "t": "\t", "n": "\n", "r": "\r", "%": "%"}
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
Row = dict[str, str]


class UnreadableDatabase(DeviceError):
    """The database is damaged, cut off, or no database of xapi's."""


@dataclass(frozen=True)
class LocalRepository:
    """A storage repository on the host's own disks: `type` is lvm or ext."""

    uuid: str
    type: str


@dataclass(frozen=True)
class Database:
    """What is taken from it: virtual machines by name, and local storage repositories."""

    guests: tuple[GuestRecord, ...] = ()
    repositories: tuple[LocalRepository, ...] = ()


def parse_database(data: bytes) -> Database:
    """Return what a database says.

    Raises UnreadableDatabase for what is not well-formed, has a DTD, is no database or is too large.
    """
    if len(data) > LARGEST_DATABASE:
        raise UnreadableDatabase("it is larger than any such database")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_dtd
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    try:
        for at in range(0, len(data), PIECE_BYTES):
            parser.Parse(data[at : at + PIECE_BYTES], False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # the latter two for encodings
        raise UnreadableDatabase(f"it is no XML: {plain(str(error))}") from error
    return reader.database()


def _refuse_dtd(*_: object) -> None:
    raise UnreadableDatabase("it has a DTD, which no database of xapi's has")


class _Reader:
    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
        self._table = ""
        self._depth = 0
        self._left = MOST_ROWS

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and name != "database":
            raise UnreadableDatabase("it is no database of xapi's")
        if self._depth > 4:
            raise UnreadableDatabase("it is nested deeper than a database of xapi's")
        if name == "table":
            self._table = attributes.get("name", "")
        if name != "row" or self._table not in TABLES or not (ref := attributes.get("ref")):
            return
        if (left := self._left - 1) < 0:
            raise UnreadableDatabase("it has more rows than any such database")
        self._left = left
        wanted = TABLES[self._table]
        row = {key: unprotect(attributes[key][:1024]) for key in wanted if key in attributes}
        self._rows[self._table][ref[:128]] = row

    def end(self, name: str) -> None:
        self._depth -= 1
        if name == "table":
            self._table = ""

    def database(self) -> Database:
        """Put the tables together."""
        volumes: dict[str, list[str]] = {}
        for row in self._rows["VBD"].values():
            volume = self._rows["VDI"].get(row.get("VDI", ""))
            if volume and row.get("type", "").lower() != "cd":
                name = plain(volume.get("location") or volume.get("uuid", ""))
                volumes.setdefault(row.get("VM", ""), []).append(name)
        guests = []
        for ref, row in self._rows["VM"].items():
            ours = all(row.get(key, "") != TRUE for key in ("is_a_template", "is_control_domain", "is_a_snapshot"))
            if ours and UUID.fullmatch(row.get("uuid", "")):
                power = POWER.get(row.get("power_state", "").lower(), Power.UNKNOWN)
                disks = tuple(dict.fromkeys(name for name in volumes.get(ref, ()) if name))
                guests.append(GuestRecord(row["uuid"].lower(), plain(row.get("name__label", "")), power, disks))
        repositories = {
            LocalRepository(row["uuid"].lower(), row["type"])
            for row in self._rows["SR"].values()
            if row.get("type") in LOCAL_TYPES and UUID.fullmatch(row.get("uuid", ""))
        }
        return Database(
            tuple(sorted(guests, key=lambda guest: (guest.name, guest.uuid))),
            tuple(sorted(repositories, key=lambda one: one.uuid)),
        )


def unprotect(text: str) -> str:
    """Return a value as it was before xapi kept its blanks from XML's normalisation: `%.` is one, `%%` is `%`."""
    return re.sub(r"%([._tnr%])", lambda match: PROTECTED[match[1]], text)
