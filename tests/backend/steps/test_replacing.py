"""Steps that keep, back up and replace a host: in their order, run twice, with every change failing, and for real."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from backend.execute import InstallPlan, execute
from backend.process import Argv
from backend.raw_disks import ERASED_BOOT_CODE
from backend.real_system import RealSystem
from backend.recording import RecordingSystem, on_place
from backend.session import Session
from backend.steps.backup import MakeBackup
from backend.steps.beside import MountBackup, MountOldHost
from backend.steps.filesystem import MountRoot
from backend.system import Place, Room
from backend.targets import attached
from installer.model.carried import CARRIED, Carry
from installer.model.errors import DeviceError
from installer.model.events import Event, StepFailed, Warned
from installer.model.existing import BACKUP_MARK, INCOMPLETE_MARK, JOURNAL, KEPT_DIRECTORY, STATE_DIRECTORY
from installer.model.journal import parse_journal
from installer.model.plan import Step
from installer.model.secret import Secret
from tests.backend.replaced_host import (
    HASH,
    KEPT_NOTE,
    NOT_BOOTABLE,
    REPLACING_NOTE,
    STILL_BOOTS,
    OldDisk,
    journal_at,
    keeping_phases,
    old_disk,
    plan_of,
    replacing_phases,
    session_on,
)
from tests.backend.run_plan import run_recorded
from tests.backend.sentinel import state
from tests.faults.recorded import check_released
from tests.faults.test_recorded import twice

WHOLE = plan_of(*keeping_phases(), *replacing_phases())
SHADOW = on_place(Place.OLD, "/etc/shadow")


def _old_files() -> dict[str, str]:
    names = ("/etc/shadow", "/etc/ssh/ssh_host_rsa_key", "/var/xapi/state.db", "/etc/passwd")
    files = {on_place(Place.OLD, name): f"old {name}\n" for name in names}
    return {**files, SHADOW: f"root:{HASH}:1:::::::\n"}


def _position(actions: list[tuple[str, ...]], *words: str) -> int:
    (found,) = [place for place, action in enumerate(actions) if action[: len(words)] == words]
    return found


def test_nothing_of_partition_1_is_touched_before_all_is_kept_and_compared() -> None:
    system = RecordingSystem(files=_old_files())
    assert run_recorded(WHOLE, system)[1] is None
    journal, state_directory = (on_place(Place.BACKUP, name) for name in (JOURNAL, STATE_DIRECTORY))
    mark, incomplete = (on_place(Place.BACKUP, name) for name in (BACKUP_MARK, INCOMPLETE_MARK))
    writes = [place for place, action in enumerate(system.actions) if action[:2] == ("write", journal)]
    order = [
        _position(system.actions, "mount", "-t", "ext4", "-o", "ro"),
        _position(system.actions, "carry", on_place(Place.OLD, "/")),
        writes[0],
        _position(system.actions, "write", incomplete),
        _position(system.actions, "copy-tree"),
        _position(system.actions, "compare-trees"),
        _position(system.actions, "write", mark),
        _position(system.actions, "remove", incomplete),
        _position(system.actions, "umount", on_place(Place.OLD, "")),
        writes[1],
        _position(system.actions, "erase-boot-code"),
        _position(system.actions, "mdeltree", "-i", "/dev/sda#4", "::/EFI/BOOT"),
        _position(system.actions, "mkfs.ext3", "-q", "-F", "-L"),
        _position(system.actions, "carry", on_place(Place.BACKUP, f"{KEPT_DIRECTORY}/")),
        _position(system.actions, "chpasswd"),
    ]
    assert order == sorted(order)
    removed = [place for place, action in enumerate(system.actions) if action == ("remove", state_directory)]
    assert removed[-1] > order[-1], "what is kept goes last of all"


@pytest.mark.parametrize("mark", [JOURNAL, INCOMPLETE_MARK, BACKUP_MARK])
def test_what_a_mark_speaks_of_is_on_the_disk_before_and_the_mark_before_what_follows(mark: str) -> None:
    system = RecordingSystem(files=_old_files())
    run_recorded(WHOLE, system)
    place = on_place(Place.BACKUP, mark)
    for position, action in enumerate(system.actions):
        if action[:2] in (("write", place), ("remove", place)):
            after = next(a for a in system.actions[position + 1 :] if a[0] != "umount")
            assert after == ("sync",), after
            if mark != INCOMPLETE_MARK and action[0] == "write":
                before = system.actions[position - 1]
                assert before[0] in ("sync", "compare-trees"), before


def test_every_step_run_twice_leaves_the_same() -> None:
    once, again = RecordingSystem(files=_old_files()), RecordingSystem(files=_old_files())
    assert run_recorded(WHOLE, once)[1] is None
    assert run_recorded(twice(WHOLE), again)[1] is None
    assert again.files == once.files
    assert again.resources == once.resources


def test_failure_at_any_change_is_told_with_the_state_of_its_phase_and_everything_is_released() -> None:
    whole = RecordingSystem(files=_old_files())
    assert run_recorded(WHOLE, whole)[1] is None
    seen = set()
    for position, action in enumerate(whole.actions, 1):
        system = RecordingSystem(fail_at=position, files=_old_files())
        events, error = run_recorded(WHOLE, system)
        assert error is not None, action
        told = [event for event in events if isinstance(event, StepFailed)]
        assert told and (not told[0].command or shlex.split(told[0].command) == list(action))
        seen.add(told[0].state)
        assert "marked-secret" not in repr(events) + str(error) + repr(system.actions)
        check_released(system.resources, failed_release="")
    assert {STILL_BOOTS, NOT_BOOTABLE} < seen


def test_password_hash_is_taken_as_it_is_and_shown_nowhere() -> None:
    system = _Listening(files=_old_files())
    events, error = run_recorded(WHOLE, system)
    assert error is None and system.heard == [f"root:{HASH}\n"]
    assert not [event for event in events if isinstance(event, Warned)]


class _Listening(RecordingSystem):
    """The double that hears what programs are given."""

    def __init__(self, files: dict[str, str]) -> None:
        super().__init__(files=files)
        self.heard: list[str] = []

    def run(
        self,
        argv: Argv,
        *,
        stdin: str | Secret = "",
        ok: Sequence[int] = (0,),
        timeout_s: float | None = None,
        why: str = "",
    ) -> tuple[str, ...]:
        if isinstance(stdin, Secret):
            self.heard.append(stdin.reveal())
        return super().run(argv)


@pytest.mark.parametrize("shadow", ["", "daemon:*:1::::::\n", "root::19000::::::\n"])
def test_host_without_a_password_that_can_be_kept_is_told_of(shadow: str) -> None:
    files = {**_old_files(), SHADOW: shadow} if shadow else {}
    events, error = run_recorded(WHOLE, RecordingSystem(files=files))
    assert error is None
    assert any(isinstance(event, Warned) and "password" in event.message for event in events)


def test_backup_that_cannot_fit_is_told_before_it_is_begun() -> None:
    system = RecordingSystem(files=_old_files())
    system.rooms = {Place.OLD: Room(3_000_000_000, 0, 10, 0), Place.BACKUP: Room(0, 2_000_000_000, 0, 1000)}
    events, error = run_recorded(WHOLE, system)
    assert isinstance(error, DeviceError)
    assert "uses 3 GB" in error.what and "room for 2 GB" in error.what and "no backup" in error.hint
    assert not [action for action in system.actions if action[0] in ("copy-tree", "erase-boot-code")]
    assert next(event.state for event in events if isinstance(event, StepFailed)) == STILL_BOOTS


def test_backup_unlike_its_original_ends_the_run_and_stays_marked() -> None:
    system = RecordingSystem(files=_old_files())
    system.differences = ("/etc/passwd (contents)",)
    _, error = run_recorded(WHOLE, system)
    assert error and "the backup is not like its original: /etc/passwd (contents)" in error.what
    assert system.exists(INCOMPLETE_MARK, on=Place.BACKUP) and not system.exists(BACKUP_MARK, on=Place.BACKUP)
    assert not [action for action in system.actions if action[0] in ("erase-boot-code", "mkfs.ext3 -L")]


def test_only_files_are_carried_back() -> None:
    """What became an answer is written anew, and must not be overwritten by what it was."""
    system = RecordingSystem(files=_old_files())
    run_recorded(WHOLE, system)
    carried = next(a for a in system.actions if a[0] == "carry" and a[2] == "/")
    assert set(carried[3:]) == {row.path for row in CARRIED if row.how is Carry.FILE}
    assert "/etc/shadow" not in carried


@pytest.fixture
def disk(tmp_path: Path) -> OldDisk:
    return old_disk(tmp_path)


def _run_on(disk: OldDisk, plan: InstallPlan, *, before: str = "") -> tuple[list[Event], list[str]]:
    """Run a plan on the image; with `before` up to the step whose title begins so."""
    events: list[Event] = []
    lines: list[str] = []
    phases = []
    for phase in plan.phases:
        titles = [bool(before) and step.title.startswith(before) for step in phase.steps]
        end = titles.index(True) if True in titles else len(titles)
        phases.append(replace(phase, steps=phase.steps[:end]))
        if True in titles:
            break
    system = RealSystem(lines.append, disk.image.parent / "scratch")
    with attached(system, str(disk.image)) as loop:
        session = session_on(system, loop)
        session.warn = lambda message: events.append(Warned(message))
        execute(replace(plan, phases=tuple(phases)), session, events.append)
    return events, lines


@pytest.mark.root
@pytest.mark.parametrize("runs", [1, 2])
def test_backup_on_a_disk_is_the_same_as_the_old_host(disk: OldDisk, runs: int) -> None:
    before = disk.image.read_bytes()[: disk.offset(2)]
    plan = plan_of(*keeping_phases())
    _run_on(disk, twice(plan) if runs == 2 else plan)
    with disk.seen(1) as old, disk.seen(2) as new:
        outer = {".xen-installer", ".xen-backup-partition", "lost+found"}
        assert set(os.listdir(new)) - set(os.listdir(old)) == outer - {"lost+found"}
        theirs, ours = (set(_states(root, outer)) for root in (old, new))
        assert ours == theirs and len(ours) > 100
        note = parse_journal(journal_at(new))
        assert note == REPLACING_NOTE
        kept = new / KEPT_DIRECTORY.lstrip("/")
        assert (kept / "etc/ssh/ssh_host_rsa_key").stat().st_uid == 7
        assert (kept / "root/.ssh").stat().st_mode & 0o777 == 0o700
        assert not (kept / "etc/passwd").exists()
    assert disk.image.read_bytes()[: disk.offset(2)] == before, "partition 1 and the boot code are untouched"


def _states(root: Path, outer: set[str]) -> Iterator[str]:
    """Yield as text what there is to know of every file, but for the time of change, which nobody can set."""
    for path, mode, user, group, modified, _changed, content, xattrs in state(root)[1:]:
        name = str(path).removeprefix(f"{root}/")
        if name.split("/")[0] not in outer:
            yield repr((name, mode, user, group, modified, content, xattrs))


@pytest.mark.root
def test_host_is_replaced_with_its_own_files_and_password(disk: OldDisk) -> None:
    phases = (*keeping_phases(full=False), *replacing_phases())
    passwd = tuple(replace(p, steps=tuple(_with_passwd(step) for step in p.steps)) for p in phases)
    _, lines = _run_on(disk, plan_of(*passwd))
    assert "marked-secret" not in "\n".join(lines)
    with disk.image.open("rb") as stream:
        assert stream.read(440) == ERASED_BOOT_CODE
        assert stream.read(72)[-2:] == b"\x55\xaa", "the table in the same sector stays"
    assert not [name for name in disk.loaders() if "xenserver" in name or "BOOTX64" in name]
    assert any("diag.efi" in name for name in disk.loaders()), "what is not ours stays"
    with disk.seen(1) as root, disk.seen(2) as backup:
        assert (root / "var/xapi/state.db").read_text() == "<database/>\n"
        assert (root / "var/xapi/state.db").stat().st_uid == 7
        assert (root / "root/.ssh").stat().st_mode & 0o777 == 0o700
        assert f"root:{HASH}:" in (root / "etc/shadow").read_text()
        assert not (root / "etc/xensource-inventory").exists(), "an answer is no file to be carried"
        assert os.listdir(backup) == ["lost+found"]


def _with_passwd(step: Step[Session]) -> Step[Session]:
    return _MountWithUsers(step.partition) if isinstance(step, MountRoot) else step


@dataclass(frozen=True)
class _MountWithUsers(Step[Session]):
    """Mount the new root and put in what the packages would: the users that chpasswd looks for."""

    partition: str

    @property
    def title(self) -> str:
        return "mount"

    def run(self, session: Session) -> None:
        MountRoot(self.partition).run(session)
        session.system.write_text("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        session.system.write_text("/etc/shadow", "root:*:19000:0:99999:7:::\n", mode=0o600)


@pytest.mark.root
@pytest.mark.parametrize("before", ["note down", "back the old", "compare the", "unmount the"])
def test_run_that_ended_early_is_told_by_the_marks_and_a_second_one_ends_it(disk: OldDisk, before: str) -> None:
    plan = plan_of(*keeping_phases())
    _run_on(disk, plan, before=before)
    with disk.seen(2) as backup:
        note = parse_journal(journal_at(backup))
        assert note == (None if before == "note down" else KEPT_NOTE)
        assert (backup / INCOMPLETE_MARK[1:]).exists() == (before == "compare the")
        assert (backup / BACKUP_MARK[1:]).exists() == (before == "unmount the")
    _run_on(disk, plan)
    with disk.seen(2) as backup:
        assert (backup / BACKUP_MARK[1:]).exists() and not (backup / INCOMPLETE_MARK[1:]).exists()


@pytest.mark.root
def test_full_backup_partition_leaves_the_old_host_whole(disk: OldDisk) -> None:
    before = disk.image.read_bytes()[: disk.offset(2)]
    system = RealSystem(lambda line: None, disk.image.parent / "scratch")
    _run_on(disk, plan_of(*keeping_phases(full=False)), before="note down")
    with attached(system, str(disk.image)) as loop:
        session = session_on(system, loop)
        try:
            for step in (MountBackup("sda:2"), MountOldHost("sda:1")):
                step.run(session)
            room = system.room(Place.BACKUP)
            filler = Path(session.held["backup partition"], STATE_DIRECTORY[1:], "filler")
            filler.write_bytes(bytes(room.free_bytes - system.room(Place.OLD).used_bytes + 2**20))
            with pytest.raises(DeviceError, match="has room for"):
                MakeBackup("sda:2").run(session)
        finally:
            session.stack.close()
    assert disk.image.read_bytes()[: disk.offset(2)] == before
