"""The installed control domain and the backup on a disk or image file: found, named, and what speaks against them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from backend.probe.existing.assignments import parse_assignments, plain
from backend.probe.existing.backup import INVENTORY, Opened, product_of, read_backup
from backend.probe.existing.database import LARGEST_DATABASE, Database, UnreadableDatabase, parse_database
from backend.probe.existing.ext import ExtFilesystem, UnreadableFilesystem
from backend.probe.existing.layout import (
    VOLUME_GROUPS,
    has_ext,
    is_encrypted,
    layout_refusal,
    looks_like_host,
    part_of,
    root_label,
)
from backend.probe.existing.settings import read_iqn, read_settings
from backend.probe.existing.tree import ExtTree, Tree, opened, size_of, text_of
from backend.probe.existing.volumes import guests_by_volumes, on_volumes, read_volumes
from backend.probe.phrases import MARK_FILE, UNFINISHED_LABEL
from installer.model.acceptance import CLEAN, accept
from installer.model.brand import Brand, default_brand
from installer.model.existing import (
    BACKUP_MARK,
    BACKUP_PARTITION,
    INCOMPLETE_MARK,
    JOURNAL,
    KEPT_DIRECTORY,
    ROOT_PARTITION,
    STATE_DIRECTORY,
    Backup,
    InstalledHost,
    LocalStorage,
)
from installer.model.journal import JournalStep
from installer.model.storage import Part
from installer.model.wishes import Mode, StorageType

DATABASE = "/var/xapi/state.db"
SETTLED = ("lost+found",)  # what is on an empty file system
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
UNREADABLE = "its root file system cannot be read"
MEND = "start the host once, so that its file systems are checked, shut it down, and begin again"
AGAIN = "restore the backup again: it goes on from there"
STORAGE_PARTITION = 3
WHOLE, RESTORING = "kept", "restoring"  # steps of the journal


@dataclass(frozen=True)
class Found:
    """What a disk holds of this product: nothing, a host, a backup, or both."""

    installed: InstalledHost | None = None
    backup: Backup | None = None


NOTHING = Found()


def read_existing(path: str, table: str, parts: Sequence[Part], brand: Brand | None = None) -> Found:
    """Look on partitions 1 and 2 of a disk or image file; nothing is written, and nothing that is found is an error.

    Disks without an ext file system on partition 1 or 2, and without a mark of this product, are not opened.
    """
    root, second = part_of(parts, ROOT_PARTITION), part_of(parts, BACKUP_PARTITION)
    if not has_ext(root) and not has_ext(second) and not looks_like_host(parts):
        return Found()
    brand = brand or default_brand()
    with ExitStack() as stack:
        beside = _open(stack, path, second)
        backup = read_backup(beside, brand)
        journal = _journal(beside)
        if journal is None:
            # what was never finished is no host, however much of one is there
            finished = root_label(parts) != UNFINISHED_LABEL
            installed = read_host(_open(stack, path, root), path, parts, brand) if finished else None
        else:
            installed = _read_unfinished(stack, path, parts, brand, journal)
        problem = layout_refusal(table, parts, size_of(path)) or _foreign_files(beside)
        if installed and problem and not installed.refused:
            installed = replace(installed, refused=problem, hint=CLEAN)
        return Found(installed, backup)


def _read_unfinished(
    stack: ExitStack, path: str, parts: Sequence[Part], brand: Brand, journal: Mapping[str, str]
) -> InstalledHost | None:
    """Return the host over which an installation, or the restore of its backup, was broken off.

    As long as its files were only being kept it is whole on partition 1; then it is known from what was kept, and while
    its backup is being restored from that.
    """
    step = plain(journal.get("STEP", ""))
    root, second = part_of(parts, ROOT_PARTITION), part_of(parts, BACKUP_PARTITION)
    found = None
    if step not in tuple(JournalStep):
        found = read_host(_open(stack, path, root), path, parts, brand)
        refused = f"another installer was broken off over it, at a step that this one does not know ({step})"
        return found and replace(found, refused=refused, hint=CLEAN)
    first = _open(stack, path, root)
    if step == WHOLE or _is_complete(first, parts):
        # it was not begun to be replaced, or is complete: what was kept of it may be older than it is
        found = read_host(first, path, parts, brand)
        step = WHOLE if found and found.installation_uuid else step
    if found is None or not found.installation_uuid:
        directory = "/" if step == RESTORING else KEPT_DIRECTORY
        found = read_host(_open(stack, path, second, directory), path, parts, brand)
        found = found and _with_links(found, journal) if directory == KEPT_DIRECTORY else found
    if found and step == RESTORING:
        found = replace(found, refused="the restore of its backup was broken off", hint=AGAIN)
    return found and replace(found, unfinished=True, step=step)


def _is_complete(tree: Opened, parts: Sequence[Part]) -> bool:
    """Say whether partition 1 holds a host that boots or did, whatever the journal says: then that one was left over.

    A root file system that is being filled has another label; when it has its own, the mark goes with the boot loader.
    """
    if tree is None or isinstance(tree, UnreadableFilesystem) or root_label(parts) == UNFINISHED_LABEL:
        return False
    try:
        return tree.read(MARK_FILE) is None and tree.read(INVENTORY) is not None
    except UnreadableFilesystem:
        return False


def _with_links(found: InstalledHost, journal: Mapping[str, str]) -> InstalledHost:
    """Return the host with the settings that it had as links, which are not among the files kept of it."""
    ssh = {"on": True, "off": False}.get(journal.get("SSH", ""))
    by_hand = journal.get("CLOCK_BY_HAND") == "yes"
    timezone = found.settings.timezone or plain(journal.get("TIMEZONE", "")) or None
    return replace(found, settings=replace(found.settings, ssh=ssh, clock_by_hand=by_hand, timezone=timezone))


def _open(stack: ExitStack, path: str, part: Part | None, directory: str = "/") -> Opened:
    if part is None or not has_ext(part):
        return None
    try:
        read = stack.enter_context(opened(path, part.start_bytes, part.size_bytes))
        return ExtTree(ExtFilesystem(read), directory)
    except UnreadableFilesystem as error:
        return error


def _journal(tree: Opened) -> Mapping[str, str] | None:
    """Return what the journal of an installation that was broken off says, None when there is none."""
    try:
        text = None if tree is None or isinstance(tree, UnreadableFilesystem) else text_of(tree, JOURNAL)
    except UnreadableFilesystem:
        return None
    return None if text is None else parse_assignments(text)


def _foreign_files(tree: Opened) -> str:
    """Return what is on partition 2 that nobody's installer put there."""
    if tree is None:
        return ""
    if isinstance(tree, UnreadableFilesystem):
        return f"partition 2, the place of the backup, cannot be read ({tree.what}), and may hold somebody's data"
    try:
        names = tree.names("/")
        own = (INCOMPLETE_MARK, BACKUP_MARK, STATE_DIRECTORY)
        if any(mark.removeprefix("/") in names for mark in own) or tree.read(INVENTORY) is not None:
            return ""
    except UnreadableFilesystem as error:
        return f"partition 2, the place of the backup, cannot be read ({error.what}), and may hold somebody's data"
    others = [name for name in names if name not in SETTLED]
    return f"partition 2, the place of the backup, holds other files ({plain(others[0], 40)})" if others else ""


