"""Restoring a backup: the order of things, every change failing, and install, backup and restore on a real image."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from backend.execute import COMPLETE, InstallPlan, execute
from backend.plan_parts import ImageFile, disk_checks
from backend.probe.contents import read_contents
from backend.probe.disks import with_contents
from backend.probe.phrases import UNFINISHED_LABEL
from backend.raw_disks import ERASED_BOOT_CODE
from backend.recording import RecordingSystem, on_place
from backend.restore_plan import BIOS_BOOT_TYPE, RestoreInputs, make_restore_plan
from backend.steps.esp import ESP_TYPE
from backend.steps.restore import LEGACY, MENU
from backend.system import Place, Room
from installer.model.errors import DeviceError, DiskRefused, InstallerError
from installer.model.events import Event, StepFailed
from installer.model.existing import BACKUP_MARK, INCOMPLETE_MARK, JOURNAL, STATE_DIRECTORY, Backup, BackupMaker
from installer.model.host import Firmware
from installer.model.journal import JournalStep, parse_journal
from installer.model.plan import Phase
from installer.model.storage import Part
from installer.model.units import GIB, MIB
from tests.backend.replaced_host import keeping_phases
from tests.backend.run_plan import only_told, run_recorded
from tests.backend.sample import HOST, IDENTITIES, SDA
from tests.end_to_end.disk_image import boot_code
from tests.faults.failing import FailingSystem
from tests.faults.real import MACHINES, World, run, world
from tests.faults.recorded import check_released
from tests.faults.test_recorded import twice
from tests.seen import seen

PARTS = (
    Part(1, 513 * MIB, 4 * GIB),
    Part(2, 4609 * MIB, 4 * GIB),
    Part(3, 8705 * MIB, 4 * GIB),
    Part(4, MIB, 512 * MIB, ESP_TYPE),
)
BACKUP = Backup(BackupMaker.INSTALLER, "XenServer", "4.0.1", "1", hostname="xen07", root_label="root-oldoldol")
BIOS = RestoreInputs(HOST, replace(SDA, parts=PARTS[:3], table="dos"), BACKUP, IDENTITIES)
UEFI = RestoreInputs(
    replace(HOST, firmware=Firmware.UEFI), replace(SDA, parts=PARTS, table="gpt"), BACKUP, IDENTITIES, own_firmware=True
)
ATTACHING = ("lock", "losetup", "note-attached", "blockdev", "umount")
INPUTS = {
    "BIOS": BIOS,
    "UEFI": UEFI,
    "image": replace(BIOS, images=(ImageFile("sda", "/images/disk.img", left_on="/dev/loop7"),)),
    "unlabelled": replace(BIOS, backup=replace(BACKUP, root_label="")),
}
FILES = {
    "/etc/fstab": "LABEL=root-oldoldol / ext3 defaults 1 1\n",
    "/boot/grub/grub.cfg": (
        "\tsearch --no-floppy --label --set=root root-oldoldol\n\tmodule2 /k root=LABEL=root-oldoldol\n"
    ),
    BACKUP_MARK: "",
}


def backup_files(files: dict[str, str] | None = None) -> dict[str, str]:
    """Return a backup's files; those of the target are what its copy would be."""
    return {on_place(Place.BACKUP, path): text for path, text in (FILES if files is None else files).items()}


def _first(actions: list[tuple[str, ...]], *words: str) -> int:
    return next(place for place, action in enumerate(actions) if action[: len(words)] == words)


@pytest.mark.parametrize("name", INPUTS)
def test_backup_is_read_and_the_journal_written_before_anything_is_lost(name: str) -> None:
    system = RecordingSystem(files=backup_files())
    assert run_recorded(make_restore_plan(INPUTS[name]), system)[1] is None
    unboot = "mdeltree" if name == "UEFI" else "erase-boot-code"
    loader = "grub-mkimage"
    order = [
        _first(system.actions, "read-tree"),
        _first(system.actions, "write", on_place(Place.BACKUP, JOURNAL)),
        _first(system.actions, unboot),
        _first(system.actions, "mkfs.ext3"),
        _first(system.actions, "copy-tree"),
        _first(system.actions, "compare-trees"),
        _first(system.actions, loader),
        _first(system.actions, "remove", on_place(Place.BACKUP, JOURNAL)),
        _first(system.actions, "remove", on_place(Place.BACKUP, STATE_DIRECTORY)),
    ]
    assert order == sorted(order)
    left_out = system.actions[_first(system.actions, "copy-tree")]
    assert {BACKUP_MARK, INCOMPLETE_MARK, STATE_DIRECTORY} == set(left_out[3:])
    written = [action for action in system.actions if action[0] in ("write", "clear", "remove")]
    on_backup = [action for action in written if action[1].startswith(on_place(Place.BACKUP, ""))]
    assert all(STATE_DIRECTORY in action[1] for action in on_backup), "the backup itself is only read"


