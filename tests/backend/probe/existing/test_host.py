"""Hosts and backups on image files, made by plain tools: what is found and refused, and that nothing is written."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from backend.probe.contents import Contents, read_contents
from backend.probe.disks import with_contents
from backend.probe.existing.host import Found, read_existing
from backend.probe.existing.layout import layout_refusal
from backend.probe.phrases import MARK_FILE, UNFINISHED_LABEL
from backend.real_system import RealSystem
from backend.steps.inventory import inventory_text
from installer.model.existing import (
    BACKUP_MARK,
    INCOMPLETE_MARK,
    JOURNAL,
    KEPT_DIRECTORY,
    Backup,
    BackupMaker,
    GuestRecord,
    InstalledHost,
    LocalStorage,
    Power,
)
from installer.model.host import Disk
from installer.model.journal import Journal, JournalStep
from installer.model.storage import Part, Signature
from installer.model.units import MIB
from installer.model.wishes import Mode, StorageType
from tests.backend.probe.existing.ext_image import debugfs, run
from tests.end_to_end.disk_image import fingerprint
from tests.end_to_end.old_hosts import (
    DATABASE_SECRET,
    DOM0_UUID,
    GUESTS,
    INSTALLATION_UUID,
    ROOT_LABEL,
    SR_UUID,
    TOOLS,
    XENSERVER_32,
    XENSERVER_40,
    OldHost,
    build_old_host,
    host_files,
    host_links,
)
from tests.end_to_end.volumes import check_volumes
from tests.needs import needs

GROUP = f"VG_XenStorage-{SR_UUID}"
SIZE = 4096 * MIB
EXT3 = Signature("ext3", label=ROOT_LABEL)
STORED = Part(3, MIB + 2 * SIZE, 8 * SIZE, "0x83", (Signature("LVM2_member", group=GROUP, group_uuid="g"),))


@pytest.fixture
def disk(tmp_path: Path) -> OldDisk:
    needs("mkfs.ext3", "debugfs")
    return OldDisk(tmp_path)


class OldDisk:
    """A sparse disk with two partitions of 4096 MiB, each with an ext3 of some MB: made in a moment, without root."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "disk.img"
        with self.path.open("wb") as stream:
            stream.truncate(64 * 2**30)
        self.root = Part(1, MIB, SIZE, "0x83")
        self.second = Part(2, MIB + SIZE, SIZE, "0x83")
        self._directory = directory

    def put(self, number: int, files: Mapping[str, str], links: Mapping[str, str] | None = None) -> None:
        """Make a file system with these files on a partition."""
        tree = Path(tempfile.mkdtemp(dir=self._directory))
        for path, text in files.items():
            place = tree / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        for path, target in (links or {}).items():
            place = tree / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(target)
        part = self.root if number == 1 else self.second
        offset = f"offset={part.start_bytes}"
        run("mkfs.ext3", "-q", "-F", "-L", ROOT_LABEL, "-E", offset, "-d", str(tree), str(self.path), "20M")
        if number == 1:
            self.root = replace(self.root, signatures=(EXT3,))
        else:
            self.second = replace(self.second, signatures=(EXT3,))

    def found(self, *more: Part, table: str = "dos") -> Found:
        return read_existing(str(self.path), table, (self.root, self.second, *more))

    def host(self, *more: Part, table: str = "dos") -> InstalledHost:
        """Return the host that must be there."""
        installed = self.found(*more, table=table).installed
        assert installed is not None
        return installed

    def backup(self) -> Backup:
        """Return the backup that must be there."""
        backup = self.found().backup
        assert backup is not None
        return backup


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, RealSystem]]:
    """The image file of a host of 4.0, with real LVM on it; for tests that are marked as root's."""
    needs(*TOOLS, "blkid", "partx", "wipefs")
    directory = tmp_path_factory.mktemp("forty")
    volumes = build_old_host(directory / "disk.img", XENSERVER_40)
    yield directory / "disk.img", RealSystem(lambda _: None, directory / "scratch")
    assert check_volumes(directory / "disk.img", volumes) == []


