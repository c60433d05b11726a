"""Groups that span disks, put together from what is on each."""

from __future__ import annotations

import pytest

from installer.model.storage import GroupKind, Part, Signature, StorageGroup, in_named_groups, storage_groups

NAMING = Signature("LVM2_member", "", "p1", "data", "g1", 3, ("p1", "p2"))
BARE = Signature("LVM2_member", "", "p2")


def part(*signatures: Signature, number: int = 2) -> Part:
    return Part(number, 100, 50, "", signatures)


def test_a_place_has_an_end_and_a_name() -> None:
    assert part().end_bytes == 150 and (part().name("sda"), part(number=0).name("sda")) == ("sda:2", "sda")
    assert Part(1, 0, 1).signatures == () and Signature("ext3").members == 0


@pytest.mark.parametrize(
    ("kind", "group"),
    [
        ("LVM2_member", GroupKind.LVM),
        ("linux_raid_member", GroupKind.ARRAY),
        ("isw_raid_member", GroupKind.ARRAY),
        ("zfs_member", GroupKind.POOL),
        ("btrfs", GroupKind.BTRFS),
        ("ext3", None),
    ],
)
def test_what_spans_disks_is_known_by_its_type(kind: str, group: GroupKind | None) -> None:
    assert Signature(kind).kind is group


def test_a_physical_volume_without_metadata_is_put_into_the_group_that_names_it() -> None:
    ((_, (first,)), (_, (second,))) = in_named_groups([("sda", (part(NAMING),)), ("sdb", (part(BARE),))])
    assert first.signatures == (NAMING,)
    assert second.signatures == (Signature("LVM2_member", "", "p2", "data", "g1", 3),)


@pytest.mark.parametrize(
    "signature",
    [
        Signature("LVM2_member", "", "p3"),
        Signature("LVM2_member", "", "p2", "own", "g2"),
        Signature("zfs_member", "", "p2"),
    ],
    ids=["not named", "in another group", "of another kind"],
)
def test_what_no_group_names_stays_as_it_is(signature: Signature) -> None:
    ((_, _), (_, (found,))) = in_named_groups([("sda", (part(NAMING),)), ("sdb", (part(signature),))])
    assert found.signatures == (signature,)


def test_places_of_one_group_are_put_together_each_once() -> None:
    nameless = Signature("LVM2_member", "", "p4", "", "g1", 1)
    disks = [("sda", (part(nameless), part(NAMING, NAMING, number=3))), ("sdb", (part(BARE),))]
    places = ("sda:2", "sda:3", "sdb:2")
    assert storage_groups(disks) == (StorageGroup(GroupKind.LVM, "data", "g1", places, ("sda", "sdb"), 3),)


def test_groups_of_two_kinds_or_identities_are_two_and_what_has_none_is_no_group() -> None:
    others = (
        Signature("zfs_member", "", "z", "tank", "g1"),
        Signature("LVM2_member", "", "p9", "data", "g2"),
        Signature("ext3"),
        Signature("zfs_member"),
    )
    found = storage_groups([("sda", (part(*others[2:], NAMING), part(*others[:2], number=3)))])
    assert [group.title for group in found] == ["volume group data", "ZFS pool tank", "volume group data"]
    bare = StorageGroup(GroupKind.ARRAY, "", "u", (), ())
    assert (bare.title, bare.members) == ("array u", 0)