@pytest.mark.parametrize("name", INPUTS)
def test_every_step_run_twice_leaves_the_same(name: str) -> None:
    plan = make_restore_plan(INPUTS[name])
    once, again = RecordingSystem(files=backup_files()), RecordingSystem(files=backup_files())
    assert run_recorded(plan, once)[1] is None
    assert run_recorded(twice(plan), again)[1] is None
    assert (again.files, again.resources) == (once.files, once.resources)


@pytest.mark.parametrize("name", INPUTS)
def test_failure_at_any_change_says_what_is_whole(name: str) -> None:
    plan = make_restore_plan(INPUTS[name])
    whole = RecordingSystem(files=backup_files())
    assert run_recorded(plan, whole)[1] is None
    erased = _first(whole.actions, "mdeltree" if name == "UEFI" else "erase-boot-code")
    made = _first(whole.actions, "wipefs")
    bootable = _first(whole.actions, "remove", on_place(Place.BACKUP, JOURNAL))
    journal = _first(whole.actions, "write", on_place(Place.BACKUP, JOURNAL))
    for position, action in enumerate(whole.actions, 1):
        system = RecordingSystem(fail_at=position, files=backup_files())
        events, error = run_recorded(plan, system)
        if only_told(action):
            assert error is None
            continue
        assert error is not None
        (failed,) = [event for event in events if isinstance(event, StepFailed)]
        if not failed.command:
            failed = replace(failed, command=shlex.join(action))
        assert failed.command == shlex.join(action)
        detach = action[:2] == ("losetup", "--detach")
        check_released(system.resources, failed_release=action[-1] if detach else "")
        if position - 1 < _first(whole.actions, "mount"):
            assert failed.state.startswith("Nothing on any disk")
        elif position - 1 < erased:
            assert "as it was" in failed.state and "sda:2" in failed.state and "boots" in failed.state
        elif position - 1 < made:
            assert "may not boot any more" in failed.state and "as it was" in failed.state
        elif position - 1 < bootable - 1:
            assert "sda does not boot" in failed.state and "the backup on sda:2, which is whole" in failed.state
            assert "Run the restore again" in failed.state
            note = parse_journal(system.files[on_place(Place.BACKUP, JOURNAL)])
            assert note and note.step is JournalStep.RESTORING
        else:
            assert failed.state == COMPLETE or ("boots" in failed.state and "not boot" not in failed.state)
    assert journal < erased


def test_label_of_the_backup_stays_and_its_files_with_it() -> None:
    system = RecordingSystem(files=backup_files())
    assert run_recorded(make_restore_plan(BIOS), system)[1] is None
    assert system.actions[_first(system.actions, "mkfs.ext3")][3:5] == ("-L", UNFINISHED_LABEL)
    assert system.actions[_first(system.actions, "e2label")][2] == "root-oldoldol"
    assert not [action for action in system.actions if action[0] == "write" and "fstab" in action[1]]
    assert not [action for action in system.actions if action[:2] == ("write", MENU)]


def test_new_label_is_written_where_the_old_one_was() -> None:
    system = RecordingSystem(files=backup_files())
    assert run_recorded(make_restore_plan(INPUTS["unlabelled"]), system)[1] is None
    label = IDENTITIES.root_label
    assert system.files["/etc/fstab"] == f"LABEL={label} / ext3 defaults 1 1\n"
    assert system.files[MENU].count(label) == 2 and "oldoldol" not in system.files[MENU]


@pytest.mark.parametrize("menu", ["/boot/grub/menu.lst", "/boot/grub/grub.conf"])
def test_menu_of_an_older_host_is_read_by_its_new_boot_loader(menu: str) -> None:
    files = {"/etc/fstab": FILES["/etc/fstab"], menu: "title XenServer\n kernel /boot/xen.gz\n"}
    system = RecordingSystem(files=backup_files(files))
    assert run_recorded(make_restore_plan(BIOS), system)[1] is None
    assert system.files[MENU] == LEGACY.format(menu=menu)
    assert system.files[menu] == "title XenServer\nkernel /boot/xen.gz\n"