@pytest.mark.root
def test_a_host_of_4_0_is_found_with_its_guests_and_nothing_is_written(forty: tuple[Path, RealSystem]) -> None:
    image, system = forty
    before = fingerprint(image)
    (disk,) = with_contents([Disk("sda", str(image), image.stat().st_size)], [read_contents(system, str(image))])
    found = disk.installed
    assert found and found.title == "XenServer 4.0.1-4249p" and found.mode is Mode.REINSTALL and not found.refused
    assert (found.installation_uuid, found.control_domain_uuid) == (INSTALLATION_UUID, DOM0_UUID)
    assert found.root_label == ROOT_LABEL and found.iqn == "iqn.2007-10.org.example:0badcafe"
    assert found.storage == LocalStorage(SR_UUID, StorageType.LVM, ("/dev/sda3",))
    states = {guest.name: (guest.power, guest.volumes) for guest in found.guests}
    assert states == {
        guest.name: (Power(guest.power.lower()), tuple(f"LV-{disk}" for disk in guest.disks)) for guest in GUESTS
    }
    assert [guest.name for guest in found.active_guests] == ["Windows 100%", "web & mail"]
    assert not found.settings.unreadable and disk.backup is None
    assert 'MBR: XenServer 4.0.1-4249p host "xen07.example.org", 3 virtual machines, 3 partitions' in disk.contents
    assert DATABASE_SECRET not in repr(disk) and "marked-secret" not in repr(disk)
    assert fingerprint(image) == before


@pytest.mark.root
def test_a_host_of_3_2_is_found_with_its_volumes(tmp_path: Path) -> None:
    needs(*TOOLS, "blkid", "partx", "wipefs")
    image = tmp_path / "disk.img"
    build_old_host(image, XENSERVER_32)
    system = RealSystem(lambda _: None, tmp_path / "scratch")
    found = read_contents(system, str(image)).existing.installed
    assert found and found.title == "XenServer 3.2.0-1960" and found.mode is Mode.UPGRADE and not found.refused
    assert {guest.uuid: guest.volumes for guest in found.guests} == {
        guest.uuid: tuple(f"LV-{guest.uuid}.{disk}" for disk in ("hda", "hdb")[: len(guest.disks)]) for guest in GUESTS
    }
    assert {guest.power for guest in found.guests} == {Power.UNKNOWN}


def _inventory(**changed: str) -> str:
    entries = {
        "PRODUCT_BRAND": "XenServer",
        "PRODUCT_VERSION": "4.0.1",
        "BUILD_NUMBER": "1",
        "INSTALLATION_UUID": INSTALLATION_UUID,
        "CONTROL_DOMAIN_UUID": DOM0_UUID,
        **changed,
    }
    return inventory_text(tuple(entries.items()))


@pytest.mark.parametrize(
    ("changed", "refused", "hint"),
    [
        ({}, "", ""),
        ({"PRODUCT_VERSION": "4.0.0b2"}, "", ""),
        ({"PRODUCT_VERSION": "4.0.0"}, "", ""),
        ({"PRODUCT_VERSION": "3.2.0"}, "", ""),
        ({"PRODUCT_BRAND": "XenEnterprise", "PRODUCT_VERSION": "3.2.0"}, "", ""),
        ({"PRODUCT_VERSION": "3.1.0"}, "XenServer 3.1.0 is too old", "first upgrade to XenServer 3.2"),
        ({"PRODUCT_VERSION": "0.4.9"}, "XenServer 0.4.9 is too old", "first upgrade to XenServer 3.2"),
        ({"PRODUCT_VERSION": "4.0.0b1"}, "XenServer 4.0.0b1 is not among", "a clean installation erases it"),
        ({"PRODUCT_VERSION": "4.1.0"}, "XenServer 4.1.0 is later than", "use the installer of that version"),
        ({"PRODUCT_VERSION": "8.4.0"}, "XenServer 8.4.0 is later than", "use the installer of that version"),
        ({"PRODUCT_BRAND": "XCP-ng", "PRODUCT_VERSION": "8.3.0"}, "XCP-ng 8.3.0 is another product", "a clean"),
        ({"PRODUCT_VERSION": "'; rm -rf /"}, "the version of XenServer is not told", "a clean"),
        ({"INSTALLATION_UUID": ""}, "its inventory does not name the UUIDs", "a clean"),
        ({"CONTROL_DOMAIN_UUID": "../../x"}, "its inventory does not name the UUIDs", "a clean"),
    ],
)
def test_the_inventory_decides_what_can_be_done(
    disk: OldDisk, changed: dict[str, str], refused: str, hint: str
) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory(**changed)})
    found = disk.host()
    assert found.refused.startswith(refused) and found.hint.startswith(hint)
    assert bool(found.refused) is bool(refused) and bool(found.hint) is bool(hint)