def read_host(tree: Opened, path: str, parts: Sequence[Part], brand: Brand) -> InstalledHost | None:
    """Return the host of a tree; None where neither its inventory nor the disk says that it is one."""
    label = root_label(parts)
    marked = InstalledHost(brand.product, "", root_label=label) if looks_like_host(parts) else None
    if tree is None:
        encrypted = is_encrypted(part_of(parts, ROOT_PARTITION))
        refused = "its root file system is encrypted" if encrypted else f"{UNREADABLE}: there is none on partition 1"
        return marked and replace(marked, refused=refused, hint=CLEAN)
    if isinstance(tree, UnreadableFilesystem):
        return marked and replace(marked, refused=f"{UNREADABLE}: {tree.what}", hint=MEND)
    try:
        text = text_of(tree, INVENTORY)
    except UnreadableFilesystem as error:
        return marked and replace(marked, refused=f"its inventory cannot be read: {error.what}", hint=MEND)
    if text is None:
        return marked and replace(marked, refused=f"it has no inventory ({INVENTORY})", hint=CLEAN)
    inventory = parse_assignments(text)
    product, version = product_of(inventory), plain(inventory.get("PRODUCT_VERSION", ""))
    installer_version = plain(inventory.get("INSTALLER_VERSION", ""))
    accepted = accept(product, version, brand, own=bool(installer_version))
    uuids = [plain(inventory.get(key, "")) for key in ("INSTALLATION_UUID", "CONTROL_DOMAIN_UUID")]
    host = InstalledHost(
        product=product,
        version=version,
        build=plain(inventory.get("BUILD_NUMBER", "")),
        installer_version=installer_version,
        installation_uuid=uuids[0],
        control_domain_uuid=uuids[1],
        root_label=label,
        settings=read_settings(tree, inventory.get("MANAGEMENT_INTERFACE", "")),
        iqn=read_iqn(tree),
        refused=accepted.refused,
        hint=accepted.hint,
        mode=accepted.mode,
    )
    if not host.refused and not all(_UUID.fullmatch(uuid) for uuid in uuids):
        what = "its inventory does not name the UUIDs of installation and control domain"
        host = replace(host, refused=what, hint=CLEAN)
    return _with_guests(host, tree, read_volumes(path, parts), _storage(inventory, parts))


