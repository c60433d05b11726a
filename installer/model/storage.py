"""What is on disks: signatures, partitions, the groups that several devices form, and what runs on top of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

LVM = "LVM2_member"
BTRFS = "btrfs"
ZFS = "zfs_member"
RAID_SUFFIX = "_raid_member"


class GroupKind(StrEnum):
    """What several devices can form together, in the words for a person."""

    LVM = "volume group"
    ARRAY = "array"
    POOL = "ZFS pool"
    BTRFS = "btrfs file system"


class HolderKind(StrEnum):
    """What a running device made of disks is; it decides how it is stopped."""

    LVM = "lvm"
    ARRAY = "md"
    MULTIPATH = "multipath"
    CRYPT = "crypt"
    MAPPING = "mapping"
    LOOP = "loop"
    OTHER = "other"


@dataclass(frozen=True)
class Signature:
    """One thing that was recognised: `type` as blkid calls it (ext4, LVM2_member, linux_raid_member).

    `group` and `group_uuid` name the volume group, array, pool or file system it is part of; `members` is how many
    devices that has, 0 when it is not known. `member_uuids` are the physical volumes that a volume group's metadata
    list: they tell the group of those that carry no metadata themselves.
    """

    type: str
    label: str = ""
    uuid: str = ""
    group: str = ""
    group_uuid: str = ""
    members: int = 0
    member_uuids: tuple[str, ...] = ()

    @property
    def kind(self) -> GroupKind | None:
        """What its group is, None for what never spans several devices."""
        if self.type.endswith(RAID_SUFFIX):
            return GroupKind.ARRAY
        return {LVM: GroupKind.LVM, ZFS: GroupKind.POOL, BTRFS: GroupKind.BTRFS}.get(self.type)


@dataclass(frozen=True)
class Part:
    """A place on a disk: partition `number`, or the whole disk (0). `type` is what the table says it is for."""

    number: int
    start_bytes: int
    size_bytes: int
    type: str = ""
    signatures: tuple[Signature, ...] = ()

    @property
    def end_bytes(self) -> int:
        """The first byte after it."""
        return self.start_bytes + self.size_bytes

    def name(self, disk: str) -> str:
        """Return how plans call it: `sda:2`, or `sda` for the whole disk."""
        return f"{disk}:{self.number}" if self.number else disk


@dataclass(frozen=True)
class Holder:
    """A running device made of disks, used by nothing: `device` is its kernel name, `name` what people call it.

    `group` is the volume group or the like it belongs to; `disks` are all the disks below it.
    """

    device: str
    name: str
    kind: HolderKind
    disks: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True)
class StorageGroup:
    """A volume group, array, pool or the like as far as this machine has it: `places` by name, `disks` they are on."""

    kind: GroupKind
    name: str
    uuid: str
    places: tuple[str, ...]
    disks: tuple[str, ...]
    members: int = 0

    @property
    def title(self) -> str:
        """Kind and name: `volume group data`."""
        return f"{self.kind} {self.name or self.uuid}"


def in_named_groups(disks: Iterable[tuple[str, tuple[Part, ...]]]) -> tuple[tuple[str, tuple[Part, ...]], ...]:
    """Return the disks with every physical volume in the group that another one's metadata put it in.

    Of several physical volumes only some need carry metadata (--metadatacopies 0 of pvcreate(8), --vgmetadatacopies of
    vgcreate(8)); the others would look as if they belonged to nothing.
    """
    disks = tuple(disks)
    found = (signature for _, parts in disks for part in parts for signature in part.signatures)
    naming = {uuid: signature for signature in found if signature.group_uuid for uuid in signature.member_uuids}

    def grouped(signature: Signature) -> Signature:
        by = None if signature.group_uuid or signature.type != LVM else naming.get(signature.uuid)
        if by is None:
            return signature
        return replace(signature, group=by.group, group_uuid=by.group_uuid, members=by.members)

    def filled(part: Part) -> Part:
        return replace(part, signatures=tuple(map(grouped, part.signatures)))

    return tuple((disk, tuple(map(filled, parts))) for disk, parts in disks)


def storage_groups(disks: Iterable[tuple[str, tuple[Part, ...]]]) -> tuple[StorageGroup, ...]:
    """Return the groups that (name, parts) of all disks form, in the order of their first place."""
    found: dict[tuple[GroupKind, str], StorageGroup] = {}
    for disk, parts in in_named_groups(disks):
        for part in parts:
            for signature in part.signatures:
                if signature.kind is None or not signature.group_uuid:
                    continue
                key = (signature.kind, signature.group_uuid)
                old = found.get(key, StorageGroup(signature.kind, "", signature.group_uuid, (), ()))
                found[key] = StorageGroup(
                    kind=signature.kind,
                    name=old.name or signature.group,
                    uuid=signature.group_uuid,
                    places=tuple(dict.fromkeys((*old.places, part.name(disk)))),
                    disks=tuple(dict.fromkeys((*old.disks, disk))),
                    members=max(old.members, signature.members),
                )
    return tuple(found.values())
