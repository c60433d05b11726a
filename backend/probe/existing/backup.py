"""The backup of a control domain on partition 2: an installer's own, or one that `xe host-restore` unpacked there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from backend.probe.existing.assignments import parse_assignments, plain
from backend.probe.existing.ext import UnreadableFilesystem
from backend.probe.existing.settings import read_settings
from backend.probe.existing.tree import Tree, text_of
from installer.model.brand import Brand
from installer.model.existing import BACKUP_MARK, INCOMPLETE_MARK, Backup, BackupMaker

INVENTORY = "/etc/xensource-inventory"
MENUS = ("/boot/grub/grub.cfg", "/boot/grub/menu.lst", "/etc/fstab")
ANEW = "it cannot be restored; a reinstallation makes another one"
_ROOT = re.compile(r"LABEL=([A-Za-z0-9_-]{1,16})\b")
Opened = Tree | UnreadableFilesystem | None  # files, what is wrong with them, or no ext file system


def read_backup(tree: Opened, brand: Brand) -> Backup | None:
    """Return the backup on partition 2, None when there is none."""
    if tree is None or isinstance(tree, UnreadableFilesystem):
        return None
    try:
        names = {f"/{name}" for name in tree.names("/")}
        text = text_of(tree, INVENTORY)
    except UnreadableFilesystem as error:
        return Backup(BackupMaker.INSTALLER, brand.product, "", refused=f"it cannot be read: {error.what}", hint=ANEW)
    by_installer = bool(names & {INCOMPLETE_MARK, BACKUP_MARK})
    if text is None and not by_installer:
        return None
    inventory = parse_assignments(text or "")
    backup = Backup(
        maker=BackupMaker.INSTALLER if by_installer else BackupMaker.HOST_RESTORE,
        product=product_of(inventory) if inventory else brand.product,
        version=plain(inventory.get("PRODUCT_VERSION", "")),
        build=plain(inventory.get("BUILD_NUMBER", "")),
        installation_uuid=plain(inventory.get("INSTALLATION_UUID", "")),
        hostname=read_settings(tree, "").hostname or "",
        root_label=_menu_label(tree),
        made_at=_moment(tree),
    )
    if INCOMPLETE_MARK in names:
        return replace(backup, refused="it was broken off before it was complete", hint=ANEW)
    if not inventory:
        return replace(backup, refused=f"it has no inventory ({INVENTORY})", hint=ANEW)
    if backup.product not in (brand.product, *brand.former_products):
        return replace(backup, refused=f"{backup.title} is another product than {brand.product}", hint=ANEW)
    return backup


def _menu_label(tree: Tree) -> str:
    """Return the label by which the boot menu of a backup finds its root file system, or its fstab."""
    for path in MENUS:
        try:
            match = _ROOT.search(text_of(tree, path) or "")
        except UnreadableFilesystem:
            continue
        if match:
            return match[1]
    return ""


def _moment(tree: Tree) -> str:
    """Return when the mark of a finished backup was made, in UTC."""
    try:
        seconds = tree.modified_s(BACKUP_MARK)
    except UnreadableFilesystem:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if seconds else ""


def product_of(inventory: Mapping[str, str]) -> str:
    """Return what the inventory calls the product."""
    return plain(inventory.get("PRODUCT_BRAND", "") or inventory.get("PRODUCT_NAME", "")) or "unknown product"
