"""The rows of the element table for disks and for installations that are there already."""

from __future__ import annotations

from installer import answerfile_disks as disks
from installer.element_row import AttributeRow, ElementRow, Text
from installer.model.disk_rule import Pick
from installer.model.wishes import Mode

YES_NO = "[Yy][Ee][Ss]|[Nn][Oo]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]"
_SIZE = "[0-9]{1,18} ?([TtGgMmKk][Ii]?)?[Bb]"
_DISK = r"(/dev/)?[a-z][a-z0-9]{0,31}|/dev/disk/by-id/[A-Za-z0-9#+.:=@_\\\-]{1,255}"

RULE = (
    AttributeRow(
        "serial", "instead of a name: the disk with this serial number", form="as lsblk shows it", pattern=".+"
    ),
    AttributeRow(
        "wwn", "instead of a name: the disk with this World Wide Name", form="0x5000c500a1b2c3d4", pattern=".+"
    ),
    AttributeRow("model", "instead of a name: a disk of this model", form="as lsblk shows it", pattern=".+"),
    AttributeRow("min-size", "instead of a name: a disk of this size or larger", form="480 GB, 16 GiB", pattern=_SIZE),
    AttributeRow("max-size", "instead of a name: a disk of this size or smaller", form="2 TB", pattern=_SIZE),
    AttributeRow("pick", "which one of the usable disks that fit; without it only one may fit", values=tuple(Pick)),
)

PRIMARY_DISK = ElementRow(
    "primary-disk",
    "The disk for the control domain; everything on it is destroyed. Its name, or attributes that only one disk of the"
    " machine fits; several that fit are an error that lists them.",
    "<primary-disk>sda</primary-disk>",
    required_in=(Mode.FRESH,),
    modes=(Mode.FRESH,),
    text=Text.OPTIONAL,
    attributes=(
        AttributeRow(
            "gueststorage",
            "whether the rest of the disk stores virtual machines",
            form="yes or no",
            default="yes",
            aliases=("guest-storage",),
            pattern=YES_NO,
        ),
        *RULE,
    ),
    read=disks.read_primary_disk,
    write=disks.write_primary_disk,
    pattern=_DISK,
)
GUEST_DISK = ElementRow(
    "guest-disk",
    "A further disk for virtual machines, by name or by rule; everything on it is destroyed. The primary disk may be"
    " named again.",
    "<guest-disk>sdb</guest-disk>",
    modes=(Mode.FRESH,),
    repeatable=True,
    text=Text.OPTIONAL,
    attributes=RULE,
    read=disks.read_guest_disk,
    write=disks.write_guest_disk,
    wrapper="guest-disks",
    pattern=_DISK,
)

ERASE_SHARED_STORAGE = ElementRow(
    "erase-shared-storage",
    "yes consents to destroying a volume group, array or pool that has devices on a chosen disk and on others,"
    " which are not written; without it such storage stops the installation.",
    "<erase-shared-storage>yes</erase-shared-storage>",
    modes=(Mode.FRESH,),
    pattern=YES_NO,
    read=disks.read_erase_shared_storage,
    write=disks.write_erase_shared_storage,
)
EXISTING_INSTALLATION = ElementRow(
    "existing-installation",
    "The disk with the host that is installed over. Its virtual machines, its identity and its settings are kept;"
    " other elements say what is to be different.",
    "<existing-installation>sda</existing-installation>",
    required_in=(Mode.REINSTALL, Mode.UPGRADE),
    modes=(Mode.REINSTALL, Mode.UPGRADE),
    read=disks.read_existing_installation,
    write=disks.write_existing_installation,
    pattern=_DISK,
)
BACKUP_DISK = ElementRow(
    "backup-disk",
    "The disk with the backup, needed when there are several.",
    "<backup-disk>sda</backup-disk>",
    read=disks.read_backup_disk,
    write=disks.write_backup_disk,
    pattern=_DISK,
)
