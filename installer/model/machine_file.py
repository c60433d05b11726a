"""Machine files: the facts of one machine as JSON, to be recorded, sent along with a bug report and loaded again."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from importlib.resources import files

from installer.model.errors import UsageError
from installer.model.host import Disk, Firmware, Host, Nic, SerialConsole, Virtualization
from installer.model.json_object import JsonObject, shown
from installer.model.machine_existing import read_backup, read_installed
from installer.model.storage import Holder, HolderKind, Part, Signature

FORMAT = "installer-machine"
VERSION = 1
LARGEST = 2**63 - 1  # what the kernel's loff_t can count
SECTOR_BYTES = (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)  # logical block sizes of Linux block devices
SHIPPED = ("qemu", "qemu-uefi")
MAC = r"[0-9a-f]{2}(:[0-9a-f]{2}){5}"


def dump_host(host: Host) -> str:
    """Return the machine file of a host: JSON text with sorted fields that `load_host` reads back as the same Host.

    Disks that hold no host and no backup say nothing of them; addresses are written as text.
    """
    document = {"format": FORMAT, "version": VERSION, **asdict(host)}
    for disk in document["disks"]:
        for field in ("installed", "backup"):
            if disk[field] is None:
                del disk[field]
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"


def default_host() -> Host:
    """Return the machine that stands for one when only image files are there: QEMU with a BIOS."""
    return shipped_host(SHIPPED[0])


def shipped_host(name: str) -> Host:
    """Return one of the shipped machines: QEMU with one disk and one NIC."""
    return load_host(files("installer").joinpath(f"data/{name}.json").read_bytes(), f"{name}.json")


def load_host(text: str | bytes, name: str) -> Host:
    """Return the Host that a machine file describes; `name` is how messages call the file.

    Raises UsageError with file and position for what is not JSON, with file and field (`disks[0].size_bytes`) for a
    field that is wrong, missing, unknown or given twice.
    """
    reader = JsonObject(_parse(text, name), name, "")
    if reader.text("format") != FORMAT:
        raise reader.error("format", f"is not '{FORMAT}', so this is not a machine file")
    if (version := reader.number("version", 0, LARGEST)) != VERSION:
        raise reader.error("version", f"is {version}; this installer reads version {VERSION}")
    host = Host(
        firmware=reader.choice("firmware", Firmware),
        memory_bytes=reader.number("memory_bytes", 0, LARGEST),
        virtualization=reader.choice("virtualization", Virtualization),
        disks=reader.items("disks", _disk),
        nics=reader.items("nics", _nic),
        cpu_model=reader.text("cpu_model", default=""),
        cpu_mhz=reader.number("cpu_mhz", 0, LARGEST, default=0),
        virtualization_off=reader.flag("virtualization_off"),
        console=reader.item("console", _console),
        secure_boot=reader.flag("secure_boot"),
    )
    reader.finish()
    _refuse_twins("disks", tuple(disk.name for disk in host.disks), name)
    _refuse_twins("nics", tuple(nic.name for nic in host.nics), name)
    return host


def _disk(reader: JsonObject) -> Disk:
    return Disk(
        name=reader.filled("name"),
        path=reader.filled("path"),
        size_bytes=reader.number("size_bytes", 0, LARGEST),
        sector_bytes=reader.one_of("sector_bytes", SECTOR_BYTES, default=512),
        model=reader.text("model", default=""),
        serial=reader.text("serial", default=""),
        wwn=reader.text("wwn", default=""),
        by_id=reader.texts("by_id"),
        transport=reader.text("transport", default=""),
        removable=reader.flag("removable"),
        read_only=reader.flag("read_only"),
        contents=reader.text("contents", default=""),
        excluded=reader.text("excluded", default=""),
        physical_sector_bytes=reader.number("physical_sector_bytes", 0, LARGEST, default=0),
        rotational=reader.flag_or_none("rotational"),
        boot_medium=reader.flag("boot_medium"),
        table=reader.text("table", default=""),
        parts=reader.items("parts", _part, required=False),
        holders=reader.items("holders", _holder, required=False),
        installed=reader.item("installed", read_installed),
        backup=reader.item("backup", read_backup),
    )


def _part(reader: JsonObject) -> Part:
    return Part(
        number=reader.number("number", 0, LARGEST),
        start_bytes=reader.number("start_bytes", 0, LARGEST),
        size_bytes=reader.number("size_bytes", 0, LARGEST),
        type=reader.text("type", default=""),
        signatures=reader.items("signatures", _signature, required=False),
    )


def _signature(reader: JsonObject) -> Signature:
    return Signature(
        type=reader.filled("type"),
        label=reader.text("label", default=""),
        uuid=reader.text("uuid", default=""),
        group=reader.text("group", default=""),
        group_uuid=reader.text("group_uuid", default=""),
        members=reader.number("members", 0, LARGEST, default=0),
        member_uuids=reader.texts("member_uuids"),
    )


def _holder(reader: JsonObject) -> Holder:
    return Holder(
        device=reader.filled("device"),
        name=reader.filled("name"),
        kind=reader.choice("kind", HolderKind),
        disks=reader.texts("disks"),
        group=reader.text("group", default=""),
    )


def _nic(reader: JsonObject) -> Nic:
    mac = reader.text("mac")
    if not re.fullmatch(MAC, mac):
        raise reader.error("mac", "is not a MAC address in lower case with colons, such as 52:54:00:12:34:56")
    return Nic(
        name=reader.filled("name"),
        mac=mac,
        driver=reader.text("driver", default=""),
        carrier=reader.flag_or_none("carrier"),
        speed_mbit=reader.number_or_none("speed_mbit", 0, LARGEST),
    )


def _console(reader: JsonObject) -> SerialConsole:
    return SerialConsole(
        port=reader.number("port", 0, 255), speed=reader.number("speed", 10, 9_999_999, default=115200)
    )


def _refuse_twins(field: str, names: tuple[str, ...], where: str) -> None:
    for position, name in enumerate(names):
        if name in names[:position]:
            raise UsageError(f"{field}[{position}].name is {name!r} a second time", where=where)


def _parse(text: str | bytes, name: str) -> object:
    """Return the JSON document; json's own int and float limits and nesting depth are errors like any other."""
    try:
        document: object = json.loads(
            text.decode("utf-8-sig") if isinstance(text, bytes) else text, object_pairs_hook=_pairs
        )
    except UnicodeDecodeError as error:
        raise UsageError(f"byte {error.start} is not UTF-8", where=name, hint="a machine file is JSON text") from error
    except json.JSONDecodeError as error:
        where = f"{name}:{error.lineno}:{error.colno}"
        raise UsageError(f"not JSON: {error.msg}", where=where, hint="a machine file is JSON text") from error
    except RecursionError:
        raise UsageError("not a machine file: nested too deeply", where=name) from None
    except ValueError as error:
        raise UsageError(f"not a machine file: {error}", where=name) from error
    return document


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse what json would silently overwrite (RFC 8259 section 4: names should be unique)."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [field for field, _ in pairs]
        twice = next(field for position, field in enumerate(names) if field in names[:position])
        raise ValueError(f"the field {shown(twice)} is given twice in one object")
    return fields