def test_an_earlier_release_of_ours_is_reinstalled_with_its_own_storage(disk: OldDisk) -> None:
    ours = {"INSTALLER_VERSION": "0.1.0", "DEFAULT_SR_UUID": SR_UUID, "DEFAULT_SR_TYPE": "ext"}
    disk.put(1, {"/etc/xensource-inventory": _inventory(**ours, DEFAULT_SR_PHYSDEVS="/dev/sda3")})
    found = disk.host()
    assert not found.refused and found.mode is Mode.REINSTALL and found.installer_version == "0.1.0"
    assert found.storage == LocalStorage(SR_UUID, StorageType.EXT, ("/dev/sda3",))


def test_hostile_values_become_one_short_line(disk: OldDisk) -> None:
    hostile = {"PRODUCT_BRAND": "Xen\x1b[2JServer\u202e" + "x" * 500, "BUILD_NUMBER": "\t$(reboot)\x07"}
    disk.put(1, {"/etc/xensource-inventory": _inventory(**hostile)})
    found = disk.host()
    assert found.product.isprintable() and len(found.product) <= 128 and found.build == "$(reboot)"


def test_a_foreign_system_is_no_host(disk: OldDisk) -> None:
    disk.put(1, {"/etc/os-release": "ID=debian\n"})
    disk.root = replace(disk.root, signatures=(Signature("ext4", label="debian"),))
    assert disk.found() == Found()
    disk.root = replace(disk.root, signatures=(Signature("ntfs"),))
    assert disk.found() == Found()


@pytest.mark.parametrize(
    ("root", "refused"),
    [
        ((EXT3,), "it has no inventory"),
        ((Signature("crypto_LUKS"),), "its root file system is encrypted"),
        ((Signature("ext3"),), "it has no inventory"),
        ((), "its root file system cannot be read: there is none"),
    ],
    ids=["label", "encrypted", "storage", "nothing"],
)
def test_a_disk_marked_as_a_hosts_is_told_though_nothing_can_be_read(
    disk: OldDisk, root: tuple[Signature, ...], refused: str
) -> None:
    disk.put(1, {"/etc/hostname": "x\n"})
    disk.root = replace(disk.root, signatures=root)
    found = disk.host(STORED)
    assert found.refused.startswith(refused) and found.title == "XenServer (version unknown)"


def test_storage_alone_is_no_host(disk: OldDisk) -> None:
    whole = replace(STORED, number=0, start_bytes=0)
    assert read_existing(str(disk.path), "", (whole,)) == Found()
    assert read_existing(str(disk.path), "gpt", (replace(STORED, number=1),)) == Found()


def test_a_damaged_root_file_system_is_told(disk: OldDisk) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory()})
    with disk.path.open("r+b") as stream:
        stream.seek(MIB + 1024)
        stream.write(b"\xff" * 1024)
    found = disk.host()
    assert found.refused.startswith("its root file system cannot be read") and "start the host once" in found.hint


def test_an_inventory_that_cannot_be_read_is_told(disk: OldDisk) -> None:
    disk.put(1, {"/etc/xensource-inventory": "A" * 2**18 + "\n" + _inventory()})
    assert disk.host().refused.startswith("its inventory cannot be read: it has")
    disk = OldDisk(disk.path.parent)
    disk.put(1, {}, {"/etc/xensource-inventory": "xensource-inventory"})
    assert disk.host().refused == "its inventory cannot be read: its links lead in a circle"


def test_a_link_out_of_the_old_root_leads_nowhere(disk: OldDisk, tmp_path: Path) -> None:
    """An inventory that links to a file of this machine is none."""
    outside = tmp_path / "outside"
    outside.write_text(_inventory())
    disk.put(1, {}, {"/etc/xensource-inventory": str(outside)})
    assert disk.host().refused.startswith("it has no inventory")


