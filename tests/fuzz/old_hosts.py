"""The readers of what old hosts left on disks: file systems, settings, databases; none may do harm."""

from __future__ import annotations

import lzma
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from uuid import UUID

from backend.probe.existing.backup import read_backup
from backend.probe.existing.database import UnreadableDatabase, parse_database
from backend.probe.existing.ext import ExtFilesystem, UnreadableFilesystem
from backend.probe.existing.host import read_existing, read_host
from backend.probe.existing.settings import read_iqn, read_settings
from backend.probe.existing.tree import ExtTree, Tree
from backend.probe.phrases import UNFINISHED_LABEL
from installer.model import rules
from installer.model.brand import default_brand
from installer.model.existing import BACKUP_MARK, GuestRecord
from installer.model.storage import LVM, Part, Signature
from tests.backend.probe.existing.files import Files
from tests.end_to_end.old_hosts import DATABASE_SECRET, XENSERVER_40, database_of, host_files
from tests.fuzz.broken import Broken
from tests.fuzz.ext_patches import PATCH, Patched, damages

IMAGE = Path(__file__).with_name(
    "small_ext3.img.xz"
)  # a host of 4.0 on an ext3 of 2 MiB, its last changes in the journal
# a host that is being replaced, on an ext4 of 2 MiB with extents, 64-bit numbers and a journal to replay
NEWER_IMAGE = Path(__file__).with_name("small_ext4.img.xz")
SECOND = 4 * 10**9  # where the second partition of a disk begins
_ROOT, _UNFINISHED = (
    Part(1, 0, SECOND, signatures=(Signature("ext3", label=label),)) for label in ("root-abcdefgh", UNFINISHED_LABEL)
)
_BACKUP = Part(2, SECOND, SECOND, signatures=(Signature("ext3"),))
_STORAGE = Part(
    3,
    2 * SECOND,
    2**20,
    signatures=(Signature(LVM, group="VG_XenStorage-0f2ad9d6-5a4c-4a7e-8f0b-5d7c9b1e2a34"),),
)
_LOCKED = Part(1, 0, SECOND, signatures=(Signature("crypto_LUKS"),))
_EMPTY = Part(2, SECOND, SECOND)
DISKS = (
    (_ROOT, _BACKUP),
    (_UNFINISHED, _BACKUP),
    (_ROOT, _BACKUP, _STORAGE),
    (_LOCKED, _BACKUP, _STORAGE),
    (_ROOT, _EMPTY),
    (_ROOT,),
    (),
)
LOOKED_AT = ("/etc/circle", "/etc/long-link", "/boot/grub/grub.conf", "/sparse", "/etc/../etc", "/etc/fstab/none")
PARTS = (Part(1, 0, 2**21, signatures=(Signature("ext3", label="root-abcdefgh"),)),)
SEPARATOR = b"\n--- "

SETTINGS = SEPARATOR.join(
    path.encode() + b"\n" + text.encode()
    for path, text in sorted(host_files(XENSERVER_40).items())
    if "sysconfig" in path or path in ("/etc/ntp.conf", "/etc/resolv.conf", "/etc/iscsi/initiatorname.iscsi")
)
HOST = SEPARATOR.join(
    path.encode() + b"\n" + text.encode()
    for path, text in sorted(
        (host_files(XENSERVER_40) | {BACKUP_MARK: "", "/etc/fstab": "LABEL=root-abcdefgh / ext3"}).items()
    )
    if "xensource-inventory" in path
    or "/boot/" in path
    or path in (BACKUP_MARK, "/etc/fstab", "/etc/sysconfig/network")
)
DATABASE = database_of(XENSERVER_40).encode()
# superblock, table of groups, inode of the journal and its superblock: by places in the image
PATCHES = tuple(place.to_bytes(3, "big") + b"\xff" * 5 for place in (1024, 1072, 1120, 2048, 6 * 1024))


@cache
def _image(path: Path) -> bytes:
    return lzma.decompress(path.read_bytes())


def step_patches() -> tuple[bytes, ...]:
    """Return what makes other steps of the one in the newer image's journal of an installation."""
    image = _image(NEWER_IMAGE)
    at = image.index(b"STEP='") + len("STEP='")
    steps = (b"kept", b"replacing", b"restoring", b"elsewhere")
    return _for_all_disks(image, [Patched(image).at(at, step.ljust(9)) for step in steps])


def damaged(path: Path) -> tuple[bytes, ...]:
    """Return what damages an image."""
    return _for_all_disks(_image(path), [b"", *damages(_image(path))])


def _for_all_disks(image: bytes, patches: Sequence[bytes]) -> tuple[bytes, ...]:
    nothing = Patched(image).at(0, image[: PATCH - 3])
    return tuple(one + more * nothing for one in patches for more in range(len(DISKS)))