@pytest.mark.parametrize(
    ("change", "inputs", "words"),
    [
        ({INCOMPLETE_MARK: ""}, BIOS, "never finished"),
        ({"/etc/fstab": None}, BIOS, "no whole control domain"),
        ({MENU: None}, BIOS, "no boot menu"),
        ({MENU: None, "/boot/grub/menu.lst": ""}, UEFI, "BIOS only"),
    ],
)
def test_what_cannot_be_restored_is_told_before_anything_is_lost(
    change: dict[str, str | None], inputs: RestoreInputs, words: str
) -> None:
    files = {path: text for path, text in {**FILES, **change}.items() if text is not None}
    system = RecordingSystem(files=backup_files(files))
    events, error = run_recorded(make_restore_plan(inputs), system)
    assert isinstance(error, DeviceError) and words in error.what
    assert [action[0] for action in system.actions] == ["mount", "umount"]
    assert "as it was" in next(event.state for event in events if isinstance(event, StepFailed))


def test_backup_larger_than_the_root_partition_is_refused() -> None:
    system = RecordingSystem(files=backup_files())
    system.rooms = {Place.BACKUP: Room(4 * GIB, 0, 1, 1)}
    _, error = run_recorded(make_restore_plan(BIOS), system)
    assert error and "does not fit: it has 4 GB" in error.what


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (replace(BIOS, disk=replace(BIOS.disk, parts=PARTS[1:])), "no partition 1"),
        (replace(BIOS, disk=replace(BIOS.disk, parts=PARTS[:1])), "no partition 2"),
        (replace(UEFI, disk=BIOS.disk), "no EFI system partition"),
        (replace(UEFI, host=replace(UEFI.host, secure_boot=True)), "Secure Boot"),
        (replace(BIOS, disk=UEFI.disk), "without a BIOS boot partition"),
    ],
)
def test_disk_that_the_machine_could_not_start_from_is_refused(inputs: RestoreInputs, words: str) -> None:
    with pytest.raises(DiskRefused, match=words):
        make_restore_plan(inputs)


def test_plan_names_what_is_overwritten_and_by_what() -> None:
    text = "\n".join(make_restore_plan(BIOS).describe())
    assert "sda:1 is overwritten by the backup XenServer 4.0.1-1 of the host xen07 on sda:2" in text
    parts = (*PARTS[:2], Part(4, MIB, MIB, BIOS_BOOT_TYPE))
    assert make_restore_plan(replace(BIOS, disk=replace(BIOS.disk, parts=parts, table="gpt")))


@pytest.fixture(params=MACHINES)
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, MACHINES[request.param]) as made:
        yield made


def _execute(here: World, plan: InstallPlan, fail_at: int = 0) -> tuple[list[Event], FailingSystem]:
    """Run a plan on the image as it is."""
    events: list[Event] = []
    system = FailingSystem(here.directory / "scratch", fail_at)
    try:
        execute(plan, here.session(system, events.append, system.lines), events.append)
    except InstallerError:
        assert fail_at
    here.check_left(allowed_loop=False)
    return events, system


def _restore_inputs(here: World, label: str = "") -> RestoreInputs:
    disk = next(disk for disk in here.inputs.host.disks if disk.name == "sda")
    system = FailingSystem(here.directory / "scratch")
    (found,) = with_contents([disk], [read_contents(system, str(here.image))])
    images = (ImageFile("sda", str(here.image)),)
    return RestoreInputs(here.inputs.host, found, replace(BACKUP, root_label=label), IDENTITIES, images)


@contextmanager
def _seen(here: World, number: int, *, write: bool = False) -> Iterator[Path]:
    part = next(part for part in _restore_inputs(here).disk.parts if part.number == number)
    with seen(here.image, part.start_bytes, part.size_bytes, write=write) as point:
        yield point


def _alter(root: Path) -> None:
    """Use the host for a while."""
    (root / "root").mkdir(exist_ok=True)
    (root / "root/mine").write_text("custom\n")
    os.setxattr(root / "root/mine", "user.mark", b"1")
    os.link(root / "root/mine", root / "root/mine-too")
    (root / "etc/hostname").write_text("renamed\n")