def test_a_database_that_cannot_be_read_is_told_and_does_not_refuse(disk: OldDisk) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory(), "/var/xapi/state.db": "<database>"})
    found = disk.host()
    assert not found.refused and found.settings.unreadable == (
        "the database of virtual machines: it is no XML: no element found: line 1, column 10",
    )


def test_without_a_volume_group_the_database_names_the_storage(disk: OldDisk) -> None:
    disk.put(1, host_files(XENSERVER_40), host_links(XENSERVER_40))
    assert disk.host().storage == LocalStorage(SR_UUID, StorageType.LVM)


PLACES = (Part(1, MIB, SIZE, signatures=(EXT3,)), Part(2, MIB + SIZE, SIZE), STORED)


@pytest.mark.parametrize(
    ("table", "parts", "refused"),
    [
        ("dos", PLACES, ""),
        ("gpt", PLACES, ""),
        ("dos", PLACES[:2], ""),
        (
            "dos",
            (replace(PLACES[0], start_bytes=63 * 512, size_bytes=4_301_789_184), *PLACES[1:]),
            "does not lie behind",
        ),
        ("", (replace(PLACES[0], number=0),), "no partition 1"),
        ("sun", PLACES, "no partition 1"),
        ("dos", (PLACES[0],), "is missing"),
        ("dos", (PLACES[0], replace(PLACES[1], size_bytes=MIB)), "not the size"),
        ("dos", (PLACES[0], replace(PLACES[1], size_bytes=100 * SIZE)), "not the size"),
        ("dos", (replace(PLACES[0], size_bytes=100 * SIZE), PLACES[1]), "not the size"),
        ("dos", (replace(PLACES[0], start_bytes=3 * SIZE), PLACES[1]), "does not lie behind"),
        (
            "dos",
            (PLACES[0], replace(PLACES[1], signatures=(Signature("LVM2_member", group="data"),))),
            "used by something else (LVM: data)",
        ),
        (
            "dos",
            (PLACES[0], replace(PLACES[1], signatures=(Signature("swap"),))),
            "used by something else (swap space)",
        ),
    ],
)
def test_the_partitions_must_be_those_of_a_host(table: str, parts: tuple[Part, ...], refused: str) -> None:
    found = layout_refusal(table, parts, 2**40)
    assert refused in found and bool(found) is bool(refused)


def test_partitions_must_lie_on_the_disk() -> None:
    end = PLACES[-1].end_bytes
    assert layout_refusal("dos", PLACES, end) == ""
    assert layout_refusal("dos", PLACES, end - 1) == "partition 3 ends behind the end of the disk"


def test_another_layout_is_refused_with_the_reason(disk: OldDisk) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory()})
    disk.second = replace(disk.second, size_bytes=MIB)
    assert disk.host().refused.startswith("partitions 1 and 2 have not the size")


def test_files_of_others_on_partition_2_are_not_taken_for_a_place(disk: OldDisk) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory()})
    disk.put(2, {})
    assert not disk.host().refused
    other = OldDisk(disk.path.parent)
    other.put(1, {"/etc/xensource-inventory": _inventory()})
    other.put(2, {"/photos/a.jpg": "x"})
    found = other.host()
    assert found.refused == "partition 2, the place of the backup, holds other files (photos)"
    assert other.found().backup is None


MENU = {"/boot/grub/menu.lst": "title x\nkernel /boot/xen\nmodule /boot/vmlinuz root=LABEL=root-qwertyui ro\n"}
COPY = {"/etc/xensource-inventory": _inventory(), "/etc/sysconfig/network": "HOSTNAME=xen1\n", **MENU}


def test_the_backup_of_an_installer_is_found(disk: OldDisk) -> None:
    disk.put(2, {**COPY, BACKUP_MARK: ""})
    found = disk.backup()
    assert found.maker is BackupMaker.INSTALLER and found.title == "XenServer 4.0.1-1" and not found.refused
    assert (found.hostname, found.root_label) == ("xen1", "root-qwertyui")
    assert found.installation_uuid == INSTALLATION_UUID and found.made_at.startswith(str(time.gmtime().tm_year))