def _storage(inventory: Mapping[str, str], parts: Sequence[Part]) -> LocalStorage | None:
    """Return the local storage that the inventory names (ours does), or that of the volume group on the disk."""
    devices = tuple(plain(inventory.get("DEFAULT_SR_PHYSDEVS", ""), 1024).split())
    uuid = inventory.get("DEFAULT_SR_UUID", "")
    if _UUID.fullmatch(uuid):
        ext = inventory.get("DEFAULT_SR_TYPE", "") == StorageType.EXT
        return LocalStorage(uuid, StorageType.EXT if ext else StorageType.LVM, devices)
    for part in sorted(parts, key=lambda part: part.number != STORAGE_PARTITION):
        for prefix, kind in VOLUME_GROUPS.items():
            groups = (found.group for found in part.signatures if found.group.startswith(prefix))
            uuids = (group.removeprefix(prefix) for group in groups)
            if found := next((uuid for uuid in uuids if _UUID.fullmatch(uuid)), ""):
                return LocalStorage(found, kind, devices)
    return None


def _with_guests(
    host: InstalledHost, tree: Tree, volumes: Sequence[str], storage: LocalStorage | None
) -> InstalledHost:
    """Return the host with its storage and virtual machines; a database that cannot be read is told in the settings."""
    database, problem = Database(), ""
    try:
        if data := tree.read(DATABASE, LARGEST_DATABASE):
            database = parse_database(data)
    except (UnreadableFilesystem, UnreadableDatabase) as error:
        problem = f"the database of virtual machines: {error.what}"
    if storage is None and len(database.repositories) == 1:
        storage = LocalStorage(database.repositories[0].uuid, StorageType(database.repositories[0].type))
    guests = on_volumes(database.guests, volumes)
    if host.mode is Mode.UPGRADE and not guests:
        guests = guests_by_volumes(volumes)
    settings = host.settings
    if problem:
        settings = replace(settings, unreadable=(*settings.unreadable, problem))
    return replace(host, storage=storage, guests=guests, settings=settings)
