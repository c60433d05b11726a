"""LVM physical volumes by what is on them: read from any file or device, without LVM's locks, caches and activation.

The tools of LVM read only block devices, and only as root; image files and partitions without a node are none. The
format is that of LVM2's lib/format_text: a label in one of the first four sectors names the metadata areas, each of
which has a header that points into a ring of texts.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Read = Callable[[int, int], bytes]  # offset and size in bytes, from the start of the physical volume

SECTOR = 512
LABEL = b"LABELONE"
LABEL_SECTORS = 4
LABEL_TYPE = b"LVM2 001"
AREA_MAGIC = b" LVM2 x[5A%r0N*>"
AREA_HEADER = 512
AREA_IGNORED = 1
LARGEST_TEXT = 64 * 1024 * 1024  # no metadata is larger; a wrong number must not fill the memory
IDENTITY = r"[A-Za-z0-9]{6}-(?:[A-Za-z0-9]{4}-){5}[A-Za-z0-9]{6}"


@dataclass(frozen=True)
class PhysicalVolume:
    """`group` and `group_uuid` are empty before vgcreate, and where only other members carry the group's metadata.

    `member_uuids` are all of the group's physical volumes, `volumes` the names of its logical ones.
    """

    uuid: str
    group: str = ""
    group_uuid: str = ""
    member_uuids: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()


def parse_physical_volume(read: Read) -> PhysicalVolume | None:
    """Return what stands on a physical volume, None for what is none."""
    start = read(0, LABEL_SECTORS * SECTOR)
    for place in range(0, LABEL_SECTORS * SECTOR, SECTOR):
        label = start[place : place + SECTOR]
        if label[:8] == LABEL and label[24:32] == LABEL_TYPE:
            (header,) = struct.unpack_from("<I", label, 20)
            uuid = label[header : header + 32].decode("ascii", "replace")
            texts = (_text(read, *area) for area in _areas(label, header + 40))
            return next((found for text in texts if (found := parse_group(uuid, text))), PhysicalVolume(_dashed(uuid)))
    return None


def _areas(label: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield offset and size of the metadata areas, which follow the data areas; each list ends with zeros."""
    lists_left = 2
    while lists_left and at + 16 <= len(label):
        offset, size = struct.unpack_from("<QQ", label, at)
        at += 16
        if not offset:
            lists_left -= 1
        elif lists_left == 1:
            yield offset, size


def _text(read: Read, area: int, area_size: int) -> str:
    """Return the current text of a metadata area, empty when there is none."""
    header = read(area, AREA_HEADER)
    if len(header) < AREA_HEADER or header[4:20] != AREA_MAGIC:
        return ""
    offset, size, _, flags = struct.unpack_from("<QQII", header, 40)
    if not size or size > min(LARGEST_TEXT, area_size) or offset >= area_size or flags & AREA_IGNORED:
        return ""
    text = read(area + offset, min(size, area_size - offset))
    if offset + size > area_size:  # goes on after the header
        text += read(area + AREA_HEADER, offset + size - area_size)
    return text.decode("utf-8", "replace")


def parse_group(pv_uuid: str, text: str) -> PhysicalVolume | None:
    """Return what a metadata text says of the group, None when it is no such text."""
    head = re.match(rf'([A-Za-z0-9_+.-]{{1,127}}) \{{\nid = "({IDENTITY})"\nseqno = [0-9]+\n', text)
    if not head:
        return None
    before, _, after = text.partition("\nlogical_volumes {\n")  # one of which may be called pv0, too
    members = re.findall(rf'^pv[0-9]+ \{{\nid = "({IDENTITY})"$', before, re.MULTILINE)
    volumes = re.findall(rf'^([A-Za-z0-9_+.-]{{1,127}}) \{{\nid = "{IDENTITY}"$', after, re.MULTILINE)
    return PhysicalVolume(_dashed(pv_uuid), head[1], head[2], tuple(members), tuple(volumes))


def _dashed(uuid: str) -> str:
    """Return a UUID as LVM shows it: groups of 6, 4, 4, 4, 4, 4 and 6 letters."""
    match = re.fullmatch(r"([A-Za-z0-9]{6})" + r"([A-Za-z0-9]{4})" * 5 + r"([A-Za-z0-9]{6})", uuid)
    return "-".join(match.groups()) if match else ""