def test_a_tree_without_a_mark_is_one_of_host_restore(disk: OldDisk) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory()})
    disk.put(2, COPY)
    assert disk.backup().maker is BackupMaker.HOST_RESTORE and not disk.backup().refused
    assert not disk.host().refused


@pytest.mark.parametrize(
    ("files", "refused"),
    [
        ({**COPY, INCOMPLETE_MARK: "", BACKUP_MARK: ""}, "it was broken off before it was complete"),
        ({INCOMPLETE_MARK: ""}, "it was broken off before it was complete"),
        ({BACKUP_MARK: ""}, "it has no inventory (/etc/xensource-inventory)"),
        ({"/etc/xensource-inventory": _inventory(PRODUCT_BRAND="XCP-ng")}, "XCP-ng 4.0.1-1 is another product"),
        ({BACKUP_MARK: "", "/etc/xensource-inventory": "A" * 2**19}, "it cannot be read: it has 524288 bytes"),
    ],
    ids=["half of it", "begun", "no inventory", "other product", "unreadable"],
)
def test_a_backup_that_cannot_be_restored_says_why(disk: OldDisk, files: dict[str, str], refused: str) -> None:
    disk.put(2, files)
    assert disk.backup().refused.startswith(refused) and disk.backup().hint


def test_the_sentence_of_a_disk_names_host_and_backup(disk: OldDisk) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory()})
    disk.put(2, {**COPY, BACKUP_MARK: ""})
    facts = Disk("sda", str(disk.path), 2**34)
    found = disk.found()
    contents = Contents("dos", (disk.root, disk.second), None, found)
    (told,) = with_contents([facts], [contents])
    start = 'MBR: XenServer 4.0.1-1 host; backup of XenServer 4.0.1-1 host "xen1", 2 partitions'
    assert told.contents.startswith(start) and (told.installed, told.backup) == (found.installed, found.backup)


def _kept(host: OldHost) -> dict[str, str]:
    return {f"{KEPT_DIRECTORY}{path}": text for path, text in host_files(host).items()}


@pytest.mark.parametrize("marks", [{INCOMPLETE_MARK: ""}, {BACKUP_MARK: ""}, {}], ids=["backup begun", "done", "none"])
def test_a_host_whose_replacement_was_broken_off_is_known_from_what_was_kept(
    disk: OldDisk, marks: dict[str, str]
) -> None:
    disk.put(1, host_files(XENSERVER_40), host_links(XENSERVER_40))
    whole = disk.host(STORED)
    disk.put(1, {"/half": "of the new one"})
    disk.put(2, {**_kept(XENSERVER_40), JOURNAL: "STEP='replacing'\nOLD='x'\n", **marks})
    assert disk.host(STORED) == replace(whole, unfinished=True, step="replacing")
    disk.root = replace(disk.root, signatures=())
    assert disk.host(STORED) == replace(whole, unfinished=True, step="replacing", root_label="")


def test_while_its_files_are_kept_a_host_is_read_where_it_is(disk: OldDisk) -> None:
    """What only links say, such as that ssh is off, is not among the files that are kept."""
    disk.put(1, host_files(XENSERVER_40), {**host_links(XENSERVER_40), "/etc/systemd/system/ssh.service": "/dev/null"})
    disk.put(2, {**_kept(XENSERVER_40), JOURNAL: "STEP='kept'\n"})
    found = disk.host(STORED)
    assert (found.unfinished, found.step, found.refused, found.settings.ssh) == (True, "kept", "", False)
    disk.put(1, {"/half": "of something"})
    assert disk.host(STORED).installation_uuid == INSTALLATION_UUID


def test_what_was_never_finished_is_no_host(disk: OldDisk) -> None:
    disk.put(1, host_files(XENSERVER_40))
    named = replace(disk.root.signatures[0], label=UNFINISHED_LABEL)
    disk.root = replace(disk.root, signatures=(named,))
    assert disk.found().installed is None
    disk.put(2, {**_kept(XENSERVER_40), JOURNAL: Journal(JournalStep.REPLACING).text()})
    disk.root = replace(disk.root, signatures=(named,))
    assert disk.host(STORED).unfinished


