"""What is on a disk or image file: its table, its partitions and every signature; all of it is only read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backend.partitioner import partition_node
from backend.probe.existing.host import NOTHING, Found, read_existing
from backend.probe.existing.tree import size_of
from backend.probe.in_use import is_blank
from backend.probe.lvm import PhysicalVolume, parse_physical_volume
from backend.probe.phrases import AMBIVALENT, GPT_END
from installer.model.errors import DeviceError
from installer.model.storage import BTRFS, LVM, RAID_SUFFIX, ZFS, Part, Signature

if TYPE_CHECKING:
    from backend.system import System

NOTHING_FOUND, SEVERAL_FOUND = 2, 8  # exit statuses of blkid --probe (blkid(8))
GROUP_TYPES = (LVM, "linux_raid_member", ZFS, BTRFS)
EXTENDED = ("0x5", "0xf", "0x85")  # containers of logical partitions
USAGES = ("filesystem", "raid", "crypto", "other")
MOST_SIGNATURES = 8  # at one place; more is noise


@dataclass(frozen=True)
class Contents:
    """`parts` are the partitions and, as part 0, the disk as a whole when it has a signature; for `blank` see
    `backend.probe.phrases.sentence`. `existing` is what there is of this product."""

    table: str = ""
    parts: tuple[Part, ...] = ()
    blank: bool | None = None
    existing: Found = NOTHING


def read_contents(system: System, path: str) -> Contents:
    """Return what a disk or image file holds, nothing when it cannot be told (blkid, wipefs, partx, mdadm)."""
    if not all(system.has_tool(tool) for tool in ("blkid", "partx", "wipefs")):
        return Contents()
    look = _Look(system, path)
    size_bytes = size_of(path)
    table = look.table()
    whole = Part(0, 0, size_bytes, signatures=look.signatures(0, 0, 0))
    parts: tuple[Part, ...] = ()
    if table:
        lines = system.run(("partx", "--raw", "--noheadings", "--output=NR,START,SECTORS,TYPE", path), ok=(0, 1))
        parts = tuple(look.filled(part) for part in parse_partx(lines))
    elif "gpt" in parse_wipefs(system.run(("wipefs", "--json", path), ok=(0, 1))):
        table = GPT_END
    found = (*((whole,) if whole.signatures else ()), *parts)
    return Contents(table, found, is_blank(path), read_existing(path, table, found))


class _Look:
    """One disk being looked at."""

    def __init__(self, system: System, path: str) -> None:
        self._system = system
        self._path = path

    def table(self) -> str:
        """Return the kind of partition table; blkid does not look for one beside the mark of an array."""
        return self._blkid(f"--usages=no{','.join(USAGES)}").get("PTTYPE", "")

    def _tags(self, offset: int, size: int, *types: str) -> Mapping[str, str]:
        """Return what blkid recognises at a place (size 0: the whole disk), among or without some types."""
        where = (f"--offset={offset}", f"--size={size}") if size else ()
        only = (f"--match-types={','.join(types)}",) if types else ()
        return self._blkid(*only, *where)

    def _blkid(self, *options: str) -> Mapping[str, str]:
        argv = ("blkid", "--probe", "--output=export", *options, self._path)
        return parse_blkid(self._system.run(argv, ok=(0, NOTHING_FOUND, SEVERAL_FOUND)))

    def filled(self, part: Part) -> Part:
        """Return a partition with what is on it; a container has only what is in its logical partitions."""
        if part.type in EXTENDED:
            return part
        return replace(part, signatures=self.signatures(part.number, part.start_bytes, part.size_bytes))

    def signatures(self, number: int, offset: int, size: int) -> tuple[Signature, ...]:
        """Return all signatures at a place; blkid names only the strongest, so it is asked again without those."""
        found: list[Signature] = []
        tags = self._tags(offset, size)
        while (kind := tags.get("TYPE", "")) and kind not in {one.type for one in found}:
            if kind == AMBIVALENT:
                each = (self._tags(offset, size, one) for one in GROUP_TYPES)
                found += [Signature(AMBIVALENT), *(parse_signature(one) for one in each if one.get("TYPE"))]
                break
            found.append(parse_signature(tags))
            if len(found) == MOST_SIGNATURES:
                break
            without = [one.type for one in found]
            tags = self._tags(offset, size, f"no{without[0]}", *without[1:])
        return tuple(self._in_group(one, number, offset) for one in found)

    def _in_group(self, found: Signature, number: int, offset: int) -> Signature:
        """Return a signature with what only its own metadata tell of its group."""
        if found.type == LVM:
            volume = self._physical_volume(offset)
            members = volume.member_uuids
            group = replace(found, group=volume.group, group_uuid=volume.group_uuid)
            return replace(group, members=len(members), member_uuids=members)
        if found.type.endswith(RAID_SUFFIX) and (node := self._node(number)) and self._system.has_tool("mdadm"):
            lines = self._system.run(("mdadm", "--examine", "--export", node), ok=(0, 1))
            return replace(found, members=parse_mdadm(lines))
        return found

    def _physical_volume(self, offset: int) -> PhysicalVolume:
        try:
            with open(self._path, "rb") as stream:

                def read(start: int, size: int) -> bytes:
                    stream.seek(offset + start)
                    return stream.read(size)

                return parse_physical_volume(read) or PhysicalVolume("")
        except OSError:
            return PhysicalVolume("")

    def _node(self, number: int) -> str:
        """Return the node of the disk or of a partition, empty for a partition of an image file."""
        if not number:
            return self._path
        try:
            return partition_node(self._path, number)
        except DeviceError:
            return ""


def parse_blkid(lines: Iterable[str]) -> dict[str, str]:
    """Return the tags of `blkid --probe --output export`; what it says of several signatures becomes the TYPE."""
    tags = {}
    for line in lines:
        if match := re.fullmatch(r"([A-Z_]+)=(.*)", line):
            tags[match[1]] = re.sub(r"\\(.)", r"\1", match[2])
        elif "ambivalent" in line:
            tags["TYPE"] = AMBIVALENT
    return tags


def parse_signature(tags: Mapping[str, str]) -> Signature:
    """Return the signature of blkid's tags; an array's, a pool's and a btrfs's UUID is that of the group."""
    kind, label, uuid = tags["TYPE"], tags.get("LABEL", ""), tags.get("UUID", "")
    found = Signature(kind, label, uuid)
    return replace(found, group=label, group_uuid=uuid) if found.kind and kind != LVM else found


def parse_partx(lines: Iterable[str]) -> tuple[Part, ...]:
    """Return the partitions of `partx --raw --output=NR,START,SECTORS,TYPE`, without signatures.

    partx counts in 512 bytes on every disk; containers (an extended partition) are among the partitions.
    """
    rows = (re.fullmatch(r"\s*([0-9]{1,9})\s+([0-9]{1,15})\s+([0-9]{1,15})(?:\s+(\S*))?\s*", line) for line in lines)
    return tuple(Part(int(row[1]), int(row[2]) * 512, int(row[3]) * 512, row[4] or "") for row in rows if row)


def parse_wipefs(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the types of all signatures in `wipefs --json`, which looks at both ends; none for other output."""
    text = "\n".join(lines)
    try:
        document = json.loads(text[text.find("{") : text.rfind("}") + 1] or "{}")
    except json.JSONDecodeError:
        return ()
    return tuple(str(found["type"]) for found in document.get("signatures", ()))


def parse_mdadm(lines: Iterable[str]) -> int:
    """Return the number of devices of the array in `mdadm --examine --export`, 0 when it does not say."""
    found = (re.fullmatch(r"MD_DEVICES=([0-9]{1,9})", line) for line in lines)
    return next((int(match[1]) for match in found if match), 0)