def read_patched_image(data: bytes, path: Path = IMAGE) -> None:
    """Read a host and a backup from an image after some places were overwritten, and both as partitions of a disk.

    The number of places says how the disk is divided.
    """
    image = bytearray(_image(path))
    for at in range(0, len(data), PATCH):
        place = int.from_bytes(data[at : at + 3], "big") % len(image)
        patch = data[at + 3 : at + PATCH]
        image[place : place + len(patch)] = patch

    def read(start: int, size: int) -> bytes:
        return bytes(image[start : start + size])

    try:
        tree: Tree | UnreadableFilesystem = ExtTree(ExtFilesystem(read))
    except UnreadableFilesystem as error:
        tree = error
    brand = default_brand()
    installed, backup = read_host(tree, "", PARTS, brand), read_backup(tree, brand)
    if isinstance(tree, ExtTree):
        _look_at(tree)
    if installed is None or (backup and not backup.title.isprintable()):
        raise Broken("a disk labelled as a host's without a host, or a title that cannot be shown")
    _check_shown(installed.title, installed.step, installed.iqn, *(guest.name for guest in installed.guests))
    _read_disk(image, DISKS[len(data) // PATCH % len(DISKS)])


def _look_at(tree: Tree) -> None:
    """Read what no host has in places where this program looks: circles, holes, links that are long."""
    for path in LOOKED_AT:
        for look in (tree.read, tree.names, tree.link):
            with suppress(UnreadableFilesystem):
                look(path)


def _read_disk(image: bytes | bytearray, parts: Sequence[Part]) -> None:
    """Read a disk whose first two partitions both have the image on them."""
    descriptor = os.memfd_create("image")
    try:
        os.ftruncate(descriptor, 3 * SECOND)
        os.pwrite(descriptor, image, 0)
        os.pwrite(descriptor, image, SECOND)
        found = read_existing(f"/proc/self/fd/{descriptor}", "dos", parts)
    finally:
        os.close(descriptor)
    if found.installed:
        _check_shown(found.installed.title, found.installed.refused, found.installed.step, found.installed.hint)
    if found.backup:
        _check_shown(found.backup.title, found.backup.refused, found.backup.hint)


def read_old_settings(data: bytes) -> None:
    """Read settings from files, one after the other and each behind its path; each is what a rule lets through."""
    files = _files(data)
    found = read_settings(files, "xenbr0")
    _check_shown(read_iqn(files), *found.unreadable)
    for setting, rule in (
        (found.hostname, rules.hostname),
        (found.keymap, rules.keymap),
        (found.timezone, rules.timezone),
    ):
        if setting is not None and rule(setting) != setting:
            raise Broken("a setting that its rule changes")
    interface = found.interface
    if interface and interface.static:
        rules.static_address(interface.static.interface, interface.static.gateway)
    for nic in (interface.name if interface else None, *(bond.name for bond in found.bonds)):
        if nic:
            rules.nic_name(nic)


def read_inventory(data: bytes) -> None:
    """Read host and backup from the same files; what they are called can be shown, and a host is found."""
    files, brand = _files(data), default_brand()
    host, backup = read_host(files, "", PARTS, brand), read_backup(files, brand)
    if host is None:
        raise Broken("a disk labelled as a host's without a host")
    _check_shown(host.title, host.version, host.build, host.refused, host.hint)
    if backup:
        _check_shown(backup.title, backup.refused, backup.hint, backup.hostname, backup.root_label)


def _files(data: bytes) -> Files:
    """Return files, each behind its path, and links: a path, an arrow, and where it leads."""
    texts: dict[str, str | bytes] = {}
    links: dict[str, str] = {}
    for piece in data.split(SEPARATOR):
        head, _, contents = piece.partition(b"\n")
        path, arrow, target = head.decode("utf-8", "replace").partition(" -> ")
        if arrow:
            links[path] = target
        else:
            texts[path] = contents
    return Files(texts, links)


def read_database(data: bytes) -> None:
    """Any bytes are a database or an error of ours; what is secret never comes out of it."""
    try:
        found = parse_database(data)
    except UnreadableDatabase as error:
        _check_shown(error.what)
        return
    for guest in found.guests:
        _check_guest(guest)


def _check_guest(guest: GuestRecord) -> None:
    if str(UUID(guest.uuid)) != guest.uuid:
        raise Broken("a virtual machine without an identity")
    _check_shown(guest.name, *guest.volumes)


def _check_shown(*texts: str) -> None:
    if not all(text.isprintable() for text in texts) or DATABASE_SECRET in "".join(texts):
        raise Broken("a text that cannot be shown")