def test_what_only_links_say_is_in_the_journal(disk: OldDisk) -> None:
    disk.put(1, {"/half": "of the new one"})
    journal = Journal(JournalStep.REPLACING, ssh=False, clock_by_hand=True)
    disk.put(2, {**_kept(XENSERVER_40), JOURNAL: journal.text()})
    found = disk.host(STORED).settings
    assert (found.ssh, found.clock_by_hand) == (False, True)


@pytest.mark.parametrize("step", [JournalStep.REPLACING, JournalStep.RESTORING])
def test_a_journal_that_was_left_over_hides_no_living_host(disk: OldDisk, step: JournalStep) -> None:
    """The run had made the host boot, or had not begun to replace it: what was kept then may be months old."""
    disk.put(1, {"/etc/xensource-inventory": _inventory(PRODUCT_VERSION="4.0.0")})
    disk.put(2, {**_kept(XENSERVER_40), JOURNAL: Journal(step).text()})
    found = disk.host(STORED)
    assert (found.version, found.unfinished, found.step, found.refused) == ("4.0.0", True, "kept", "")


def test_a_host_that_is_being_filled_is_not_the_living_one(disk: OldDisk) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory(PRODUCT_VERSION="4.0.0"), MARK_FILE: "not finished"})
    disk.put(2, {**_kept(XENSERVER_40), JOURNAL: Journal(JournalStep.REPLACING, timezone="Asia/Tokyo").text()})
    found = disk.host(STORED)
    assert (found.version, found.step) == ("4.0.1", "replacing")


def test_a_step_that_nobody_here_writes_is_refused(disk: OldDisk) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory()})
    disk.put(2, {**_kept(XENSERVER_40), JOURNAL: "STEP='handing-over'\n"})
    assert "at a step that this one does not know (handing-over)" in disk.host(STORED).refused


def test_what_cannot_be_read_on_partition_2_is_not_given_up(disk: OldDisk) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory()})
    disk.put(2, {"/precious": "data"})
    with disk.path.open("r+b") as stream:  # a feature that no reader here knows
        stream.seek(disk.second.start_bytes + 1024 + 96)
        stream.write(b"\xff\xff\xff\xff")
    assert "may hold somebody's data" in disk.host(STORED).refused


def test_a_restore_that_was_broken_off_is_told(disk: OldDisk) -> None:
    disk.put(1, {"/half": "of the old one"})
    disk.put(2, {**COPY, BACKUP_MARK: "", JOURNAL: "STEP='restoring'\n"})
    found = disk.host()
    assert (found.title, found.unfinished, found.step) == ("XenServer 4.0.1-1", True, "restoring")
    assert found.refused == "the restore of its backup was broken off" and "restore the backup again" in found.hint
    assert not disk.backup().refused


@pytest.mark.parametrize("journal", ["", "STEP='\x1b[2J'", "\0" * 99, "A" * 2**18 + "A"])
def test_a_damaged_journal_is_no_error(disk: OldDisk, journal: str) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory()})
    disk.put(2, {**_kept(XENSERVER_40), JOURNAL: journal})
    assert disk.host().step.isprintable()


def test_kept_files_without_a_journal_say_nothing_yet(disk: OldDisk) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory(PRODUCT_VERSION="4.0.0")})
    disk.put(2, _kept(XENSERVER_40))
    found = disk.host()
    assert (found.version, found.unfinished, found.refused) == ("4.0.0", False, "")


def test_guests_of_a_host_are_those_that_are_recorded(disk: OldDisk) -> None:
    disk.put(1, host_files(XENSERVER_40))
    assert disk.host().guests[1] == GuestRecord(
        GUESTS[2].uuid, "etch", Power.HALTED, ("d15c0004-aaaa-4bbb-8ccc-000000000004",)
    )


def test_a_dirty_file_system_is_read_and_left_as_it_is(disk: OldDisk, tmp_path: Path) -> None:
    disk.put(1, {"/etc/xensource-inventory": _inventory()})
    image = tmp_path / "part"
    with disk.path.open("rb") as stream:
        stream.seek(MIB)
        image.write_bytes(stream.read(20 * MIB))
    debugfs(image, "feature needs_recovery", "ssv state 2")
    with disk.path.open("r+b") as stream:
        stream.seek(MIB)
        stream.write(image.read_bytes())
    before = fingerprint(disk.path)
    assert not disk.host().refused and fingerprint(disk.path) == before