def _tree(root: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        name, status = str(path.relative_to(root)), path.lstat()
        if name.split("/")[0] in ("lost+found", ".xen-backup-partition", ".xen-installer") or name == "boot/grub":
            continue
        if name.startswith("boot/grub/") and name != "boot/grub/grub.cfg":
            continue  # the boot loader's own modules are put there anew
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        keys = os.listxattr(path, follow_symlinks=False)
        xattrs = {key: os.getxattr(path, key, follow_symlinks=False) for key in keys}
        owner, times = (status.st_uid, status.st_gid), (status.st_mtime_ns, status.st_nlink)
        found[name] = (status.st_mode, owner, times, content, path.is_symlink() and os.readlink(path), xattrs)
    return found


@pytest.mark.root
@pytest.mark.long
def test_installed_host_is_backed_up_ruined_and_restored(here: World) -> None:
    events, _, error = run(here, FailingSystem(here.directory / "scratch"), here.plan())
    assert error is None, events[-3:]
    with _seen(here, 1, write=True) as root:
        _alter(root)
    with _seen(here, 1) as root:
        before = _tree(root)
    before_code = boot_code(here.image)
    first = Phase("checks", disk_checks((ImageFile("sda", str(here.image)),), (), keeps_partitions=True), False)
    _execute(here, InstallPlan((first, *keeping_phases()), (), ()))
    with _seen(here, 1, write=True) as root:
        subprocess.run(["rm", "-rf", str(root / "etc"), str(root / "boot"), str(root / "usr")], check=True)
    plan = make_restore_plan(_restore_inputs(here, IDENTITIES.root_label))
    _, system = _execute(here, plan)
    _check_restored(here, before, before_code)
    for position in _kinds(system.changes):
        events, failed = _execute(here, plan, position)
        told = [event for event in events if isinstance(event, StepFailed)]
        if not told:  # tried a second time
            assert failed.changes[position - 1][0] == "umount"
            continue
        _check_broken_off(here, told[0], failed.changes[: position - 1])
    _execute(here, plan)
    _check_restored(here, before, before_code)


def _kinds(changes: Sequence[tuple[str, ...]]) -> list[int]:
    """Return the positions of the first change of each program and kind, but for what only attaches and lets go."""
    found: dict[str, int] = {}
    for position, change in enumerate(changes, 1):
        found.setdefault(change[0], position)
    return [
        position for name, position in found.items() if name not in ("lock", "losetup", "note-attached", "blockdev")
    ]


def _check_broken_off(here: World, told: StepFailed, changes: Sequence[tuple[str, ...]]) -> None:
    """See that what was told is true: the disk boots or does not, the backup is whole, the journal says so."""
    kinds = {change[0] for change in changes}
    begun = bool(kinds & {"erase-boot-code", "mdeltree"})
    if "does not boot" in told.state:
        assert begun and boot_code(here.image) == (ERASED_BOOT_CODE if "erase-boot-code" in kinds else bytes(440))
    if "as it was" in told.state:
        with _seen(here, 1) as root:
            assert (root / "root/mine").read_text() == "custom\n"
    with _seen(here, 2) as backup:
        assert (backup / BACKUP_MARK[1:]).exists() and (backup / "root/mine").read_text() == "custom\n"
        journal = backup / JOURNAL[1:]
        note = parse_journal(journal.read_text()) if journal.exists() else None
        assert not begun or (note and note.step is JournalStep.RESTORING)


def _check_restored(here: World, before: dict[str, object], before_code: bytes) -> None:
    with _seen(here, 1) as root:
        after = _tree(root)
        assert [name for name in before | after if before.get(name) != after.get(name)] == []
        assert (root / "root/mine").stat().st_ino == (root / "root/mine-too").stat().st_ino
        assert not (root / BACKUP_MARK[1:]).exists() and not (root / STATE_DIRECTORY[1:]).exists()
    with _seen(here, 2) as backup:
        assert (backup / BACKUP_MARK[1:]).exists() and not (backup / STATE_DIRECTORY[1:]).exists()
    part = next(part for part in _restore_inputs(here).disk.parts if part.number == 1)
    shown = ["blkid", "-p", "-O", str(part.start_bytes), "-o", "value", "-s", "LABEL", str(here.image)]
    label = subprocess.run(shown, check=True, capture_output=True, text=True).stdout.strip()
    assert label == IDENTITIES.root_label
    now = boot_code(here.image)
    assert (now[:3], now[90:]) == (before_code[:3], before_code[90:])  # GRUB leaves what lies between as it finds it
    if here.inputs.host.firmware is Firmware.UEFI:
        esp = next(part for part in _restore_inputs(here).disk.parts if part.type == ESP_TYPE)
        argv = ["mdir", "-/", "-b", "-i", f"{here.image}@@{esp.start_bytes}", "::/"]
        loaders = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
        assert "BOOTX64.EFI" in loaders and "grubx64.efi" in loaders
